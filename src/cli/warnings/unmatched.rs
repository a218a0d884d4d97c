//! Filters and entries of lists that match nothing.

use std::collections::BTreeSet;
use std::fmt;

use firstseen::actions::similar_action;
use firstseen::baseline::Baseline;
use firstseen::model::{AddressRange, Dimension, LogSource, Sighting, is_unique_id};
use firstseen::names::{did_you_mean, nearest};
use firstseen::query::{Filter, KnownAssets, Pattern, Preset};

use super::super::args::FilterArgs;

/// Values of the filter that these flags make which match nothing in the baseline, one sentence each. The flags know the files that list
/// ignored actions.
pub(crate) fn unmatched_in(
    baseline: &Baseline,
    filter: &Filter,
    flags: &FilterArgs,
    preset: Option<Preset>,
) -> Vec<String> {
    let mut filter = filter.clone();
    let whom = &flags.whom;
    // First those of flags, then those of files.
    let own = whom.ignore_action.len().min(filter.ignored_actions.len());
    let of_files = filter.ignored_actions.split_off(own);
    let files: Vec<String> = whom.ignore_file.iter().map(|file| file.display().to_string()).collect();
    let mut warnings = unmatched(baseline, &filter, preset);
    warnings.extend(ignored_in_vain(baseline, &of_files, |named| {
        format!("--ignore-file {}: no action in the input matches {named}", files.join(", "))
    }));
    warnings
}

/// Filter values that match nothing in the baseline, one sentence each. Kinds from a preset need not all be in an archive.
fn unmatched(baseline: &Baseline, filter: &Filter, preset: Option<Preset>) -> Vec<String> {
    let mut warnings = Vec::new();
    if baseline.principals.is_empty() {
        return warnings;
    }
    let mut warn = |flag: &str, value: &str, is_met: bool, what: &str| {
        if !is_met {
            warnings.push(format!("{flag} {value}: {what}"));
        }
    };
    for source in &filter.sources {
        let is_met = baseline.principals.iter().any(|who| who.kind.source() == *source);
        warn("--source", source.name(), is_met, "the input has no records from this source");
    }
    for account in &filter.accounts {
        let is_met = baseline.principals.iter().any(|who| *who.account == **account);
        warn(
            "--account",
            account,
            is_met,
            "no principal is in this account (account ids have twelve digits)",
        );
    }
    let event = || baseline.insights.iter().map(|event| &event.who);
    for kind in &filter.kinds {
        let is_met = |kind| baseline.principals.iter().chain(event()).any(|who| who.kind == kind);
        let is_fine = is_met(*kind) || preset.is_some() && filter.kinds.iter().any(|kind| is_met(*kind));
        warn("--principal-kind", kind.name(), is_fine, "no principal is of this kind");
    }
    for pattern in &filter.principals {
        let is_met = baseline.principals.iter().chain(event()).any(|who| pattern.matches(who));
        warn("--principal", pattern.as_str(), is_met, no_principal(pattern));
    }
    for pattern in &filter.actions {
        warn("--action", pattern.as_str(), is_done(baseline, pattern), &no_action(pattern));
    }
    for region in &filter.regions {
        let firsts = baseline.behaviours.iter().filter_map(|behaviour| behaviour.first.region());
        let known: BTreeSet<&str> = firsts.collect();
        let similar = nearest(region, known.iter().copied());
        let what = format!("nothing was first seen in this Region{}", did_you_mean(similar));
        warn("--region", region, known.contains(&**region), &what);
    }
    if !filter.regions.is_empty()
        && baseline.principals.iter().any(|who| who.kind.source() == LogSource::Kubernetes)
    {
        warnings.push("--region: Kubernetes records have no region and are left out".to_owned());
    }
    warnings.extend(ignored_in_vain(baseline, &filter.ignored_actions, |named| {
        format!("--ignore-action {named}: no action in the input matches")
    }));
    warnings
}

const NO_PRINCIPAL: &str =
    "no principal matches (a glob must match the whole name, or the part after its last /)";

/// Why no principal matches, as far as its form tells.
fn no_principal(pattern: &Pattern) -> &'static str {
    let text = pattern.as_str();
    let id = text.split_once(':').map_or(text, |(id, _)| id);
    if text.contains(":assumed-role/") {
        "this is a session, and its principal is the role, arn:aws:iam::ACCOUNT:role/NAME (events --session shows one session)"
    } else if is_unique_id(id) {
        "this is a unique id, and principals have the names of --principal-key (default: ARNs); firstseen trace takes it"
    } else {
        NO_PRINCIPAL
    }
}

fn no_action(pattern: &Pattern) -> String {
    format!("no action in the input matches{}", did_you_mean(similar_action(pattern.as_str()).as_deref()))
}

fn is_done(baseline: &Baseline, pattern: &Pattern) -> bool {
    baseline.actions.iter().any(|action| pattern.matches_action(action))
}

/// Ignored actions that match nothing: one sentence for all, since a list may be meant for many archives.
fn ignored_in_vain(
    baseline: &Baseline,
    ignored: &[Pattern],
    sentence: impl Fn(&str) -> String,
) -> Option<String> {
    const NAMED: usize = 3;
    if baseline.principals.is_empty() {
        return None;
    }
    let vain: Vec<&str> =
        ignored.iter().filter(|pattern| !is_done(baseline, pattern)).map(Pattern::as_str).collect();
    let named = vain.get(..NAMED.min(vain.len())).unwrap_or_default().join(", ");
    match vain.len().saturating_sub(NAMED) {
        _ if vain.is_empty() => None,
        0 => Some(sentence(&named)),
        more => Some(sentence(&format!("{named} and {more} more"))),
    }
}

/// Entries of `--known` that match nothing in the baseline, one sentence each.
pub(crate) fn unmatched_known(baseline: &Baseline, known: &KnownAssets) -> Vec<String> {
    let mut warnings = unmatched_assets(baseline, known);
    let unknown = |rule: &Pattern| {
        format!(
            "--known: events were not matched against a rule '{}' (name it with --rules, --sigma or --builtin-rules; a saved \
             baseline has the rules of firstseen index)",
            rule.as_str()
        )
    };
    warnings.extend(known.rules_not_among(&baseline.rules).map(unknown));
    let silent = |rule: &Pattern| {
        format!(
            "--known, rules, {}: it only serves correlations and reports nothing of its own (name the correlation, or give \
             that generate: true)",
            rule.as_str()
        )
    };
    warnings.extend(known.rules_without_reports(&baseline.rules).map(silent));
    warnings
}

/// Those of all lists but that of rules.
fn unmatched_assets(baseline: &Baseline, known: &KnownAssets) -> Vec<String> {
    let mut warnings = Vec::new();
    if baseline.principals.is_empty() {
        return warnings;
    }
    let mut warn = |list: &str, entry: &dyn fmt::Display, is_met: bool, what: &str| {
        if !is_met {
            warnings.push(format!("--known, {list}, {entry}: {what}"));
        }
    };
    let events = || baseline.insights.iter().map(|event| &event.who);
    let is_principal =
        |pattern: &Pattern| baseline.principals.iter().chain(events()).any(|who| pattern.matches(who));
    let is_assumed = |pattern: &Pattern| {
        let roles = baseline.values.iter().filter(|value| value.dimension == Dimension::TargetRole);
        roles.map(|role| &role.value).any(|role| pattern.matches_principal(role))
    };
    // Addresses of first sightings only: a baseline has no others.
    let is_source = |network: &AddressRange| {
        baseline.sightings().filter_map(Sighting::source_ip).any(|address| network.contains(address))
    };
    for network in &known.networks {
        warn("networks", network, is_source(network), "nothing was first seen from there");
    }
    for pattern in &known.principals {
        warn("principals", &pattern.as_str(), is_principal(pattern), NO_PRINCIPAL);
    }
    for pattern in &known.roles {
        let is_met = is_principal(pattern) || is_assumed(pattern);
        let what = format!("{NO_PRINCIPAL}, and no call assumes such a role");
        warn("roles", &pattern.as_str(), is_met, &what);
    }
    for pattern in &known.actions {
        warn("actions", &pattern.as_str(), is_done(baseline, pattern), &no_action(pattern));
    }
    warnings
}
