//! Sigma rules about single events of CloudTrail or Kubernetes audit logs, compiled to the same conditions as
//! Falco's.
//!
//! Source: the Sigma specification 2.0 (rules, modifiers). Comparisons ignore case, and a field is a path of
//! keys separated by dots; if there is a list on the path, one matching item is enough.

mod condition;
mod detection;
mod value;

use super::output::Output;
use crate::model::{Language, LogSource, Priority, RuleMetadata};
use crate::rules::error::{ConditionError, RuleError};
use crate::rules::evaluate::tree::Condition;
use crate::rules::rule::Rule;
use crate::yaml::Yaml;

/// Output of Sigma rules, which have only a title of their own.
const OUTPUT_CLOUDTRAIL: &str =
    "by %ct.user.arn from %ct.srcip in %ct.region (action=%ct.src:%ct.name, error=%ct.error)";
const OUTPUT_KUBERNETES: &str = "by %ka.user.name (verb=%ka.verb, uri=%ka.uri, response=%ka.response.code)";

/// Compiles the rules of a file; returns each with its line. An error in one rule does not affect the others.
pub(in crate::rules) fn rules(
    file: &str,
    documents: &[Yaml],
    errors: &mut Vec<RuleError>,
) -> Vec<(usize, Rule)> {
    let mut rules = Vec::new();
    for document in documents.iter().filter(|document| !document.is_null()) {
        match rule(document) {
            Ok(rule) => rules.push((document.line, rule)),
            Err(SigmaError { line, reason }) => {
                let title = document.get("title").and_then(Yaml::text);
                let rule = title.map(|title| format!("rule '{title}'"));
                errors.push(RuleError::new(file, line, rule, reason));
            }
        }
    }
    rules
}

/// An error and its line.
#[derive(Debug, PartialEq)]
struct SigmaError {
    line: usize,
    reason: String,
}

fn wrong(yaml: &Yaml, reason: impl Into<String>) -> SigmaError {
    SigmaError { line: yaml.line, reason: reason.into() }
}

fn rule(document: &Yaml) -> Result<Rule, SigmaError> {
    let text = |key: &str| document.get(key).and_then(Yaml::text);
    if document.list().is_some() {
        return Err(wrong(document, "it is a list, as files of Falco's rules are; --rules reads those"));
    }
    if document.get("correlation").is_some() || document.get("action").is_some() {
        return Err(wrong(document, "it is about several events; only rules about single events are read"));
    }
    let title =
        text("title").map(str::trim).filter(|title| !title.is_empty() && !title.contains(char::is_control));
    let title = title.ok_or_else(|| wrong(document, "it has no title"))?;
    let source = source(document)?;
    let priority = match document.get("level") {
        None => Priority::Warning,
        Some(level) => level
            .text()
            .and_then(Priority::from_level)
            .ok_or_else(|| wrong(level, "level is none of critical, high, medium, low and informational"))?,
    };
    let detection = document.get("detection").ok_or_else(|| wrong(document, "it has no detection"))?;
    let condition = conditions(detection, source)?;
    let template = match source {
        LogSource::CloudTrail => OUTPUT_CLOUDTRAIL,
        LogSource::Kubernetes => OUTPUT_KUBERNETES,
    };
    let output = Output::parse(template, source).map_err(|flaw| wrong(document, flaw.reason))?;
    let tags = document.get("tags").and_then(Yaml::list).unwrap_or_default();
    let metadata = RuleMetadata {
        name: title.into(),
        priority,
        tags: tags.iter().filter_map(|tag| tag.text().map(Box::from)).collect(),
        source,
        description: text("description")
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .into(),
        language: Language::Sigma,
        output: output.parts.clone(),
    };
    Ok(Rule::new(metadata, condition, output))
}

/// The log source of a rule.
fn source(document: &Yaml) -> Result<LogSource, SigmaError> {
    let logsource = document.get("logsource").ok_or_else(|| wrong(document, "it has no logsource"))?;
    let part = |key: &str| logsource.get(key).and_then(Yaml::text).unwrap_or_default();
    match (part("product"), part("service"), part("category")) {
        ("aws", "cloudtrail" | "", "") => Ok(LogSource::CloudTrail),
        ("kubernetes", "audit", _) | ("kubernetes", "", "audit") => Ok(LogSource::Kubernetes),
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
fn conditions(detection: &Yaml, source: LogSource) -> Result<Condition, SigmaError> {
    let members = detection.map().ok_or_else(|| wrong(detection, "detection has no searches"))?;
    let mut searches = Vec::new();
    for (key, value) in members {
        match key.text() {
            Some("condition") => {}
            Some("timeframe") => return Err(wrong(key, "it is about several events, with a timeframe")),
            Some(name) => searches.push((name, detection::search(value, source)?)),
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
        condition::parse(text, &searches).map_err(at)
    };
    let mut all = texts.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    Ok(if all.len() == 1 { all.remove(0) } else { Condition::Any(all) })
}
