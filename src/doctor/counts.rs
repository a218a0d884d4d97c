//! Numbers of records in an object that was opened.

use crate::decode::FoundRecord;
use crate::event::AnyRecord;

/// Numbers of records, and of bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Events of CloudTrail.
    pub(super) cloudtrail: u64,
    /// Audit events of Kubernetes.
    pub(super) kubernetes: u64,
    /// All records.
    pub(super) records: u64,
    /// Bytes of their texts.
    pub(super) json_bytes: u64,
    /// Bytes as stored in which these were.
    pub(super) stored_bytes: u64,
}

impl Counts {
    /// Counts a record.
    pub(super) fn add(&mut self, found: &FoundRecord<'_>) {
        self.records += 1;
        self.json_bytes += found.text.len() as u64;
        match found.record {
            Ok(AnyRecord::CloudTrail(record)) => self.cloudtrail += u64::from(record.event_name.is_some()),
            Ok(AnyRecord::Kubernetes(_)) => self.kubernetes += 1,
            Err(_) => {}
        }
    }

    /// Adds the numbers of the next piece of an object.
    pub(super) fn join(&mut self, next: &Self) {
        self.cloudtrail += next.cloudtrail;
        self.kubernetes += next.kubernetes;
        self.records += next.records;
        self.json_bytes += next.json_bytes;
    }
}
