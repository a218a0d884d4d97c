//! Checksums of objects, to compare them by content.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Progress, ScanError};
use crate::checksum::Checksum;
use crate::model::Text;
use crate::source::{Archives, Listing, LogObject};

/// Checksums by archive and path.
pub type Checksums = HashMap<(u32, Text), Checksum>;

/// Reads objects on all threads and returns their checksums; unreadable objects have none.
///
/// # Errors
/// If the threads cannot be started.
pub fn checksums(
    archives: &Archives,
    objects: Vec<LogObject>,
    threads: usize,
    progress: &dyn Progress,
) -> Result<Checksums, ScanError> {
    let supply = archives.supply_listed(Listing { objects, ..Listing::default() });
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build()?;
    let found = Mutex::new(Checksums::new());
    pool.broadcast(|_| {
        let mut bytes = Vec::new();
        while let Some(mut supplied) = supply.next(&|| progress.stopped()) {
            let checksum = match supply.take(&mut supplied, &mut bytes) {
                Ok(None) => Some(Checksum::of(&bytes)),
                Ok(Some(mut large)) => Checksum::of_all(&mut large).ok().map(|(checksum, _)| checksum),
                Err(_) => None,
            };
            if let Some(checksum) = checksum {
                let key = (supplied.object.archive, supplied.object.path.clone());
                found.lock().unwrap_or_else(PoisonError::into_inner).insert(key, checksum);
            }
        }
    });
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}
