//! Reopens evidence: finds the text of a record by its address, without listing the archive.

use std::sync::{Mutex, MutexGuard, PoisonError};

use thiserror::Error;

use super::visitor::{ObjectContext, Visitor};
use super::{CurrentObject, ObjectResult, Progress, ScanError, ScanSettings, Scanned, scan_listed};
use crate::coverage::{Coverage, Fault};
use crate::decode::FoundRecord;
use crate::source::{Archives, Listing, LogObject, ReadError};

/// The address of a record, as in findings and sightings.
#[derive(Clone, Copy, Debug)]
pub struct RecordAddress<'a> {
    /// The number of the archive, counted from 1.
    pub archive: u32,
    /// Path of the object; of the file in it, and of the piece of that: `a.zip!b.jsonl!@16777216`.
    pub object: &'a str,
    /// Index of the record there.
    pub record: u32,
    /// The event id that it must have, empty if it must have none; `None` if any is accepted.
    pub event_id: Option<&'a str>,
}

/// Why a record cannot be shown again.
#[derive(Debug, Error)]
pub enum ReopenError {
    /// The archive has no object with that path.
    #[error("the archive no longer holds the object '{object}'")]
    Gone {
        /// As named in the evidence.
        object: String,
    },
    /// The object exists but does not hold the record.
    #[error("'{object}' has changed: {reason}")]
    Changed {
        /// As named in the evidence.
        object: String,
        /// What was found instead.
        reason: String,
    },
    /// The object exists but cannot be read, at least not up to the record.
    #[error("'{object}' cannot be read: {reason}")]
    Unread {
        /// As named in the evidence.
        object: String,
        /// The first fault, in words.
        reason: String,
    },
    /// The run was ended early, or could not be started.
    #[error(transparent)]
    Scan(ScanError),
}

/// The text of the record at an address, exactly as stored; within a carrier, as the carrier holds it. The object is read up
/// to the record, as in a scan: `settings` must be those of the scan that found it, except for the threads.
///
/// ```no_run
/// use firstseen::scan::{RecordAddress, ScanSettings, Silent, reopen};
/// use firstseen::source::Archives;
///
/// let archives = Archives::open(&["evidence".into()])?;
/// let address = RecordAddress { archive: 1, object: "a.zip!b.json", record: 3, event_id: None };
/// println!("{}", reopen(&archives, &ScanSettings::default(), &address, &Silent)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the object is gone, has changed or cannot be read, or if the run was ended early.
pub fn reopen(
    archives: &Archives,
    settings: &ScanSettings,
    address: &RecordAddress<'_>,
    progress: &dyn Progress,
) -> Result<String, ReopenError> {
    let object = || address.object.to_owned();
    let mut error = ReopenError::Gone { object: object() };
    // The name of a file may contain a `!`, too. So the part before each may be the object.
    let ends = address.object.match_indices('!').map(|(at, _)| at).chain([address.object.len()]);
    for end in ends {
        let (path, inner) = (&address.object[..end], address.object.get(end + 1..));
        let found = archives.find(address.archive, path);
        let unread = |error: ReadError| ReopenError::Unread { object: object(), reason: error.detail };
        let Some(found) = found.map_err(unread)? else { continue };
        match read(archives, settings, found, (address, inner), progress) {
            Err(found @ (ReopenError::Changed { .. } | ReopenError::Unread { .. })) => error = found,
            answer => return answer,
        }
    }
    Err(error)
}

/// Reads one object up to the record.
fn read(
    archives: &Archives,
    settings: &ScanSettings,
    object: LogObject,
    (address, inner): (&RecordAddress<'_>, Option<&str>),
    progress: &dyn Progress,
) -> Result<String, ReopenError> {
    let met = Mutex::default();
    let visitor = |_| Seeker { inner, record: address.record, event_id: address.event_id, met: &met };
    let settings = ScanSettings { threads: 1, checksums: false, ..*settings };
    let mut listing = Listing { objects: vec![object], ..Listing::default() };
    listing.coverage.objects.listed = 1;
    let until = StopWhenFound { met: &met, progress };
    let scanned = scan_listed(archives, listing, &settings, &visitor, &until);
    let scanned = scanned.map(|Scanned { listing, .. }| listing.coverage.faults);
    let met = met.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (object, record) = (address.object.to_owned(), address.record);
    let reason = match (met, scanned) {
        (Lookup::It(text), _) => return Ok(text),
        (Lookup::Another(reason), _) => reason,
        (Lookup::Nothing, Err(error)) => return Err(ReopenError::Scan(error)),
        (Lookup::Nothing, Ok(faults)) => match faults.first() {
            Some(Fault { detail, .. }) => {
                return Err(ReopenError::Unread { object, reason: detail.clone() });
            }
            None => format!("it holds no record {record}"),
        },
    };
    Err(ReopenError::Changed { object, reason })
}

/// What was found at the position of the record.
#[derive(Debug, Default)]
enum Lookup {
    #[default]
    Nothing,
    /// The record.
    It(String),
    /// A different one, for this reason.
    Another(String),
}

/// Looks for one record.
struct Seeker<'s> {
    /// The file in the object, and the piece of it.
    inner: Option<&'s str>,
    record: u32,
    event_id: Option<&'s str>,
    met: &'s Mutex<Lookup>,
}

impl Seeker<'_> {
    fn compare(&self, found: &FoundRecord<'_>) -> Lookup {
        let is_it = match (self.event_id, found.record) {
            (None, _) => return Lookup::It(found.text.to_owned()),
            (Some(id), Ok(record)) => record.event_id() == id,
            (Some(_), Err(_)) => false,
        };
        if is_it {
            return Lookup::It(found.text.to_owned());
        }
        let record = self.record;
        Lookup::Another(match found.record {
            Ok(other) => format!("record {record} has the event id '{}'", other.event_id()),
            Err(reason) => format!("record {record} cannot be read: {reason}"),
        })
    }
}

impl Visitor for Seeker<'_> {
    type Part = ();

    fn begin_piece(&mut self, _: &CurrentObject<'_>) {}

    fn record(&mut self, (): &mut (), found: &FoundRecord<'_>, _: &mut ObjectContext<'_>) {
        if found.index_in_file == self.record && found.inner == self.inner {
            *lock(self.met) = self.compare(found);
        }
    }

    fn join_pieces((): &mut (), (): (), _: u32) {}

    fn end_object(&mut self, (): (), _: &ObjectResult<'_>, _: &mut Coverage) {}
}

/// Ends the scan once the record was found.
struct StopWhenFound<'u> {
    met: &'u Mutex<Lookup>,
    progress: &'u dyn Progress,
}

impl Progress for StopWhenFound<'_> {
    fn stopped(&self) -> bool {
        !matches!(*lock(self.met), Lookup::Nothing) || self.progress.stopped()
    }
}

fn lock(met: &Mutex<Lookup>) -> MutexGuard<'_, Lookup> {
    met.lock().unwrap_or_else(PoisonError::into_inner)
}
