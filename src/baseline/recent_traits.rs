//! The traits of recent events, and which values of dimensions they have.

use hashbrown::HashTable;

use crate::model::{Dimension, Traits};
use crate::time::Timestamp;

/// Number of values that one event can have.
const MOST: usize = Dimension::LEARNT.len();

/// How many traits are compared in one search; after more all are forgotten. Their hashes are cheap, so that somebody can make many equal.
const MOST_COMPARED: usize = 64;

/// How many traits are remembered; then all are forgotten. They only save time, and take some 300 bytes each.
const MANY: usize = 1 << 15;

/// Remembers traits by principal.
#[derive(Debug, Default)]
pub(super) struct RecentTraits {
    table: HashTable<Remembered>,
    /// The place in the table of what was found last: most events have the traits of the event before.
    last: usize,
    /// Whether a search had to compare too many.
    is_crowded: bool,
}

/// The traits of an event, and the values that they have.
#[derive(Debug)]
pub(super) struct Remembered {
    hash: u64,
    /// The texts one after another, so that they are compared without following pointers.
    texts: Box<str>,
    lengths: Lengths,
    principal: u32,
    flags: [bool; 3],
    /// Events that come after all first sightings of the values: they are only counted.
    pub(super) later: LaterEvents,
    pub(super) values: Values,
}

/// The traits of a principal's event, by which they are found.
pub(super) struct TraitsKey<'a> {
    principal: u32,
    parts: Parts<'a>,
}

impl<'a> TraitsKey<'a> {
    pub(super) fn new(principal: u32, traits: &Traits<'a>) -> Self {
        Self { principal, parts: Parts::of(traits) }
    }

    fn hash(&self) -> u64 {
        self.parts.hash(self.principal)
    }
}

impl RecentTraits {
    /// Finds the traits of a principal's event.
    pub(super) fn find(&mut self, key: &TraitsKey<'_>) -> Option<&mut Remembered> {
        let is_it = |known: &Remembered| known.is(key.principal, &key.parts);
        if !self.table.get_bucket(self.last).is_some_and(is_it) {
            let mut compared = 0;
            let found = self.table.find_bucket_index(key.hash(), |known| {
                compared += 1;
                is_it(known)
            });
            self.is_crowded |= compared > MOST_COMPARED;
            self.last = found?;
        }
        self.table.get_bucket_mut(self.last)
    }

    /// Whether there is no more room: forget all before the next is added.
    pub(super) fn is_full(&self) -> bool {
        self.is_crowded || self.table.len() >= MANY
    }

    /// Forgets all.
    pub(super) fn forget(&mut self) -> impl Iterator<Item = Remembered> {
        self.is_crowded = false;
        self.table.drain()
    }

    /// Remembers traits that were not found, with their values.
    pub(super) fn add(&mut self, key: TraitsKey<'_>, (values, later): (Values, LaterEvents)) {
        let hash = key.hash();
        let TraitsKey { principal, parts: Parts { texts, lengths, flags } } = key;
        if lengths.contains(&TOO_LONG) {
            return;
        }
        let texts: String = texts.into_iter().flatten().collect();
        let new = Remembered { hash, texts: texts.into(), lengths, principal, flags, later, values };
        self.table.insert_unique(hash, new, |known| known.hash);
    }
}

/// Counts events of some values that are settled by a time: their first sighting and their first success were seen by then, and
/// both only become earlier.
#[derive(Clone, Copy, Debug)]
pub(super) struct LaterEvents {
    settled: Timestamp,
    /// Number of later events, which the values do not count yet.
    pub(super) count: u64,
    /// The last of them.
    pub(super) last: Timestamp,
}

impl LaterEvents {
    /// None so far.
    pub(super) fn after(settled: Timestamp) -> Self {
        Self { settled, count: 0, last: Timestamp::from_micros(i64::MIN) }
    }

    /// Counts an event if it is later than all first sightings; else returns false.
    pub(super) fn takes(&mut self, time: Timestamp) -> bool {
        let is_later = time > self.settled;
        if is_later {
            self.count += 1;
            self.last = self.last.max(time);
        }
        is_later
    }

    /// The values are settled by another time.
    pub(super) fn settle(&mut self, settled: Timestamp) {
        self.settled = settled;
    }
}

/// Indices of values.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Values {
    indices: [u32; MOST],
    count: u8,
}

impl Values {
    /// Adds an index. An event has one value in a dimension, so there is room.
    pub(super) fn push(&mut self, index: u32) {
        self.indices[self.count as usize] = index;
        self.count += 1;
    }

    pub(super) fn as_slice(&self) -> &[u32] {
        &self.indices[..self.count as usize]
    }
}

/// The length of each text, [`ABSENT`] if there is none, [`TOO_LONG`] if it is not remembered.
type Lengths = [u16; 6];
const ABSENT: u16 = u16::MAX;
const TOO_LONG: u16 = ABSENT - 1;

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
            impersonator: _,
            is_service,
            is_forwarded,
            is_from_console,
        } = *traits;
        let texts = [source_ip, user_agent, region, access_key_id, error_code, target_account];
        let length = |text: &str| text.len().min(TOO_LONG.into()) as u16;
        let lengths = texts.map(|text| text.map_or(ABSENT, length));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_traits_of_the_same_principal_are_found() {
        let traits =
            Traits { source_ip: Some("203.0.113.7"), region: Some("eu-west-1"), ..Traits::default() };
        let others = [
            Traits { source_ip: Some("203.0.113.8"), ..traits },
            Traits { source_ip: Some("203.0.113"), user_agent: Some(".7"), ..traits },
            Traits { user_agent: Some(""), ..traits },
            Traits { region: None, target_account: traits.region, ..traits },
            Traits { is_service: true, ..traits },
        ];
        let mut recent = RecentTraits::default();
        add(&mut recent, 1, &traits);
        assert!(find(&mut recent, 1, &traits));
        assert!(!find(&mut recent, 2, &traits));
        for other in &others {
            assert!(!find(&mut recent, 1, other), "{other:?}");
        }
        assert_eq!(recent.forget().count(), 1);
        assert!(!find(&mut recent, 1, &traits));
    }

    #[test]
    fn very_long_texts_are_not_remembered() {
        let long = "a".repeat(usize::from(TOO_LONG) + 10);
        let mut recent = RecentTraits::default();
        for (length, is_found) in
            [(usize::from(TOO_LONG) - 1, true), (usize::from(TOO_LONG), false), (long.len(), false)]
        {
            let traits = Traits { user_agent: Some(&long[..length]), ..Traits::default() };
            add(&mut recent, 1, &traits);
            assert_eq!(find(&mut recent, 1, &traits), is_found, "{length}");
        }
    }

    /// Only the ends of texts are hashed.
    #[test]
    fn traits_with_equal_hashes_are_forgotten_before_they_are_many() {
        let mut recent = RecentTraits::default();
        let mut since_forgotten = 0;
        for number in 0..2_000 {
            let agent = format!("{number:08} the same end");
            let traits = Traits { user_agent: Some(&agent), ..Traits::default() };
            assert!(!find(&mut recent, 1, &traits));
            if recent.is_full() {
                assert_eq!(recent.forget().count(), since_forgotten);
                since_forgotten = 0;
            }
            add(&mut recent, 1, &traits);
            assert!(find(&mut recent, 1, &traits));
            since_forgotten += 1;
            assert!(since_forgotten <= MOST_COMPARED + 1, "{number}");
        }
    }

    fn find(recent: &mut RecentTraits, principal: u32, traits: &Traits<'_>) -> bool {
        recent.find(&TraitsKey::new(principal, traits)).is_some()
    }

    fn add(recent: &mut RecentTraits, principal: u32, traits: &Traits<'_>) {
        assert!(!find(recent, principal, traits));
        let later = LaterEvents::after(Timestamp::from_micros(0));
        recent.add(TraitsKey::new(principal, traits), (Values::default(), later));
    }
}
