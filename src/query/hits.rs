//! Rule matches: joined to the findings of the same events, and as findings of their own.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::admission::Admission;
use super::links::Links;
use super::noted::about;
use super::past::Past;
use super::{Filter, Finding, FindingKind, Match, Matched, Question};
use crate::baseline::{Asked, Baseline, Hit, HitFilter, HitsKept, Seen, may_be_joined};
use crate::model::{EventId, LogSource, ObservedPrincipal, PrincipalKey, Sighting};
use crate::time::Timestamp;

/// Identifies an event: the principal, and the event id, or the place if it has none.
type Event<'b> = (&'b str, &'b str, Result<&'b EventId, (u32, &'b str, u32)>);

fn event<'b>(who: &'b ObservedPrincipal, sighting: &'b Sighting) -> Event<'b> {
    let id = match &sighting.event_id {
        id if id.is_empty() => Err((sighting.archive, &*sighting.object, sighting.record)),
        id => Ok(id),
    };
    (&who.account, &who.key, id)
}

/// The first hit of a rule and a principal, the time of the last, and their number.
struct Group<'b> {
    first: &'b Hit,
    last: Timestamp,
    count: u64,
}

/// Number of the rule, account and key of the principal.
type Place<'b> = (u32, &'b str, &'b str);

/// The identity behind a principal of a cluster.
type Behind<'b> = [Option<&'b str>; 3];

/// The groups of each rule and principal.
type Groups<'b> = BTreeMap<Place<'b>, Group<'b>>;

/// Gives findings the rules that their events matched, and adds findings for hits that none of these covers; with
/// [`Question::all_matches`] for all.
pub(super) fn join<'b>(
    baseline: &'b Baseline,
    question: &Question,
    admission: &Admission<'_>,
    past: &mut Past<'_, 'b>,
    findings: &mut Vec<Finding<'b>>,
) {
    let is_told = match_findings(baseline, findings);
    if !question.report.contains(&FindingKind::Rule) {
        return;
    }
    let links = Links::new(baseline);
    let unmatched = |hit: &'b Hit| Finding {
        linked: links.find(&hit.who, &hit.sighting),
        ..about(FindingKind::Rule, (&hit.who, &hit.action, &hit.sighting))
    };
    let mut of_hits = |Group { first, last, count }| {
        let rules = vec![matched(baseline, first)];
        Finding {
            matched: Some(Box::new(Matched { rules, count, last_time: Some(last) })),
            ..past.of(unmatched(first))
        }
    };
    let is_wanted = |hit: &&'b Hit| {
        let finding = unmatched(hit);
        let counts = !(question.only_success && finding.failed == Some(true));
        counts && question.is_in_window(&finding) && admission.admits(&finding)
    };
    if question.all_matches {
        let wanted = baseline.hits.iter().filter(is_wanted);
        findings.extend(wanted.map(|hit| of_hits(Group { first: hit, last: hit.sighting.time, count: 1 })));
        return;
    }
    let mut groups = Groups::new();
    let hits = baseline.hits.iter().zip(&is_told);
    let untold = hits.filter(|(_, is_told)| !**is_told).map(|(hit, _)| hit);
    for hit in untold.filter(is_wanted) {
        add(&mut groups, hit, hit.sighting.time, 1);
    }
    count_rest(baseline, &mut groups, is_wanted);
    findings.extend(groups.into_values().map(of_hits));
}

/// Gives findings the rules that their events matched; returns which hits these are.
fn match_findings<'b>(baseline: &'b Baseline, findings: &mut [Finding<'b>]) -> Vec<bool> {
    let mut is_told = vec![false; baseline.hits.len()];
    if baseline.hits.is_empty() {
        return is_told;
    }
    let mut of_event: HashMap<Event<'b>, Vec<usize>> = HashMap::new();
    for (number, finding) in findings.iter().enumerate() {
        if let Some(evidence) = finding.evidence {
            of_event.entry(event(finding.who, evidence)).or_default().push(number);
        }
    }
    for (hit, is_told) in baseline.hits.iter().zip(&mut is_told) {
        for number in of_event.get(&event(&hit.who, &hit.sighting)).into_iter().flatten() {
            *is_told = true;
            let one = || Box::new(Matched { rules: Vec::new(), count: 1, last_time: None });
            findings[*number].matched.get_or_insert_with(one).rules.push(matched(baseline, hit));
        }
    }
    for matched in findings.iter_mut().filter_map(|finding| finding.matched.as_mut()) {
        matched.rules.sort_by_key(|one| one.rule.priority);
    }
    is_told
}

/// Adds the hits that were only counted: all of a group except those kept in full.
fn count_rest<'b>(baseline: &'b Baseline, groups: &mut Groups<'b>, is_wanted: impl Fn(&&'b Hit) -> bool) {
    let mut counted: Groups<'b> = Groups::new();
    for group in baseline.counted_hits.groups() {
        if let Some((first, last)) = group.rest.as_ref().filter(|(first, _)| is_wanted(&first)) {
            add(&mut counted, first, *last, group.count);
        }
    }
    if counted.is_empty() {
        return;
    }
    let in_full = groups_in_full(baseline);
    let is_counted = |hit: &&Hit| !in_full.contains(&(place(hit), behind(hit)));
    for hit in baseline.hits.iter().filter(&is_wanted).filter(is_counted) {
        if let Some(group) = counted.get_mut(&place(hit)) {
            group.count = group.count.saturating_sub(1);
        }
    }
    for (place, Group { first, last, count }) in counted {
        // If all are copies of hits kept in full, the first of them may still come before its copy.
        if count > 0 || groups.contains_key(&place) {
            add(groups, first, last, count);
        }
    }
}

/// The groups, by identity behind the principal, whose hits are all kept in full, so that none was only counted.
fn groups_in_full(baseline: &Baseline) -> HashSet<(Place<'_>, Behind<'_>)> {
    let groups = baseline.counted_hits.groups().iter().filter(|group| group.rest.is_none());
    groups.filter_map(|group| Some((group.place(), group.behind()?))).collect()
}

/// Access key, unique id and name of the identity behind the principal of a hit.
fn behind(hit: &Hit) -> Behind<'_> {
    let sighting = &hit.sighting;
    let texts = [sighting.access_key_id(), sighting.principal_id(), sighting.impersonated_by()];
    texts.map(|text| text.filter(|text| !text.is_empty()))
}

fn place(hit: &Hit) -> Place<'_> {
    (hit.rule, &hit.who.account, &hit.who.key)
}

fn add<'b>(groups: &mut Groups<'b>, hit: &'b Hit, last: Timestamp, count: u64) {
    let known = groups.entry(place(hit)).or_insert(Group { first: hit, last, count: 0 });
    if hit.order(known.first).is_lt() {
        known.first = hit;
    }
    known.last = known.last.max(last);
    known.count += count;
}

fn matched<'b>(baseline: &'b Baseline, hit: &'b Hit) -> Match<'b> {
    Match { rule: &baseline.rules[hit.rule as usize], hit }
}

impl Question {
    /// Which events that rules matched must be kept to answer only this question; `key` is the principal key used for learning.
    pub fn hits_kept(&self, key: PrincipalKey) -> HitsKept {
        let admission = Admission::new(Cow::Owned(self.filter.clone()));
        // The patterns are in the other.
        let question = Self { filter: Filter::default(), ..self.clone() };
        let filter = Arc::new(AskedHits { question, admission, key });
        if self.all_matches { HitsKept::EveryAsked(filter) } else { HitsKept::FirstAndCount(filter) }
    }
}

/// Which events that rules matched are relevant to a question.
#[derive(Debug)]
struct AskedHits {
    question: Question,
    admission: Admission<'static>,
    key: PrincipalKey,
}

impl HitFilter for AskedHits {
    fn asks_for(&self, who: &ObservedPrincipal, action: &str, seen: &Seen<'_>) -> Asked {
        let Self { question, admission, key } = self;
        let counts = question.is_time_in_window(seen.moment.time)
            && !(question.only_success && seen.moment.failed)
            && admission.call(seen.evidence.region, seen.read_only)
            && admission.action(action);
        // The meaning of a bare name is known only at the end of the archive; so are the kind, and the ARN behind another key.
        let may_be_named = || *key != PrincipalKey::Arn || may_be_joined(who, *key) || admission.named(who);
        if counts && admission.may_be_sort(who) && may_be_named() {
            Asked::Yes
        } else if counts && who.kind.source() == LogSource::Eks && admission.sort(who) {
            Asked::IfLinked
        } else {
            Asked::No
        }
    }
}
