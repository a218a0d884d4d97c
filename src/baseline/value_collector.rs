//! Collects the values of dimensions. One collector for each worker.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::dimension_value::sort_values;
use super::{DimensionValue, Moment, SightingRef, ValueSighting};
use crate::model::{Dimension, Dimensions, SharedTexts, Sighting, Text, Traits};
use crate::observe::{ActionId, PrincipalId};
use crate::time::Timestamp;

/// Number of values that one event can have.
const MOST: usize = Dimension::LEARNT.len();

/// Number of slots for remembered traits: newer ones replace older ones. They only save time.
const SLOTS: usize = 1 << 14;

/// Collects the values of dimensions under the ids of one observer.
#[derive(Debug, Default)]
pub(super) struct ValueCollector {
    dimensions: Dimensions,
    values: Vec<DimensionValue>,
    /// Hash and index of each value, by principal, dimension and text. With the hashes the table grows without looking at texts.
    table: HashTable<(u64, u32)>,
    /// For each principal the indices of its values.
    of_principal: Vec<Vec<u32>>,
    /// Which values the recent traits of principals have, each in its slot; empty until the first event.
    recent: Vec<Option<Box<Remembered>>>,
    hasher: FixedState,
}

/// The traits of an event, and the values that they have.
#[derive(Debug)]
struct Remembered {
    principal: u32,
    /// The texts one after another, so that they are compared without following pointers.
    texts: Box<str>,
    /// The length of each text; `None` if it is absent.
    lengths: [Option<u32>; 6],
    flags: [bool; 3],
    values: Values,
    /// All values had their first sighting and their first success by then; `None` while one has no success. Both only become
    /// earlier, so later events change nothing but counts.
    settled: Option<Timestamp>,
    /// Number of later events, which the values do not count yet, and the last of them.
    later: u64,
    last: Timestamp,
}

/// Adds an event to these values. Returns when they are settled.
fn add_to_all<'a>(
    all: &mut [DimensionValue],
    values: Values,
    event: &mut Event<impl Fn() -> SightingRef<'a>>,
    texts: &mut SharedTexts,
) -> Option<Timestamp> {
    let mut settled = Some(Timestamp::from_micros(i64::MIN));
    for index in values.as_slice() {
        let value = &mut all[*index as usize];
        event.add_to(value, texts);
        let success = value.first_success.as_ref().map(|success| success.sighting.time);
        let both = success.map(|success| success.max(value.first.sighting.time));
        settled = settled.zip(both).map(|(settled, both)| settled.max(both));
    }
    settled
}

/// Indices of values.
#[derive(Clone, Copy, Debug, Default)]
struct Values {
    indices: [u32; MOST],
    count: u8,
}

impl Values {
    fn as_slice(&self) -> &[u32] {
        &self.indices[..self.count as usize]
    }
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
        // The roles that are asked for are many, and would push all other traits out of memory.
        let usual = Traits { target_role: None, ..traits.reduced() };
        self.add_usual(principal.0, &usual, &mut event, texts);
        let role = Dimension::TargetRole.value(traits);
        if let Some(role) = role.filter(|_| self.dimensions.contains(Dimension::TargetRole)) {
            let index = self.index((principal.0, Dimension::TargetRole, &role), &mut event, texts);
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
        let slot = Parts(traits).slot(principal);
        let known = self.recent.get_mut(slot).and_then(Option::as_deref_mut);
        if let Some(known) = known.filter(|known| known.is(principal, traits)) {
            let time = event.moment.time;
            if known.settled.is_some_and(|settled| time > settled) {
                known.later += 1;
                known.last = known.last.max(time);
                return;
            }
            let values = known.values;
            known.settled = add_to_all(&mut self.values, values, event, texts);
            return;
        }
        let values = self.resolve(principal, traits, event, texts);
        let settled = add_to_all(&mut self.values, values, event, texts);
        if self.recent.is_empty() {
            self.recent.resize_with(SLOTS, || None);
        }
        let new = Remembered::new(principal, traits, (values, settled), event.moment.time);
        let old = self.recent[slot].replace(Box::new(new));
        if let Some(old) = old {
            old.count_later(&mut self.values);
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
            values.indices[values.count as usize] = self.index((principal, dimension, &value), event, texts);
            values.count += 1;
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
        let is_it = |(known, index): &(u64, u32)| *known == hash && values[*index as usize].key() == key;
        if let Some((_, index)) = table.find(hash, is_it) {
            return *index;
        }
        let index = u32::try_from(values.len()).unwrap_or(u32::MAX);
        let (principal, dimension, value) = key;
        values.push(event.first_of(principal, dimension, texts.get(value), texts));
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
            .map(|index| &self.values[*index as usize])
            .any(|value| is_it(&value.first) || value.first_success.as_ref().is_some_and(is_it))
    }

    /// The sorted values, with the new numbers of principals and actions.
    pub(super) fn finish(self, principals: &[u32], actions: &[u32]) -> Vec<DimensionValue> {
        let mut values = self.values;
        self.recent.into_iter().flatten().for_each(|known| known.count_later(&mut values));
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
        principal: u32,
        dimension: Dimension,
        value: Text,
        texts: &mut SharedTexts,
    ) -> DimensionValue {
        let first = self.sighting(texts);
        let first_success = (!self.moment.failed).then(|| first.clone());
        DimensionValue { principal, dimension, value, first, first_success, last: self.moment.time, count: 0 }
    }

    /// Counts this event under one of its values.
    fn add_to(&mut self, value: &mut DimensionValue, texts: &mut SharedTexts) {
        let Moment { time, failed } = self.moment;
        value.count += 1;
        value.last = value.last.max(time);
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
    }
}

/// The parts of traits that distinguish them, to be hashed and compared.
struct Parts<'t, 'a>(&'t Traits<'a>);

impl<'a> Parts<'_, 'a> {
    fn texts(&self) -> [Option<&'a str>; 6] {
        let Traits {
            source_ip,
            user_agent,
            region,
            access_key_id,
            error_code,
            target_account,
            target_role: _,
            is_service: _,
            is_forwarded: _,
            is_from_console: _,
        } = *self.0;
        [source_ip, user_agent, region, access_key_id, error_code, target_account]
    }

    /// The slot of these traits: a cheap mix of principal, and of the lengths and ends of the texts that differ most.
    fn slot(&self, principal: u32) -> usize {
        let mix = |hash: u64, text: Option<&str>| {
            let bytes = text.unwrap_or_default().as_bytes();
            let end = bytes.last_chunk().map_or(0, |end| u64::from_le_bytes(*end));
            (hash.rotate_left(23) ^ end ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        };
        let Traits { source_ip, user_agent, region, error_code, .. } = *self.0;
        let hash = [source_ip, user_agent, region, error_code].into_iter().fold(u64::from(principal), mix);
        (hash >> 48) as usize % SLOTS
    }

    fn flags(&self) -> [bool; 3] {
        [self.0.is_service, self.0.is_forwarded, self.0.is_from_console]
    }
}

impl Remembered {
    fn new(
        principal: u32,
        traits: &Traits<'_>,
        (values, settled): (Values, Option<Timestamp>),
        last: Timestamp,
    ) -> Self {
        let parts = Parts(traits);
        let texts: String = parts.texts().into_iter().flatten().collect();
        let lengths = parts.texts().map(|text| text.map(|text| text.len() as u32));
        Self {
            principal,
            texts: texts.into(),
            lengths,
            flags: parts.flags(),
            values,
            settled,
            later: 0,
            last,
        }
    }

    /// Counts the later events under each of their values.
    fn count_later(&self, all: &mut [DimensionValue]) {
        if self.later == 0 {
            return;
        }
        for index in self.values.as_slice() {
            let value = &mut all[*index as usize];
            value.count += self.later;
            value.last = value.last.max(self.last);
        }
    }

    fn is(&self, principal: u32, traits: &Traits<'_>) -> bool {
        let parts = Parts(traits);
        self.principal == principal && self.flags == parts.flags() && self.are_texts(parts.texts())
    }

    fn are_texts(&self, texts: [Option<&str>; 6]) -> bool {
        let mut rest = self.texts.as_bytes();
        self.lengths.iter().zip(texts).all(|(length, text)| {
            let Some(text) = text else { return length.is_none() };
            let is_same = *length == Some(text.len() as u32) && rest.starts_with(text.as_bytes());
            if is_same {
                rest = &rest[text.len()..];
            }
            is_same
        })
    }
}
