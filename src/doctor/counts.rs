//! Numbers of records in an object that was opened.

use crate::decode::FoundRecord;
use crate::event::AnyRecord;
use crate::time::Timestamp;

/// The span of two spans.
pub(super) fn joined(one: Option<[Timestamp; 2]>, other: Option<[Timestamp; 2]>) -> Option<[Timestamp; 2]> {
    let (Some([first, last]), Some([other_first, other_last])) = (one, other) else { return one.or(other) };
    Some([first.min(other_first), last.max(other_last)])
}

/// Numbers of records, and of bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Events of CloudTrail.
    pub(super) cloudtrail: u64,
    /// Audit events of Kubernetes.
    pub(super) kubernetes: u64,
    /// Those among them whose cluster nothing names.
    pub(super) unnamed: u64,
    /// All records.
    pub(super) records: u64,
    /// The times of the first and the last event.
    pub(super) events: Option<[Timestamp; 2]>,
    /// Bytes of their texts.
    pub(super) json_bytes: u64,
    /// Bytes as stored in which these were.
    pub(super) stored_bytes: u64,
}

impl Counts {
    /// Counts a record. `is_named` says whether its carrier or its path names a cluster.
    pub(super) fn add(&mut self, found: &FoundRecord<'_>, is_named: bool) {
        self.records += 1;
        self.json_bytes += found.text.len() as u64;
        match found.record {
            Ok(AnyRecord::CloudTrail(record)) => {
                self.cloudtrail += u64::from(record.event_name.is_some());
                self.add_time(record.time().map(|(time, _)| time));
            }
            Ok(AnyRecord::Kubernetes(record)) => {
                self.kubernetes += 1;
                self.unnamed += u64::from(!is_named);
                self.add_time(record.time().map(|(time, _)| time));
            }
            Err(_) => {}
        }
    }

    fn add_time(&mut self, time: Option<Timestamp>) {
        self.events = joined(self.events, time.map(|time| [time, time]));
    }

    /// Adds the numbers of the next piece of an object.
    pub(super) fn join(&mut self, next: &Self) {
        self.cloudtrail += next.cloudtrail;
        self.kubernetes += next.kubernetes;
        self.unnamed += next.unnamed;
        self.events = joined(self.events, next.events);
        self.records += next.records;
        self.json_bytes += next.json_bytes;
    }
}
