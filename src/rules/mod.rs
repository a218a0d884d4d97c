//! Rules for events known to matter: compiles Falco and Sigma rules to conditions and evaluates them on every
//! event.
//!
//! A [`RuleSet`] is compiled once from the texts of rule files. Each worker has a [`Matcher`], which
//! determines the candidate rules of every action only once. Knows records and their text; does not know
//! archives, files or findings. The supported parts of the languages are described in `docs/rules.md`.
//!
//! Inside, `language` compiles Falco and Sigma rules, and `evaluate` evaluates conditions on events and knows
//! no language.

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
    /// The name of the file, for errors.
    pub name: String,
    /// The language of the rules.
    pub language: Language,
    /// The content of the file.
    pub text: String,
}

/// Compiled rules, with a checksum of their source.
#[derive(Clone, Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    checksum: Checksum,
    left_out: Vec<String>,
}

impl RuleSet {
    /// Compiles rules, in the order of the files: in Falco's language later files can change rules of earlier
    /// ones. Returns the usable rules and the errors of the others.
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

    /// Descriptions of the parts that could not be used.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// Checksum of the texts of the files and the names of the rules.
    pub fn checksum(&self) -> Checksum {
        self.checksum
    }
}

fn called_twice(name: &str, file: &str, line: usize, other: &str) -> RuleError {
    let reason = format!("{other} has the same name, and does not count");
    RuleError::new(file, line, Some(format!("rule '{name}'")), reason)
}
