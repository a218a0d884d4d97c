//! Compiles Sigma searches, made of fields and values, to conditions.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::sync::Arc;

use super::placeholders::Placeholders;
use super::value::{Modifiers, test};
use super::{SigmaError, field as names, wrong};
use crate::model::LogSource;
use crate::rules::budget::Budget;
use crate::rules::evaluate::comparison::{Test, Texts};
use crate::rules::evaluate::decimal::Decimal;
use crate::rules::evaluate::field::{Derived, Field, Scanned};
use crate::rules::evaluate::part::{Part, Parts};
use crate::rules::evaluate::path::Path;
use crate::rules::evaluate::transformer::{FieldCheck, TransformedField};
use crate::rules::evaluate::tree::{Check, Condition};
use crate::yaml::{Node, Yaml};

/// What the searches of a rule have in common.
#[derive(Clone, Copy)]
pub(super) struct Context<'c> {
    pub(super) source: LogSource,
    pub(super) placeholders: &'c Placeholders,
    pub(super) budget: &'c Budget,
    pub(super) warnings: &'c RefCell<Vec<SigmaError>>,
}

impl Context<'_> {
    fn warn(&self, yaml: &Yaml, reason: String) {
        self.warnings.borrow_mut().push(wrong(yaml, reason));
    }

    /// The test for a value, which counts for the limits of all rules.
    fn test(&self, value: &str, modifiers: &Modifiers) -> Result<Test, String> {
        self.budget.add_parts(1)?;
        // Without room for more patterns, none is compiled.
        self.budget.add_pattern(0)?;
        let test = test(value, modifiers)?;
        self.budget.add_pattern(test.pattern_size())?;
        Ok(test)
    }

    /// The field with a name that is given here.
    fn field(&self, name: &str, yaml: &Yaml) -> Result<Field, String> {
        if let Some(doubt) = names::check(name, self.source)? {
            self.warn(yaml, format!("field '{name}': {doubt}"));
        }
        Ok(names::at(name, self.source))
    }
}

/// A search is a map of fields that must all match, a word that must occur somewhere in the record, or a list
/// of these, of which one must match.
pub(super) fn search(yaml: &Yaml, context: Context<'_>) -> Result<Condition, SigmaError> {
    match &yaml.node {
        Node::Map(members) if members.is_empty() => Err(wrong(yaml, "a search is empty")),
        Node::List(items) if items.is_empty() => Err(wrong(yaml, "a search is empty")),
        Node::Map(members) => {
            let checks = members.iter().map(|(key, value)| field(key, value, context));
            checks.collect::<Result<_, _>>().map(Condition::All)
        }
        Node::List(items) => {
            let searches = items.iter().map(|item| search(item, context)).collect::<Result<Vec<_>, _>>()?;
            let joined = with_joined_parts(searches, context.budget);
            joined.map(Condition::Any).map_err(|reason| wrong(yaml, reason))
        }
        Node::Text { text, .. } => {
            Ok(check(Field::Derived(Derived::Words, None), contains(text, yaml, context)?))
        }
        Node::Null => Err(wrong(yaml, "a search is empty")),
    }
}

/// The test for a word somewhere in the record.
fn contains(word: &str, yaml: &Yaml, context: Context<'_>) -> Result<Test, SigmaError> {
    let modifiers = Modifiers::parse("contains").map_err(|reason| wrong(yaml, reason))?;
    context.test(word, &modifiers).map_err(|reason| wrong(yaml, reason))
}

fn check(field: Field, test: Test) -> Condition {
    let (field, test) = match test {
        Test::Contains(_) => (field.searched(false).0, test),
        Test::ContainsAnyCase(part) => match field.searched(true) {
            (field, true) => (field, Test::Contains(part)),
            (field, false) => (field, Test::ContainsAnyCase(part)),
        },
        other => (field, other),
    };
    Condition::Check(Check { field: TransformedField::plain(field), test })
}

/// The condition for a field with modifiers and its values.
fn field(key: &Yaml, value: &Yaml, context: Context<'_>) -> Result<Condition, SigmaError> {
    let text = key.text().ok_or_else(|| wrong(key, "a field has no name"))?;
    let (name, modifiers) = text.split_once('|').map_or((text, None), |(name, rest)| (name, Some(rest)));
    let modifiers = modifiers.map_or_else(|| Ok(Modifiers::default()), Modifiers::parse);
    let at_key = |reason| wrong(key, format!("field '{name}': {reason}"));
    let modifiers = modifiers.map_err(at_key)?;
    let modifiers = if name.is_empty() { modifiers.anywhere() } else { modifiers };
    let field = match name {
        // A value without a field is searched for everywhere.
        "" => Field::Derived(Derived::Words, None),
        _ => {
            let field = context.field(name, key).map_err(at_key)?;
            // Presence is all that is asked for, so a `null` counts.
            if modifiers.exists { Field::Present(Path::dotted(name, context.source)) } else { field }
        }
    };
    let values = value.list().unwrap_or(std::slice::from_ref(value));
    if values.is_empty() {
        return Err(wrong(value, format!("field '{name}' has no values")));
    }
    let one = |value: &Yaml| {
        if modifiers == Modifiers::default() && is_old_boolean(value) {
            let text = value.text().unwrap_or_default();
            let reason =
                format!("'{text}' is a text here; write true or false for a boolean, or put it in quotes");
            context.warn(value, format!("field '{name}': {reason}"));
        }
        one((&field, context), value, &modifiers)
            .map_err(|reason| wrong(value, format!("field '{name}': {reason}")))
    };
    let mut conditions = values.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    Ok(match &conditions[..] {
        [_] => conditions.remove(0),
        _ if modifiers.all => Condition::All(conditions),
        _ => {
            Condition::Any(joined(&field, conditions, context.budget).map_err(|reason| wrong(value, reason))?)
        }
    })
}

fn one(
    (field, context): (&Field, Context<'_>),
    value: &Yaml,
    modifiers: &Modifiers,
) -> Result<Condition, String> {
    let text = match &value.node {
        Node::Null if !modifiers.takes_null() => return Err("it has no value to compare with".to_owned()),
        Node::Null => return Ok(Condition::Not(Box::new(check(field.clone(), Test::Exists)))),
        Node::Text { text, .. } => text,
        Node::List(_) | Node::Map(_) => return Err("its value is no text".to_owned()),
    };
    if modifiers.exists {
        if matches!(field, Field::Derived(Derived::Words, None)) {
            return Err("'exists' needs a field before it".to_owned());
        }
        let exists = check(field.clone(), Test::Exists);
        return match value.flag() {
            Some(true) => Ok(exists),
            Some(false) => Ok(Condition::Not(Box::new(exists))),
            None => Err("'exists' takes true or false".to_owned()),
        };
    }
    if modifiers.fieldref {
        if text.is_empty() || matches!(field, Field::Derived(Derived::Words, None)) {
            return Err("'fieldref' compares a field with another one".to_owned());
        }
        return Ok(same_event(field, context.field(text, value)?, modifiers));
    }
    let texts = match modifiers.expand {
        true => context.placeholders.expanded(text)?,
        false => vec![text.clone()],
    };
    let mut tests = Vec::new();
    for text in &texts {
        for text in modifiers.encoded(text)? {
            tests.push(context.test(&text, modifiers)?);
        }
    }
    let mut checks: Vec<Condition> = tests.into_iter().map(|test| check(field.clone(), test)).collect();
    if modifiers.compares_all() && matches!(value.node, Node::Text { quoted: false, .. }) {
        checks.extend(same_number(field, text));
    }
    Ok(match &checks[..] {
        [_] => checks.remove(0),
        _ => Condition::Any(joined(field, checks, context.budget)?),
    })
}

/// The check for numbers of the same value, if a text is a number, and a field may have some.
fn same_number(field: &Field, text: &str) -> Option<Condition> {
    let number = Decimal::of_rule(text)?;
    match field {
        Field::At(path) => {
            let number = number.key().into();
            Some(check(
                Field::Numbers(path.clone()),
                Test::Intersects(Arc::new(std::iter::once(number).collect())),
            ))
        }
        Field::Scanned(Scanned::ResponseCode) => {
            Some(check(field.clone(), Test::Number(Ordering::is_eq, Box::new(number))))
        }
        _ => None,
    }
}

/// Whether YAML 1.1 reads a value as a boolean, and YAML 1.2, as here, as a text.
fn is_old_boolean(value: &Yaml) -> bool {
    let Node::Text { text, quoted: false } = &value.node else { return false };
    ["yes", "no", "on", "off"].iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// The comparison of a field with another field of the same event.
fn same_event(field: &Field, other: Field, modifiers: &Modifiers) -> Condition {
    let (relation, any_case) = modifiers.relation();
    Condition::Fields(Box::new(FieldCheck {
        left: TransformedField::plain(field.clone()),
        right: TransformedField::plain(other),
        relation,
        any_case,
    }))
}

/// The fewest parts that are searched for together; fewer are found faster one by one.
const FEWEST_JOINED: usize = 16;

/// The length of all parts that are searched for together, in bytes, which bounds the memory of a search.
const LONGEST_JOINED: usize = 64 << 10;

/// Merges the searches for parts of one field, of which one must hold.
fn with_joined_parts(conditions: Vec<Condition>, budget: &Budget) -> Result<Vec<Condition>, String> {
    let field_of = |condition: &Condition| match condition {
        Condition::Check(Check { field, test: Test::Contains(_) | Test::ContainsAnyCase(_) }) => {
            Some(field.clone())
        }
        _ => None,
    };
    let Some(field) = conditions.iter().find_map(field_of) else { return Ok(conditions) };
    let (mut parts, mut parts_any_case, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for condition in conditions {
        match condition {
            Condition::Check(Check { field: own, test: Test::Contains(part) }) if own == field => {
                parts.push(part)
            }
            Condition::Check(Check { field: own, test: Test::ContainsAnyCase(part) }) if own == field => {
                parts_any_case.push(part);
            }
            other => others.push(other),
        }
    }
    let mut add = |parts: &[Part], one: fn(Part) -> Test, joined: fn(Parts) -> Test| {
        let mut rest = parts;
        while !rest.is_empty() {
            let mut length = 0;
            let fits = |part: &&Part| {
                length += part.text().len();
                length <= LONGEST_JOINED
            };
            let (these, behind) = rest.split_at(rest.iter().take_while(fits).count().max(1));
            rest = behind;
            if these.len() < FEWEST_JOINED {
                let tests = these.iter().cloned().map(one);
                others.extend(tests.map(|test| Condition::Check(Check { field: field.clone(), test })));
                continue;
            }
            let made = Parts::new(these)?;
            budget.add_pattern(made.size)?;
            others.push(Condition::Check(Check { field: field.clone(), test: joined(made) }));
        }
        Ok::<_, String>(())
    };
    add(&parts, Test::Contains, Test::ContainsOne)?;
    add(&parts_any_case, Test::ContainsAnyCase, Test::ContainsOneAnyCase)?;
    Ok(others)
}

/// Merges the plain comparisons of one field, of which one must hold, into one set lookup for texts and one for numbers, and searches for
/// parts into one.
fn joined(field: &Field, conditions: Vec<Condition>, budget: &Budget) -> Result<Vec<Condition>, String> {
    let (mut texts, mut numbers, mut others) = (Texts::default(), Texts::default(), Vec::new());
    let each = conditions.into_iter().flat_map(|condition| match condition {
        Condition::Any(parts) => parts,
        other => vec![other],
    });
    for condition in each {
        match condition {
            Condition::Check(Check { test: Test::EqualsAnyCase(text), .. }) => drop(texts.insert(text)),
            Condition::Check(Check { test: Test::InAnyCase(more), .. }) => texts.extend(more),
            Condition::Check(Check { test: Test::Intersects(more), .. }) => {
                numbers.extend(Arc::unwrap_or_clone(more));
            }
            other => others.push(other),
        }
    }
    if let (Field::At(path), false) = (field, numbers.is_empty()) {
        others.insert(0, check(Field::Numbers(path.clone()), Test::Intersects(Arc::new(numbers))));
    }
    if !texts.is_empty() {
        others.insert(0, check(field.clone(), Test::InAnyCase(texts)));
    }
    with_joined_parts(others, budget)
}
