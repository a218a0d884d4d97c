//! Texts about a finding that all formats share.

use crate::model::{Dimension, last_part};
use crate::query::{Finding, FindingKind};
use crate::report::place::shown_object;
use crate::report::row::{NOT_NAMED, named, value_in_words};
use crate::report::{for_terminal, plural};
use crate::time::Span;

/// One line: what is new, and for which principal.
pub(super) fn title(finding: &Finding<'_>) -> String {
    let who = named(finding.principal()).map_or_else(|| NOT_NAMED.to_owned(), name);
    let action = finding.known_action().map_or(NOT_NAMED.into(), for_terminal);
    match finding.kind {
        FindingKind::NewAction => format!("{who} did {action} for the first time"),
        FindingKind::NewPrincipal => format!("{who} appeared, with {action}"),
        FindingKind::FirstSuccess => format!("{who} succeeded with {action} for the first time"),
        FindingKind::ReturningAction => format!("{who} came back to {action}"),
        FindingKind::RootActivity => {
            let account = named(finding.account()).map_or("an unknown account".into(), for_terminal);
            format!("The root user of {account} acted: {action}")
        }
        FindingKind::Insight => format!("Unusual rate of {action}"),
        FindingKind::NewNetwork
        | FindingKind::NewAgent
        | FindingKind::NewRegion
        | FindingKind::NewAccessKey
        | FindingKind::NewError
        | FindingKind::NewTargetRole
        | FindingKind::NewTargetAccount
        | FindingKind::NewImpersonator
        | FindingKind::NewAsn
        | FindingKind::NewCountry => {
            let value = value_in_words(finding).unwrap_or_else(|| NOT_NAMED.to_owned());
            let dimension = match finding.kind.dimension() {
                Some(Dimension::Asn) => "autonomous system".to_owned(),
                dimension => dimension.map_or("value", Dimension::name).replace('-', " "),
            };
            format!("{who} had a new {dimension}: {}, with {action}", for_terminal(&value))
        }
        FindingKind::Rule => {
            let rule = finding.rule().map_or(String::new(), |rule| for_terminal(&rule.name).into_owned());
            format!("{rule}: {who} did {action}")
        }
    }
}

/// A few sentences: outcome, rarity and place of the record.
pub(super) fn description(finding: &Finding<'_>, archives: &[String]) -> String {
    const DAY: i64 = Span::days(1).micros();
    let mut text = finding.kind.name().to_owned();
    if let Some(principal) = named(finding.principal()) {
        text.push_str(&format!(" of {}", for_terminal(principal)));
    }
    let times = finding.count().filter(|times| *times > 1);
    if let Some(times) = times {
        text.push_str(&format!(", {times} times"));
    }
    if let Some(age) = finding.age_micros() {
        text.push_str(&format!(", known for {}", plural(age.div_euclid(DAY), "day")));
    }
    if let Some(rarity) = finding.rarity {
        let others = plural(rarity.other_principals, "other principal");
        let what = if finding.value.is_some() { "had this value" } else { "had done this" };
        text.push_str(&format!("; {others} {what} before"));
    }
    if let Some(failed) = finding.failed {
        let calls = match (finding.evidence, times) {
            (Some(_), None) => "The call",
            (Some(_), Some(_)) => "The first call",
            (None, _) if failed => "Every call of the hour",
            (None, _) => "A call of the hour",
        };
        text.push_str(&format!(". {calls} {}", if failed { "failed" } else { "succeeded" }));
    }
    if finding.known_to_iam == Some(false) {
        text.push_str(". IAM did not know this principal when it was asked");
    }
    if let Some(evidence) = finding.evidence {
        let object = shown_object(archives, evidence.archive, &evidence.object);
        text.push_str(&format!(". Record: {} record {}", for_terminal(&object), evidence.record));
        if let Some(detail) = evidence.detail() {
            text.push_str(&format!(" ({})", for_terminal(detail)));
        }
    }
    text.push('.');
    for matched in finding.matched() {
        text.push_str(&format!(
            " Rule {}: {}.",
            for_terminal(&matched.rule.name),
            for_terminal(&matched.output())
        ));
    }
    text
}

/// The last part of a principal's name.
pub(in crate::report) fn name(principal: &str) -> String {
    let last = last_part(principal);
    for_terminal(if last.is_empty() { principal } else { last }).into_owned()
}

/// The first `most` characters of a text.
pub(in crate::report) fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
