//! Warnings about an answer: filters that match nothing, windows without events, a warmup that hides findings, and input
//! without events.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use firstseen::actions::similar_action;
use firstseen::baseline::{Baseline, Behaviour};
use firstseen::coverage::{Coverage, ObjectSkip};
use firstseen::model::{AddressRange, Dimension, LogSource, Sighting, cluster_of_key, is_unique_id};
use firstseen::names::{did_you_mean, nearest};
use firstseen::query::{
    Filter, FindingKind, HiddenFindings, IncidentFindings, KnownAssets, Overview, Pattern, Preset, Question,
    Severity, Tuning, WarmupEffect, first_seen,
};
use firstseen::report::plural;
use firstseen::time::{Span, Timestamp};

use super::args::{FilterArgs, QuestionArgs};
use super::cluster::UNNAMED;
use super::exit::Hint;

/// [`unmatched`] of the filter that these flags make. They know the files that list ignored actions.
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
pub(crate) fn unmatched(baseline: &Baseline, filter: &Filter, preset: Option<Preset>) -> Vec<String> {
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

/// Whether `--region` leaves out returning actions, which have no region because only their hour is known.
pub(crate) fn returns_without_region(question: &Question, are_forgotten: bool) -> Option<String> {
    let is_asked = are_forgotten && question.report.contains(&FindingKind::ReturningAction);
    (is_asked && !question.filter.regions.is_empty())
        .then(|| "--region: returning actions have no region and are left out".to_owned())
}

/// Kinds of findings that `--report` names and that cannot be reported, one sentence each.
pub(crate) fn impossible_kinds(asked: &QuestionArgs, question: &Question, has_rules: bool) -> Vec<String> {
    let is_root_left = question.report.contains(&FindingKind::RootActivity);
    let kinds = [
        (
            FindingKind::ReturningAction,
            question.forget.is_some(),
            "nothing is forgotten, so nothing returns (--forget SPAN)",
        ),
        (FindingKind::RootActivity, is_root_left, "--no-root leaves it out"),
        (
            FindingKind::Rule,
            has_rules,
            "events were not matched against rules (name them with --rules, --sigma or --builtin-rules; a saved baseline has those \
             of firstseen index)",
        ),
    ];
    let impossible = kinds.into_iter().filter(|(kind, is_possible, _)| asked.names(*kind) && !is_possible);
    impossible.map(|(kind, _, why)| format!("--report {}: {why}", kind.name())).collect()
}

/// Which kind of log in the input none of the rules is about, one sentence each. Then none could match there, which is no proof that nothing
/// happened. A log that the filter leaves out is not missed.
pub(crate) fn without_rules(baseline: &Baseline, filter: &Filter) -> Vec<String> {
    if baseline.rules.is_empty() {
        return Vec::new();
    }
    let is_asked = |source: &LogSource| filter.sources.is_empty() || filter.sources.contains(source);
    let is_read = |source: &LogSource| baseline.principals.iter().any(|who| who.kind.source() == *source);
    let has_rules = |source: &LogSource| baseline.rules.iter().any(|rule| rule.source == *source);
    let without =
        LogSource::ALL.into_iter().filter(|source| is_asked(source) && is_read(source) && !has_rules(source));
    without.map(no_rules_for).collect()
}

/// That requests to clusters from several archives name no cluster: their users cannot be told apart, and what one did hides the first time of the
/// other.
pub(crate) fn unnamed_clusters(baseline: &Baseline) -> Option<String> {
    let key = |behaviour: &Behaviour| &baseline.principals[behaviour.principal as usize].key;
    let is_unnamed = |behaviour: &&Behaviour| cluster_of_key(key(behaviour)) == Some(UNNAMED);
    let of_none = baseline.behaviours.iter().filter(is_unnamed);
    let archives: BTreeSet<u32> = of_none.map(|behaviour| behaviour.first.archive).collect();
    (archives.len() > 1).then(|| {
        format!(
            "Kubernetes audit events of {} archives name no cluster, so users of one name count as one: if the clusters differ, name each \
             (k8s-cluster of its [[archive]] table in --config FILE, or one run of index for each, with --k8s-cluster, and merge)",
            archives.len()
        )
    })
}

fn no_rules_for(source: LogSource) -> String {
    match source {
        LogSource::CloudTrail => "none of the rules is for CloudTrail, so no call of AWS could match: add --builtin-rules, Falco's rules for \
             the source aws_cloudtrail with --rules, or Sigma rules with --sigma"
            .to_owned(),
        LogSource::Kubernetes => "none of the rules is for Kubernetes audit logs, so no request to a cluster could match: the built-in \
             rules are for CloudTrail; add Falco's rules for the source k8s_audit with --rules, or Sigma rules with --sigma \
             (docs/rules.md)"
            .to_owned(),
    }
}

/// A filter of a question that may hide all findings.
struct HidingFilter {
    /// The flag that sets it.
    flag: String,
    is_set: bool,
    remove: fn(&mut Question),
}

impl HidingFilter {
    fn all(question: &Question) -> [Self; 3] {
        [
            Self {
                flag: format!("--min-severity {}", question.min_severity.name()),
                is_set: question.min_severity != Severity::default(),
                remove: |question| question.min_severity = Severity::default(),
            },
            Self {
                flag: "--ignore-action (or --ignore-file)".to_owned(),
                is_set: !question.filter.ignored_actions.is_empty(),
                remove: |question| question.filter.ignored_actions.clear(),
            },
            Self {
                flag: "--only-mutating".to_owned(),
                is_set: question.filter.only_mutating,
                remove: |question| question.filter.only_mutating = false,
            },
        ]
    }
}

/// Of an answer without findings, the filters that hide all there are. Rules are left out: not all of their matches are kept.
pub(crate) fn hiding_filters(baseline: &Baseline, question: &Question) -> Option<String> {
    let mut question = question.clone();
    question.report.retain(|kind| *kind != FindingKind::Rule);
    let filters = HidingFilter::all(&question);
    let set: Vec<&HidingFilter> = filters.iter().filter(|filter| filter.is_set).collect();
    let shows = |removed: &[&HidingFilter]| {
        let mut question = question.clone();
        removed.iter().for_each(|filter| (filter.remove)(&mut question));
        !first_seen(baseline, &question).is_empty()
    };
    match set.iter().find(|filter| shows(&[**filter])) {
        Some(HidingFilter { flag, .. }) => {
            Some(format!("{flag} hides all findings; without it there are some"))
        }
        None if set.len() > 1 && shows(&set) => {
            let flags: Vec<&str> = set.iter().map(|filter| &*filter.flag).collect();
            Some(format!("{} hide all findings; without them there are some", flags.join(", ")))
        }
        None => None,
    }
}

/// Warns if the window is entirely before or after the input.
pub(crate) fn window(coverage: &Coverage, question: &Question) -> Option<String> {
    let (first, last) = (coverage.first_event?, coverage.last_event?);
    if question.from.is_some_and(|from| from > last) {
        return Some(format!("the input ends at {last}, before the window of --from begins"));
    }
    let is_before = |time: Timestamp| time < first;
    question
        .to
        .is_some_and(is_before)
        .then(|| format!("the input begins at {first}, after the window of --to ends"))
}

/// Warns if the warmup hides findings, and says how to see them.
pub(crate) fn warmup(effect: &WarmupEffect) -> Option<String> {
    let covered = effect.covered_micros.filter(|_| effect.is_misleading())?;
    let WarmupEffect { warmup, all, hidden, principals, young, shorter, with_shorter, .. } = effect;
    let lead = if effect.is_too_short() {
        format!("the input covers {}, less than the warmup of {warmup} (--warmup)", length(covered))
    } else {
        format!(
            "{young} of {principals} principals had been known for less than the warmup of {warmup} (--warmup) when the \
             input ended, after {}",
            length(covered)
        )
    };
    let shown = match *hidden {
        0 => return Some(lead),
        _ if *shorter == Span::default() || *with_shorter == 0 || *with_shorter == *all => {
            "--warmup 0d shows all of them".to_owned()
        }
        _ => format!("--warmup 0d shows all of them, --warmup {shorter} shows {with_shorter} of {all}"),
    };
    Some(format!("{lead}: {hidden} of {all} findings fall within it and are not reported; {shown}"))
}

/// Entries of `--known` that match nothing in the baseline, one sentence each.
pub(crate) fn unmatched_known(baseline: &Baseline, known: &KnownAssets) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |list: &str, entry: &dyn fmt::Display, is_met: bool, what: &str| {
        if !is_met {
            warnings.push(format!("--known, {list}, {entry}: {what}"));
        }
    };
    if !baseline.principals.is_empty() {
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
            warn(
                "roles",
                &pattern.as_str(),
                is_met,
                &format!("{NO_PRINCIPAL}, and no call assumes such a role"),
            );
        }
        for pattern in &known.actions {
            let what = no_action(pattern);
            warn("actions", &pattern.as_str(), is_done(baseline, pattern), &what);
        }
    }
    let warning = |rule: &Pattern| {
        format!(
            "--known: events were not matched against a rule '{}' (name it with --rules, --sigma or --builtin-rules; a saved \
             baseline has the rules of firstseen index)",
            rule.as_str()
        )
    };
    warnings.extend(known.rules_not_among(&baseline.rules).map(warning));
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

/// Warns if the input of a ranking is shorter than its warmup.
pub(crate) fn nothing_ranked(overview: &Overview, warmup: Span) -> Option<String> {
    let [first, last] = overview.archive.span?;
    let covered = last.micros_since(first);
    (covered < warmup.micros()).then(|| {
        format!(
            "the input covers {}, less than the warmup of {warmup}: nothing is ranked (give a shorter one with --warmup)",
            length(covered)
        )
    })
}

/// Notes how many findings the warmup hides if it hides most of them, as it should. This is not a warning.
pub(crate) fn learnt_in_warmup(effect: &WarmupEffect) -> Option<String> {
    let WarmupEffect { warmup, all, hidden, .. } = effect;
    let is_told = hidden * 2 > *all && !effect.is_misleading();
    is_told.then(|| {
        format!(
            "learnt but not reported: {hidden} of {all} findings, within the warmup of {warmup} (--warmup 0d shows them)"
        )
    })
}

/// Warns about warmups of a grid that are longer than the input. The default grid has long ones for long archives, so it
/// gets a warning only if the default warmup is too long, too.
pub(crate) fn warmups(tuning: &Tuning<'_>, are_named: bool) -> Option<String> {
    let observed = tuning.observed.as_ref()?;
    let covered = observed.last.micros_since(observed.first);
    let warmups = tuning.rows.iter().map(|row| row.setting.warmup);
    // Principals that are older than the archive have findings after longer ones, too.
    let with_days = tuning.rows.iter().filter(|row| row.daily.days > 0);
    let longest_with_days = with_days.map(|row| row.setting.warmup).max();
    let is_told = are_named || covered < Question::DEFAULT_WARMUP.micros();
    let is_too_long = |warmup: &Span| warmup.micros() > covered && Some(*warmup) > longest_with_days;
    let too_long = warmups.filter(is_too_long).min().filter(|_| is_told)?;
    Some(format!(
        "the input covers {}: no setting with a warmup of {too_long} or longer can report a first sighting (give \
         shorter ones with --warmups)",
        length(covered)
    ))
}

/// Warns about incidents that no setting can report.
pub(crate) fn incidents(baseline: &Baseline, tuning: &Tuning<'_>) -> Vec<String> {
    let unseen = tuning.incidents.iter().filter(|labelled| labelled.findings == 0);
    let why = |labelled: &IncidentFindings| match (labelled.incident.principal(), &labelled.hidden) {
        (Some(pattern), _) if !baseline.principals.iter().any(|who| pattern.matches(who)) => {
            format!("no principal matches '{}'", pattern.as_str())
        }
        (_, Some(HiddenFindings { findings, by })) => {
            let flags: Vec<String> = by.iter().map(|setting| format!("--{}", setting.name())).collect();
            match findings {
                0 => format!("nothing of its time was read ({})", flags.join(", ")),
                1 => format!("its finding is hidden by {}", flags.join(", ")),
                _ => format!("its {findings} findings are hidden by {}", flags.join(", ")),
            }
        }
        _ => "nothing was first seen in its window, so no setting can report it".to_owned(),
    };
    unseen.map(|labelled| format!("incident {}: {}", labelled.incident.name, why(labelled))).collect()
}

/// `4.8 days`, `5.3 hours`, `12 minutes` or `40 seconds`, truncated.
fn length(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let tenths = |unit: i64, name: &str| {
        let tenths = seconds * 10 / unit;
        match tenths % 10 {
            0 => format!("{} {name}", tenths / 10),
            tenth => format!("{}.{tenth} {name}", tenths / 10),
        }
    };
    match seconds {
        86_400.. => tenths(86_400, "days"),
        3_600.. => tenths(3_600, "hours"),
        60.. => format!("{} minutes", seconds / 60),
        _ => format!("{seconds} seconds"),
    }
}

/// Warns if possible logs were found, but no events. `window` names the flags that may have left them out.
pub(crate) fn no_event(coverage: &Coverage, window: &str) -> Option<String> {
    if coverage.records.counted > 0 {
        return None;
    }
    let outside = outside_window(coverage);
    let why = if coverage.records.filtered > 0 {
        format!("; the input is outside {window}")
    } else if outside > 0 {
        format!("; the input is outside {window}, by more than --delivery-slack")
    } else if coverage.fault_count > 0 {
        "; possible logs could not be read".to_owned()
    } else if coverage.records.total > 0 {
        "; the records are of kinds that are not analysed".to_owned()
    } else {
        "; the logs contain no records".to_owned()
    };
    Some(format!("no CloudTrail or Kubernetes event was found{why}"))
}

/// Objects that were not opened because of when they were delivered.
fn outside_window(coverage: &Coverage) -> u64 {
    let of =
        |counts: &BTreeMap<ObjectSkip, u64>| counts.get(&ObjectSkip::OutsideWindow).copied().unwrap_or(0);
    of(&coverage.objects.skipped) + of(&coverage.objects.unlisted)
}

/// Warns that what was asked for may be in objects that were not opened, if there is none of it in others.
pub(crate) fn not_opened(coverage: &Coverage, found: u64) -> Option<String> {
    let outside = outside_window(coverage);
    (found == 0 && outside > 0 && coverage.records.counted > 0).then(|| {
        let objects = plural(outside, "object");
        format!(
            "logs may come late, and those delivered outside the window were not opened ({objects}): --delivery-slack 30d opens what \
             was delivered up to 30 days before or after it"
        )
    })
}

/// Says that an absence is uncertain, if there were faults.
pub(crate) fn lost(faults: u64) -> String {
    match faults {
        0 => String::new(),
        faults => format!("; but some input could not be read ({})", plural(faults, "fault")),
    }
}

/// Refuses input without possible logs: `0 findings` would be misleading.
///
/// A possible log is anything that was read as a log, even without records, that could not be read, or that is outside the
/// window. Records that identify themselves as something else do not count.
pub(crate) fn refuse_nothing(coverage: &Coverage, archives: &[String]) -> anyhow::Result<()> {
    if coverage.holds_logs() { Ok(()) } else { Err(nothing_found(coverage, archives)) }
}

/// The same; if the archives are those of a baseline, where they were indexed, they may be elsewhere now.
pub(crate) fn refuse_nothing_in(
    coverage: &Coverage,
    archives: &[String],
    is_where_indexed: bool,
) -> anyhow::Result<()> {
    if !is_where_indexed || coverage.holds_logs() {
        return refuse_nothing(coverage, archives);
    }
    let error = anyhow::anyhow!("no logs were found where the baseline was indexed: {}", archives.join(", "));
    Err(error.context(Hint(
        "--archive FOLDER says where its archives are now; of a list of files, the folder in which its paths begin",
    )))
}

/// The error of a run that found no possible log.
pub(crate) fn nothing_found(coverage: &Coverage, archives: &[String]) -> anyhow::Error {
    let shown = |name: &String| match &**name {
        "-" => "standard input".to_owned(),
        name => format!("'{name}'"),
    };
    let names: Vec<String> = archives.iter().map(shown).collect();
    let error = anyhow::anyhow!("no logs were found in {}: {}", names.join(", "), found_instead(coverage));
    error.context(Hint(what_to_do(coverage)))
}

/// What was found instead, counted by reason.
fn found_instead(coverage: &Coverage) -> String {
    let listed = |counts: &mut dyn Iterator<Item = (&'static str, u64)>| {
        counts.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    };
    let (objects, records) = (&coverage.objects, &coverage.records);
    let mut parts = Vec::new();
    let skipped: u64 = objects.skipped.values().sum();
    if skipped > 0 {
        let reasons = listed(&mut objects.skipped.iter().map(|(skip, count)| (skip.name(), *count)));
        parts.push(format!("{} skipped ({reasons})", plural(skipped, "object")));
    }
    let foreign = coverage.foreign_records();
    if foreign > 0 {
        let reasons = listed(&mut records.skipped.iter().map(|(skip, count)| (skip.name(), *count)));
        parts.push(format!("{} skipped ({reasons})", plural(foreign, "record")));
    }
    let unlisted: u64 = objects.unlisted.values().sum();
    if unlisted > 0 {
        let reasons = listed(&mut objects.unlisted.iter().map(|(skip, count)| (skip.name(), *count)));
        parts.push(format!("{} not listed ({reasons})", plural(unlisted, "folder")));
    }
    if parts.is_empty() { "there are no objects".to_owned() } else { parts.join(", ") }
}

/// The hint for the most frequent reason.
fn what_to_do(coverage: &Coverage) -> &'static str {
    let skips = coverage.objects.skipped.iter().chain(&coverage.objects.unlisted);
    match skips.max_by_key(|(_, count)| **count).map(|(skip, _)| skip) {
        Some(ObjectSkip::Digest) => {
            "digests only list log files: name the CloudTrail folder next to CloudTrail-Digest, or the folder above both"
        }
        Some(ObjectSkip::Aggregated) => {
            "summaries contain no individual calls: name the CloudTrail folder next to this one, or the folder above both"
        }
        Some(ObjectSkip::LakeResult | ObjectSkip::Summary) => {
            "these do not contain whole events: select the column eventjson, or read the log files of the trail"
        }
        Some(ObjectSkip::Notice) => {
            "notices only say that objects were delivered: name the bucket or folder that contains these objects"
        }
        Some(ObjectSkip::Empty) => "the input is empty: check the program that should have written it",
        Some(ObjectSkip::NotAFile) => "name log files, or folders that contain them",
        Some(
            ObjectSkip::Config
            | ObjectSkip::LoadBalancer
            | ObjectSkip::FlowLogs
            | ObjectSkip::GuardDuty
            | ObjectSkip::Waf
            | ObjectSkip::OtherService,
        ) => "these are logs of another service: name the folder that contains AWSLogs/ or EKSLogs/",
        _ => {
            "name a folder that contains AWSLogs/ or EKSLogs/, or CloudTrail or Kubernetes audit logs in a format that \
             docs/formats.md lists under 'What is read'; firstseen doctor shows what is in each archive"
        }
    }
}
