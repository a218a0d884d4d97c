//! How many principals had done something before a time: of all, of a kind, of a family.

use std::collections::HashMap;

use super::Count;
use super::family::family;
use crate::actions::{Class, class_of, service_of};
use crate::baseline::{Baseline, Behaviour};
use crate::model::PrincipalKind;
use crate::query::Question;
use crate::query::in_scope::first_counted;
use crate::query::new_value;
use crate::time::Timestamp;

/// First times of things, sorted: by thing and time. Answers how many there were before a time.
#[derive(Debug)]
struct FirstTimes<K>(Vec<(K, Timestamp)>);

impl<K: Ord + Copy> FirstTimes<K> {
    fn new(times: impl Iterator<Item = (K, Timestamp)>) -> Self {
        let mut times: Vec<(K, Timestamp)> = times.collect();
        times.sort_unstable();
        Self(times)
    }

    /// Number of first times of a thing before a time.
    fn before(&self, thing: K, time: Timestamp) -> u32 {
        let start = self.0.partition_point(|(other, _)| *other < thing);
        let end = self.0.partition_point(|first| *first < (thing, time));
        (end - start) as u32
    }
}

/// The groups of a principal, by number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Groups {
    /// Its kind.
    pub(super) kind: u32,
    /// Its family.
    pub(super) family: u32,
}

/// First sightings of all principals, in order of time.
#[derive(Debug)]
pub(super) struct Population {
    /// Of each principal; `None` if none of its sightings count.
    first_seen: Vec<Option<Timestamp>>,
    /// Of each principal.
    groups: Vec<Groups>,
    /// Class of each behaviour's action.
    classes: Vec<Option<Class>>,
    births: FirstTimes<()>,
    births_of_kind: FirstTimes<u32>,
    births_of_family: FirstTimes<u32>,
    actions: FirstTimes<u32>,
    actions_of_kind: FirstTimes<(u32, u32)>,
    actions_of_family: FirstTimes<(u32, u32)>,
    classes_of: FirstTimes<(u32, Class)>,
    services_of: HashMap<(u32, u32), Timestamp>,
    /// Number of the service of each action.
    services: Vec<u32>,
    values: FirstTimes<u32>,
    /// Number of the text of each value in the baseline, equal for equal values.
    value_numbers: Vec<u32>,
}

/// How many had done an action before a time, in each circle around a principal.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Among {
    pub(super) all: Count,
    pub(super) kind: Count,
    pub(super) family: Count,
}

/// What a principal did, and its first sighting of that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    pub(super) principal: u32,
    pub(super) action: u32,
    pub(super) first: Timestamp,
}

impl Population {
    /// The population of a baseline, by the sightings that count for a question.
    pub(super) fn new(baseline: &Baseline, question: &Question) -> Self {
        let firsts: Vec<Option<Timestamp>> = baseline
            .behaviours
            .iter()
            .map(|behaviour| first_counted(behaviour, question).map(|sighting| sighting.time))
            .collect();
        let seen =
            || baseline.behaviours.iter().zip(&firsts).filter_map(|(one, first)| Some((one, (*first)?)));
        let mut first_seen: Vec<Option<Timestamp>> = vec![None; baseline.principals.len()];
        for (behaviour, first) in seen() {
            let known = &mut first_seen[behaviour.principal as usize];
            *known = Some(known.map_or(first, |known| known.min(first)));
        }
        let groups = groups(baseline);
        let births =
            || first_seen.iter().zip(&groups).filter_map(|(first, groups)| Some((groups, (*first)?)));
        let of = |principal: u32| groups[principal as usize];
        let classes = classes(baseline);
        let services = numbered(baseline.actions.iter().map(|action| service_of(action)));
        let mut services_of = HashMap::new();
        for (behaviour, first) in seen() {
            let known = services_of
                .entry((behaviour.principal, services[behaviour.action as usize]))
                .or_insert(first);
            *known = first.min(*known);
        }
        let classified = baseline.behaviours.iter().zip(&firsts).zip(&classes);
        let of_class = |((behaviour, first), class): ((&Behaviour, &Option<Timestamp>), &Option<Class>)| {
            Some(((behaviour.principal, (*class)?), (*first)?))
        };
        let value_numbers = numbered(baseline.values.iter().map(|value| (value.dimension, &*value.value)));
        let values = baseline.values.iter().zip(&value_numbers).filter_map(|(value, number)| {
            Some((*number, new_value::first_counted(value, question)?.sighting.time))
        });
        Self {
            births: FirstTimes::new(births().map(|(_, first)| ((), first))),
            births_of_kind: FirstTimes::new(births().map(|(groups, first)| (groups.kind, first))),
            births_of_family: FirstTimes::new(births().map(|(groups, first)| (groups.family, first))),
            actions: FirstTimes::new(seen().map(|(one, first)| (one.action, first))),
            actions_of_kind: FirstTimes::new(
                seen().map(|(one, first)| ((of(one.principal).kind, one.action), first)),
            ),
            actions_of_family: FirstTimes::new(
                seen().map(|(one, first)| ((of(one.principal).family, one.action), first)),
            ),
            classes_of: FirstTimes::new(classified.filter_map(of_class)),
            values: FirstTimes::new(values),
            first_seen,
            groups,
            classes,
            services_of,
            services,
            value_numbers,
        }
    }

    /// When a principal was first seen.
    pub(super) fn first_seen(&self, principal: u32) -> Option<Timestamp> {
        self.first_seen[principal as usize]
    }

    /// The first sighting of all.
    pub(super) fn start(&self) -> Option<Timestamp> {
        self.first_seen.iter().flatten().min().copied()
    }

    /// Kind and family of a principal.
    pub(super) fn groups(&self, principal: u32) -> Groups {
        self.groups[principal as usize]
    }

    /// The class of a behaviour's action.
    pub(super) fn class(&self, behaviour: usize) -> Option<Class> {
        self.classes[behaviour]
    }

    /// The number of an action's service.
    pub(super) fn service(&self, action: u32) -> u32 {
        self.services[action as usize]
    }

    /// Principals other than this one that were known before a time.
    pub(super) fn others(&self, principal: u32, time: Timestamp) -> [u32; 3] {
        let Groups { kind, family } = self.groups(principal);
        let own = u32::from(self.first_seen(principal).is_some_and(|first| first < time));
        [
            self.births.before((), time) - own,
            self.births_of_kind.before(kind, time) - own,
            self.births_of_family.before(family, time) - own,
        ]
    }

    /// How many others had done what a principal did before a time.
    pub(super) fn among(&self, done: Done, time: Timestamp) -> Among {
        let Done { principal, action, first } = done;
        let Groups { kind, family } = self.groups(principal);
        let [all, of_kind, of_family] = self.others(principal, time);
        let own = u32::from(first < time);
        let some_of = |known: u32| known - own;
        Among {
            all: Count { some: some_of(self.actions.before(action, time)), all },
            kind: Count { some: some_of(self.actions_of_kind.before((kind, action), time)), all: of_kind },
            family: Count {
                some: some_of(self.actions_of_family.before((family, action), time)),
                all: of_family,
            },
        }
    }

    /// Other members of a principal's family that first did what it did from one time to before another.
    pub(super) fn mates(&self, done: Done, [from, to]: [Timestamp; 2]) -> u32 {
        let thing = (self.groups(done.principal).family, done.action);
        let own = u32::from((from..to).contains(&done.first));
        self.actions_of_family.before(thing, to) - self.actions_of_family.before(thing, from) - own
    }

    /// Actions of a class that a principal had done before a time.
    pub(super) fn used(&self, principal: u32, class: Class, time: Timestamp) -> u32 {
        self.classes_of.before((principal, class), time)
    }

    /// Whether a principal had used the service of an action before a time.
    pub(super) fn is_service_familiar(&self, principal: u32, action: u32, time: Timestamp) -> bool {
        self.services_of.get(&(principal, self.service(action))).is_some_and(|first| *first < time)
    }

    /// Principals that had the same value before a time, by the value's index in the baseline.
    pub(super) fn holders(&self, value: usize, time: Timestamp) -> u32 {
        self.values.before(self.value_numbers[value], time)
    }
}

fn groups(baseline: &Baseline) -> Vec<Groups> {
    let kinds = baseline.principals.iter().map(|who| kind_number(who.kind));
    let families = numbered(baseline.principals.iter().map(family));
    kinds.zip(families).map(|(kind, family)| Groups { kind, family }).collect()
}

fn kind_number(kind: PrincipalKind) -> u32 {
    kind as u32
}

fn classes(baseline: &Baseline) -> Vec<Option<Class>> {
    let mut known: HashMap<(u32, Option<bool>), Option<Class>> = HashMap::new();
    let class = |behaviour: &Behaviour| {
        let (action, read_only) = (behaviour.action, behaviour.first.read_only);
        *known
            .entry((action, read_only))
            .or_insert_with(|| class_of(&baseline.actions[action as usize], read_only))
    };
    baseline.behaviours.iter().map(class).collect()
}

/// Gives equal things equal numbers, in the order in which they come.
fn numbered<T: std::hash::Hash + Eq>(things: impl Iterator<Item = T>) -> Vec<u32> {
    let mut numbers = HashMap::new();
    things
        .map(|thing| {
            let next = numbers.len() as u32;
            *numbers.entry(thing).or_insert(next)
        })
        .collect()
}
