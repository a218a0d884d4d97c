//! Sigma rules about events of CloudTrail or Kubernetes audit logs, compiled to the same conditions as Falco's, and correlations
//! of such rules.
//!
//! Source: the Sigma specification 2.0 (rules, modifiers, correlation rules). Comparisons ignore case, and a field is a path of
//! keys separated by dots; if there is a list on the path, one matching item is enough, also in lists of lists.

mod collection;
mod condition;
mod correlation;
mod detection;
mod field;
mod placeholders;
mod value;

use std::cell::RefCell;

use detection::Context;

use super::output::Output;
use crate::model::{Language, LogSource, Priority, RuleMetadata};
use crate::names::shortened;
use crate::rules::budget::Budget;
use crate::rules::error::{ConditionError, similar};
use crate::rules::evaluate::tree::Condition;
use crate::rules::rule::Rule;
use crate::yaml::Yaml;

pub(in crate::rules) use collection::rules;
pub use placeholders::Placeholders;

/// Output of Sigma rules, which have only a title of their own.
const OUTPUT_CLOUDTRAIL: &str =
    "by %ct.user.arn from %ct.srcip in %ct.region (action=%ct.src:%ct.name, error=%ct.error)";
const OUTPUT_KUBERNETES: &str = "by %ka.user.name (verb=%ka.verb, uri=%ka.uri, response=%ka.response.code)";

/// An error and its line.
#[derive(Clone, Debug, PartialEq)]
struct SigmaError {
    line: usize,
    reason: String,
}

fn wrong(yaml: &Yaml, reason: impl Into<String>) -> SigmaError {
    SigmaError { line: yaml.line, reason: reason.into() }
}

/// What the rules of a set have in common.
#[derive(Clone, Copy)]
pub(in crate::rules) struct SetContext<'c> {
    pub(in crate::rules) placeholders: &'c Placeholders,
    pub(in crate::rules) budget: &'c Budget,
}

/// Compiles a rule about single events. Returns warnings with it.
fn rule(
    document: &Yaml,
    id: &str,
    SetContext { placeholders, budget }: SetContext<'_>,
) -> Result<(Rule, Vec<SigmaError>), SigmaError> {
    if document.list().is_some() {
        return Err(wrong(document, "it is a list, as files of Falco's rules are; --rules reads those"));
    }
    if document.get("action").is_some() {
        return Err(wrong(
            document,
            "'action' joins documents in the syntax before Sigma 2; write a rule of its own",
        ));
    }
    if document.get("filter").is_some() {
        let reason = "it is a filter for other rules, and filters are not read; add its search to their conditions ('and not')";
        return Err(wrong(document, reason));
    }
    title(document)?;
    let source = source(document)?;
    let metadata = metadata(document, id, source)?;
    let detection = document.get("detection").ok_or_else(|| wrong(document, "it has no detection"))?;
    let warnings = RefCell::default();
    let condition = conditions(detection, Context { source, placeholders, budget, warnings: &warnings })?;
    let template = match source {
        LogSource::CloudTrail => OUTPUT_CLOUDTRAIL,
        LogSource::Kubernetes => OUTPUT_KUBERNETES,
    };
    let output = Output::parse(template, source).map_err(|flaw| wrong(document, flaw.reason))?;
    let rule = Rule::new(RuleMetadata { output: output.parts.clone(), ..metadata }, condition, output);
    Ok((rule, warnings.into_inner()))
}

fn title(document: &Yaml) -> Result<&str, SigmaError> {
    let title = document.get("title").and_then(Yaml::text).map(str::trim);
    let title = title.filter(|title| !title.is_empty() && !title.contains(char::is_control));
    title.ok_or_else(|| wrong(document, "it has no title"))
}

/// The levels of rules.
const LEVELS: [&str; 5] = ["critical", "high", "medium", "low", "informational"];

/// What a rule or a correlation says about itself, without its output.
fn metadata(document: &Yaml, id: &str, source: LogSource) -> Result<RuleMetadata, SigmaError> {
    let priority = match document.get("level") {
        None => Priority::Warning,
        Some(level) => {
            let text = level.text().unwrap_or_default();
            Priority::from_level(text).ok_or_else(|| {
                let near = similar(&text.to_ascii_lowercase(), LEVELS.into_iter());
                wrong(level, format!("level '{}' is none of {}{near}", shortened(text), LEVELS.join(", ")))
            })?
        }
    };
    let tags = document.get("tags").and_then(Yaml::list).unwrap_or_default();
    let description = document.get("description").and_then(Yaml::text).unwrap_or_default();
    Ok(RuleMetadata {
        name: title(document)?.into(),
        id: id.into(),
        priority,
        tags: tags.iter().filter_map(|tag| tag.text().map(Box::from)).collect(),
        source,
        description: description.split_whitespace().collect::<Vec<_>>().join(" ").into(),
        language: Language::Sigma,
        output: Vec::new(),
        reports: true,
        correlated: Vec::new(),
        correlation: None,
    })
}

/// The log source of a rule.
fn source(document: &Yaml) -> Result<LogSource, SigmaError> {
    let logsource = document.get("logsource").ok_or_else(|| wrong(document, "it has no logsource"))?;
    let part = |key: &str| logsource.get(key).and_then(Yaml::text).unwrap_or_default();
    match (part("product"), part("service"), part("category")) {
        ("aws", "cloudtrail", _) | ("aws", "", "") => Ok(LogSource::CloudTrail),
        ("kubernetes", "audit", _) | ("kubernetes", "", "audit" | "") => Ok(LogSource::Kubernetes),
        (product, service, category) => {
            let named = [product, service, category].into_iter().filter(|part| !part.is_empty());
            let named = named.collect::<Vec<_>>().join("/");
            Err(wrong(
                logsource,
                format!("log source '{named}' is none of aws/cloudtrail and kubernetes/audit"),
            ))
        }
    }
}

/// The condition of a rule; if it has several, one must hold.
fn conditions(detection: &Yaml, context: Context<'_>) -> Result<Condition, SigmaError> {
    let members = detection.map().ok_or_else(|| wrong(detection, "detection has no searches"))?;
    let mut searches = Vec::new();
    for (key, value) in members {
        match key.text() {
            Some("condition") => {}
            Some("timeframe") => return Err(wrong(key, "it is about several events, with a timeframe")),
            Some(name) => searches.push((name, detection::search(value, context)?)),
            None => return Err(wrong(key, "a search has no name")),
        }
    }
    let condition =
        detection.get("condition").ok_or_else(|| wrong(detection, "detection has no condition"))?;
    let texts = condition.list().unwrap_or(std::slice::from_ref(condition));
    if texts.is_empty() {
        return Err(wrong(condition, "detection has no condition"));
    }
    let parse = |yaml: &Yaml| {
        let text = yaml.text().ok_or_else(|| wrong(yaml, "condition is no text"))?;
        let at =
            |ConditionError { at, reason, .. }| wrong(yaml, format!("condition, character {at}: {reason}"));
        condition::parse(text, &searches, context.budget).map_err(at)
    };
    let mut all = texts.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    Ok(if all.len() == 1 { all.remove(0) } else { Condition::Any(all) })
}
