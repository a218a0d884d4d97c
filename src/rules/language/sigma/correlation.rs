//! The section `correlation` of a Sigma rule.
//!
//! Source: the Sigma correlation rules specification 2.0.

use super::{SigmaError, wrong};
use crate::model::{Correlation, CorrelationKind, CountOperator};
use crate::names::shortened;
use crate::rules::error::similar;
use crate::time::Span;
use crate::yaml::Yaml;

/// A correlation without its rules, and the fields that it needs of the events of each.
pub(super) struct Draft {
    pub(super) correlation: Correlation,
    pub(super) fields: Vec<BaseFields>,
    pub(super) doubts: Vec<SigmaError>,
}

/// How a correlation may refer to one of its rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct BaseNames<'r> {
    pub(super) name: Option<&'r str>,
    pub(super) id: &'r str,
}

impl<'r> BaseNames<'r> {
    /// The name, if there is one, before the id.
    fn all(self) -> impl Iterator<Item = &'r str> {
        self.name.into_iter().chain([self.id])
    }
}

/// Names of fields in the events of one rule.
pub(super) struct BaseFields {
    /// Those in which events must agree, in order.
    pub(super) group: Vec<Box<str>>,
    /// That whose distinct values are counted.
    pub(super) counted: Option<Box<str>>,
}

const KEYS: [&str; 7] = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];

/// Limits on what one correlation names; more is a mistake.
const MAX_RULES: usize = 100;
const MAX_FIELDS: usize = 20;

/// Whether the rules of a correlation report their own matches, too.
pub(super) fn generates(document: &Yaml, section: &Yaml) -> Result<bool, SigmaError> {
    match section.get("generate").or_else(|| document.get("generate")) {
        None => Ok(false),
        Some(value) => value.flag().ok_or_else(|| wrong(value, "generate is neither true nor false")),
    }
}

/// Ids or names of the rules of a correlation.
pub(super) fn references(section: &Yaml) -> Result<&[Yaml], SigmaError> {
    let rules = section.get("rules").ok_or_else(|| wrong(section, "correlation names no rules"))?;
    let rules = rules.list().unwrap_or(std::slice::from_ref(rules));
    match rules.len() {
        0 => Err(wrong(section, "correlation names no rules")),
        1..=MAX_RULES => Ok(rules),
        _ => Err(wrong(section, format!("correlation names more than {MAX_RULES} rules"))),
    }
}

/// Parses a correlation of the rules with these names.
pub(super) fn parse(section: &Yaml, names: &[BaseNames<'_>]) -> Result<Draft, SigmaError> {
    for (key, _) in section.map().unwrap_or_default() {
        let name = key.text().unwrap_or("(no text)");
        if !KEYS.contains(&name) {
            let near = similar(name, KEYS.into_iter());
            return Err(wrong(key, format!("correlation has no key '{name}'{near}")));
        }
    }
    let kind = kind(section)?;
    let group_by = group_by(section)?;
    let Limits { condition, counted } = limits(section, kind, names.len())?;
    let aliases = section.get("aliases");
    check_aliases(aliases, names)?;
    let fields = names.iter().map(|names| {
        let field = |name: &str| in_rule(name, *names, aliases);
        let group = group_by.iter().map(|name| field(name)).collect::<Result<_, _>>()?;
        Ok(BaseFields { group, counted: counted.as_deref().map(field).transpose()? })
    });
    let named: Vec<&str> = group_by.iter().chain(&counted).map(|name| &**name).collect();
    let doubts = unused_aliases(section, &named);
    Ok(Draft {
        doubts,
        fields: fields.collect::<Result<_, SigmaError>>()?,
        correlation: Correlation {
            kind,
            rules: Vec::new(),
            group_by,
            span_micros: span(section)?,
            condition,
        },
    })
}

fn kind(section: &Yaml) -> Result<CorrelationKind, SigmaError> {
    let kind = section.get("type").ok_or_else(|| wrong(section, "correlation has no type"))?;
    let text = kind.text().unwrap_or_default();
    CorrelationKind::from_name(text).ok_or_else(|| {
        let names = CorrelationKind::ALL.map(CorrelationKind::name).join(", ");
        wrong(kind, format!("correlation type '{text}' is none of {names}"))
    })
}

fn group_by(section: &Yaml) -> Result<Vec<Box<str>>, SigmaError> {
    let Some(value) = section.get("group-by").filter(|value| !value.is_null()) else { return Ok(Vec::new()) };
    let items = value.list().unwrap_or(std::slice::from_ref(value));
    if items.len() > MAX_FIELDS {
        return Err(wrong(value, format!("group-by names more than {MAX_FIELDS} fields")));
    }
    items.iter().map(|item| field_name(item, "group-by")).collect()
}

fn field_name(yaml: &Yaml, part: &str) -> Result<Box<str>, SigmaError> {
    let name = yaml.text().map(str::trim).filter(|name| !name.is_empty());
    name.map(Box::from).ok_or_else(|| wrong(yaml, format!("{part} names a field that is no text")))
}

fn span(section: &Yaml) -> Result<i64, SigmaError> {
    let value = section.get("timespan").ok_or_else(|| wrong(section, "correlation has no timespan"))?;
    let text = value.text().unwrap_or_default();
    // The units of the specification.
    let has_unit = text.ends_with(['s', 'm', 'h', 'd']);
    let span = text.parse::<Span>().ok().filter(|span| has_unit && span.micros() > 0);
    let reason = || format!("timespan '{}' is no time such as 30s, 5m, 1h or 7d", shortened(text));
    span.map(Span::micros).ok_or_else(|| wrong(value, reason()))
}

/// What a correlation compares.
struct Limits {
    /// The limits on the number, all of which must hold.
    condition: Vec<(CountOperator, u64)>,
    /// The field whose values are counted.
    counted: Option<Box<str>>,
}

/// The limits of a correlation of so many rules.
fn limits(section: &Yaml, kind: CorrelationKind, rules: usize) -> Result<Limits, SigmaError> {
    let is_ordered = kind == CorrelationKind::TemporalOrdered;
    let all = vec![(CountOperator::GreaterOrEqual, rules as u64)];
    let Some(value) = section.get("condition") else {
        return match kind {
            CorrelationKind::Temporal | CorrelationKind::TemporalOrdered => {
                Ok(Limits { condition: all, counted: None })
            }
            _ => Err(wrong(section, "correlation has no condition")),
        };
    };
    let members = value.map().ok_or_else(|| {
        wrong(value, "condition of a correlation is a map such as 'gte: 10'; expressions are not read")
    })?;
    let mut limits = Limits { condition: Vec::new(), counted: None };
    for (key, value) in members {
        match key.text() {
            Some("field") if kind == CorrelationKind::ValueCount => {
                limits.counted = Some(field_name(value, "field")?);
            }
            Some(name) => {
                let operator = CountOperator::from_name(name);
                let operator =
                    operator.ok_or_else(|| wrong(key, format!("condition has no key '{name}'")))?;
                let limit = value.text().and_then(|text| text.parse::<u64>().ok());
                let limit = limit.ok_or_else(|| wrong(value, format!("'{name}' takes a whole number")))?;
                limits.condition.push((operator, limit));
            }
            None => return Err(wrong(key, "condition has a key that is no text")),
        }
    }
    if limits.condition.is_empty() {
        return Err(wrong(value, "condition has no number to compare with"));
    }
    if kind == CorrelationKind::ValueCount && limits.counted.is_none() {
        return Err(wrong(value, "condition of value_count needs 'field'"));
    }
    let most = if kind == CorrelationKind::Temporal { rules as u64 } else { u64::MAX };
    check_limits(value, &limits.condition, most)?;
    if is_ordered && limits.condition != all {
        return Err(wrong(value, "temporal_ordered asks for all of its rules; leave out the condition"));
    }
    Ok(limits)
}

/// Checks that a number from 1 to `most` can be within the limits: the question is asked when something happened, so that there is always one.
fn check_limits(yaml: &Yaml, limits: &[(CountOperator, u64)], most: u64) -> Result<(), SigmaError> {
    // Between two of these numbers nothing changes.
    let around = |limit: u64| [limit.saturating_sub(1), limit, limit.saturating_add(1)];
    let mut numbers = limits.iter().flat_map(|(_, limit)| around(*limit)).chain([1, most]);
    let can_hold = numbers.any(|number| {
        (1..=most).contains(&number) && limits.iter().all(|(operator, limit)| operator.holds(number, *limit))
    });
    if can_hold {
        return Ok(());
    }
    let range = if most == u64::MAX {
        "is at least 1".to_owned()
    } else {
        format!("is 1 to {most}, the number of its rules")
    };
    Err(wrong(yaml, format!("the condition of the correlation can never hold: what it counts {range}")))
}

/// Aliases that no field of `group-by` or `field` names.
fn unused_aliases(section: &Yaml, named: &[&str]) -> Vec<SigmaError> {
    let aliases = section.get("aliases").and_then(Yaml::map).unwrap_or_default().iter();
    let unused = aliases.filter(|(name, _)| name.text().is_none_or(|name| !named.contains(&name)));
    let doubt = |name: &Yaml| {
        let text = shortened(name.text().unwrap_or_default());
        wrong(name, format!("alias '{text}' is not used; group-by names fields or aliases"))
    };
    unused.map(|(name, _)| doubt(name)).collect()
}

/// Checks that aliases are maps from rules of the correlation to fields.
fn check_aliases(aliases: Option<&Yaml>, names: &[BaseNames<'_>]) -> Result<(), SigmaError> {
    let Some(aliases) = aliases else { return Ok(()) };
    let all = aliases.map().ok_or_else(|| wrong(aliases, "aliases are a map of names"))?;
    for (_, of_rules) in all {
        let members =
            of_rules.map().ok_or_else(|| wrong(of_rules, "an alias names a field for each rule"))?;
        for (rule, field) in members {
            let text = rule.text();
            if !names.iter().flat_map(|names| names.all()).any(|name| Some(name) == text) {
                let text = text.unwrap_or_default();
                return Err(wrong(
                    rule,
                    format!("an alias is about '{text}', which is no rule of the correlation"),
                ));
            }
            field_name(field, "an alias")?;
        }
    }
    Ok(())
}

/// The field in the events of a rule for a name in `group-by` or `field`.
fn in_rule(name: &str, rule: BaseNames<'_>, aliases: Option<&Yaml>) -> Result<Box<str>, SigmaError> {
    let Some(alias) = aliases.and_then(|aliases| aliases.get(name)) else { return Ok(name.into()) };
    let own = rule.all().find_map(|rule| alias.get(rule));
    let title = rule.name.unwrap_or(rule.id);
    let own = own.ok_or_else(|| wrong(alias, format!("alias '{name}' has no field for rule '{title}'")))?;
    field_name(own, "an alias")
}
