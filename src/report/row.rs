//! The published fields of a finding.

use std::borrow::Cow;

use serde::Serialize;

use super::clean::cleaned;
use super::columns::published;
use super::place::of_object;
use crate::model::{Dimension, Location, Sighting, is_of_cluster};
use crate::query::{Finding, Integrity, Match};
use crate::time::{Span, Timestamp};

published! {
    /// One finding under its published field names, see `docs/formats.md`. An absent value is empty or `null`.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[allow(missing_docs, reason = "docs/formats.md describes every field, and a test holds the two together")]
    pub struct FindingRow<'a> {
        pub finding: &'static str,
        pub time: Timestamp,
        pub account: Option<Cow<'a, str>>,
        pub principal: Option<Cow<'a, str>>,
        pub principal_kind: Option<&'static str>,
        pub action: Option<Cow<'a, str>>,
        pub age_days: Option<f64>,
        pub anchor: Option<&'static str>,
        pub region: Option<Cow<'a, str>>,
        pub error_code: Option<Cow<'a, str>>,
        pub first_success: Option<Timestamp>,
        pub source_ip: Option<Cow<'a, str>>,
        pub user_agent: Option<Cow<'a, str>>,
        pub access_key_id: Option<Cow<'a, str>>,
        pub session_name: Option<Cow<'a, str>>,
        pub event_id: Option<Cow<'a, str>>,
        pub object: Option<Cow<'a, str>>,
        pub record: Option<u32>,
        pub read_only: Option<bool>,
        pub first_for_account: Option<bool>,
        pub first_for_archive: Option<bool>,
        pub other_principals: Option<u32>,
        pub archive: Option<u32>,
        pub anchor_time: Option<Timestamp>,
        pub outcome: Option<&'static str>,
        pub principal_id: Option<Cow<'a, str>>,
        pub gap_days: Option<f64>,
        pub principal_arn: Option<Cow<'a, str>>,
        pub source: &'static str,
        pub impersonated_by: Option<Cow<'a, str>>,
        pub linked_principal: Option<Cow<'a, str>>,
        pub detail: Option<Cow<'a, str>>,
        pub rules: Option<Cow<'a, str>>,
        pub rule_priority: Option<&'static str>,
        pub rule_output: Option<Cow<'a, str>>,
        pub count: Option<u64>,
        pub last_time: Option<Timestamp>,
        pub known_to_iam: Option<bool>,
        pub archive_name: Option<Cow<'a, str>>,
        pub object_uri: Option<Cow<'a, str>>,
        pub dimension: Option<&'static str>,
        pub value: Option<Cow<'a, str>>,
        pub source_asn: Option<Cow<'a, str>>,
        pub source_as_name: Option<Cow<'a, str>>,
        pub source_country: Option<Cow<'a, str>>,
        pub issued: Option<Cow<'a, str>>,
        pub severity: &'static str,
        pub integrity: Option<&'static str>,
        pub covered_days: Option<u32>,
        pub gap_before: Option<u32>,
        pub forwarded_for: Option<Cow<'a, str>>,
    }
}

impl<'a> FindingRow<'a> {
    /// The row of a finding, its texts cleaned by `clean`; `archives` are the names of the archives, by
    /// number.
    pub fn new(finding: &Finding<'a>, archives: &'a [String], clean: fn(&str) -> Cow<'_, str>) -> Self {
        let (evidence, location) = (finding.evidence, finding.location);
        let place = evidence.map(|evidence| of_object(archives, evidence.archive, &evidence.object));
        let (archive, uri) = place.unwrap_or_default();
        let text = |of: fn(&Sighting) -> Option<&str>| evidence.and_then(of).map(clean);
        Self {
            finding: finding.kind.name(),
            time: finding.time,
            account: named(finding.account()).map(clean),
            principal: named(finding.principal()).map(clean),
            principal_kind: finding.principal_kind().map(|kind| kind.name()),
            action: finding.known_action().map(clean),
            age_days: finding.age_micros().map(days),
            anchor: finding.age.map(|age| age.basis.name()),
            region: text(Sighting::region),
            error_code: text(Sighting::error_code),
            first_success: finding.first_success.map(|success| success.time),
            source_ip: text(Sighting::source_ip),
            user_agent: text(Sighting::user_agent),
            access_key_id: text(Sighting::access_key_id),
            session_name: text(Sighting::session_name),
            event_id: evidence
                .map(|sighting| sighting.event_id.text())
                .filter(|id| !id.is_empty())
                .map(|id| cleaned(id, clean)),
            object: evidence.map(|sighting| clean(&sighting.object)),
            record: evidence.map(|sighting| sighting.record),
            read_only: finding.read_only,
            first_for_account: finding.rarity.map(|rarity| rarity.first_for_account),
            first_for_archive: finding.rarity.map(|rarity| rarity.first_for_archive),
            other_principals: finding.rarity.map(|rarity| rarity.other_principals),
            archive: evidence.map(|sighting| sighting.archive),
            anchor_time: finding.age.map(|age| age.anchor_time),
            outcome: finding.failed.map(outcome),
            principal_id: text(Sighting::principal_id),
            gap_days: finding.gap_micros.map(|gap| days(gap.get())),
            principal_arn: finding.who.arn.as_deref().map(clean),
            source: finding.who.kind.source().name(),
            impersonated_by: text(Sighting::impersonated_by),
            linked_principal: finding.linked.map(|linked| clean(&linked.key)),
            detail: text(Sighting::detail),
            rules: of_rules(finding, clean, |one| one.rule.name.to_string()),
            rule_priority: finding.rule().map(|rule| rule.priority.name()),
            rule_output: of_rules(finding, clean, |one| one.output()),
            count: finding.count(),
            last_time: finding.last_time(),
            known_to_iam: finding.known_to_iam,
            archive_name: archive.map(clean),
            object_uri: uri.map(|uri| cleaned(Cow::Owned(uri), clean)),
            dimension: finding.kind.dimension().map(Dimension::name),
            value: finding.value.map(|value| clean(value)),
            source_asn: location.and_then(|location| location.asn.as_deref()).map(clean),
            source_as_name: location.and_then(|location| location.as_name.as_deref()).map(clean),
            source_country: location.and_then(|location| location.country.as_deref()).map(clean),
            issued: text(Sighting::issued),
            severity: finding.severity().name(),
            integrity: finding.integrity.map(Integrity::name),
            covered_days: finding.covered.map(|covered| covered.days.into()),
            gap_before: finding.covered.map(|covered| covered.gap_days.into()),
            forwarded_for: text(Sighting::forwarded_for),
        }
    }
}

/// A text for each rule that the event matched, the most severe first.
fn of_rules(
    finding: &Finding<'_>,
    clean: fn(&str) -> Cow<'_, str>,
    text: fn(&Match<'_>) -> String,
) -> Option<Cow<'static, str>> {
    let texts: Vec<String> = finding.matched().iter().map(text).collect();
    (!texts.is_empty()).then(|| cleaned(Cow::Owned(texts.join("; ")), clean))
}

/// The outcome of a call as published.
pub(super) fn outcome(failed: bool) -> &'static str {
    if failed { "failure" } else { "success" }
}

/// Placeholder in sentences for a principal or action that the record does not name.
pub(super) const NOT_NAMED: &str = "(not named)";

/// A name as published: none if it is missing, which is `-` inside the program.
pub(super) fn named(text: &str) -> Option<&str> {
    Some(text).filter(|text| *text != "-")
}

/// What a credential is called in text, by its id.
pub(super) fn credential(id: &str) -> &'static str {
    if is_of_cluster(id) { "credential" } else { "key" }
}

/// The new value of a finding for people: an autonomous system has its name, if the address of the event is in it.
pub(super) fn value_in_words(finding: &Finding<'_>) -> Option<String> {
    let value = finding.value?;
    let location = finding.location.filter(|location| location.asn.as_ref() == Some(value));
    Some(location.and_then(Location::named_asn).unwrap_or_else(|| value.to_string()))
}

/// Where an address is: `AS64500 Example, DE`.
pub(super) fn location_in_words(location: &Location) -> String {
    let country = location.country.as_ref().map(ToString::to_string);
    location.named_asn().into_iter().chain(country).collect::<Vec<_>>().join(", ")
}

/// An account in words.
pub(super) fn in_account(account: &str) -> String {
    named(account).map_or("no account".to_owned(), |account| format!("account {account}"))
}

/// Days with two decimals, rounded down: 29.999 days are not 30.
pub(super) fn days(micros: i64) -> f64 {
    const HUNDREDTH_OF_A_DAY: i64 = Span::days(1).micros() / 100;
    micros.div_euclid(HUNDREDTH_OF_A_DAY) as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_never_rounded_up() {
        assert_eq!(days(30 * 86_400_000_000 - 1), 29.99);
        assert_eq!(days(30 * 86_400_000_000), 30.0);
    }
}
