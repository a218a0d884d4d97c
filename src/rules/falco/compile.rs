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

/// Macros in macros deeper than this go in a circle.
const MAX_MACROS: usize = 100;
/// A condition with more checks than this was made by macros that double each other.
const MAX_CHECKS: usize = 100_000;

impl Elements {
    /// The rules that are enabled. What is wrong with one is no reason not to compile the others.
    pub(in crate::rules) fn compile(&self, errors: &mut Vec<RuleError>) -> Vec<Rule> {
        let mut rules = Vec::new();
        for (name, draft) in &self.rules {
            match self.compiled(name, draft) {
                Ok(rule) if draft.enabled => rules.push(rule),
                Err(_) if draft.may_be_left_out || !draft.enabled && draft.source == "syscall" => {}
                Ok(_) => {}
                Err(error) => errors.push(error),
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
        let wrong = |reason: String| RuleError {
            file: draft.file.to_string(),
            line: draft.line,
            rule: Some(title.clone()),
            reason,
        };
        let source = match &*draft.source {
            "aws_cloudtrail" => LogSource::CloudTrail,
            "k8s_audit" => LogSource::Eks,
            other => {
                let reason = format!("source '{other}' is none of aws_cloudtrail and k8s_audit");
                return Err(wrong(reason));
            }
        };
        let priority = Priority::from_name(&draft.priority.text).ok_or_else(|| {
            let names = Priority::ALL.map(Priority::name).join(", ");
            wrong(format!("priority '{}' is none of {names}", draft.priority.text))
        })?;
        let mut filling = Filling { elements: self, source, depth: 0, checks: 0 };
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
        RuleError {
            file: self.file.to_string(),
            line: self.line,
            rule: Some(title.to_owned()),
            reason: format!("{part}, character {}: {}", flaw.at, flaw.reason),
        }
    }
}

/// A condition while macros and lists are filled in.
struct Filling<'e> {
    elements: &'e Elements,
    source: LogSource,
    depth: usize,
    checks: usize,
}

impl Filling<'_> {
    fn condition(&mut self, expression: &Expression) -> Result<Condition, Flaw> {
        Ok(match expression {
            Expression::And(parts) => Condition::All(self.all(parts)?),
            Expression::Or(parts) => Condition::Any(self.all(parts)?),
            Expression::Not(part) => Condition::Not(Box::new(self.condition(part)?)),
            Expression::Macro { name, at } => self.macro_(name, *at)?,
            Expression::Check(check) => Condition::Check(self.check(check)?),
        })
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
        self.depth += 1;
        if self.depth > MAX_MACROS {
            return Err(Flaw::new(at, format!("macro '{name}' leads back to itself")));
        }
        // The place is that of the name in this condition; what is wrong lies in the macro.
        let inner = condition::parse(&placed.text).and_then(|inner| self.condition(&inner));
        self.depth -= 1;
        inner.map_err(|flaw| Flaw::new(at, format!("macro '{name}', character {}: {}", flaw.at, flaw.reason)))
    }

    fn check(&mut self, check: &condition::Check) -> Result<tree::Check, Flaw> {
        self.checks += 1;
        if self.checks > MAX_CHECKS {
            return Err(Flaw::new(
                check.at,
                format!("it has more than {MAX_CHECKS} checks, with its macros"),
            ));
        }
        let field = Field::of(&check.field, self.source).map_err(|reason| Flaw::new(check.at, reason))?;
        let test = self.test(check).map_err(|reason| Flaw::new(check.at, reason))?;
        Ok(tree::Check { field, cases: check.cases.clone(), test })
    }

    fn test(&self, check: &condition::Check) -> Result<Test, String> {
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
    fn words(&self, words: &[Word]) -> Result<Vec<Box<str>>, String> {
        let mut all = Vec::new();
        for word in words {
            if word.quoted {
                all.push(word.text.as_str().into());
            } else {
                self.expand(&word.text, &mut HashSet::new(), &mut all)?;
            }
        }
        Ok(all)
    }

    fn expand<'e>(
        &'e self,
        word: &'e str,
        open: &mut HashSet<&'e str>,
        all: &mut Vec<Box<str>>,
    ) -> Result<(), String> {
        let Some(items) = self.elements.lists.get(word) else {
            all.push(word.into());
            return Ok(());
        };
        if !open.insert(word) || all.len() > MAX_CHECKS {
            return Err(format!("list '{word}' leads back to itself, or is far too long"));
        }
        for item in items {
            self.expand(item, open, all)?;
        }
        open.remove(word);
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
