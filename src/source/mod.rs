//! Archives in, log objects in delivery order and their bytes out.
//!
//! Knows folders, files and object names; knows nothing of gzip, JSON or events. What cannot be listed is a fault in
//! the coverage and does not stop the listing; an archive that is not there at all is an error.

mod local;
mod log_object;
mod object_key;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::coverage::{Coverage, ObjectSkip};
use crate::time::{Span, Timestamp};

pub use log_object::LogObject;
pub use object_key::ObjectKey;

/// The archives of one run.
#[derive(Debug)]
pub struct Archives {
    roots: Vec<local::Root>,
}

/// What was found in the archives: the objects to read, and the account of those left alone.
#[derive(Debug)]
pub struct Listing {
    /// Objects to read, in delivery order.
    pub objects: Vec<LogObject>,
    /// Objects listed and skipped, and folders that could not be listed.
    pub coverage: Coverage,
}

/// Which delivery times are worth opening. Both ends are included.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveryWindow {
    /// Events before this instant are not wanted.
    pub since: Option<Timestamp>,
    /// Events after this instant are not wanted.
    pub until: Option<Timestamp>,
    /// By how many days a delivery day may lie outside and the object still be opened.
    pub slack: Span,
}

impl DeliveryWindow {
    /// Whether an object delivered at `delivered` may hold wanted events. An unknown time may.
    pub fn admits(&self, delivered: Option<Timestamp>) -> bool {
        let Some(delivered) = delivered else { return true };
        let (day, slack) = (i64::from(delivered.day().number()), i64::from(self.slack.whole_days()));
        let distance = |end: Timestamp| i64::from(end.day().number());
        self.since.is_none_or(|since| day >= distance(since) - slack)
            && self.until.is_none_or(|until| day <= distance(until) + slack)
    }
}

/// An archive that cannot be used at all.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// No such file or folder.
    #[error("archive '{name}' cannot be opened")]
    Open {
        /// As it was given.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The pattern is malformed.
    #[error("archive '{name}' is not a valid glob: {reason}")]
    Glob {
        /// As it was given.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The pattern is fine and nothing has such a name.
    #[error("archive '{name}' matches no file or folder")]
    NoMatch {
        /// As it was given.
        name: String,
    },
    /// All archives together hold no file.
    #[error("the given archives hold no files")]
    NoObjects,
}

impl Archives {
    /// Finds the roots of archives given as folders, files or globs.
    ///
    /// # Errors
    /// If one of them does not exist or matches nothing.
    pub fn open(names: &[PathBuf]) -> Result<Self, ArchiveError> {
        Ok(Self { roots: names.iter().map(|name| local::Root::open(name)).collect::<Result<_, _>>()? })
    }

    /// Lists every object of every archive; `found` hears of each and says whether to go on.
    ///
    /// # Errors
    /// If there is not a single file.
    pub fn list(
        &self,
        window: &DeliveryWindow,
        found: &mut dyn FnMut() -> bool,
    ) -> Result<Listing, ArchiveError> {
        let mut listing = Listing { objects: Vec::new(), coverage: Coverage::default() };
        local::list(&self.roots, &mut listing, found);
        if listing.coverage.objects.listed == 0 && listing.coverage.faults.is_empty() {
            return Err(ArchiveError::NoObjects);
        }
        let mut outside = 0;
        listing.objects.retain(|object| {
            let admitted = window.admits(object.delivered);
            outside += u64::from(!admitted);
            admitted
        });
        if outside > 0 {
            listing.coverage.objects.skipped.insert(ObjectSkip::OutsideWindow, outside);
        }
        listing.objects.sort_unstable_by(LogObject::delivery_order);
        Ok(listing)
    }

    /// Reads one object's bytes as stored into `buffer`, in place of what was in it.
    ///
    /// # Errors
    /// Whatever the system says; the buffer then holds what could be read.
    pub fn read(&self, object: &LogObject, buffer: &mut Vec<u8>) -> io::Result<()> {
        let root = object.archive.checked_sub(1).and_then(|index| self.roots.get(index as usize));
        match root {
            Some(root) => root.read(object, buffer),
            None => {
                buffer.clear();
                Err(io::Error::other("no such archive"))
            }
        }
    }
}
