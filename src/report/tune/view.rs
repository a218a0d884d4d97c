//! The published fields of a tuning.

use serde::Serialize;

use crate::query::{
    FindingKind, IncidentFindings, IncidentOutcome, NoisyAccount, NoisyPrincipal, Setting, TradeOff, Tuning,
    TuningRow, WorstDay,
};
use crate::report::row::named;
use crate::time::Span;

/// One setting under its published field names, see `docs/formats.md`.
#[derive(Serialize)]
pub(super) struct RowView<'a> {
    #[serde(flatten)]
    pub(super) setting: SettingView,
    pub(super) findings: usize,
    pub(super) new_action: usize,
    pub(super) new_principal: usize,
    pub(super) returning_action: usize,
    pub(super) suppressed: usize,
    pub(super) days: u64,
    pub(super) per_day: Option<f64>,
    pub(super) median: Option<usize>,
    pub(super) p95: Option<usize>,
    pub(super) worst: Option<WorstView<'a>>,
    pub(super) principal_count: usize,
    pub(super) principals: Vec<PrincipalView<'a>>,
    pub(super) account_count: usize,
    pub(super) accounts: Vec<AccountView<'a>>,
    pub(super) incidents: Vec<IncidentOutcomeView>,
}

#[derive(Serialize)]
pub(super) struct SettingView {
    pub(super) warmup: String,
    pub(super) forget: Option<String>,
    pub(super) anchor: &'static str,
    pub(super) calls: &'static str,
}

#[derive(Serialize)]
pub(super) struct WorstView<'a> {
    pub(super) day: String,
    pub(super) findings: usize,
    pub(super) account: Option<&'a str>,
    pub(super) principal: Option<&'a str>,
    pub(super) principal_findings: usize,
}

#[derive(Serialize)]
pub(super) struct PrincipalView<'a> {
    pub(super) account: Option<&'a str>,
    pub(super) principal: Option<&'a str>,
    pub(super) findings: usize,
}

#[derive(Serialize)]
pub(super) struct AccountView<'a> {
    pub(super) account: Option<&'a str>,
    pub(super) findings: usize,
}

#[derive(Serialize)]
pub(super) struct IncidentOutcomeView {
    pub(super) reported: usize,
    pub(super) alerts_per_day: Option<usize>,
    pub(super) alerts_on_worst_day: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct IncidentView<'a> {
    name: &'a str,
    from: Option<String>,
    to: Option<String>,
    principal: Option<&'a str>,
    findings: usize,
    needed: usize,
    read_only: usize,
    /// Number of its parts.
    parts: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden_by: Option<Vec<&'static str>>,
}

/// A choice between findings and incidents.
#[derive(Serialize)]
pub(super) struct TradeOffView<'a> {
    #[serde(flatten)]
    setting: SettingView,
    findings: usize,
    per_week: f64,
    kept: Vec<&'a str>,
    lost: Vec<&'a str>,
}

impl<'a> TradeOffView<'a> {
    pub(super) fn new(choice: &TradeOff, tuning: &'a Tuning<'a>) -> Self {
        let row = &tuning.rows[choice.row];
        let names =
            |those: &[usize]| those.iter().map(|index| &*tuning.incidents[*index].incident.name).collect();
        Self {
            setting: SettingView::new(&row.setting),
            findings: row.findings,
            per_week: rounded(choice.per_week),
            kept: names(&choice.kept),
            lost: names(&choice.lost),
        }
    }
}

#[derive(Serialize)]
pub(super) struct ObservedView {
    first: String,
    last: String,
}

#[derive(Serialize)]
pub(super) struct MostSensitiveView {
    warmup: String,
    forget: Option<String>,
    findings: usize,
}

impl<'a> RowView<'a> {
    pub(super) fn new(row: &TuningRow<'a>) -> Self {
        let [new_action, new_principal, returning_action] = row.of_kind;
        const { assert!(matches!(FindingKind::OF_SIGHTINGS[2], FindingKind::ReturningAction)) };
        Self {
            setting: SettingView::new(&row.setting),
            findings: row.findings,
            new_action,
            new_principal,
            returning_action,
            suppressed: row.suppressed,
            days: row.daily.days,
            per_day: row.daily.mean().map(rounded),
            median: row.daily.median,
            p95: row.daily.p95,
            worst: row.daily.worst.as_ref().map(WorstView::new),
            principal_count: row.noise.principal_count,
            principals: row.noise.principals.iter().map(PrincipalView::new).collect(),
            account_count: row.noise.account_count,
            accounts: row.noise.accounts.iter().map(AccountView::new).collect(),
            incidents: row.incidents.iter().map(IncidentOutcomeView::new).collect(),
        }
    }
}

impl SettingView {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            warmup: setting.warmup.to_string(),
            forget: setting.forget.map(|span| span.to_string()),
            anchor: setting.anchor.name(),
            calls: setting.calls.name(),
        }
    }
}

impl<'a> WorstView<'a> {
    fn new(worst: &WorstDay<'a>) -> Self {
        Self {
            day: worst.day.to_string(),
            findings: worst.findings,
            account: named(worst.account),
            principal: named(worst.principal),
            principal_findings: worst.principal_findings,
        }
    }
}

impl<'a> PrincipalView<'a> {
    fn new(noisy: &NoisyPrincipal<'a>) -> Self {
        let (account, principal) = (named(noisy.account), named(noisy.principal));
        Self { account, principal, findings: noisy.findings }
    }
}

impl<'a> AccountView<'a> {
    fn new(noisy: &NoisyAccount<'a>) -> Self {
        Self { account: named(noisy.account), findings: noisy.findings }
    }
}

impl IncidentOutcomeView {
    fn new(sight: &IncidentOutcome) -> Self {
        let IncidentOutcome { reported, alerts_per_day, alerts_on_worst_day } = *sight;
        Self { reported, alerts_per_day, alerts_on_worst_day }
    }
}

impl<'a> IncidentView<'a> {
    pub(super) fn new(labelled: &'a IncidentFindings) -> Self {
        let incident = &labelled.incident;
        let hidden = labelled.hidden.as_ref();
        Self {
            name: &incident.name,
            from: incident.from().map(|from| from.to_string()),
            to: incident.to().map(|to| to.to_string()),
            principal: incident.principal().map(|pattern| pattern.as_str()),
            findings: labelled.findings,
            needed: labelled.needed(),
            read_only: labelled.read_only,
            parts: incident.parts.len(),
            hidden: hidden.map(|hidden| hidden.findings),
            hidden_by: hidden.map(|hidden| hidden.by.iter().map(|setting| setting.name()).collect()),
        }
    }
}

impl ObservedView {
    pub(super) fn new(tuning: &Tuning<'_>) -> Option<Self> {
        tuning.observed.map(|seen| Self { first: seen.first.to_string(), last: seen.last.to_string() })
    }
}

impl MostSensitiveView {
    pub(super) fn new(tuning: &Tuning<'_>) -> Self {
        Self {
            warmup: Span::default().to_string(),
            forget: tuning.most_sensitive_forget.map(|span| span.to_string()),
            findings: tuning.most_sensitive_findings,
        }
    }
}

/// Rounds to four decimals.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

/// A span in days, rounded to four decimals.
pub(super) fn days(span: Span) -> f64 {
    const DAY: f64 = Span::days(1).micros() as f64;
    rounded(span.micros() as f64 / DAY)
}
