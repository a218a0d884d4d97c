//! The records that findings point to: found again at their places, or by reading archives for their event ids.
//!
//! What a baseline knows of places and checksums is handed in as plain data. [`masked`] hides secrets in the text of a record, and
//! [`Tokens`] reads that text token by token, whatever is wrong with it. Knows nothing of findings or output.

mod layer;
mod mask;
mod recover;
mod search;
mod tokens;
mod wanted;

use crate::checksum::Checksum;

pub use mask::{MASK, Masked, masked};
pub use recover::{BaselinePlaces, KnownPlace, Recovered, named_objects, recover};
pub use search::{COPIES_LISTED, Searched, search};
pub use tokens::{Token, Tokens};
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

impl ShownRecord {
    /// Whether the object is still the one that was read for a baseline; `None` if no baseline knows it.
    pub fn is_unchanged(&self) -> Option<bool> {
        let now = self.checksum.as_ref().filter(|_| !self.indexed.is_empty())?;
        Some(self.indexed.contains(now))
    }
}
