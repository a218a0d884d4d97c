//! What principals did in all, and who had a value, new or not: what a page shows beside its findings.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::in_scope::{events, first_counted, last_counted};
use super::{Finding, Question, new_value};
use crate::baseline::Baseline;
use crate::model::{Dimension, ObservedPrincipal};
use crate::time::Timestamp;

/// What a principal did in the whole archive, new or not, as far as the question counts it.
#[derive(Clone, Debug, PartialEq)]
pub struct PrincipalActivity<'b> {
    /// The principal.
    pub who: &'b ObservedPrincipal,
    /// Its first sighting.
    pub first: Timestamp,
    /// Its last sighting.
    pub last: Timestamp,
    /// Different actions.
    pub actions: u64,
    /// Different networks. 0 if no networks were learnt.
    pub networks: u64,
    /// Events, without copies.
    pub events: u64,
}

/// The activity of these principals, sorted by account and key.
pub fn principal_activities<'b>(
    baseline: &'b Baseline,
    question: &Question,
    principals: impl Iterator<Item = &'b ObservedPrincipal>,
) -> Vec<PrincipalActivity<'b>> {
    let wanted: BTreeSet<u32> = principals.filter_map(|who| baseline.principal_number(who)).collect();
    let mut found: BTreeMap<u32, PrincipalActivity<'b>> = BTreeMap::new();
    for behaviour in baseline.behaviours.iter().filter(|one| wanted.contains(&one.principal)) {
        let Some(sighting) = first_counted(behaviour, question) else { continue };
        let first = sighting.time;
        let last = last_counted(behaviour, question).unwrap_or(first);
        let activity = found.entry(behaviour.principal).or_insert_with(|| PrincipalActivity {
            who: &baseline.principals[behaviour.principal as usize],
            first,
            last,
            actions: 0,
            networks: 0,
            events: 0,
        });
        activity.first = activity.first.min(first);
        activity.last = activity.last.max(last);
        activity.actions += 1;
        activity.events += events(behaviour, question);
    }
    let networks = baseline.values.iter().filter(|value| value.dimension == Dimension::Network);
    for value in networks.filter(|value| new_value::first_counted(value, question).is_some()) {
        if let Some(activity) = found.get_mut(&value.principal) {
            activity.networks += 1;
        }
    }
    found.into_values().collect()
}

/// What a value is of: an action, or a value of a dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueField {
    /// The action.
    Action,
    /// This dimension.
    Dimension(Dimension),
}

/// Who had a value in the whole archive, new or not, as far as the question counts it.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueActivity<'b> {
    /// What it is a value of.
    pub field: ValueField,
    /// The value.
    pub value: &'b str,
    /// Its first sighting.
    pub first: Timestamp,
    /// Its last sighting.
    pub last: Timestamp,
    /// Events; those of a dimension with their copies.
    pub events: u64,
    /// How many principals had it.
    pub principals: u64,
    /// Those with the most events, and how many, the most first.
    pub most: Vec<(&'b ObservedPrincipal, u64)>,
}

/// How many principals a value names.
const MOST_NAMED: usize = 10;

/// Who had the actions and values of these findings, sorted by field and value. Only learnt dimensions have values.
pub fn value_activities<'b>(
    baseline: &'b Baseline,
    question: &Question,
    findings: impl Iterator<Item = &'b Finding<'b>>,
) -> Vec<ValueActivity<'b>> {
    let wanted = Wanted::of(findings);
    let mut found: BTreeMap<(ValueField, &'b str), Vec<Use>> = BTreeMap::new();
    let mut add = |field: ValueField, value: &'b str, one: Use| {
        if wanted.contains(field, value) {
            found.entry((field, value)).or_default().push(one);
        }
    };
    let mut last_of: Vec<Option<Timestamp>> = vec![None; baseline.principals.len()];
    for behaviour in &baseline.behaviours {
        let Some(first) = first_counted(behaviour, question) else { continue };
        let first = first.time;
        let last = last_counted(behaviour, question).unwrap_or(first);
        let last_of_principal = &mut last_of[behaviour.principal as usize];
        *last_of_principal = (*last_of_principal).max(Some(last));
        let one = Use { principal: behaviour.principal, first, last, events: events(behaviour, question) };
        add(ValueField::Action, &baseline.actions[behaviour.action as usize], one);
    }
    for value in &baseline.values {
        let Some(first) = new_value::first_counted(value, question) else { continue };
        let first = first.sighting.time;
        let last = new_value::last_counted(value, question, last_of[value.principal as usize]);
        let one = Use { principal: value.principal, first, last, events: value.count };
        add(ValueField::Dimension(value.dimension), &value.value, one);
    }
    found.into_iter().filter_map(|((field, value), uses)| activity(baseline, field, value, uses)).collect()
}

/// The values that are asked for.
#[derive(Default)]
struct Wanted<'b>(BTreeMap<ValueField, HashSet<Cow<'b, str>>>);

impl<'b> Wanted<'b> {
    /// The actions and values of findings, and of the events that are their evidence.
    fn of(findings: impl Iterator<Item = &'b Finding<'b>>) -> Self {
        let mut wanted = Self::default();
        for finding in findings {
            let action = finding.known_action().map(Cow::Borrowed);
            let own = finding.kind.dimension().zip(finding.value.map(|value| Cow::Borrowed(&**value)));
            let traits = finding.traits();
            let of_evidence = traits.iter().flat_map(|traits| {
                Dimension::LEARNT
                    .into_iter()
                    .filter_map(|dimension| Some((dimension, dimension.value(traits)?)))
            });
            let values = own.into_iter().chain(of_evidence);
            let values = values.map(|(dimension, value)| (ValueField::Dimension(dimension), value));
            for (field, value) in action.map(|action| (ValueField::Action, action)).into_iter().chain(values)
            {
                wanted.0.entry(field).or_default().insert(value);
            }
        }
        wanted
    }

    fn contains(&self, field: ValueField, value: &str) -> bool {
        self.0.get(&field).is_some_and(|values| values.contains(value))
    }
}

/// A principal that had a value.
struct Use {
    principal: u32,
    first: Timestamp,
    last: Timestamp,
    events: u64,
}

/// All uses of a value; none, if there are none.
fn activity<'b>(
    baseline: &'b Baseline,
    field: ValueField,
    value: &'b str,
    mut uses: Vec<Use>,
) -> Option<ValueActivity<'b>> {
    // Principals are sorted, so those with equally many events are, too.
    uses.sort_by_key(|one| (Reverse(one.events), one.principal));
    let named = uses.iter().take(MOST_NAMED);
    Some(ValueActivity {
        field,
        value,
        first: uses.iter().map(|one| one.first).min()?,
        last: uses.iter().map(|one| one.last).max()?,
        events: uses.iter().map(|one| one.events).sum(),
        principals: uses.len() as u64,
        most: named.map(|one| (&baseline.principals[one.principal as usize], one.events)).collect(),
    })
}
