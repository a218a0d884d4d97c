//! Drafts into rules: macros and lists filled in, fields and operators held to what there is.

use std::collections::HashSet;

use super::elements::{Draft, Elements};
use super::exceptions::Exception;
use super::reading::Placed;
use crate::rules::Rule;
use crate::rules::condition::{self, Expression, Operator, Word};
use crate::rules::error::{Flaw, RuleError, similar};
use crate::rules::field::Field;
use crate::rules::head::{Language, LogSource, Priority, RuleHead};
use crate::rules::output::Output;
use crate::rules::test::{Test, glob, lower, regex};
use crate::rules::tree::{self, Condition};

/// Brackets, `not` and macros in each other deeper than this are no condition that somebody wrote, or go in a circle.
const MAX_DEPTH: usize = 200;
/// A rule with more checks and values than this was made by macros or lists that double each other.
const MAX_PARTS: usize = 1_000_000;

impl Elements {
    /// The rules that are enabled. What is wrong with one is no reason not to compile the others.
    pub(in crate::rules) fn compile(&self, errors: &mut Vec<RuleError>) -> Vec<Rule> {
        let mut rules = Vec::new();
        for (name, draft) in &self.rules {
            match self.compiled(name, draft) {
                Ok(rule) if draft.enabled => rules.push(rule),
                Ok(_) => {}
                Err(_) if !draft.enabled && draft.source.as_deref() == Some("syscall") => {}
                Err(error) => {
                    errors.push(RuleError { is_allowed: error.is_allowed && draft.may_be_left_out, ..error })
                }
            }
        }
        for (name, placed) in &self.macros {
            let checked = condition::parse(&placed.text).map(|_| ());
            errors.extend(
                checked.map_err(|flaw| placed.error(&format!("macro '{name}'"), "condition", flaw)).err(),
            );
        }
        rules
    }

    fn compiled(&self, name: &str, draft: &Draft) -> Result<Rule, RuleError> {
        let title = format!("rule '{name}'");
        let wrong = |reason: String| RuleError::new(&draft.file, draft.line, Some(title.clone()), reason);
        let source = match draft.source.as_deref() {
            Some("aws_cloudtrail") => LogSource::CloudTrail,
            Some("k8s_audit") => LogSource::Eks,
            Some(other) => {
                let reason = format!("source '{other}' is none of aws_cloudtrail and k8s_audit");
                return Err(wrong(reason));
            }
            // Falco takes it for a rule about system calls.
            None => return Err(wrong("it has no source; write aws_cloudtrail or k8s_audit".to_owned())),
        };
        let priority = Priority::from_name(&draft.priority.text).ok_or_else(|| {
            let names = Priority::ALL.map(Priority::name).join(", ");
            wrong(format!("priority '{}' is none of {names}", draft.priority.text))
        })?;
        let mut filling = Filling { elements: self, source, depth: 0, parts: 0 };
        let parsed = condition::parse(&draft.condition.text);
        let filled = parsed.and_then(|expression| filling.condition(&expression));
        let mut condition = filled.map_err(|flaw| draft.condition.error(&title, "condition", flaw))?;
        let exceptions = Exception::expression(&draft.exceptions);
        if let Some(exceptions) = exceptions.map_err(|reason| wrong(format!("exceptions: {reason}")))? {
            let exceptions = filling
                .condition(&exceptions)
                .map_err(|flaw| wrong(format!("exceptions: {}", flaw.reason)))?;
            condition = Condition::All(vec![condition, Condition::Not(Box::new(exceptions))]);
        }
        let output = Output::parse(&draft.output.text, source);
        let output = output.map_err(|flaw| draft.output.error(&title, "output", flaw))?;
        let head = RuleHead {
            name: name.into(),
            priority,
            tags: draft.tags.iter().map(|tag| tag.as_str().into()).collect(),
            source,
            description: draft.description.split_whitespace().collect::<Vec<_>>().join(" ").into(),
            language: Language::Falco,
            output: output.parts.clone(),
        };
        Ok(Rule::new(head, condition, output))
    }
}

impl Placed {
    fn error(&self, title: &str, part: &str, flaw: Flaw) -> RuleError {
        let reason = format!("{part}, character {}: {}", flaw.at, flaw.reason);
        let error = RuleError::new(&self.file, self.line, Some(title.to_owned()), reason);
        RuleError { is_allowed: flaw.is_unknown_field, ..error }
    }
}

/// A condition while macros and lists are filled in.
struct Filling<'e> {
    elements: &'e Elements,
    source: LogSource,
    depth: usize,
    /// Checks and values so far.
    parts: usize,
}

impl<'e> Filling<'e> {
    fn condition(&mut self, expression: &Expression) -> Result<Condition, Flaw> {
        self.depth += 1;
        let condition = match expression {
            Expression::And(parts) => Condition::All(self.all(parts)?),
            Expression::Or(parts) => Condition::Any(self.all(parts)?),
            Expression::Not(part) => Condition::Not(Box::new(self.condition(part)?)),
            Expression::Macro { name, at } => self.macro_(name, *at)?,
            Expression::Check(check) => Condition::Check(self.check(check)?),
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn all(&mut self, parts: &[Expression]) -> Result<Vec<Condition>, Flaw> {
        parts.iter().map(|part| self.condition(part)).collect()
    }

    fn macro_(&mut self, name: &str, at: usize) -> Result<Condition, Flaw> {
        let macros = &self.elements.macros;
        let Some(placed) = macros.get(name) else {
            let near = similar(name, macros.keys().map(String::as_str));
            return Err(Flaw::new(at, format!("there is no macro '{name}'{near}")));
        };
        if self.depth > MAX_DEPTH {
            let reason = format!("macro '{name}' leads back to itself, or too deep: {MAX_DEPTH} is the most");
            return Err(Flaw::new(at, reason));
        }
        // The place is that of the name in this condition; what is wrong lies in the macro.
        let inner = condition::parse(&placed.text).and_then(|inner| self.condition(&inner));
        inner.map_err(|flaw| Flaw {
            at,
            // Of macros in macros the innermost tells enough.
            reason: if flaw.reason.starts_with("macro '") {
                flaw.reason
            } else {
                format!("macro '{name}', character {}: {}", flaw.at, flaw.reason)
            },
            ..flaw
        })
    }

    fn check(&mut self, check: &condition::Check) -> Result<tree::Check, Flaw> {
        self.spend(1).map_err(|reason| Flaw::new(check.at, reason))?;
        let field = Field::of(&check.field, self.source).map_err(|error| Flaw::of_field(check.at, error))?;
        let test = self.test(check).map_err(|reason| Flaw::new(check.at, reason))?;
        Ok(tree::Check { field, cases: check.cases.clone(), test })
    }

    /// Counts parts of the rule.
    fn spend(&mut self, parts: usize) -> Result<(), String> {
        self.parts += parts;
        if self.parts > MAX_PARTS {
            return Err(format!("it has more than {MAX_PARTS} checks and values, with its macros and lists"));
        }
        Ok(())
    }

    fn test(&mut self, check: &condition::Check) -> Result<Test, String> {
        let first = check.words.first().map(|word| &*word.text).unwrap_or_default();
        let bad_pattern = |error: regex::Error| format!("'{first}' is no pattern: {}", last_line(&error));
        Ok(match check.operator {
            Operator::Exists => Test::Exists,
            Operator::Equal => Test::Equals(first.into()),
            Operator::Unequal => Test::Differs(first.into()),
            Operator::Less => Test::Number(std::cmp::Ordering::is_lt, number(first)?),
            Operator::LessOrEqual => Test::Number(std::cmp::Ordering::is_le, number(first)?),
            Operator::Greater => Test::Number(std::cmp::Ordering::is_gt, number(first)?),
            Operator::GreaterOrEqual => Test::Number(std::cmp::Ordering::is_ge, number(first)?),
            Operator::Contains => Test::Contains(first.into()),
            Operator::ContainsAnyCase => Test::contains_any_case(&lower(first)).map_err(bad_pattern)?,
            Operator::StartsWith => Test::StartsWith(first.into()),
            Operator::EndsWith => Test::EndsWith(first.into()),
            Operator::Glob => Test::Matches(glob(first, false).map_err(bad_pattern)?),
            Operator::GlobAnyCase => Test::Matches(glob(first, true).map_err(bad_pattern)?),
            // All of the text must match, as in Falco.
            Operator::Regex => Test::Matches(regex(&format!("^(?:{first})$"), false).map_err(bad_pattern)?),
            Operator::In => Test::In(self.words(&check.words)?.into_iter().collect()),
            Operator::Intersects => Test::Intersects(self.words(&check.words)?.into_iter().collect()),
            Operator::PathMatch => Test::Below(self.words(&check.words)?),
        })
    }

    /// All words, with the items of lists in place of their names.
    fn words(&mut self, words: &[Word]) -> Result<Vec<Box<str>>, String> {
        let mut all = Vec::new();
        for word in words {
            if word.quoted || !self.elements.lists.contains_key(&word.text) {
                self.spend(1)?;
                all.push(word.text.as_str().into());
            } else {
                self.expand(&word.text, &mut HashSet::new(), &mut all)?;
            }
        }
        Ok(all)
    }

    /// The items of a list, and of the lists among them.
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
        for item in elements.lists.get(list).into_iter().flatten() {
            if elements.lists.contains_key(item) {
                self.expand(item, open, all)?;
            } else {
                self.spend(1)?;
                all.push(item.as_str().into());
            }
        }
        open.remove(list);
        Ok(())
    }
}

fn number(text: &str) -> Result<f64, String> {
    let hex = text.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok()).map(f64::from);
    hex.or_else(|| text.parse().ok()).ok_or_else(|| format!("'{text}' is no number"))
}

/// What an error of many lines says at last.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
