//! Archives in, log objects in delivery order and their bytes out.
//!
//! Knows folders, files and object names; knows nothing of gzip, JSON or events. What cannot be listed is a fault in
//! the coverage and does not stop the listing; an archive that is not there at all is an error.

mod local;
mod log_object;
mod object_key;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};

use thiserror::Error;

use crate::coverage::{Coverage, ObjectSkip};
use crate::time::{Span, Timestamp};

pub use log_object::{LogObject, SkippedObject};
pub use object_key::ObjectKey;

/// The archives of one run.
#[derive(Debug)]
pub struct Archives {
    names: Vec<String>,
    roots: Vec<local::Root>,
}

/// What was found in the archives: the objects to read, and the account of those left alone.
#[derive(Debug)]
pub struct Listing {
    /// Objects to read, in delivery order.
    pub objects: Vec<LogObject>,
    /// Objects that are left alone.
    pub skipped: Vec<SkippedObject>,
    /// The account of those skipped, and of folders that could not be listed.
    pub coverage: Coverage,
}

impl Listing {
    fn skip(&mut self, object: LogObject, reason: ObjectSkip) {
        *self.coverage.objects.skipped.entry(reason).or_default() += 1;
        self.skipped.push(SkippedObject { object, reason });
    }

    /// Forgets objects as if they had not been listed: those to read that `known` picks, and those left alone that
    /// `known_skip` picks. Gives their number.
    pub fn forget(
        &mut self,
        mut known: impl FnMut(&LogObject) -> bool,
        mut known_skip: impl FnMut(&SkippedObject) -> bool,
    ) -> u64 {
        let before = self.coverage.objects.listed;
        let counts = &mut self.coverage.objects;
        self.objects.retain(|object| {
            let forgotten = known(object);
            counts.listed -= u64::from(forgotten);
            !forgotten
        });
        self.skipped.retain(|skipped| {
            let forgotten = known_skip(skipped);
            if forgotten {
                counts.listed -= 1;
                if let Some(count) = counts.skipped.get_mut(&skipped.reason) {
                    *count -= 1;
                }
            }
            !forgotten
        });
        counts.skipped.retain(|_, count| *count > 0);
        before - counts.listed
    }

    /// Cuts off a listing of the first `count` objects to read, and what is left alone with it.
    #[must_use]
    pub fn cut(&mut self, count: usize) -> Self {
        let later = self.objects.split_off(count.min(self.objects.len()));
        let mut coverage = std::mem::take(&mut self.coverage);
        self.coverage.objects.listed = later.len() as u64;
        coverage.objects.listed -= later.len() as u64;
        let objects = std::mem::replace(&mut self.objects, later);
        Self { objects, skipped: std::mem::take(&mut self.skipped), coverage }
    }
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
    /// Finds the roots of archives given as folders, files or globs. Archives are numbered in the order of their
    /// names, so that the order in which they are given does not matter; a name given twice counts once.
    ///
    /// # Errors
    /// If one of them does not exist or matches nothing.
    pub fn open(names: &[PathBuf]) -> Result<Self, ArchiveError> {
        let mut names: Vec<&PathBuf> = names.iter().collect();
        names.sort_by_key(|name| shown_name(name));
        names.dedup_by_key(|name| shown_name(name));
        let roots = names.iter().map(|name| local::Root::open(name)).collect::<Result<_, _>>()?;
        Ok(Self { names: names.into_iter().map(|name| shown_name(name)).collect(), roots })
    }

    /// The names of the archives as they were given, in the order of their numbers.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Bytes of an object as stored, without reading it.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn size(&self, object: &LogObject) -> io::Result<u64> {
        self.root(object).map_or_else(|| Err(no_such_archive()), |root| root.size(object))
    }

    fn root(&self, object: &LogObject) -> Option<&local::Root> {
        object.archive.checked_sub(1).and_then(|index| self.roots.get(index as usize))
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
        let mut listing = Listing { objects: Vec::new(), skipped: Vec::new(), coverage: Coverage::default() };
        local::list(&self.roots, &mut listing, found);
        if listing.coverage.objects.listed == 0 && listing.coverage.faults.is_empty() {
            return Err(ArchiveError::NoObjects);
        }
        let (objects, outside) =
            listing.objects.drain(..).partition(|object: &LogObject| window.admits(object.delivered));
        listing.objects = objects;
        for object in outside as Vec<LogObject> {
            listing.skip(object, ObjectSkip::OutsideWindow);
        }
        listing.objects.sort_unstable_by(LogObject::delivery_order);
        Ok(listing)
    }

    /// Reads one object's bytes as stored into `buffer`, in place of what was in it.
    ///
    /// # Errors
    /// Whatever the system says; the buffer then holds what could be read.
    pub fn read(&self, object: &LogObject, buffer: &mut Vec<u8>) -> io::Result<()> {
        match self.root(object) {
            Some(root) => root.read(object, buffer),
            None => {
                buffer.clear();
                Err(no_such_archive())
            }
        }
    }
}

/// The name of an archive, without what does not change its meaning: slashes at its end, `./` at its beginning.
fn shown_name(name: &Path) -> String {
    let plain: PathBuf = name.components().filter(|part| *part != Component::CurDir).collect();
    if plain.as_os_str().is_empty() { ".".to_owned() } else { shown_text(plain.as_os_str()).into_owned() }
}

/// A name as text. Bytes that are no UTF-8 are written as `\xFF`, so that different names stay different.
fn shown_text(name: &OsStr) -> Cow<'_, str> {
    if let Some(text) = name.to_str() {
        return Cow::Borrowed(text);
    }
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02X}")));
    }
    Cow::Owned(text)
}

fn no_such_archive() -> io::Error {
    io::Error::other("no such archive")
}
