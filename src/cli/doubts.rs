//! What should make one doubt an answer: filters that match nothing, windows that no finding can lie in.

use firstseen::baseline::Baseline;
use firstseen::coverage::Coverage;
use firstseen::event::LogSource;
use firstseen::query::{Filter, Question, first_seen};
use firstseen::time::Span;

/// Values of a filter that nothing in the baseline can meet, one sentence each.
pub(crate) fn unmatched(baseline: &Baseline, filter: &Filter) -> Vec<String> {
    let mut doubts = Vec::new();
    let mut doubt = |flag: &str, value: &str, is_met: bool, what: &str| {
        if !is_met {
            doubts.push(format!("{flag} {value}: {what}"));
        }
    };
    for source in &filter.sources {
        let is_met = baseline.principals.iter().any(|who| who.kind.source() == *source);
        doubt("--source", source.name(), is_met, "there are no such records in what was read");
    }
    for account in &filter.accounts {
        let is_met = baseline.principals.iter().any(|who| *who.account == **account);
        doubt("--account", account, is_met, "no principal is of this account (ids have twelve digits)");
    }
    for pattern in &filter.principals {
        let noted = baseline.insights.iter().map(|noted| &noted.who);
        let is_met = baseline.principals.iter().chain(noted).any(|who| pattern.matches(who));
        let what = "no principal matches (a glob must match the whole name, or its part behind the last /)";
        doubt("--principal", pattern.as_str(), is_met, what);
    }
    for pattern in &filter.actions {
        let is_met = baseline.actions.iter().any(|action| pattern.matches_action(action));
        doubt("--action", pattern.as_str(), is_met, "no action in what was read matches");
    }
    for region in &filter.regions {
        let firsts = baseline.behaviours.iter().map(|behaviour| behaviour.first.region.as_deref());
        let is_met = firsts.into_iter().any(|known| known == Some(region));
        doubt("--region", region, is_met, "nothing was first seen in this region");
    }
    if !filter.regions.is_empty() && baseline.principals.iter().any(|who| who.kind.source() == LogSource::Eks)
    {
        doubts.push("--region: records of Kubernetes clusters name no region, and are left out".to_owned());
    }
    doubts
}

/// Why there is no finding, if a question has none and its filter is not the reason.
pub(crate) fn why_nothing(baseline: &Baseline, coverage: &Coverage, question: &Question) -> Option<String> {
    let (first, last) = (coverage.first_event?, coverage.last_event?);
    if question.from.is_some_and(|from| from > last) {
        return Some(format!("what was read ends at {last}, before the window of --from begins"));
    }
    if question.to.is_some_and(|to| to < first) {
        return Some(format!("what was read begins at {first}, after the window of --to ends"));
    }
    let at_once = Question { warmup: Span::default(), ..question.clone() };
    let young = first_seen(baseline, &at_once).len();
    let days = last.micros_since(first) / 86_400_000_000;
    (young > 0).then(|| {
        format!(
            "{young} would be findings without a warmup, but nobody in them was known for {} yet (--warmup); what was \
             read covers {days} days",
            question.warmup
        )
    })
}
