//! What is asked for and cannot be answered, or only in part.

use firstseen::baseline::Baseline;
use firstseen::coverage::Coverage;
use firstseen::model::LogSource;
use firstseen::query::{
    Filter, FindingKind, HiddenFindings, IncidentFindings, Question, Severity, Tuning, first_seen,
};
use firstseen::time::Timestamp;

use super::super::args::QuestionArgs;

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

/// Warns about incidents that no setting can report.
pub(crate) fn unseen_incidents(baseline: &Baseline, tuning: &Tuning<'_>) -> Vec<String> {
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
