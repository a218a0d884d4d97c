//! Exceptions of a rule: combinations of values with which it does not match.

use super::reading::Element;
use crate::rules::condition::{Check, Expression, FieldName, Operator, Word};
use crate::rules::error::{RuleError, similar};
use crate::yaml::{Node, Yaml};

/// Fields, how each is compared, and rows of values. It holds if all fields of one row do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exception {
    name: String,
    /// None in what only adds values to another.
    fields: Vec<(FieldName, Operator)>,
    /// Whether it has one field and one list of all its values.
    is_single: bool,
    values: Vec<Yaml>,
}

/// The exceptions of an element.
pub(super) fn exceptions(element: &Element<'_>) -> Result<Vec<Exception>, RuleError> {
    let Some(value) = element.yaml.get("exceptions").filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let Some(items) = value.list() else {
        return Err(element.error(value.line, "exceptions are a list"));
    };
    items.iter().map(|item| exception(item, element)).collect()
}

fn exception(yaml: &Yaml, element: &Element<'_>) -> Result<Exception, RuleError> {
    let wrong = |line, reason: String| element.error(line, format!("exceptions: {reason}"));
    let keys = ["name", "fields", "comps", "values"];
    for (key, _) in yaml.map().unwrap_or_default() {
        let name = key.text().unwrap_or("(no text)");
        if !keys.contains(&name) {
            let near = similar(name, keys.into_iter());
            return Err(wrong(key.line, format!("there is no key '{name}'{near}")));
        }
    }
    let name = yaml.get("name").and_then(Yaml::text);
    let name = name.ok_or_else(|| wrong(yaml.line, "one has no name".to_owned()))?.to_owned();
    let is_single = yaml.get("fields").is_some_and(|fields| fields.text().is_some());
    let fields =
        texts(yaml.get("fields")).ok_or_else(|| wrong(yaml.line, format!("'{name}' has no fields")))?;
    let comps = match yaml.get("comps") {
        None if is_single => vec!["in".to_owned()],
        None => vec!["=".to_owned(); fields.len()],
        Some(comps) => texts(Some(comps)).unwrap_or_default(),
    };
    // What appends to an exception gives its name and values alone.
    if !fields.is_empty() && comps.len() != fields.len() {
        return Err(wrong(
            yaml.line,
            format!("'{name}' has {} fields and {} comps", fields.len(), comps.len()),
        ));
    }
    let operator = |comp: String| {
        let unknown = || wrong(yaml.line, format!("'{name}': there is no operator '{comp}'"));
        Operator::from_text(&comp).ok_or_else(unknown)
    };
    let operators = comps.into_iter().map(operator).collect::<Result<Vec<_>, _>>()?;
    let fields: Vec<(FieldName, Operator)> = fields.iter().map(|field| named(field)).zip(operators).collect();
    let values = match yaml.get("values").filter(|values| !values.is_null()) {
        None => Vec::new(),
        Some(values) => values
            .list()
            .ok_or_else(|| wrong(values.line, format!("the values of '{name}' are no list")))?
            .to_vec(),
    };
    Ok(Exception { name, fields, is_single, values })
}

/// One text, or the texts of a list.
fn texts(yaml: Option<&Yaml>) -> Option<Vec<String>> {
    match yaml.map(|yaml| &yaml.node) {
        None => Some(Vec::new()),
        Some(Node::Text { text, .. }) => Some(vec![text.clone()]),
        Some(Node::List(items)) => items.iter().map(|item| item.text().map(str::to_owned)).collect(),
        Some(_) => None,
    }
}

/// One value, or the values of a list. What is in brackets within a text is a list, too.
fn words(yaml: &Yaml) -> Vec<Word> {
    match &yaml.node {
        Node::Text { text, .. } => match text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
            Some(inner) => inner
                .split(',')
                .map(|word| Word { text: word.trim().trim_matches(['"', '\'']).to_owned(), quoted: false })
                .filter(|word| !word.text.is_empty())
                .collect(),
            None => vec![Word { text: text.clone(), quoted: false }],
        },
        Node::List(items) => items.iter().flat_map(words).collect(),
        _ => Vec::new(),
    }
}

fn named(text: &str) -> FieldName {
    let (name, argument) = match text.split_once('[') {
        Some((name, rest)) => (name, Some(rest.trim_end_matches(']').to_owned())),
        None => (text, None),
    };
    FieldName { name: name.to_owned(), argument }
}

impl Exception {
    /// Adds exceptions to others: values to one of the same name, else a new one.
    ///
    /// # Errors
    /// If one changes the fields of another, or has none of its own.
    pub(super) fn merge(known: &mut Vec<Self>, more: Vec<Self>) -> Result<(), String> {
        for exception in more {
            match known.iter_mut().find(|known| known.name == exception.name) {
                Some(known) if exception.fields.is_empty() || exception.fields == known.fields => {
                    known.values.extend(exception.values);
                }
                Some(_) => {
                    let name = &exception.name;
                    return Err(format!("exceptions: only values can be added to '{name}', not fields"));
                }
                None => known.push(exception),
            }
        }
        Ok(())
    }

    /// The condition under which one of these exceptions holds.
    ///
    /// # Errors
    /// If values do not fit the fields.
    pub(super) fn expression(all: &[Self]) -> Result<Option<Expression>, String> {
        let mut conditions = Vec::new();
        for one in all {
            if one.fields.is_empty() {
                return Err(format!("'{}' has no fields", one.name));
            }
            conditions.extend(one.rows()?.iter().map(|row| one.row(row)));
        }
        Ok((!conditions.is_empty()).then_some(Expression::Or(conditions)))
    }

    /// The words of each field, row by row.
    fn rows(&self) -> Result<Vec<Vec<Vec<Word>>>, String> {
        if self.is_single {
            let words: Vec<Word> = self.values.iter().flat_map(words).collect();
            let takes_list = self.fields.first().is_some_and(|(_, operator)| operator.takes_list());
            return Ok(match &words[..] {
                [] => Vec::new(),
                _ if takes_list => vec![vec![words]],
                _ => words.into_iter().map(|word| vec![vec![word]]).collect(),
            });
        }
        let row = |row: &Yaml| {
            let cells = row.list().map(|cells| cells.iter().map(words).collect::<Vec<_>>());
            cells.filter(|cells| cells.len() == self.fields.len())
        };
        let uneven = || format!("'{}' has values that are not one for each field", self.name);
        let rows = self.values.iter().map(|value| row(value).ok_or_else(uneven));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let fits = |(words, (_, operator)): (&Vec<Word>, &(FieldName, Operator))| {
            operator.takes_list() || words.len() == 1
        };
        if rows.iter().all(|row| row.iter().zip(&self.fields).all(fits)) {
            Ok(rows)
        } else {
            Err(format!("'{}' compares one value with a list", self.name))
        }
    }

    fn row(&self, row: &[Vec<Word>]) -> Expression {
        let check = |((field, operator), words): (&(FieldName, Operator), &Vec<Word>)| {
            Expression::Check(Check {
                field: field.clone(),
                cases: Vec::new(),
                operator: *operator,
                words: words.clone(),
                at: 1,
            })
        };
        Expression::And(self.fields.iter().zip(row).map(check).collect())
    }
}
