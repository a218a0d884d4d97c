//! The records that findings point to: found again at their places, or by reading archives for their event ids.
//!
//! What a baseline knows of places and checksums is handed in as plain data. Knows nothing of findings or output.

mod recover;
mod search;
mod wanted;

use crate::checksum::Checksum;
use crate::decode::{Decoder, FoundRecord};

pub use recover::{BaselinePlaces, KnownPlace, Recovered, join_copies, named_objects, recover};
pub use search::{COPIES_LISTED, Searched, search};
pub use wanted::{Wanted, WantedError};

/// The place of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which of the archives, counted from 1; 0 if that is not known.
    pub archive: u32,
    /// Path of the object; of the file in it, and of the piece of that.
    pub object: String,
    /// Index of the record there.
    pub record: u32,
}

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownRecord {
    /// Where it is.
    pub place: Place,
    /// Its text as delivered; within a carrier, as the carrier holds it.
    pub text: String,
    /// The checksum of its object as stored now.
    pub checksum: Option<Checksum>,
    /// The checksums that objects of this name had when a baseline read them; empty if none is known.
    pub indexed: Vec<Checksum>,
    /// Where the same event is, too: the first of these places.
    pub copies: Vec<EventCopy>,
    /// Number of further copies.
    pub more_copies: u64,
    /// Whether any copy, listed or not, is known to have another text.
    pub has_other_content: bool,
}

/// Another record of the same event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCopy {
    /// Where it is.
    pub place: Place,
    /// Whether its text is the same; `None` if it was not read.
    pub is_same: Option<bool>,
}

/// What the records of one event have in common besides its id.
type EventKey = [String; 6];

/// The key of the event of a record; empty if it cannot be read.
fn event_key(found: &FoundRecord<'_>) -> EventKey {
    found.record.map_or_else(|_| EventKey::default(), |record| record.common_to_copies().map(str::to_owned))
}

impl ShownRecord {
    /// Whether it, or a copy of it, is at a place.
    fn is_at(&self, place: &Place) -> bool {
        self.place == *place || self.copies.iter().any(|copy| copy.place == *place)
    }

    /// The key of its event.
    fn event_key(&self) -> EventKey {
        let mut key = EventKey::default();
        // A record in a carrier is what the carrier holds, so there is one.
        Decoder::new(u64::MAX).decode(self.text.as_bytes(), |found| key = event_key(&found));
        key
    }

    /// Whether the object is still the one that was read for a baseline; `None` if no baseline knows it.
    pub fn is_unchanged(&self) -> Option<bool> {
        let now = self.checksum.as_ref().filter(|_| !self.indexed.is_empty())?;
        Some(self.indexed.contains(now))
    }
}
