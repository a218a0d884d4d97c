//! What was read of each archive.

use std::sync::atomic::{AtomicU64, Ordering};

/// What was read of one archive so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArchiveAccount {
    /// Objects whose stored bytes were read, completely or in part.
    pub read: u64,
    /// Objects that could not be read.
    pub failed: u64,
    /// Bytes of those read, as stored.
    pub bytes: u64,
}

/// The same while it is counted by several threads.
#[derive(Debug, Default)]
pub(super) struct AccountCounters {
    read: AtomicU64,
    failed: AtomicU64,
    bytes: AtomicU64,
}

impl AccountCounters {
    /// Counts an object that has this many bytes, or could not be read.
    pub(super) fn count(&self, bytes: Option<u64>) {
        match bytes {
            Some(bytes) => {
                self.read.fetch_add(1, Ordering::Relaxed);
                self.bytes.fetch_add(bytes, Ordering::Relaxed);
            }
            None => {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn account(&self) -> ArchiveAccount {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ArchiveAccount { read: of(&self.read), failed: of(&self.failed), bytes: of(&self.bytes) }
    }
}
