//! A finding, reduced to the data needed to count it for every setting.

use crate::query::FindingKind;
use crate::time::Timestamp;

/// The relevant parts of one finding.
#[derive(Clone, Copy, Debug)]
pub(super) struct EnumeratedFinding {
    pub(super) time: Timestamp,
    pub(super) known_micros: i64,
    pub(super) gap_micros: Option<i64>,
    /// Index of its principal, in the order of names.
    pub(super) principal: u32,
    /// Its number, in the order of names.
    pub(super) action: u32,
    /// Index of its day among those with findings.
    pub(super) day: u32,
    pub(super) kind: FindingKind,
    pub(super) read_only: bool,
}
