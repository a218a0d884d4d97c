//! Expands macros and lists in conditions, and checks fields and operators.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::elements::Elements;
use super::exceptions::Exception;
use crate::checksum::from_hex;
use crate::model::LogSource;
use crate::names::shortened;
use crate::rules::budget::Budget;
use crate::rules::error::{ConditionError, similar};
use crate::rules::evaluate::case::lower;
use crate::rules::evaluate::comparison::{Folder, Test, Texts, glob, regex, size_of_value};
use crate::rules::evaluate::decimal::Decimal;
use crate::rules::evaluate::field::Field;
use crate::rules::evaluate::part::Part;
use crate::rules::evaluate::transformer::{FieldCheck, Relation};
use crate::rules::evaluate::tree::{self, Condition};
use crate::rules::language::condition::{self, Expression, FieldTerm, Operator, Quantifier, Word};
use crate::rules::language::regular_expression::{no_pattern, translated};

/// Limit on the nesting of brackets, `not` and macros; deeper conditions are not legitimate, or circular.
const MAX_DEPTH: usize = 200;
/// Limit on the checks and values of a rule; only macros or lists that multiply each other exceed it.
const MAX_PARTS: usize = 1_000_000;

/// Limit on the warnings about one rule.
const MOST_WARNINGS: usize = 20;

/// What macros and rules repeat.
#[derive(Default)]
pub(super) struct Caches {
    /// Compiled patterns, each of which may be large.
    patterns: HashMap<(Operator, String), Test>,
    /// Values without quotes, and the hint at a list with a similar name.
    similar_lists: HashMap<String, String>,
    /// Sets of values, some of which are large lists.
    sets: HashMap<Vec<Word>, Arc<Texts>>,
}

/// The expansion of one condition.
pub(super) struct Expansion<'e> {
    elements: &'e Elements,
    source: LogSource,
    caches: &'e mut Caches,
    budget: &'e Budget,
    depth: usize,
    /// Checks and values so far.
    parts: usize,
    warnings: Vec<ConditionError>,
}

impl<'e> Expansion<'e> {
    pub(super) fn new(
        elements: &'e Elements,
        source: LogSource,
        (caches, budget): (&'e mut Caches, &'e Budget),
    ) -> Self {
        Self { elements, source, caches, budget, depth: 0, parts: 0, warnings: Vec::new() }
    }

    /// The warnings since the last call.
    pub(super) fn take_warnings(&mut self) -> Vec<ConditionError> {
        std::mem::take(&mut self.warnings)
    }

    pub(super) fn condition(&mut self, expression: &Expression) -> Result<Condition, ConditionError> {
        self.depth += 1;
        let condition = match expression {
            Expression::And(parts) => Condition::All(self.all(parts)?),
            Expression::Or(parts) => Condition::Any(self.all(parts)?),
            Expression::Not(part) => Condition::Not(Box::new(self.condition(part)?)),
            Expression::Macro { name, at } => self.macro_(name, *at)?,
            Expression::Check(check) => self.check(check)?,
        };
        self.depth -= 1;
        Ok(condition)
    }

    /// The condition under which an exception holds. Its fields must be known, even if it has no values.
    pub(super) fn exception(&mut self, exception: &Exception) -> Result<Condition, ConditionError> {
        for field in exception.fields() {
            Field::of(field, self.source).map_err(|error| ConditionError::of_field(1, error))?;
        }
        self.condition(&exception.expression())
    }

    fn all(&mut self, parts: &[Expression]) -> Result<Vec<Condition>, ConditionError> {
        parts.iter().map(|part| self.condition(part)).collect()
    }

    fn macro_(&mut self, name: &str, at: usize) -> Result<Condition, ConditionError> {
        let macros = &self.elements.macros;
        let Some(placed) = macros.get(name) else {
            let near = similar(name, macros.keys().map(String::as_str));
            return Err(ConditionError::new(at, format!("there is no macro '{name}'{near}")));
        };
        if self.depth > MAX_DEPTH {
            let reason = format!("macro '{name}' leads back to itself, or too deep: {MAX_DEPTH} is the most");
            return Err(ConditionError::new(at, reason));
        }
        // Its text is read each time.
        self.spend(size_of_value(&placed.text)).map_err(|reason| ConditionError::new(at, reason))?;
        let before = self.warnings.len();
        let inner = condition::parse(&placed.text).and_then(|inner| self.condition(&inner));
        let warnings = self.warnings.split_off(before);
        self.warnings.extend(warnings.into_iter().map(|flaw| in_macro(name, at, flaw)));
        inner.map_err(|flaw| in_macro(name, at, flaw))
    }

    fn check(&mut self, check: &condition::Check) -> Result<Condition, ConditionError> {
        let mut compiled = |term: &FieldTerm| {
            let field =
                term.compiled(self.source).map_err(|error| ConditionError::of_field(check.at, error))?;
            self.spend(1 + field.field.size()).map_err(|reason| ConditionError::new(check.at, reason))?;
            Ok(field)
        };
        let field = compiled(&check.term)?;
        if let Some(other) = &check.other {
            let right = compiled(other)?;
            let (relation, any_case) = relation(check.operator).ok_or_else(|| {
                ConditionError::new(check.at, "this operator compares with a text, not with another field")
            })?;
            return Ok(Condition::Fields(Box::new(FieldCheck { left: field, right, relation, any_case })));
        }
        let wrong = |reason| ConditionError::new(check.at, reason);
        let is_number = field.is_number();
        let of_field = |test| if is_number { of_numbers(test) } else { Ok(test) };
        if let Some(quantifier) = check.quantifier {
            let words = self.listed(check).map_err(wrong)?;
            let checks = words.iter().map(|word| {
                let test = of_field(self.comparison(check.operator, word)?)?;
                Ok(Condition::Check(tree::Check { field: field.clone(), test }))
            });
            return Ok(quantified(quantifier, checks.collect::<Result<_, _>>().map_err(wrong)?));
        }
        let test = self.test(check).and_then(of_field).map_err(wrong)?;
        Ok(Condition::Check(tree::Check { field, test }))
    }

    /// Counts parts of the rule.
    fn spend(&mut self, parts: usize) -> Result<(), String> {
        self.parts += parts;
        if self.parts > MAX_PARTS {
            return Err(format!("it has more than {MAX_PARTS} checks and values, with its macros and lists"));
        }
        self.budget.add_parts(parts)
    }

    fn test(&mut self, check: &condition::Check) -> Result<Test, String> {
        Ok(match check.operator {
            Operator::Exists => Test::Exists,
            Operator::In => Test::In(self.set(check)?),
            Operator::Intersects => Test::Intersects(self.set(check)?),
            Operator::PathMatch => self.below(check)?,
            operator => {
                let word = self.word(&check.words)?;
                self.comparison(operator, &word)?
            }
        })
    }

    /// The comparison with one value.
    fn comparison(&mut self, operator: Operator, word: &str) -> Result<Test, String> {
        let of_one = || Arc::new(std::iter::once(word.into()).collect());
        let than = |is_right| Ok::<_, String>(Test::Number(is_right, Box::new(number(word)?)));
        Ok(match operator {
            Operator::Exists => Test::Exists,
            Operator::Equal => Test::Equals(word.into()),
            Operator::Unequal => Test::Differs(word.into()),
            Operator::Less => than(Ordering::is_lt)?,
            Operator::LessOrEqual => than(Ordering::is_le)?,
            Operator::Greater => than(Ordering::is_gt)?,
            Operator::GreaterOrEqual => than(Ordering::is_ge)?,
            Operator::Contains => Test::Contains(Part::new(word)),
            Operator::ContainsAnyCase => Test::ContainsAnyCase(Part::new(&lower(word))),
            Operator::ContainsBytes => Test::ContainsBytes(bytes(word)?),
            Operator::StartsWith => Test::StartsWith(word.into()),
            Operator::StartsWithBytes => Test::StartsWithBytes(bytes(word)?),
            Operator::EndsWith => Test::EndsWith(word.into()),
            Operator::Glob | Operator::GlobAnyCase | Operator::Regex => self.pattern(operator, word)?,
            Operator::In => Test::In(of_one()),
            Operator::Intersects => Test::Intersects(of_one()),
            Operator::PathMatch => Test::Below(vec![Folder::parse(word)?]),
        })
    }

    /// Whether a path is below one of these; they may have globs.
    fn below(&mut self, check: &condition::Check) -> Result<Test, String> {
        let mut folders = Vec::new();
        for word in self.listed(check)? {
            self.budget.add_pattern(0)?;
            let folder = Folder::parse(&word).map_err(|reason| no_pattern(&word, &reason))?;
            self.budget.add_pattern(folder.pattern_size())?;
            folders.push(folder);
        }
        Ok(Test::Below(folders))
    }

    fn pattern(&mut self, operator: Operator, word: &str) -> Result<Test, String> {
        if let Some(known) = self.caches.patterns.get(&(operator, word.to_owned())) {
            return Ok(known.clone());
        }
        // Without room for more, none is compiled.
        self.budget.add_pattern(0)?;
        let made = match operator {
            Operator::Glob => glob(word, false),
            Operator::GlobAnyCase => glob(word, true),
            // The whole text must match, as in Falco. The word alone must be a valid pattern, too: `a)|(?:b`
            // is not.
            _ => translated(word).and_then(|word| {
                regex(&word, false)?;
                regex(&format!("^(?:{word})$"), false)
            }),
        };
        let made = made.map_err(|reason| no_pattern(word, &reason))?;
        self.budget.add_pattern(made.size)?;
        self.caches.patterns.insert((operator, word.to_owned()), Test::Matches(made.clone()));
        Ok(Test::Matches(made))
    }

    /// The value of an operator that takes one. As in Falco, the name of a list stands for its items.
    fn word(&mut self, words: &[Word]) -> Result<Box<str>, String> {
        let name = words.first().map(|word| word.text.clone()).unwrap_or_default();
        match <[Box<str>; 1]>::try_from(self.words(words)?) {
            Ok([word]) => Ok(word),
            Err(all) => Err(format!("'{name}' is a list of {} items; write in ({name})", all.len())),
        }
    }

    /// The values of an operator that takes several.
    fn listed(&mut self, check: &condition::Check) -> Result<Vec<Box<str>>, String> {
        self.check_names(check)?;
        self.words(&check.words)
    }

    /// The same as a set, which all checks with these words share.
    fn set(&mut self, check: &condition::Check) -> Result<Arc<Texts>, String> {
        self.check_names(check)?;
        if let Some(known) = self.caches.sets.get(&check.words) {
            let known = Arc::clone(known);
            // Looking it up reads all words.
            self.spend(check.words.iter().map(|word| size_of_value(&word.text)).sum())?;
            return Ok(known);
        }
        let made: Arc<Texts> = Arc::new(self.words(&check.words)?.into_iter().collect());
        self.caches.sets.insert(check.words.clone(), Arc::clone(&made));
        Ok(made)
    }

    /// Checks the names of lists. One without brackets must be that of a list; in brackets it may be a value.
    fn check_names(&mut self, check: &condition::Check) -> Result<(), String> {
        for word in check.words.iter().filter(|word| !word.quoted) {
            let text = &word.text;
            let hint = self.similar_list(text);
            if check.names_list && !self.elements.lists.contains_key(text) {
                return Err(format!(
                    "there is no list '{text}'{hint}; a single value needs brackets: ({text})"
                ));
            }
            if !hint.is_empty() && self.warnings.len() < MOST_WARNINGS {
                let reason = format!(
                    "'{text}' is a value here, since there is no list '{text}'{hint}; quotes around a value avoid this warning"
                );
                self.warnings.push(ConditionError::new(check.at, reason));
            }
        }
        Ok(())
    }

    /// A hint at a list with a similar name; empty if there is none, or if this is the name of a list.
    fn similar_list(&mut self, name: &str) -> String {
        let lists = &self.elements.lists;
        if lists.contains_key(name) {
            return String::new();
        }
        if let Some(known) = self.caches.similar_lists.get(name) {
            return known.clone();
        }
        let hint = similar(name, lists.keys().map(String::as_str));
        self.caches.similar_lists.insert(name.to_owned(), hint.clone());
        hint
    }

    /// All words, with the items of lists in place of their names.
    fn words(&mut self, words: &[Word]) -> Result<Vec<Box<str>>, String> {
        let mut all = Vec::new();
        for word in words {
            if word.quoted || !self.elements.lists.contains_key(&word.text) {
                self.spend(size_of_value(&word.text))?;
                all.push(word.text.as_str().into());
            } else {
                self.expand(&word.text, &mut HashSet::new(), &mut all)?;
            }
        }
        Ok(all)
    }

    /// The items of a list, including those of nested lists.
    fn expand<'w>(
        &mut self,
        list: &'w str,
        open: &mut HashSet<&'w str>,
        all: &mut Vec<Box<str>>,
    ) -> Result<(), String>
    where
        'e: 'w,
    {
        let elements: &'e Elements = self.elements;
        self.spend(1)?;
        if !open.insert(list) {
            return Err(format!("list '{list}' leads back to itself"));
        }
        if open.len() > MAX_DEPTH {
            return Err(format!("list '{list}' is too deep in other lists: {MAX_DEPTH} is the most"));
        }
        for item in elements.lists.get(list).into_iter().flatten() {
            if !item.quoted && elements.lists.contains_key(&item.text) {
                self.expand(&item.text, open, all)?;
            } else {
                self.spend(size_of_value(&item.text))?;
                all.push(item.text.as_str().into());
            }
        }
        open.remove(list);
        Ok(())
    }
}

/// A flaw in a macro as one of the condition that names it at this position.
fn in_macro(name: &str, at: usize, flaw: ConditionError) -> ConditionError {
    // For nested macros the innermost reason is enough.
    let reason = match flaw.reason.starts_with("macro '") {
        true => flaw.reason,
        false => format!("macro '{name}', character {}: {}", flaw.at, flaw.reason),
    };
    ConditionError { at, reason, ..flaw }
}

/// How an operator compares two fields, and whether in any case; none for those that take several texts or patterns.
fn relation(operator: Operator) -> Option<(Relation, bool)> {
    Some(match operator {
        Operator::Equal => (Relation::Equals, false),
        Operator::Unequal => (Relation::Differs, false),
        Operator::Less => (Relation::Number(Ordering::is_lt), false),
        Operator::LessOrEqual => (Relation::Number(Ordering::is_le), false),
        Operator::Greater => (Relation::Number(Ordering::is_gt), false),
        Operator::GreaterOrEqual => (Relation::Number(Ordering::is_ge), false),
        Operator::Contains => (Relation::Contains, false),
        Operator::ContainsAnyCase => (Relation::Contains, true),
        Operator::StartsWith => (Relation::StartsWith, false),
        Operator::EndsWith => (Relation::EndsWith, false),
        _ => return None,
    })
}

/// The condition that as many checks hold as a quantifier says.
fn quantified(quantifier: Quantifier, checks: Vec<Condition>) -> Condition {
    match quantifier {
        Quantifier::One => Condition::One(checks),
        Quantifier::All if !checks.is_empty() => Condition::All(checks),
        // Of nothing, none holds.
        Quantifier::Any | Quantifier::All => Condition::Any(checks),
    }
}

/// The bytes that a value writes as pairs of hexadecimal digits.
fn bytes(text: &str) -> Result<Box<[u8]>, String> {
    let bytes = from_hex(text).map(Vec::into_boxed_slice);
    bytes.ok_or_else(|| format!("'{text}' is no text of hexadecimal digits such as 6869"))
}

fn number(text: &str) -> Result<Decimal, String> {
    Decimal::of_rule(text).ok_or_else(|| format!("'{}' is no number", shortened(text)))
}

/// The same comparison of a field whose values are numbers: also equality compares numbers.
fn of_numbers(test: Test) -> Result<Test, String> {
    let is = |is_right, text: &str| Ok(Test::Number(is_right, Box::new(number(text)?)));
    match test {
        Test::Equals(text) => is(Ordering::is_eq, &text),
        Test::Differs(text) => is(Ordering::is_ne, &text),
        Test::In(texts) | Test::Intersects(texts) => {
            let keys = texts.iter().map(|text| Ok(number(text)?.key().into()));
            Ok(Test::InNumbers(keys.collect::<Result<_, String>>()?))
        }
        other => Ok(other),
    }
}
