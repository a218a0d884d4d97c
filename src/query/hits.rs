//! Rule matches: joined to the findings of the same events, and as findings of their own.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::cloudtrail_links::CloudTrailLinks;
use super::compiled_filter::CompiledFilter;
use super::correlations::occurrences;
use super::history::History;
use super::single_event::finding_about;
use super::{Filter, Finding, FindingKind, Match, Matched, Question};
use crate::baseline::{Baseline, Hit, HitFilter, HitRetention, Relevance, SightingRef, may_be_resolved};
use crate::model::{EventId, LogSource, ObservedPrincipal, PrincipalKey, Sighting};
use crate::time::Timestamp;

/// Identifies an event: the principal, the action, the time, and the event id, or the place if it has none. Events with other content may have
/// the same id, and there may be very many.
type Event<'b> = ([&'b str; 3], Timestamp, Result<&'b EventId, (u32, &'b str, u32)>);

fn event<'b>(who: &'b ObservedPrincipal, action: &'b str, sighting: &'b Sighting) -> Event<'b> {
    let id = match &sighting.event_id {
        id if id.is_empty() => Err((sighting.archive, &*sighting.object, sighting.record)),
        id => Ok(id),
    };
    ([&who.account, &who.key, action], sighting.time, id)
}

/// The first hit of a rule and a principal, the time of the last, and their number.
struct MatchGroup<'b> {
    first: &'b Hit,
    last: Timestamp,
    count: u64,
}

/// Number of the rule, account and key of the principal.
type GroupKey<'b> = (u32, &'b str, &'b str);

/// The identity behind a principal of a cluster.
type LinkedIdentity<'b> = [Option<&'b str>; 3];

/// The groups of each rule and principal.
type MatchGroups<'b> = BTreeMap<GroupKey<'b>, MatchGroup<'b>>;

/// Adds matched rules to the findings of the same events, and adds findings for hits that no finding covers, or for all hits
/// with [`Question::all_matches`].
pub(super) fn add_rule_matches<'b>(
    baseline: &'b Baseline,
    question: &Question,
    admission: &CompiledFilter<'_>,
    past: &mut History<'_, 'b>,
    findings: &mut Vec<Finding<'b>>,
) {
    let is_reported = match_findings(baseline, findings);
    if !question.report.contains(&FindingKind::Rule) {
        return;
    }
    let links = CloudTrailLinks::new(baseline);
    let unmatched = |hit: &'b Hit| Finding {
        linked: links.find(&hit.who, &hit.sighting),
        ..finding_about(FindingKind::Rule, (&hit.who, &hit.action, &hit.sighting))
    };
    let is_wanted = |hit: &&'b Hit| {
        let finding = unmatched(hit);
        let counts = !(question.only_success && finding.failed == Some(true));
        counts && question.is_in_window(&finding) && admission.admits(&finding)
    };
    let occurrences = occurrences(baseline, question.from, |time| question.knows(time)).into_iter();
    let wanted = occurrences.filter(|occurrence| is_wanted(&occurrence.completed_by));
    findings.extend(wanted.map(|occurrence| Finding {
        matched: Some(Box::new(occurrence.matched(baseline))),
        ..past.extend(unmatched(occurrence.completed_by))
    }));
    let mut of_hits = |MatchGroup { first, last, count }| {
        let rules = vec![matched(baseline, first)];
        Finding {
            matched: Some(Box::new(Matched { rules, count, last_time: Some(last) })),
            ..past.extend(unmatched(first))
        }
    };
    if question.all_matches {
        let wanted = baseline.hits.iter().filter(|hit| baseline.is_reported(hit)).filter(is_wanted);
        findings
            .extend(wanted.map(|hit| of_hits(MatchGroup { first: hit, last: hit.sighting.time, count: 1 })));
        return;
    }
    let mut groups = MatchGroups::new();
    let hits = baseline.hits.iter().zip(&is_reported);
    let unreported = hits.filter(|(_, is_reported)| !**is_reported).map(|(hit, _)| hit);
    for hit in unreported.filter(|hit| baseline.is_reported(hit)).filter(is_wanted) {
        add(&mut groups, hit, hit.sighting.time, 1);
    }
    count_rest(baseline, &mut groups, is_wanted);
    findings.extend(groups.into_values().map(of_hits));
}

/// Adds matched rules to findings; returns the hits that these cover.
pub(super) fn match_findings<'b>(baseline: &'b Baseline, findings: &mut [Finding<'b>]) -> Vec<bool> {
    let mut is_reported = vec![false; baseline.hits.len()];
    if baseline.hits.is_empty() {
        return is_reported;
    }
    let mut of_event: HashMap<Event<'b>, Vec<usize>> = HashMap::new();
    for (number, finding) in findings.iter().enumerate() {
        if let Some(evidence) = finding.evidence {
            of_event.entry(event(finding.who, finding.action, evidence)).or_default().push(number);
        }
    }
    let hits = baseline.hits.iter().zip(&mut is_reported);
    for (hit, is_reported) in hits.filter(|(hit, _)| baseline.is_reported(hit)) {
        for number in of_event.get(&event(&hit.who, &hit.action, &hit.sighting)).into_iter().flatten() {
            *is_reported = true;
            let one = || Box::new(Matched { rules: Vec::new(), count: 1, last_time: None });
            findings[*number].matched.get_or_insert_with(one).rules.push(matched(baseline, hit));
        }
    }
    for matched in findings.iter_mut().filter_map(|finding| finding.matched.as_mut()) {
        matched.rules.sort_by_key(|one| one.rule.priority);
    }
    is_reported
}

/// Adds the hits that were counted but not kept: all of a group except those kept in full.
fn count_rest<'b>(
    baseline: &'b Baseline,
    groups: &mut MatchGroups<'b>,
    is_wanted: impl Fn(&&'b Hit) -> bool,
) {
    let mut counted: MatchGroups<'b> = MatchGroups::new();
    for group in baseline.counted_hits.groups() {
        if let Some((first, last)) = group.rest.as_ref().filter(|(first, _)| is_wanted(&first)) {
            add(&mut counted, first, *last, group.count);
        }
    }
    if counted.is_empty() {
        return;
    }
    let in_full = groups_in_full(baseline);
    let is_counted = |hit: &&Hit| !in_full.contains(&(group_key(hit), linked_identity(hit)));
    for hit in baseline.hits.iter().filter(&is_wanted).filter(is_counted) {
        if let Some(group) = counted.get_mut(&group_key(hit)) {
            group.count = group.count.saturating_sub(1);
        }
    }
    for (place, MatchGroup { first, last, count }) in counted {
        // If all are copies of hits kept in full, the first of them may still come before its copy.
        if count > 0 || groups.contains_key(&place) {
            add(groups, first, last, count);
        }
    }
}

/// The groups, by identity behind the principal, whose hits are all kept in full.
fn groups_in_full(baseline: &Baseline) -> HashSet<(GroupKey<'_>, LinkedIdentity<'_>)> {
    let groups = baseline.counted_hits.groups().iter().filter(|group| group.rest.is_none());
    groups.filter_map(|group| Some((group.group_key(), group.linked_identity()?))).collect()
}

/// Access key, unique id and name of the identity behind the principal of a hit.
fn linked_identity(hit: &Hit) -> LinkedIdentity<'_> {
    let sighting = &hit.sighting;
    let texts = [sighting.access_key_id(), sighting.principal_id(), sighting.impersonated_by()];
    texts.map(|text| text.filter(|text| !text.is_empty()))
}

fn group_key(hit: &Hit) -> GroupKey<'_> {
    (hit.rule, &hit.who.account, &hit.who.key)
}

fn add<'b>(groups: &mut MatchGroups<'b>, hit: &'b Hit, last: Timestamp, count: u64) {
    let known = groups.entry(group_key(hit)).or_insert(MatchGroup { first: hit, last, count: 0 });
    if hit.order(known.first).is_lt() {
        known.first = hit;
    }
    known.last = known.last.max(last);
    known.count += count;
}

fn matched<'b>(baseline: &'b Baseline, hit: &'b Hit) -> Match<'b> {
    Match { rule: &baseline.rules[hit.rule as usize], hit, correlated: None }
}

/// The rules that matched an event in the window of a question, whether its filters want it or not: their numbers in
/// [`Baseline::rules`].
pub fn rules_that_matched(baseline: &Baseline, question: &Question) -> BTreeSet<u32> {
    let in_window = |hit: &Hit| question.is_time_in_window(hit.sighting.time);
    let in_full = baseline.hits.iter().filter(|hit| in_window(hit)).map(|hit| hit.rule);
    let occurrences = occurrences(baseline, question.from, |time| question.knows(time)).into_iter();
    let completed = occurrences.filter(|occurrence| in_window(occurrence.completed_by));
    let correlations = completed.map(|occurrence| occurrence.rule);
    in_full.chain(baseline.counted_hits.rules()).chain(correlations).collect()
}

impl Question {
    /// Which events that rules matched must be kept to answer only this question; `key` is the principal key used for learning.
    pub fn hit_retention(&self, key: PrincipalKey) -> HitRetention {
        let admission = CompiledFilter::new(Cow::Owned(self.filter.clone()));
        // The patterns are in the other field.
        let question = Self { filter: Filter::default(), ..self.clone() };
        let filter = Arc::new(RelevantHits { question, admission, key });
        if self.all_matches { HitRetention::Relevant(filter) } else { HitRetention::FirstAndCount(filter) }
    }
}

/// Which events that rules matched are relevant to a question.
#[derive(Debug)]
struct RelevantHits {
    question: Question,
    admission: CompiledFilter<'static>,
    key: PrincipalKey,
}

impl HitFilter for RelevantHits {
    fn relevance(&self, who: &ObservedPrincipal, action: &str, sighting: &SightingRef<'_>) -> Relevance {
        let Self { question, admission, key } = self;
        if !question.is_time_in_window(sighting.moment.time) {
            return Relevance::Outside;
        }
        let counts = !(question.only_success && sighting.moment.failed)
            && admission.admits_call(sighting.evidence.region, sighting.read_only)
            && admission.admits_action(action);
        // The meaning of a bare name is known only at the end of the archive; so are the kind, and the ARN behind another key.
        let may_be_named =
            || *key != PrincipalKey::Arn || may_be_resolved(who, *key) || admission.admits_name(who);
        if counts && admission.may_admit_kind_and_account(who) && may_be_named() {
            Relevance::Yes
        } else if counts
            && who.kind.source() == LogSource::Kubernetes
            && admission.admits_kind_and_account(who)
        {
            Relevance::IfLinked
        } else {
            Relevance::LeftOut
        }
    }
}
