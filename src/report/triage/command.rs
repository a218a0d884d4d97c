//! The command to go on from an incident: the records of its principals in its time or, from a baseline, which keeps no records, its
//! findings with their evidence.

use std::collections::BTreeSet;

use super::TriageReport;
use super::incident_text::people;
use crate::catalog::DELIVERY_SLACK;
use crate::model::{Dimension, PrincipalKey};
use crate::query::{Episode, FindingKind, Incident};
use crate::report::clean::literal_glob;
use crate::report::count::counted;
use crate::report::place::container;
use crate::report::row::named;
use crate::report::{UsedSettings, flag_for_shell, for_terminal};
use crate::time::{Span, Timestamp};

/// How many principals a command names: of more, the one with the highest score and those that fell first.
const PRINCIPALS: usize = 20;

/// The `events` command for an incident, or the `scan` command if the source is a baseline. The source is named as in this run.
pub(super) fn command(report: &TriageReport<'_>, incident: &Incident<'_>) -> String {
    command_words(report, incident).join(" ")
}

/// The same in parts: the command with its source, and each flag with its value.
pub(super) fn command_words(report: &TriageReport<'_>, incident: &Incident<'_>) -> Vec<String> {
    let sessions = sessions(incident).filter(|_| !report.is_saved);
    let is_told = |index: usize| sessions.is_some() && incident.is_sign_in(index);
    let order = std::iter::once(incident.lead).chain(0..incident.episodes.len());
    let (mut shown, mut left_out) = (BTreeSet::new(), BTreeSet::new());
    for (index, episode) in order.map(|index| (index, &incident.episodes[index])) {
        let who = episode.who.account_and_key();
        if !is_told(index) && (shown.len() < PRINCIPALS || shown.contains(&who)) {
            shown.insert(who);
        } else {
            left_out.insert(who);
        }
    }
    let of_shown = |episode: &&Episode<'_>| shown.contains(&episode.who.account_and_key());
    let episodes: Vec<&Episode<'_>> = incident.episodes.iter().filter(of_shown).collect();
    // Records also of what the principals did before and after it was new; a baseline has only what was new.
    let span = |episode: &Episode<'_>| match report.is_saved {
        true => (episode.start(), episode.end()),
        false => (episode.active_from, episode.active_until),
    };
    let start = episodes.iter().map(|episode| span(episode).0).min();
    let end = episodes.iter().map(|episode| span(episode).1).max();
    let name = if report.is_saved { "scan" } else { "events" };
    let mut words = vec![format!("firstseen {name} {}", report.source)];
    let mut flag = |name: &str, value: &str| words.push(word(name, value));
    let accounts: BTreeSet<&str> = shown.iter().filter_map(|(account, _)| plain_account(account)).collect();
    accounts.into_iter().for_each(|account| flag("account", account));
    let keys: BTreeSet<&str> = shown.iter().filter_map(|(_, key)| named(key)).collect();
    keys.into_iter().for_each(|key| flag("principal", &literal_glob(key)));
    sessions.into_iter().flatten().for_each(|name| flag("session", &literal_glob(name)));
    start.into_iter().for_each(|start| flag("from", &start.to_string()));
    end.into_iter().for_each(|end| flag("to", &end.to_string()));
    if report.is_saved {
        // All first sightings of a new principal count, and others have been known for longer.
        flag("warmup", &Span::default().to_string());
    }
    let settings = report.settings;
    words.extend(how_principals_are_named(settings));
    let mut flag = |name: &str, value: &str| words.push(word(name, value));
    settings.read_from.iter().for_each(|time| flag("read-from", time));
    let slack = end.and_then(|end| delivery_slack(report, &episodes, end));
    slack.iter().for_each(|slack| flag("delivery-slack", slack));
    if report.is_saved {
        let dimensions = dimensions(incident);
        if !dimensions.is_empty() {
            let names: Vec<&str> = ["action"].into_iter().chain(dimensions).collect();
            flag("dimension", &names.join(","));
        }
        let has_matches = incident.findings().any(|one| one.finding.kind == FindingKind::Rule);
        words.extend(has_matches.then(|| "--all-matches".to_owned()));
        words.extend(settings.only_success.then(|| "--only-success".to_owned()));
    }
    // A comment for a shell.
    let rest = left_out.len() as u64;
    words.extend((rest > 0).then(|| format!("# without {}", counted(rest, "more principal"))));
    words
}

/// The names of the sessions that the episodes of an incident are about, if all are sessions of people in roles that they share with others.
fn sessions<'i>(incident: &'i Incident<'_>) -> Option<BTreeSet<&'i str>> {
    let mut sessions = BTreeSet::new();
    for (index, episode) in incident.episodes.iter().enumerate() {
        let people: Vec<&str> = people(episode).collect();
        if people.len() < episode.findings.len() && !incident.is_sign_in(index) {
            return None;
        }
        sessions.extend(people);
    }
    (sessions.len() <= PRINCIPALS).then_some(sessions)
}

/// `--delivery-slack`, if objects with evidence were delivered so long after the end of the window that they would not be opened.
fn delivery_slack(report: &TriageReport<'_>, episodes: &[&Episode<'_>], end: Timestamp) -> Option<String> {
    let evidence =
        episodes.iter().flat_map(|episode| &episode.findings).filter_map(|one| one.finding.evidence);
    let delivered =
        evidence.filter_map(|evidence| (report.delivery_day)(container(&evidence.object))).max()?;
    let late = delivered.number().saturating_sub(end.day().number());
    let slack = i64::from(late) > i64::from(DELIVERY_SLACK.whole_days());
    (slack && !report.is_saved).then(|| format!("{late}d"))
}

/// The `events` command for all that a principal did; from a baseline, which keeps no records, the `scan` command for all that
/// it did for the first time.
pub(in crate::report) fn principal_command(
    (source, is_saved): (&str, bool),
    (account, principal): (Option<&str>, Option<&str>),
    settings: &UsedSettings,
) -> String {
    let name = if is_saved { "scan" } else { "events" };
    let mut words = vec![format!("firstseen {name} {source}")];
    words.extend(account.and_then(plain_account).map(|account| word("account", account)));
    words.extend(principal.map(|key| word("principal", &literal_glob(key))));
    words.extend(is_saved.then(|| word("warmup", &Span::default().to_string())));
    words.extend(how_principals_are_named(settings));
    words.extend(settings.read_from.iter().map(|time| word("read-from", time)));
    words.join(" ")
}

/// The flags that say how principals are named.
fn how_principals_are_named(settings: &UsedSettings) -> Vec<String> {
    let mut words = Vec::new();
    if settings.principal_key != PrincipalKey::Arn.name() {
        words.push(word("principal-key", &settings.principal_key));
    }
    words.extend(settings.k8s_cluster.iter().map(|cluster| word("k8s-cluster", cluster)));
    words.extend(settings.k8s_namespace_in_key.then(|| "--k8s-namespace-in-key".to_owned()));
    words
}

/// A flag by its name, with its value.
fn word(name: &str, value: &str) -> String {
    flag_for_shell(&format!("--{name}"), value)
}

/// An account, if `--account` can name it: printed without escapes, and not a list.
fn plain_account(account: &str) -> Option<&str> {
    named(account).filter(|account| for_terminal(account) == *account && !account.contains(','))
}

/// The dimensions in which the incident has new values.
fn dimensions(incident: &Incident<'_>) -> Vec<&'static str> {
    let found: BTreeSet<Dimension> =
        incident.findings().filter_map(|one| one.finding.kind.dimension()).collect();
    found.into_iter().map(Dimension::name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Pattern;

    #[test]
    fn a_literal_glob_matches_its_text_only() {
        let text = "a*b?[c]";
        let pattern: Pattern = literal_glob(text).parse().unwrap();
        assert!(pattern.matches_principal(text));
        assert!(!pattern.matches_principal("axbyc"));
        let odd = "a\u{200b}b\\u{c}\u{e0041}";
        let printed = literal_glob(odd);
        assert_eq!((&*printed, &*for_terminal(&printed)), ("a?b?u{c}?", "a?b?u{c}?"));
        assert!(printed.parse::<Pattern>().unwrap().matches_principal(odd));
    }

    #[test]
    fn a_value_cannot_become_a_flag() {
        assert_eq!(word("principal", "--quiet"), "--principal=--quiet");
        assert_eq!(word("principal", "it's"), r"--principal 'it'\''s'");
    }
}
