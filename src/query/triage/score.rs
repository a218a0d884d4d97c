//! The score of every episode: the sum of its parts.

use std::collections::{HashMap, HashSet};

use super::episode::EpisodeDraft;
use super::history::{PastEpisode, histories};
use super::new_value::{ActiveHours, Held, HeldValue, SCORED};
use super::population::Population;
use super::sign_in::AskedRoles;
use super::surprise::{Context, NewAction};
use super::{Episode, EpisodeFinding, FindingOrigin, Part, Reason, Surprise, TriageQuestion};
use crate::baseline::{Baseline, DimensionValue};
use crate::model::{Dimension, Text};
use crate::query::new_value::{first_counted, last_counted};
use crate::query::{Finding, Question, in_scope};
use crate::time::{Span, Timestamp};

/// An episode, scored but for its history.
struct Scored<'b> {
    draft: EpisodeDraft<'b>,
    /// Of each finding that is a new action.
    surprises: Vec<Option<Surprise>>,
    /// Of each finding.
    origins: Vec<FindingOrigin<'b>>,
    /// The part for its new actions, if it has any.
    size: Option<Part<'b>>,
    new_values: Vec<Part<'b>>,
    active_from: Timestamp,
    active_until: Timestamp,
}

/// Scores episodes, which are sorted by start; `asked` is the question about their findings.
pub(super) fn scored<'b>(
    baseline: &'b Baseline,
    (question, asked): (&TriageQuestion, &Question),
    population: &Population,
    drafts: Vec<EpisodeDraft<'b>>,
) -> Vec<Episode<'b>> {
    let mut drafts: Vec<(usize, EpisodeDraft<'b>)> = drafts.into_iter().enumerate().collect();
    drafts.sort_by_key(|(place, draft)| (draft.principal, *place));
    let mut scored: Vec<(usize, Scored<'b>)> = Vec::with_capacity(drafts.len());
    let mut view: Option<PrincipalValues<'b>> = None;
    for (place, draft) in drafts {
        let context = Context {
            population,
            weights: &question.weights,
            as_of_then: question.as_of_then,
            principal: draft.principal,
            start: draft.start,
            end: draft.end,
        };
        let view = match &mut view {
            Some(view) if view.principal == draft.principal => view,
            other => other.insert(PrincipalValues::new(baseline, asked, draft.principal)),
        };
        scored.push((place, score(baseline, (question, asked), view, &context, draft)));
    }
    scored.sort_by_key(|(place, _)| *place);
    with_histories(population, question, scored.into_iter().map(|(_, scored)| scored).collect())
}

/// What a principal's episodes share.
struct PrincipalValues<'b> {
    principal: u32,
    hours: ActiveHours,
    values: [Vec<HeldValue<'b>>; SCORED.len()],
    /// The same values by their texts, with the first sighting of each.
    by_text: HashMap<(Dimension, &'b str), (&'b Text, Timestamp)>,
    roles: AskedRoles,
}

impl<'b> PrincipalValues<'b> {
    fn new(baseline: &'b Baseline, asked: &Question, principal: u32) -> Self {
        let (values, behaviours) = (&baseline.values, baseline.behaviours_of(principal));
        let first = values.partition_point(|one: &DimensionValue| one.principal < principal);
        let end = values.partition_point(|one| one.principal <= principal);
        let last = behaviours.iter().filter_map(|one| in_scope::last_counted(one, asked)).max();
        let held = |dimension| {
            let of_dimension = (first..end).filter(|index| values[*index].dimension == dimension);
            let held = of_dimension.filter_map(|index| {
                let value = &values[index];
                let first = first_counted(value, asked)?.sighting.time;
                Some(HeldValue { index, value, first, last: last_counted(value, asked, last) })
            });
            held.collect()
        };
        let values: [Vec<HeldValue<'b>>; SCORED.len()] = SCORED.map(|(dimension, _)| held(dimension));
        let texts = values
            .iter()
            .flatten()
            .map(|held| ((held.value.dimension, &*held.value.value), (&held.value.value, held.first)));
        let by_text = texts.collect();
        let kind = baseline.principals[principal as usize].kind;
        let roles = AskedRoles::new(kind, &baseline.values[first..end], asked);
        Self { principal, hours: ActiveHours::new(behaviours, asked), values, by_text, roles }
    }

    /// From where a call was made. Evidence does not say whether AWS made it for the principal: then neither its network nor its agent is one
    /// that the principal had by then.
    fn origin(&self, finding: &Finding<'b>) -> FindingOrigin<'b> {
        let value = |dimension: Dimension| {
            let of_event = dimension.value(&finding.traits()?)?;
            let (text, first) = self.by_text.get(&(dimension, &*of_event))?;
            (*first <= finding.time).then_some(*text)
        };
        FindingOrigin { network: value(Dimension::Network), agent: value(Dimension::Agent) }
    }
}

fn score<'b>(
    baseline: &Baseline,
    (question, asked): (&TriageQuestion, &Question),
    view: &PrincipalValues<'b>,
    context: &Context<'_>,
    draft: EpisodeDraft<'b>,
) -> Scored<'b> {
    let mut judged = HashSet::new();
    let mut new_action = |(index, finding): &(Option<usize>, Finding<'b>)| {
        // An attempt and its first success may both be findings of one episode.
        let index = index.filter(|index| judged.insert(*index))?;
        let behaviour = &baseline.behaviours[index];
        Some(NewAction {
            action: behaviour.action,
            first: in_scope::first_counted(behaviour, asked)?.time,
            class: context.population.class(index),
            is_read_only: finding.read_only == Some(true),
            stays: in_scope::last_use(behaviour, asked).is_some_and(|last| last.day() > context.end.day()),
        })
    };
    let new_actions: Vec<Option<NewAction>> = draft.findings.iter().map(&mut new_action).collect();
    let actions: Vec<NewAction> = new_actions.iter().copied().flatten().collect();
    let surprises = context.surprises(&actions);
    let size = (!actions.is_empty()).then(|| context.size(&actions, &surprises));
    let mut of_actions = surprises.into_iter();
    let surprises = new_actions.iter().map(|action| action.and_then(|_| of_actions.next())).collect();
    // An episode of matches of rules may be in the warmup, in which what is new is no finding.
    let found: HashSet<(Dimension, &str)> = draft
        .findings
        .iter()
        .filter_map(|(_, finding)| Some((finding.kind.dimension()?, &**finding.value?)))
        .collect();
    let has_origins = !view.roles.are_of_identity_center(draft.end);
    let scored = SCORED.iter().zip(&view.values).filter(|_| has_origins);
    let new_values = scored.filter_map(|((dimension, part), values)| {
        let is_found = |value: &str| found.contains(&(*dimension, value));
        Held { part: *part, values, hours: &view.hours }.part(context, is_found)
    });
    let origin = |finding| if has_origins { view.origin(finding) } else { FindingOrigin::default() };
    let origins = draft.findings.iter().map(|(_, finding)| origin(finding)).collect();
    let active_from = view.hours.began(draft.start);
    let end = end_with_successes(&draft, question.gap);
    let ended = view.hours.ended(end);
    let active_until = asked.read_to.map_or(ended, |read_to| ended.min(read_to)).max(end);
    Scored { new_values: new_values.collect(), draft, surprises, origins, size, active_from, active_until }
}

/// The end of an episode if the first successes of calls that failed in it belong to it, too.
fn end_with_successes(draft: &EpisodeDraft<'_>, gap: Span) -> Timestamp {
    let successes = draft.findings.iter().filter_map(|(_, finding)| finding.later_success());
    let mut times: Vec<Timestamp> = successes.map(|success| success.time).collect();
    times.sort_unstable();
    let is_near = |end: Timestamp, time: Timestamp| time.micros_since(end) <= gap.micros();
    times.into_iter().fold(draft.end, |end, time| if is_near(end, time) { end.max(time) } else { end })
}

/// Adds what depends on earlier episodes.
fn with_histories<'b>(
    population: &Population,
    question: &TriageQuestion,
    scored: Vec<Scored<'b>>,
) -> Vec<Episode<'b>> {
    let past = |scored: &Scored<'b>| {
        let Reason::Size { surprise, .. } = scored.size.as_ref()?.reason else { return None };
        let EpisodeDraft { principal, start, end, .. } = scored.draft;
        Some(PastEpisode { principal, groups: population.groups(principal), start, end, surprise })
    };
    let pasts: Vec<PastEpisode> = scored.iter().filter_map(past).collect();
    let mut histories = histories(&pasts, &question.weights).into_iter();
    let episodes = scored.into_iter().map(|scored| {
        let history = scored.size.as_ref().and_then(|_| histories.next());
        episode(scored, history, question)
    });
    episodes.collect()
}

fn episode<'b>(scored: Scored<'b>, history: Option<Part<'b>>, question: &TriageQuestion) -> Episode<'b> {
    let Scored { draft, surprises, origins, size, new_values, active_from, active_until } = scored;
    let findings = draft.findings.into_iter().zip(surprises).zip(origins);
    let findings: Vec<EpisodeFinding<'b>> = findings
        .map(|(((_, finding), surprise), origin)| EpisodeFinding { finding, surprise, origin })
        .collect();
    let known = question.known.part(&findings, &question.weights);
    let parts = size
        .into_iter()
        .chain(history)
        .chain(new_values)
        .chain(known)
        .filter(|part| part.bits > 0.0)
        .collect();
    Episode {
        who: findings[0].finding.who,
        is_new_principal: draft.is_new_principal,
        first_seen: draft.first_seen,
        active_from,
        active_until,
        findings,
        rules: Vec::new(),
        parts,
    }
}
