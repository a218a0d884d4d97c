//! Reopens evidence: finds the texts of records by their addresses, without listing the archive.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use thiserror::Error;

use super::visitor::{ObjectContext, Visitor};
use super::{CurrentObject, ObjectRead, ObjectResult, Progress, ScanError, ScanSettings, scan_listed};
use crate::checksum::Checksum;
use crate::coverage::Coverage;
use crate::decode::FoundRecord;
use crate::model::Text;
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
    /// The object exists but has another record at this place.
    #[error("'{object}' does not hold the record: {reason}")]
    Changed {
        /// As named in the evidence.
        object: String,
        /// What was found instead.
        reason: String,
    },
    /// The object exists and was read to its end, but has fewer records.
    #[error("'{object}' holds no record {record}")]
    NoRecord {
        /// As named in the evidence.
        object: String,
        /// The index.
        record: u32,
        /// The checksum of the object as stored, if requested.
        checksum: Option<Checksum>,
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

/// A record that was found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reopened {
    /// Its text, exactly as stored; within a carrier, as the carrier holds it.
    pub text: String,
    /// The checksum of its object as stored, if requested: [`ScanSettings::checksums`].
    pub checksum: Option<Checksum>,
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
    let settings = ScanSettings { threads: 1, checksums: false, ..*settings };
    let reopened = reopen_all(archives, &settings, &[*address], progress);
    let (mut answers, _) = reopened.map_err(ReopenError::Scan)?;
    let answer =
        answers.pop().unwrap_or_else(|| Err(ReopenError::Gone { object: address.object.to_owned() }));
    answer.map(|reopened| reopened.text)
}

/// The records at some addresses, in their order, and the coverage of the objects that were read. Each object is read once, however many of its records are wanted; in full, if
/// checksums are requested, else only until all are found.
///
/// # Errors
/// If the threads cannot be started or the run was ended early. What happened to a single record is in its place in the answer.
pub fn reopen_all(
    archives: &Archives,
    settings: &ScanSettings,
    addresses: &[RecordAddress<'_>],
    progress: &dyn Progress,
) -> Result<(Vec<Result<Reopened, ReopenError>>, Coverage), ScanError> {
    let mut coverage = Coverage::default();
    let mut searches: Vec<Search<'_>> = addresses.iter().map(Search::new).collect();
    loop {
        let mut plan = Plan::default();
        for (number, search) in searches.iter_mut().enumerate() {
            plan.add(archives, number, search);
        }
        if plan.objects.is_empty() {
            coverage.sort();
            return Ok((searches.into_iter().map(|search| search.answer).collect(), coverage));
        }
        let (found, read) = plan.read(archives, settings, progress)?;
        coverage.merge(read);
        plan.settle(found, &mut searches);
    }
}

/// The search for one record.
struct Search<'a> {
    address: RecordAddress<'a>,
    /// Where the path of the object may end that was not tried yet. The name of a file may contain a `!`, too. So the part before
    /// each may be the object; nearly always the first one is.
    ends: std::vec::IntoIter<usize>,
    /// The best answer so far.
    answer: Result<Reopened, ReopenError>,
}

impl<'a> Search<'a> {
    fn new(address: &RecordAddress<'a>) -> Self {
        let ends = address.object.match_indices('!').map(|(at, _)| at).chain([address.object.len()]);
        let ends = ends.collect::<Vec<_>>().into_iter();
        Self { address: *address, ends, answer: Err(ReopenError::Gone { object: address.object.to_owned() }) }
    }
}

/// Which objects are read next, and for what.
#[derive(Default)]
struct Plan<'a> {
    objects: Vec<LogObject>,
    /// Index in `objects` by archive and path, if there is such an object.
    indices: HashMap<(u32, &'a str), Option<usize>>,
    wanted: Vec<WantedRecord<'a>>,
}

/// A record that is wanted from an object.
#[derive(Clone, Copy)]
struct WantedRecord<'a> {
    /// The number of its search.
    number: usize,
    /// Index in [`Plan::objects`].
    object: usize,
    /// The file in the object, and the piece of it.
    inner: Option<&'a str>,
    record: u32,
    event_id: Option<&'a str>,
}

impl<'a> Plan<'a> {
    /// Adds the next object that may hold a record, if it has not been found.
    fn add(&mut self, archives: &Archives, number: usize, search: &mut Search<'a>) {
        let RecordAddress { archive, object: path, record, event_id } = search.address;
        while search.answer.is_err()
            && let Some(end) = search.ends.next()
        {
            match self.object(archives, archive, &path[..end]) {
                Ok(None) => {}
                Ok(Some(object)) => {
                    let inner = path.get(end + 1..);
                    return self.wanted.push(WantedRecord { number, object, inner, record, event_id });
                }
                Err(ReadError { detail: reason, .. }) => {
                    search.answer = Err(ReopenError::Unread { object: path.to_owned(), reason });
                    search.ends = Vec::new().into_iter();
                }
            }
        }
    }

    /// The index of an object, if it exists.
    fn object(
        &mut self,
        archives: &Archives,
        archive: u32,
        path: &'a str,
    ) -> Result<Option<usize>, ReadError> {
        if let Some(known) = self.indices.get(&(archive, path)) {
            return Ok(*known);
        }
        let found = archives.find(archive, path)?;
        let index = found.is_some().then_some(self.objects.len());
        self.objects.extend(found);
        self.indices.insert((archive, path), index);
        Ok(index)
    }

    /// Reads the objects. The coverage is empty if that ended early.
    fn read(
        &self,
        archives: &Archives,
        settings: &ScanSettings,
        progress: &dyn Progress,
    ) -> Result<(Found, Coverage), ScanError> {
        let mut wanted = WantedOfObjects::default();
        for record in &self.wanted {
            let object = &self.objects[record.object];
            let of_object = wanted.entry((object.archive, object.path.clone())).or_default();
            of_object.entry(record.record).or_default().push(*record);
        }
        let found = Mutex::new(Found { missing: self.wanted.len(), ..Found::default() });
        let visitor = |_| Seeker { wanted: &wanted, found: &found };
        let mut objects = self.objects.clone();
        objects.sort_unstable_by(LogObject::delivery_order);
        let mut listing = Listing { objects, ..Listing::default() };
        listing.coverage.objects.listed = listing.objects.len() as u64;
        let until = StopWhenFound { found: &found, is_in_full: settings.checksums, progress };
        let scanned = scan_listed(archives, listing, settings, &visitor, &until);
        let scanned = scanned.map(|scanned| scanned.listing.coverage);
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        match scanned {
            Err(ScanError::Stopped) if found.missing == 0 && !settings.checksums => {
                Ok((found, Coverage::default()))
            }
            Err(error) => Err(error),
            Ok(coverage) => Ok((found, coverage)),
        }
    }

    /// Adds what was found to the answers.
    fn settle(self, mut found: Found, searches: &mut [Search<'_>]) {
        for WantedRecord { number, object: index, record, .. } in self.wanted {
            let search = &mut searches[number];
            let LogObject { archive, path, .. } = &self.objects[index];
            let end = found.ends.get(&(*archive, path.clone())).cloned().unwrap_or_default();
            let object = search.address.object.to_owned();
            search.answer = match (found.lookups.remove(&number), end.fault) {
                (Some(Lookup::It(text)), _) => Ok(Reopened { text, checksum: end.checksum }),
                (Some(Lookup::Another(reason)), _) => Err(ReopenError::Changed { object, reason }),
                (None, Some(reason)) => Err(ReopenError::Unread { object, reason }),
                (None, None) => Err(ReopenError::NoRecord { object, record, checksum: end.checksum }),
            };
        }
    }
}

/// What was found at the position of a record.
#[derive(Debug)]
enum Lookup {
    /// The record.
    It(String),
    /// A different one, for this reason.
    Another(String),
}

/// What is known of an object once it was read.
#[derive(Clone, Debug, Default)]
struct ObjectEnd {
    checksum: Option<Checksum>,
    /// The first fault, in words.
    fault: Option<String>,
}

/// What was found.
#[derive(Debug, Default)]
struct Found {
    /// By number of the search.
    lookups: HashMap<usize, Lookup>,
    /// By archive and path.
    ends: HashMap<(u32, Text), ObjectEnd>,
    /// Number of records that have not been found.
    missing: usize,
}

/// Wanted records by index, by archive and path of the object.
type WantedOfObjects<'p> = HashMap<(u32, Text), HashMap<u32, Vec<WantedRecord<'p>>>>;

/// Looks for records.
struct Seeker<'s> {
    wanted: &'s WantedOfObjects<'s>,
    found: &'s Mutex<Found>,
}

impl WantedRecord<'_> {
    fn compare(&self, found: &FoundRecord<'_>) -> Lookup {
        let is_it = match (self.event_id, found.record) {
            (None, _) => return Lookup::It(found.text.to_owned()),
            (Some(id), Ok(record)) => record.event_id() == id,
            (Some(_), Err(_)) => false,
        };
        if is_it {
            return Lookup::It(found.text.to_owned());
        }
        let record = found.index_in_file;
        Lookup::Another(match found.record {
            Ok(other) => format!("record {record} has the event id '{}'", other.event_id()),
            Err(reason) => format!("record {record} cannot be read: {reason}"),
        })
    }
}

impl<'s> Visitor for Seeker<'s> {
    /// What is wanted of the object.
    type Part = Option<&'s HashMap<u32, Vec<WantedRecord<'s>>>>;

    fn begin_piece(&mut self, current: &CurrentObject<'_>) -> Self::Part {
        self.wanted.get(&(current.object.archive, current.object.path.clone()))
    }

    fn record(&mut self, part: &mut Self::Part, found: &FoundRecord<'_>, _: &mut ObjectContext<'_>) {
        let here = part.and_then(|wanted| wanted.get(&found.index_in_file));
        for wanted in here.into_iter().flatten().filter(|wanted| wanted.inner == found.inner) {
            let mut state = lock(self.found);
            // Files in an archive may share a name.
            if !matches!(state.lookups.get(&wanted.number), Some(Lookup::It(_))) {
                let lookup = wanted.compare(found);
                state.missing -= usize::from(matches!(lookup, Lookup::It(_)) && state.missing > 0);
                state.lookups.insert(wanted.number, lookup);
            }
        }
    }

    fn join_pieces(_: &mut Self::Part, _: Self::Part, _: u32) {}

    fn end_object(&mut self, _: Self::Part, result: &ObjectResult<'_>, _: &mut Coverage) {
        let object = result.current.object;
        let fault = result.faults.first().map(|fault| fault.detail.clone());
        let end = ObjectEnd { checksum: result.stored.checksum, fault };
        lock(self.found).ends.insert((object.archive, object.path.clone()), end);
    }
}

/// Ends the scan once all records were found, unless objects are read in full.
struct StopWhenFound<'u> {
    found: &'u Mutex<Found>,
    is_in_full: bool,
    progress: &'u dyn Progress,
}

impl Progress for StopWhenFound<'_> {
    fn reading(&self, objects: Option<u64>) {
        self.progress.reading(objects);
    }

    fn read(&self, object: ObjectRead) {
        self.progress.read(object);
    }

    fn stopped(&self) -> bool {
        !self.is_in_full && lock(self.found).missing == 0 || self.progress.stopped()
    }
}

fn lock(found: &Mutex<Found>) -> MutexGuard<'_, Found> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}
