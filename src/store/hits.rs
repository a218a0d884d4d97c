//! The tables `rules` and `hits`: the rules that events were matched against, and one row for each event that matched one.

use std::sync::Arc;

use super::error::TableError;
use super::evidence::{self, SightingColumns};
use super::reading::SharedPaths;
use super::table::Table;
use crate::baseline::{Hit, Values};
use crate::model::{
    Correlation, Language, LogSource, ObservedPrincipal, OutputPart, PrincipalKind, Priority, RuleMetadata,
};
use crate::table::Column;

pub(super) const RULES: &str = "message rules {
    required binary rule (STRING);
    required binary rule_id (STRING);
    required binary priority (STRING);
    required binary tags (STRING);
    required binary source (STRING);
    required binary description (STRING);
    required binary language (STRING);
    required binary output (STRING);
    required boolean reports;
    required binary correlated (STRING);
    optional binary correlation (STRING);
}";

/// The columns of the table `hits`.
pub(super) fn hits_schema() -> String {
    const OWN: &str = "message hits {
    required binary rule (STRING);
    required binary rule_id (STRING);
    required binary account (STRING);
    required binary principal (STRING);
    required binary principal_kind (STRING);
    optional binary principal_arn (STRING);
    required binary action (STRING);
    required int64 time (TIMESTAMP(MICROS,true));
    required boolean failed;
    required binary fields (STRING);
";
    [OWN, &evidence::FIRST.schema(), "}"].concat()
}

/// The columns of the two tables that hold JSON text, by row.
pub(super) struct JsonColumns {
    tags: Vec<String>,
    outputs: Vec<String>,
    correlated: Vec<String>,
    correlations: Vec<Option<String>>,
    values: Vec<String>,
}

impl JsonColumns {
    pub(super) fn of(rules: &[Arc<RuleMetadata>], hits: &[Hit]) -> Self {
        Self {
            tags: rules.iter().map(|rule| json(&rule.tags)).collect(),
            outputs: rules.iter().map(|rule| json(&rule.output)).collect(),
            correlated: rules.iter().map(|rule| json(&rule.correlated)).collect(),
            correlations: rules.iter().map(|rule| rule.correlation.as_ref().map(json)).collect(),
            values: hits.iter().map(|hit| json(&hit.values)).collect(),
        }
    }
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn parsed<T: serde::de::DeserializeOwned>(text: &str, column: &str) -> Result<T, TableError> {
    serde_json::from_str(text).map_err(|_| TableError::value(column))
}

pub(super) fn rule_columns<'a>(rules: &'a [Arc<RuleMetadata>], texts: &'a JsonColumns) -> Vec<Column<'a>> {
    let text =
        |of: fn(&RuleMetadata) -> &str| Column::Text(rules.iter().map(|rule| Some(of(rule))).collect());
    let json = |texts: &'a [String]| Column::Text(texts.iter().map(|text| Some(text.as_str())).collect());
    vec![
        text(|rule| &rule.name),
        text(|rule| &rule.id),
        text(|rule| rule.priority.name()),
        json(&texts.tags),
        text(|rule| rule.source.name()),
        text(|rule| &rule.description),
        text(|rule| rule.language.name()),
        json(&texts.outputs),
        Column::Flag(rules.iter().map(|rule| Some(rule.reports)).collect()),
        json(&texts.correlated),
        Column::Text(texts.correlations.iter().map(Option::as_deref).collect()),
    ]
}

/// A correlation, whose span is not negative: events are searched for from its end back to its start.
fn correlation(text: &str) -> Result<Correlation, TableError> {
    let correlation: Correlation = parsed(text, "correlation")?;
    if correlation.span_micros < 0 { Err(TableError::value("correlation")) } else { Ok(correlation) }
}

pub(super) fn read_rules(table: &Table) -> Result<Vec<Arc<RuleMetadata>>, TableError> {
    let (names, ids) = (table.text_column("rule")?, table.text_column("rule_id")?);
    let priorities = table.text_column("priority")?;
    let (tags, sources) = (table.text_column("tags")?, table.text_column("source")?);
    let (descriptions, languages) = (table.text_column("description")?, table.text_column("language")?);
    let (outputs, reports) = (table.text_column("output")?, table.truths("reports")?);
    let (correlated, correlations) = (table.text_column("correlated")?, table.text_column("correlation")?);
    let rule = |row: usize| {
        Ok(Arc::new(RuleMetadata {
            name: names.needed(row)?.into(),
            id: ids.needed(row)?.into(),
            priority: Priority::from_name(priorities.needed(row)?)
                .ok_or_else(|| TableError::value("priority"))?,
            tags: parsed(tags.needed(row)?, "tags")?,
            source: LogSource::from_name(sources.needed(row)?).ok_or_else(|| TableError::value("source"))?,
            description: descriptions.needed(row)?.into(),
            language: Language::from_name(languages.needed(row)?)
                .ok_or_else(|| TableError::value("language"))?,
            output: parsed::<Vec<OutputPart>>(outputs.needed(row)?, "output")?,
            reports: reports[row],
            correlated: parsed(correlated.needed(row)?, "correlated")?,
            correlation: correlations.get(row)?.map(correlation).transpose()?,
        }))
    };
    let rules = (0..table.rows()).map(rule).collect::<Result<Vec<_>, TableError>>()?;
    if rules.is_sorted_by(|left, right| left.key() < right.key()) {
        Ok(rules)
    } else {
        Err("its rows are not sorted".into())
    }
}

pub(super) fn hit_columns<'a>(
    hits: &'a [Hit],
    rules: &'a [Arc<RuleMetadata>],
    texts: &'a JsonColumns,
) -> Vec<Column<'a>> {
    let text = |of: fn(&Hit) -> &str| Column::Text(hits.iter().map(|hit| Some(of(hit))).collect());
    let mut columns = vec![
        Column::Text(hits.iter().map(|hit| Some(&*rules[hit.rule as usize].name)).collect()),
        Column::Text(hits.iter().map(|hit| Some(&*rules[hit.rule as usize].id)).collect()),
        text(|hit| &hit.who.account),
        text(|hit| &hit.who.key),
        text(|hit| hit.who.kind.name()),
        Column::Text(hits.iter().map(|hit| hit.who.arn.as_deref()).collect()),
        text(|hit| &hit.action),
        Column::Long(hits.iter().map(|hit| Some(hit.sighting.time.micros())).collect()),
        Column::Flag(hits.iter().map(|hit| Some(hit.sighting.failed)).collect()),
        Column::Text(texts.values.iter().map(|text| Some(text.as_str())).collect()),
    ];
    columns.extend(evidence::columns(hits.iter().map(|hit| Some(&*hit.sighting)).collect()));
    columns
}

pub(super) fn read_hits(table: &Table, rules: &[Arc<RuleMetadata>]) -> Result<Vec<Hit>, TableError> {
    let (names, ids) = (table.text_column("rule")?, table.text_column("rule_id")?);
    let accounts = table.text_column("account")?;
    let (keys, kinds) = (table.text_column("principal")?, table.text_column("principal_kind")?);
    let (arns, actions) = (table.text_column("principal_arn")?, table.text_column("action")?);
    let (times, failed) = (table.times("time")?, table.truths("failed")?);
    let values = table.text_column("fields")?;
    let evidence = SightingColumns::open(table, evidence::FIRST)?;
    let mut paths = SharedPaths::default();
    let hit = |row: usize| {
        let key = (names.needed(row)?, ids.needed(row)?);
        let rule =
            rules.binary_search_by(|rule| rule.key().cmp(&key)).map_err(|_| TableError::value("rule"))?;
        let time = times[row].filter(|time| time.is_written()).ok_or_else(|| TableError::value("time"))?;
        let values: Values = parsed(values.needed(row)?, "fields")?;
        if values.len() != rules[rule].values() {
            return Err(TableError::value("fields"));
        }
        Ok(Hit {
            rule: rule as u32,
            who: Arc::new(ObservedPrincipal {
                account: paths.texts.get(accounts.needed(row)?),
                key: paths.texts.get(keys.needed(row)?),
                kind: PrincipalKind::from_name(kinds.needed(row)?)
                    .ok_or_else(|| TableError::value("principal_kind"))?,
                arn: arns.get(row)?.map(|arn| paths.texts.get(arn)),
            }),
            action: paths.texts.get(actions.needed(row)?),
            sighting: Arc::new(evidence.sighting(row, time, failed[row], &mut paths)?),
            values,
        })
    };
    (0..table.rows()).map(hit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CorrelationKind;

    #[test]
    fn the_span_of_a_correlation_is_not_negative() {
        let text = |span_micros| {
            let (kind, rules, group_by, condition) = (CorrelationKind::EventCount, vec![], vec![], vec![]);
            json(&Correlation { kind, rules, group_by, span_micros, condition })
        };
        assert!(correlation(&text(0)).is_ok());
        assert!(correlation(&text(-1)).is_err() && correlation(&text(i64::MIN)).is_err());
    }
}
