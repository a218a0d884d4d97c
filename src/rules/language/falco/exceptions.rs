//! Exceptions of a rule: combinations of values for which it does not match.

use super::element::Element;
use crate::rules::error::{ConditionError, RuleError};
use crate::rules::evaluate::field::FieldName;
use crate::rules::language::condition::{self, Check, Expression, FieldTerm, Operator, Quantifier, Word};
use crate::yaml::{Node, Yaml};

/// Fields with their comparisons, and rows of values. An exception holds if all fields of one row do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exception {
    name: String,
    file: Box<str>,
    line: usize,
    fields: Fields,
    rows: Vec<Row>,
    /// Whether the rule has another one of this name before it.
    is_repeated: bool,
}

/// Values to compare with, for each field.
type Row = Vec<Vec<Word>>;

#[derive(Clone, Debug, PartialEq)]
struct Fields {
    compared: Vec<FieldComparison>,
    /// Whether there is a single field, with one list of all its values.
    is_single: bool,
}

/// A field and its operator.
#[derive(Clone, Debug, PartialEq)]
struct FieldComparison {
    term: FieldTerm,
    operator: Operator,
    quantifier: Option<Quantifier>,
}

impl FieldComparison {
    fn takes_list(&self) -> bool {
        self.operator.takes_list() || self.quantifier.is_some()
    }
}

/// Whether exceptions are those of a new rule, or are added to a rule that may have some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Addition {
    New,
    /// Values go to an exception with the same name.
    Appended,
}

/// Adds the exceptions of an element.
///
/// # Errors
/// If an exception gives the fields of an earlier one again, has no fields, or has values that do not fit them.
pub(super) fn add(
    known: &mut Vec<Exception>,
    element: &Element<'_>,
    addition: Addition,
) -> Result<(), RuleError> {
    let Some(value) = element.yaml.get("exceptions").filter(|value| !value.is_null()) else {
        return Ok(());
    };
    let items = value.list().ok_or_else(|| element.error(value.line, "exceptions are a list"))?;
    for yaml in items {
        add_one(known, &ExceptionEntry { element, yaml }, addition)?;
    }
    Ok(())
}

fn add_one(
    known: &mut Vec<Exception>,
    given: &ExceptionEntry<'_>,
    addition: Addition,
) -> Result<(), RuleError> {
    given.element.only_in(given.yaml, "exceptions: ", &["name", "fields", "comps", "values"])?;
    let name = given.yaml.get("name").and_then(Yaml::text);
    let name = name.ok_or_else(|| given.wrong(given.yaml.line, "one has no name"))?;
    let same = known.iter_mut().find(|known| known.name == name);
    let is_repeated = same.is_some();
    if let (Some(known), Addition::Appended) = (same, addition) {
        for key in ["fields", "comps"] {
            if given.yaml.get(key).is_some_and(|value| texts(value).is_none_or(|texts| !texts.is_empty())) {
                let reason = format!("only values can be added to '{name}', not {key}");
                return Err(given.wrong(given.yaml.line, reason));
            }
        }
        known.rows.extend(given.rows(name, &known.fields)?);
        return Ok(());
    }
    let fields = given.fields(name)?;
    let fields = fields.ok_or_else(|| given.wrong(given.yaml.line, format!("'{name}' has no fields")))?;
    let rows = given.rows(name, &fields)?;
    let (file, line) = (given.element.file.into(), given.yaml.line);
    known.push(Exception { name: name.to_owned(), file, line, fields, rows, is_repeated });
    Ok(())
}

/// One exception in a rule file.
struct ExceptionEntry<'g> {
    element: &'g Element<'g>,
    yaml: &'g Yaml,
}

impl ExceptionEntry<'_> {
    fn wrong(&self, line: usize, reason: impl AsRef<str>) -> RuleError {
        self.element.error(line, format!("exceptions: {}", reason.as_ref()))
    }

    /// The fields; none if the entry only adds values to an earlier exception.
    fn fields(&self, name: &str) -> Result<Option<Fields>, RuleError> {
        let Some(yaml) = self.yaml.get("fields") else { return Ok(None) };
        let is_single = yaml.text().is_some();
        let wrong = |reason: String| self.wrong(yaml.line, format!("'{name}' {reason}"));
        let fields = texts(yaml).ok_or_else(|| wrong("has fields that are no texts".to_owned()))?;
        if fields.is_empty() {
            return Ok(None);
        }
        let comps = match self.yaml.get("comps") {
            None => vec![if is_single { "in" } else { "=" }; fields.len()],
            Some(comps) => texts(comps).unwrap_or_default(),
        };
        if comps.len() != fields.len() {
            return Err(wrong(format!("has {} fields and {} comps", fields.len(), comps.len())));
        }
        let compared = fields.into_iter().zip(comps).map(|(field, comp)| {
            let term = condition::field(field)
                .map_err(|flaw| wrong(format!("has the field '{field}': {}", flaw.reason)))?;
            let (operator, quantifier) =
                comparison(comp).ok_or_else(|| wrong(format!("cannot compare by '{comp}'")))?;
            Ok(FieldComparison { term, operator, quantifier })
        });
        Ok(Some(Fields { compared: compared.collect::<Result<_, RuleError>>()?, is_single }))
    }

    /// The values, by row.
    fn rows(&self, name: &str, fields: &Fields) -> Result<Vec<Row>, RuleError> {
        let Some(yaml) = self.yaml.get("values").filter(|values| !values.is_null()) else {
            return Ok(Vec::new());
        };
        let no_list = || self.wrong(yaml.line, format!("the values of '{name}' are no list"));
        let values = yaml.list().ok_or_else(no_list)?;
        let takes_list = |at: usize| fields.compared.get(at).is_some_and(FieldComparison::takes_list);
        let words = |yaml: &Yaml| {
            words(yaml).map_err(|reason| self.wrong(yaml.line, format!("a value of '{name}' {reason}")))
        };
        if fields.is_single {
            let all = values.iter().map(words).collect::<Result<Vec<_>, _>>()?.concat();
            return Ok(match &all[..] {
                [] => Vec::new(),
                _ if takes_list(0) => vec![vec![all]],
                _ => all.into_iter().map(|word| vec![vec![word]]).collect(),
            });
        }
        let row = |yaml: &Yaml| {
            let cells = yaml.list().filter(|cells| cells.len() == fields.compared.len());
            let uneven =
                || self.wrong(yaml.line, format!("'{name}' has values that are not one for each field"));
            let row = cells.ok_or_else(uneven)?.iter().map(words).collect::<Result<Row, _>>()?;
            let fits = row.iter().enumerate().all(|(at, words)| takes_list(at) || words.len() == 1);
            let unfit = || self.wrong(yaml.line, format!("'{name}' compares one value with a list"));
            if fits { Ok(row) } else { Err(unfit()) }
        };
        values.iter().map(row).collect()
    }
}

/// The operator of a comparison such as `startswith anyof`, with the quantifier behind it.
fn comparison(text: &str) -> Option<(Operator, Option<Quantifier>)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let operator = |word: &str| Operator::from_text(word).filter(|operator| *operator != Operator::Exists);
    match words[..] {
        [word] => Some((operator(word)?, None)),
        [word, quantifier] => {
            let operator = operator(word).filter(|operator| operator.takes_quantifier())?;
            Some((operator, Some(Quantifier::from_text(quantifier)?)))
        }
        _ => None,
    }
}

/// One text, or the texts of a list.
fn texts(yaml: &Yaml) -> Option<Vec<&str>> {
    match &yaml.node {
        Node::Text { text, .. } => Some(vec![text]),
        Node::List(items) => items.iter().map(Yaml::text).collect(),
        Node::Null => Some(Vec::new()),
        Node::Map(_) => None,
    }
}

/// One value, or the values of a list. A text in brackets is a list, too.
fn words(yaml: &Yaml) -> Result<Vec<Word>, String> {
    match &yaml.node {
        Node::Text { text, .. } if text.starts_with('(') && text.ends_with(')') => condition::list(text)
            .map_err(|flaw| format!("is no list: character {}: {}", flaw.at, flaw.reason)),
        Node::Text { text, .. } => Ok(vec![Word::of(text)]),
        Node::List(items) => Ok(items.iter().map(words).collect::<Result<Vec<_>, _>>()?.concat()),
        Node::Null | Node::Map(_) => Err("is neither a text nor a list".to_owned()),
    }
}

impl Exception {
    /// The fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &FieldName> {
        self.fields.compared.iter().map(|compared| &compared.term.field)
    }

    /// The condition under which the exception holds.
    pub(super) fn expression(&self) -> Expression {
        Expression::Or(self.rows.iter().map(|row| self.row(row)).collect())
    }

    /// What is probably not meant.
    pub(super) fn doubt(&self) -> Option<ConditionError> {
        let reason = "the rule has another exception of this name; each of them counts, and values are added to the first";
        self.is_repeated.then(|| ConditionError::new(1, reason))
    }

    /// The error for a flaw in the exception, in the rule with this title.
    pub(super) fn error(&self, title: &str, flaw: ConditionError) -> RuleError {
        let reason = format!("exceptions: '{}': {}", self.name, flaw.reason);
        let error = RuleError::new(&self.file, self.line, Some(title.to_owned()), reason);
        RuleError { is_allowed: flaw.is_unknown_field, ..error }
    }

    fn row(&self, row: &Row) -> Expression {
        let check = |(compared, words): (&FieldComparison, &Vec<Word>)| {
            let FieldComparison { term, operator, quantifier } = compared.clone();
            let (words, names_list) = (words.clone(), false);
            Expression::Check(Check { term, operator, quantifier, words, names_list, other: None, at: 1 })
        };
        Expression::And(self.fields.compared.iter().zip(row).map(check).collect())
    }
}
