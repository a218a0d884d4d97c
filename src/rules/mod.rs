//! Rules for events known to matter: compiles Falco and Sigma rules to conditions and evaluates them on every
//! event.
//!
//! A [`RuleSet`] is compiled once from the texts of rule files. Each worker has a [`Matcher`], which
//! determines the candidate rules of every action only once. Knows records and their text; does not know
//! archives, files or findings. The supported parts of the languages are described in `docs/rules.md`.
//!
//! Inside, `language` compiles Falco and Sigma rules, and `evaluate` evaluates conditions on events and knows
//! no language.

mod budget;
#[cfg(any(test, fuzzing))]
pub mod differential;
mod error;
mod evaluate;
mod language;
mod matcher;
mod prefilter;
mod rule;

use crate::checksum::Checksum;
use crate::model::Language;
use crate::time::Span;
use crate::yaml::{self, Yaml};
use budget::Budget;
use error::Problems;
use language::falco;
use language::sigma;

pub use error::RuleError;
pub use evaluate::event_context::EventContext;
pub use language::sigma::Placeholders;
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
    warnings: Vec<RuleError>,
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
        Self::compile_with(files, &Placeholders::default())
    }

    /// The same with values for the placeholders of Sigma rules (`expand`).
    pub fn compile_with(files: &[RuleFile], placeholders: &Placeholders) -> (Self, Vec<RuleError>) {
        let mut problems = Problems::default();
        let mut elements = falco::Elements::default();
        let mut sigma: Vec<(&str, Vec<Yaml>)> = Vec::new();
        for file in files {
            let (documents, broken) = yaml::each_document(&file.text);
            problems.errors.extend(broken.into_iter().map(|it| RuleError::of_document(&file.name, it)));
            match file.language {
                Language::Falco => elements.add(&file.name, &documents, &mut problems.errors),
                Language::Sigma => sigma.push((&file.name, documents)),
            }
        }
        let budget = Budget::default();
        let mut rules =
            sigma::rules(&sigma, sigma::SetContext { placeholders, budget: &budget }, &mut problems);
        rules.extend(elements.compile(&budget, &mut problems));
        rules.sort_by(|left, right| left.metadata.key().cmp(&right.metadata.key()));
        let texts = files.iter().flat_map(|file| [file.language.name(), &file.text]);
        let texts = texts.chain(placeholders.texts().flat_map(|text| [Language::Sigma.name(), text]));
        let names = rules.iter().map(|rule| &*rule.metadata.name);
        let all =
            texts.chain(names).map(|text| Checksum::of(text.as_bytes()).to_string()).collect::<String>();
        let Problems { errors, warnings } = problems;
        let left_out = errors.iter().map(RuleError::title).collect();
        (Self { rules, checksum: Checksum::of(all.as_bytes()), left_out, warnings }, errors)
    }

    /// The rules and correlations, sorted by name and id.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The longest time between the first and the last event of a correlation; zero without correlations.
    pub fn longest_span(&self) -> Span {
        let correlations = self.rules.iter().filter_map(|rule| rule.metadata.correlation.as_ref());
        Span::of_micros(correlations.map(|it| it.span_micros).max().unwrap_or(0))
    }

    /// Descriptions of the parts that could not be used.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// What is probably not meant in rules that are used: for example a field that is not known.
    pub fn warnings(&self) -> &[RuleError] {
        &self.warnings
    }

    /// Checksum of the texts of the files and the names of the rules.
    pub fn checksum(&self) -> Checksum {
        self.checksum
    }
}
