//! The page of findings: its groups are principals, the most severe first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::card::value;
use super::content::{Content, Unit};
use super::timeline::{Mark, Novelty};
use super::{PageContext, write};
use crate::actions::class_of;
use crate::model::{Dimension, RuleMetadata};
use crate::query::{Finding, FindingKind, Severity};
use crate::report::count::counted;
use crate::report::row::{NOT_NAMED, named};
use crate::report::triage::principal_command;
use crate::report::{FilterSettings, FindingRow, Report, UsedSettings, as_it_is};
use crate::time::Span;

impl Report<'_> {
    /// Writes a page for a browser: one file that refers to nothing outside itself. `command` is the command that made it,
    /// without the name of the program.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write_html(
        &self,
        command: &'static str,
        context: &PageContext<'_>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let groups = groups(self.findings);
        let content = Content {
            unit: Unit::Principal,
            command,
            context,
            archives: self.archives,
            coverage: self.coverage,
            settings: serde_json::to_value(self.settings)?,
            warmup: warmup(self),
            findings: self.findings.len() as u64,
            is_filtered: is_filtered(self.settings),
            groups: (["principal with findings", "principals with findings"], groups.len() as u64),
            wanted: groups.len(),
            total: total(self, groups.len() as u64),
            looks_ahead: None,
            novelty: self.findings.iter().map(|finding| (finding.time, novelty(finding))).collect(),
            marks: (1..).zip(&groups).map(|(rank, group)| group.mark(rank)).collect(),
        };
        let views = (1..).zip(&groups).map(|(rank, group)| group.view(rank, self, context));
        write(content, views, out)
    }
}

/// Whether a window or a filter leaves out findings.
fn is_filtered(settings: &UsedSettings) -> bool {
    settings.from.is_some() || settings.to.is_some() || settings.filter != FilterSettings::default()
}

/// The findings of one principal, by time.
struct Group<'f> {
    severity: Severity,
    findings: Vec<&'f Finding<'f>>,
}

/// The findings by principal: the highest severity first, then the most actions that nobody had done before, then by account
/// and name.
fn groups<'f>(findings: &'f [Finding<'f>]) -> Vec<Group<'f>> {
    let mut found: BTreeMap<(&str, &str), Group<'f>> = BTreeMap::new();
    for finding in findings {
        let empty = || Group { severity: Severity::Informational, findings: Vec::new() };
        let group = found.entry(finding.who.account_and_key()).or_insert_with(empty);
        group.severity = group.severity.max(finding.severity());
        group.findings.push(finding);
    }
    let mut groups: Vec<Group<'f>> = found.into_values().collect();
    // They may come by severity.
    groups.iter_mut().for_each(|group| group.findings.sort_by_key(|finding| finding.time));
    groups.sort_by_cached_key(|group| (Reverse(group.severity), Reverse(group.unprecedented())));
    groups
}

fn total(report: &Report<'_>, principals: u64) -> String {
    match report.findings.len() as u64 {
        0 if warmup(report) == Span::default() => "No findings".to_owned(),
        0 => format!("No findings after a warmup of {}", report.settings.warmup),
        findings => format!("{} of {}", counted(findings, "finding"), counted(principals, "principal")),
    }
}

fn warmup(report: &Report<'_>) -> Span {
    report.settings.warmup.parse().unwrap_or_default()
}

/// What kind of novelty a finding is.
fn novelty(finding: &Finding<'_>) -> Novelty {
    match finding.kind {
        FindingKind::NewAction
        | FindingKind::NewPrincipal
        | FindingKind::FirstSuccess
        | FindingKind::ReturningAction => class(finding).map_or(Novelty::Ordinary, |_| Novelty::Classified),
        FindingKind::NewNetwork | FindingKind::NewAgent => Novelty::Origin,
        _ => Novelty::Other,
    }
}

/// The class of what was called.
fn class(finding: &Finding<'_>) -> Option<&'static str> {
    Some(class_of(finding.known_action()?, finding.read_only)?.name())
}

impl Group<'_> {
    /// How many of its findings nobody in the archive had done before.
    fn unprecedented(&self) -> usize {
        let is_first =
            |finding: &&&Finding<'_>| finding.rarity.is_some_and(|rarity| rarity.first_for_archive);
        self.findings.iter().filter(is_first).count()
    }

    fn mark(&self, rank: usize) -> Mark {
        let first = self.findings[0];
        let who = named(first.principal()).unwrap_or(NOT_NAMED);
        let findings = counted(self.findings.len() as u64, "finding");
        Mark {
            rank,
            severity: self.severity.name(),
            time: first.time,
            height: f64::from(self.severity as u8) / f64::from(Severity::Critical as u8),
            text: format!("{rank}. {who}, {}, {findings} from {}", self.severity.name(), first.time),
        }
    }

    /// What a card shows of it: the published fields of an incident, as far as they apply.
    fn view(&self, rank: usize, report: &Report<'_>, context: &PageContext<'_>) -> serde_json::Result<Value> {
        let (first, last) = (self.findings[0], self.findings[self.findings.len() - 1]);
        let row = |finding: &&Finding<'_>| serde_json::to_value(Row { finding, archives: report.archives });
        let rows = self.findings.iter().map(row).collect::<serde_json::Result<Vec<Value>>>()?;
        let (account, principal) = (named(first.account()), named(first.principal()));
        Ok(json!({
            "rank": rank,
            "severity": self.severity.name(),
            "account": account,
            "principal": principal,
            "principal_kind": first.who.kind.name(),
            "start": first.time.to_string(),
            "end": last.time.to_string(),
            "episodes": 1,
            "lead": 1,
            "reasons": [],
            "links": [],
            "members": [self.member(&rows)],
            "findings": rows,
            "command": principal_command((&context.source, context.is_saved), (account, principal), report.settings),
        }))
    }

    /// What its findings have in common, under the published names of an episode.
    fn member(&self, rows: &[Value]) -> Value {
        let first = self.findings[0];
        let texts =
            |name: &str| -> BTreeSet<&str> { rows.iter().filter_map(|row| row[name].as_str()).collect() };
        let values = |dimension: Dimension| -> BTreeSet<String> {
            rows.iter().filter_map(|row| Some(value(row, dimension)?.into_owned())).collect()
        };
        let outcome = |name: &str| rows.iter().filter(|row| row["outcome"] == name).count();
        let succeeded_later =
            self.findings.iter().filter(|finding| finding.later_success().is_some()).count();
        let is_new = self.findings.iter().any(|finding| finding.kind == FindingKind::NewPrincipal);
        let age = first.age.filter(|_| !is_new);
        json!({
            "account": named(first.account()),
            "principal": named(first.principal()),
            "principal_kind": first.who.kind.name(),
            "new_principal": is_new,
            "linked_principal": first.linked.map(|linked| &*linked.key),
            "known_to_iam": first.known_to_iam,
            "anchor": age.map(|age| age.basis.name()),
            "anchor_time": age.map(|age| age.anchor_time.to_string()),
            "networks": values(Dimension::Network),
            "agents": values(Dimension::Agent),
            "regions": texts("region"),
            "access_keys": texts("access_key_id"),
            "sessions": texts("session_name"),
            "classes": texts("class"),
            "actions": texts("action"),
            "outcomes": {
                "success": outcome("success"),
                "failure": outcome("failure"),
                "succeeded_later": succeeded_later,
            },
            "rules": self.rules(),
        })
    }

    /// The rules that its events matched, by name, each with how many.
    fn rules(&self) -> Vec<Value> {
        let mut found: BTreeMap<&str, (&RuleMetadata, u64)> = BTreeMap::new();
        for finding in &self.findings {
            // A finding about one rule counts its events; others are about one event.
            let events = finding.count().unwrap_or(1);
            for matched in finding.matched() {
                found.entry(&matched.rule.name).or_insert((matched.rule, 0)).1 += events;
            }
        }
        let rule = |(name, (rule, events)): (&str, (&RuleMetadata, u64))| json!({"name": name, "priority": rule.priority.name(), "tags": rule.tags, "events": events});
        found.into_iter().map(rule).collect()
    }
}

/// A finding under its published names, with the class of its action.
struct Row<'a> {
    finding: &'a Finding<'a>,
    archives: &'a [String],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        FindingRow::new(self.finding, self.archives, as_it_is).add_present(&[], &mut object)?;
        object.serialize_entry("member", &1)?;
        if let Some(class) = class(self.finding) {
            object.serialize_entry("class", class)?;
        }
        object.end()
    }
}
