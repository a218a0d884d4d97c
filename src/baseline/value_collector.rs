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

/// How many traits are remembered; then all are forgotten. They only save time, and take some 300 bytes each.
const MANY: usize = 1 << 15;

/// Collects the values of dimensions under the ids of one observer.
#[derive(Debug, Default)]
pub(super) struct ValueCollector {
    dimensions: Dimensions,
    values: Vec<Collected>,
    /// Hash and index of each value, by principal, dimension and text. With the hashes the table grows without looking at texts.
    table: HashTable<(u64, u32)>,
    /// For each principal the indices of its values.
    of_principal: Vec<Vec<u32>>,
    /// Which values the recent traits of principals have.
    recent: HashTable<(u64, Box<Remembered>)>,
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

    /// Counts later events, of which this is the last.
    fn count(&mut self, events: u64, last: Timestamp) {
        self.value.count += events;
        self.value.last = self.value.last.max(last);
    }
}

/// The traits of an event, and the values that they have.
#[derive(Debug)]
struct Remembered {
    principal: u32,
    /// The texts one after another, so that they are compared without following pointers.
    texts: Box<str>,
    lengths: Lengths,
    flags: [bool; 3],
    values: Values,
    /// All values are settled by then.
    settled: Timestamp,
    /// Number of later events, which the values do not count yet, and the last of them.
    later: u64,
    last: Timestamp,
}

/// Adds an event to these values. Returns when all are settled.
fn add_to_all<'a>(
    all: &mut [Collected],
    values: Values,
    event: &mut Event<impl Fn() -> SightingRef<'a>>,
    texts: &mut SharedTexts,
) -> Timestamp {
    let mut settled = Timestamp::from_micros(i64::MIN);
    for index in values.as_slice() {
        let value = &mut all[*index as usize];
        event.add_to(value, texts);
        settled = settled.max(value.settled);
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
        let parts = Parts::of(traits);
        let hash = parts.hash(principal);
        let known = self.recent.find_mut(hash, |(_, known)| known.is(principal, &parts));
        if let Some((_, known)) = known {
            let time = event.moment.time;
            if time > known.settled {
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
        if self.recent.len() >= MANY {
            self.forget();
        }
        let new = Remembered::new(principal, &parts, (values, settled), event.moment.time);
        self.recent.insert_unique(hash, (hash, Box::new(new)), |(hash, _)| *hash);
    }

    /// Forgets the recent traits, and counts their later events.
    fn forget(&mut self) {
        let Self { recent, values, .. } = self;
        recent.drain().for_each(|(_, known)| known.count_later(values));
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
        let is_it =
            |(known, index): &(u64, u32)| *known == hash && values[*index as usize].value.key() == key;
        if let Some((_, index)) = table.find(hash, is_it) {
            return *index;
        }
        let index = u32::try_from(values.len()).unwrap_or(u32::MAX);
        let (principal, dimension, value) = key;
        values.push(Collected::new(event.first_of(principal, dimension, texts.get(value), texts)));
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
    fn add_to(&mut self, known: &mut Collected, texts: &mut SharedTexts) {
        let Moment { time, failed } = self.moment;
        known.count(1, time);
        if time > known.settled {
            return;
        }
        let value = &mut known.value;
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

/// The length of each text, [`ABSENT`] if there is none.
type Lengths = [u32; 6];
const ABSENT: u32 = u32::MAX;

/// The parts of traits that distinguish them, to be hashed and compared.
struct Parts<'a> {
    texts: [Option<&'a str>; 6],
    lengths: Lengths,
    flags: [bool; 3],
}

impl<'a> Parts<'a> {
    fn of(traits: &Traits<'a>) -> Self {
        let Traits {
            source_ip,
            user_agent,
            region,
            access_key_id,
            error_code,
            target_account,
            target_role: _,
            is_service,
            is_forwarded,
            is_from_console,
        } = *traits;
        let texts = [source_ip, user_agent, region, access_key_id, error_code, target_account];
        let lengths = texts.map(|text| text.map_or(ABSENT, |text| text.len() as u32));
        Self { texts, lengths, flags: [is_service, is_forwarded, is_from_console] }
    }

    /// A cheap mix of the principal, and of the lengths and ends of the texts that differ most.
    fn hash(&self, principal: u32) -> u64 {
        let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let end = |text: Option<&str>| {
            let bytes = text.unwrap_or_default().as_bytes();
            let end = bytes.last_chunk().map_or(0, |end| u64::from_le_bytes(*end));
            end ^ bytes.len() as u64
        };
        let [source_ip, user_agent, region, access_key_id, error_code, _] = self.texts;
        let texts = [source_ip, user_agent, region, access_key_id, error_code];
        let hash = texts.into_iter().fold(u64::from(principal), |hash, text| mix(hash, end(text)));
        // The last product leaves the low bits poor, and a table takes its places from those.
        hash ^ hash >> 32
    }
}

impl Remembered {
    fn new(
        principal: u32,
        parts: &Parts<'_>,
        (values, settled): (Values, Timestamp),
        last: Timestamp,
    ) -> Self {
        let texts: String = parts.texts.into_iter().flatten().collect();
        let Parts { lengths, flags, .. } = *parts;
        Self { principal, texts: texts.into(), lengths, flags, values, settled, later: 0, last }
    }

    /// Counts the later events under each of their values.
    fn count_later(&self, all: &mut [Collected]) {
        if self.later > 0 {
            self.values.as_slice().iter().for_each(|index| all[*index as usize].count(self.later, self.last));
        }
    }

    fn is(&self, principal: u32, parts: &Parts<'_>) -> bool {
        self.principal == principal
            && self.lengths == parts.lengths
            && self.flags == parts.flags
            && self.are_texts(parts.texts)
    }

    /// Whether these are the texts; their lengths are.
    fn are_texts(&self, texts: [Option<&str>; 6]) -> bool {
        let mut rest = self.texts.as_bytes();
        texts.into_iter().flatten().all(|text| {
            let (same, behind) = rest.split_at_checked(text.len()).unwrap_or_default();
            rest = behind;
            same == text.as_bytes()
        })
    }
}
