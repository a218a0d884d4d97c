//! Rules about what is known to matter: Falco's and Sigma's languages in, conditions out that are held against every event.
//!
//! A [`RuleSet`] is compiled once from the texts of rule files; each worker has a [`Matcher`], which asks of every action only once
//! which rules it could fulfil at all. Knows records and their text; does not know archives, files or findings. What the
//! languages mean here is described in `docs/rules.md`.
//!
//! Inside, `language` reads Falco's and Sigma's rules, and `evaluate` holds conditions against events and knows no language.

#[cfg(any(test, fuzzing))]
pub mod differential;
mod error;
mod evaluate;
mod language;
mod matcher;
mod prefilter;
mod rule;

use std::collections::BTreeMap;

use crate::checksum::Checksum;
use crate::model::Language;
use crate::yaml;
use language::{falco, sigma};

pub use error::RuleError;
pub use evaluate::event_context::EventContext;
pub use matcher::{Candidates, Matcher};
pub use rule::Rule;

/// The built-in rules, in Falco's language.
pub const BUILTIN_RULES: [(&str, &str); 1] = [("firstseen-aws.yaml", include_str!("builtin/aws.yaml"))];

/// The text of a rule file.
#[derive(Clone, Debug)]
pub struct RuleFile {
    /// Its name, for errors.
    pub name: String,
    /// Its language.
    pub language: Language,
    /// Its text.
    pub text: String,
}

/// Rules, and what they were made of.
#[derive(Clone, Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    checksum: Checksum,
    left_out: Vec<String>,
}

impl RuleSet {
    /// Compiles rules. Files of one language act on each other in this order, as Falco's do. Also gives whatever cannot be used;
    /// the rules are all others.
    ///
    /// ```
    /// use firstseen::model::Language;
    /// use firstseen::rules::{RuleFile, RuleSet};
    ///
    /// let text = "- rule: A\n  condition: ct.name=CreateUser and ct.eror exists\n  output: x\n  priority: INFO\n  source: aws_cloudtrail\n";
    /// let file = RuleFile { name: "a.yaml".to_owned(), language: Language::Falco, text: text.to_owned() };
    /// let (rules, errors) = RuleSet::compile(&[file]);
    /// assert!(rules.rules().is_empty());
    /// assert_eq!(
    ///     errors[0].to_string(),
    ///     "a.yaml, line 2: rule 'A': condition, character 24: events of cloudtrail have no field 'ct.eror'; did you mean 'ct.error'?"
    /// );
    /// ```
    pub fn compile(files: &[RuleFile]) -> (Self, Vec<RuleError>) {
        let mut errors = Vec::new();
        let mut elements = falco::Elements::default();
        let mut sigma: BTreeMap<Box<str>, (&str, usize, Rule)> = BTreeMap::new();
        for file in files {
            let documents = match yaml::documents(&file.text) {
                Ok(documents) => documents,
                Err(yaml::YamlError { line, reason }) => {
                    errors.push(RuleError::new(&file.name, line, None, reason));
                    continue;
                }
            };
            match file.language {
                Language::Falco => elements.add(&file.name, &documents, &mut errors),
                Language::Sigma => {
                    for (line, rule) in sigma::rules(&file.name, &documents, &mut errors) {
                        let name = rule.metadata.name.clone();
                        if sigma.insert(name.clone(), (&file.name, line, rule)).is_some() {
                            errors.push(called_twice(&name, &file.name, line, "a rule before it"));
                        }
                    }
                }
            }
        }
        let mut rules: BTreeMap<Box<str>, Rule> = elements
            .compile(&mut errors)
            .into_iter()
            .map(|rule| (rule.metadata.name.clone(), rule))
            .collect();
        for (name, (file, line, rule)) in sigma {
            if rules.insert(name.clone(), rule).is_some() {
                errors.push(called_twice(&name, file, line, "a rule of Falco's"));
            }
        }
        let rules: Vec<Rule> = rules.into_values().collect();
        let texts = files.iter().flat_map(|file| [file.language.name(), &file.text]);
        let names = rules.iter().map(|rule| &*rule.metadata.name);
        let all =
            texts.chain(names).map(|text| Checksum::of(text.as_bytes()).to_string()).collect::<String>();
        let left_out = errors.iter().map(RuleError::title).collect();
        (Self { rules, checksum: Checksum::of(all.as_bytes()), left_out }, errors)
    }

    /// The rules, sorted by name.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What could not be used, in words.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// Of the files' texts and the rules' names: the same only for the same rules.
    pub fn checksum(&self) -> Checksum {
        self.checksum
    }
}

fn called_twice(name: &str, file: &str, line: usize, other: &str) -> RuleError {
    let reason = format!("{other} has the same name, and does not count");
    RuleError::new(file, line, Some(format!("rule '{name}'")), reason)
}
