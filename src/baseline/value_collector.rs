//! Collects the values of dimensions. One collector for each worker.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::dimension_value::sort_values;
use super::recent_traits::{LaterEvents, RecentTraits, TraitsKey, Values};
use super::{DimensionValue, Moment, SightingRef, ValueSighting};
use crate::model::{Dimension, Dimensions, SharedTexts, Sighting, Text, Traits};
use crate::observe::{ActionId, PrincipalId};
use crate::time::Timestamp;

/// Collects the values of dimensions under the ids of one observer.
#[derive(Debug, Default)]
pub(super) struct ValueCollector {
    dimensions: Dimensions,
    values: Vec<Collected>,
    /// Hash and index of each value, by principal, dimension and text. With the hashes the table grows without looking at texts.
    table: HashTable<(u64, u32)>,
    /// For each principal the indices of its values.
    of_principal: Vec<Vec<u32>>,
    recent: RecentTraits,
    hasher: FixedState,
}

/// A value while it is collected.
#[derive(Debug)]
struct Collected {
    value: DimensionValue,
    /// The value had its first sighting and its first success by then; [`NEVER`] while it has no success. Both only become earlier, so
    /// later events change nothing but its count and its last time.
    settled: Timestamp,
}

/// Later than all events.
const NEVER: Timestamp = Timestamp::from_micros(i64::MAX);

impl Collected {
    fn new(value: DimensionValue) -> Self {
        Self { settled: Self::settled(&value), value }
    }

    fn settled(value: &DimensionValue) -> Timestamp {
        let success = value.first_success.as_ref().map_or(NEVER, |success| success.sighting.time);
        success.max(value.first.sighting.time)
    }

    /// Counts later events.
    fn count(&mut self, later: LaterEvents) {
        self.value.count += later.count;
        self.value.last = self.value.last.max(later.last);
    }
}

/// Adds an event to these values. Returns when all are settled for events like this one: if such `events_fail`, they are no success.
fn add_to_all<'a>(
    all: &mut [Collected],
    values: Values,
    (event, events_fail): (&mut Event<impl Fn() -> SightingRef<'a>>, bool),
    texts: &mut SharedTexts,
) -> Timestamp {
    let mut settled = Timestamp::from_micros(i64::MIN);
    for index in values.as_slice() {
        let value = &mut all[*index as usize];
        event.add_to(value, texts);
        settled = settled.max(if events_fail { value.value.first.sighting.time } else { value.settled });
    }
    settled
}

impl ValueCollector {
    /// A collector of these dimensions.
    pub(super) fn new(dimensions: Dimensions) -> Self {
        Self { dimensions, ..Self::default() }
    }

    /// Adds the values of one event.
    pub(super) fn add<'a>(
        &mut self,
        (principal, action): (PrincipalId, ActionId),
        moment: Moment,
        traits: &Traits<'_>,
        sighting: impl Fn() -> SightingRef<'a>,
        texts: &mut SharedTexts,
    ) {
        let mut event = Event { action: action.0, moment, make_sighting: sighting, sighting: None };
        // The roles that are asked for are many, and would push all other traits out of memory; few events have an impersonator.
        let usual = Traits { target_role: None, impersonator: None, ..traits.reduced() };
        self.add_usual(principal.0, &usual, &mut event, texts);
        for dimension in [Dimension::TargetRole, Dimension::Impersonator] {
            let value = dimension.value(traits).filter(|_| self.dimensions.contains(dimension));
            let Some(value) = value else { continue };
            let index = self.index((principal.0, dimension, &value), &mut event, texts);
            event.add_to(&mut self.values[index as usize], texts);
        }
    }

    /// Adds the values that are remembered by traits. Most events come after all first sightings of their values: these are only
    /// counted, beside the traits, so that no value is touched.
    fn add_usual<'a>(
        &mut self,
        principal: u32,
        traits: &Traits<'_>,
        event: &mut Event<impl Fn() -> SightingRef<'a>>,
        texts: &mut SharedTexts,
    ) {
        // An event with an error code is no success, and all with these traits have it.
        let events_fail = traits.error_code.is_some_and(|code| !code.is_empty());
        let key = TraitsKey::new(principal, traits);
        if let Some(known) = self.recent.find(&key) {
            if !known.later.takes(event.moment.time) {
                let settled = add_to_all(&mut self.values, known.values, (event, events_fail), texts);
                known.later.settle(settled);
            }
            return;
        }
        let values = self.resolve(principal, traits, event, texts);
        let settled = add_to_all(&mut self.values, values, (event, events_fail), texts);
        if self.recent.is_full() {
            self.forget();
        }
        self.recent.add(key, (values, LaterEvents::after(settled)));
    }

    /// Forgets the recent traits, and counts their later events under each of their values.
    fn forget(&mut self) {
        for known in self.recent.forget() {
            for index in known.values.as_slice() {
                self.values[*index as usize].count(known.later);
            }
        }
    }

    /// Finds or makes the values of these traits.
    fn resolve<'a>(
        &mut self,
        principal: u32,
        traits: &Traits<'_>,
        event: &mut Event<impl Fn() -> SightingRef<'a>>,
        texts: &mut SharedTexts,
    ) -> Values {
        let mut values = Values::default();
        for dimension in self.dimensions.iter() {
            let Some(value) = dimension.value(traits) else { continue };
            values.push(self.index((principal, dimension, &value), event, texts));
        }
        values
    }

    /// The index of a value, which is made if it is new.
    fn index<'a>(
        &mut self,
        key: (u32, Dimension, &str),
        event: &mut Event<impl Fn() -> SightingRef<'a>>,
        texts: &mut SharedTexts,
    ) -> u32 {
        let Self { values, table, of_principal, hasher, .. } = self;
        let hash = hasher.hash_one(key);
        let is_it =
            |(known, index): &(u64, u32)| *known == hash && values[*index as usize].value.key() == key;
        if let Some((_, index)) = table.find(hash, is_it) {
            return *index;
        }
        let index = u32::try_from(values.len()).unwrap_or(u32::MAX);
        let (principal, dimension, value) = key;
        let value = match dimension {
            // Few roles are asked for by several principals.
            Dimension::TargetRole => value.into(),
            _ => texts.get(value),
        };
        values.push(Collected::new(event.first_of((principal, dimension, value), texts)));
        table.insert_unique(hash, (hash, index), |(hash, _)| *hash);
        let principal = principal as usize;
        if of_principal.len() <= principal {
            of_principal.resize_with(principal + 1, Vec::new);
        }
        of_principal[principal].push(index);
        index
    }

    /// Whether an event with this time and id is the first so far with one of its principal's values.
    pub(super) fn has_first(&self, principal: PrincipalId, (time, event_id): (Timestamp, &str)) -> bool {
        let is_it =
            |first: &ValueSighting| first.sighting.time == time && first.sighting.event_id == *event_id;
        let values = self.of_principal.get(principal.0 as usize).into_iter().flatten();
        values
            .map(|index| &self.values[*index as usize].value)
            .any(|value| is_it(&value.first) || value.first_success.as_ref().is_some_and(is_it))
    }

    /// The sorted values, with the new numbers of principals and actions.
    pub(super) fn finish(mut self, principals: &[u32], actions: &[u32]) -> Vec<DimensionValue> {
        self.forget();
        let mut values: Vec<DimensionValue> = self.values.into_iter().map(|known| known.value).collect();
        values.iter_mut().for_each(|value| value.renumber(principals, actions));
        sort_values(&mut values);
        values
    }
}

/// An event whose values are added. Its sighting is made only if needed, and kept once for all of its values.
struct Event<F> {
    action: u32,
    moment: Moment,
    make_sighting: F,
    sighting: Option<Arc<Sighting>>,
}

impl<'a, F: Fn() -> SightingRef<'a>> Event<F> {
    fn sighting(&mut self, texts: &mut SharedTexts) -> ValueSighting {
        let Self { action, make_sighting, sighting, .. } = self;
        let sighting = sighting.get_or_insert_with(|| Arc::new(make_sighting().to_sighting(texts)));
        ValueSighting { action: *action, sighting: Arc::clone(sighting) }
    }

    /// The value of which this is the first event. It is not counted yet.
    fn first_of(
        &mut self,
        (principal, dimension, value): (u32, Dimension, Text),
        texts: &mut SharedTexts,
    ) -> DimensionValue {
        let first = self.sighting(texts);
        let first_success = (!self.moment.failed).then(|| first.clone());
        DimensionValue { principal, dimension, value, first, first_success, last: self.moment.time, count: 0 }
    }

    /// Counts this event under one of its values.
    fn add_to(&mut self, known: &mut Collected, texts: &mut SharedTexts) {
        let Moment { time, failed } = self.moment;
        let value = &mut known.value;
        value.count += 1;
        value.last = value.last.max(time);
        if time > known.settled {
            return;
        }
        let may_be_success =
            !failed && value.first_success.as_ref().is_none_or(|known| time <= known.sighting.time);
        if time > value.first.sighting.time && !may_be_success {
            return;
        }
        let sighting = self.sighting(texts);
        if may_be_success {
            match &mut value.first_success {
                Some(known) => known.keep_earlier(sighting.clone()),
                none => *none = Some(sighting.clone()),
            }
        }
        value.first.keep_earlier(sighting);
        known.settled = Collected::settled(value);
    }
}
