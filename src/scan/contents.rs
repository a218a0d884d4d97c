//! Shows the content of each object, and its checksum, to a function: for what is compared as a whole instead of by records.

use std::io::Cursor;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{ObjectRead, Progress, ScanError, ScanSettings};
use crate::checksum::{Checksum, Hasher};
use crate::decode::{ContentEnd, Decoder, stream_content};
use crate::memory::Budget;
use crate::source::{Archives, Listing, LogObject, ReadError, Supplied, Supply};

/// Limit on the part of a content that is shown if it is not held completely.
pub const CONTENT_HEAD: usize = 64 << 10;

/// The content of one object, read to its end.
#[derive(Debug)]
pub struct ObjectContent<'r> {
    /// Which object.
    pub object: &'r LogObject,
    /// Its user metadata in S3, sorted by name.
    pub user_metadata: &'r [(String, String)],
    /// SHA-256 of the content: of all bytes without compression.
    pub checksum: Checksum,
    /// The content if it is held, otherwise its beginning, of [`CONTENT_HEAD`] bytes.
    pub bytes: &'r [u8],
    /// Whether `bytes` is all of it.
    pub is_whole: bool,
    /// How the content ended.
    pub end: ContentEnd,
    /// Why the stored bytes could not be read, if so.
    pub error: Option<ReadError>,
}

/// Reads all listed objects on all threads. What `examine` returns for each is returned, by the object's number, together with
/// the listing.
///
/// # Errors
/// If the threads cannot be started or the run was ended early.
pub fn read_contents<T: Send>(
    archives: &Archives,
    listing: Listing,
    settings: &ScanSettings,
    examine: &(dyn Fn(ObjectContent<'_>) -> T + Sync),
    progress: &dyn Progress,
) -> Result<(Vec<T>, Listing), ScanError> {
    let supply = archives.supply_listed(listing);
    progress.reading(supply.total());
    let budget = Budget::new(settings.memory);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.threads.max(1)).build()?;
    let found = Mutex::new(Vec::new());
    pool.broadcast(|_| {
        let mut decoder = Decoder::with_budget(settings.max_object_size, &budget);
        let (mut stored, mut examined) = (Vec::new(), Vec::new());
        while let Some(mut supplied) = supply.next(&|| progress.stopped()) {
            let number = supplied.number;
            let reader = Reader { supply: &supply, decoder: &mut decoder, settings };
            let (size, result) = reader.read(&mut supplied, &mut stored, examine);
            examined.push((number, result));
            let delivered = supplied.object.delivered;
            progress.read(ObjectRead { stored_bytes: size, records: 0, delivered });
            if let Some(traffic) = supply.traffic() {
                progress.traffic(&traffic);
            }
        }
        found.lock().unwrap_or_else(PoisonError::into_inner).append(&mut examined);
    });
    if progress.stopped() {
        return Err(ScanError::Stopped);
    }
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_unstable_by_key(|(number, _)| *number);
    Ok((found.into_iter().map(|(_, result)| result).collect(), supply.finish()))
}

/// Reads one object.
struct Reader<'r, 'a> {
    supply: &'r Supply<'a>,
    decoder: &'r mut Decoder,
    settings: &'r ScanSettings,
}

impl Reader<'_, '_> {
    /// Shows the content to `examine`; returns its result and the stored size.
    fn read<T>(
        self,
        supplied: &mut Supplied<'_>,
        stored: &mut Vec<u8>,
        examine: &dyn Fn(ObjectContent<'_>) -> T,
    ) -> (u64, T) {
        let taken = self.supply.take(supplied, stored);
        let (object, user_metadata) = (&*supplied.object, supplied.user_metadata());
        let (mut large, error) = match taken {
            Ok(large) => (large, None),
            Err(error) => (None, Some(error)),
        };
        let limit = self.settings.max_object_size;
        let size = large.as_ref().map_or(stored.len() as u64, |large| large.size().unwrap_or(0));
        if large.is_none()
            && let Some(content) = self.decoder.content(stored)
        {
            let (bytes, end) = (content.bytes, content.end);
            let checksum = Checksum::of(bytes);
            let whole = ObjectContent { object, user_metadata, checksum, bytes, is_whole: true, end, error };
            return (size, examine(whole));
        }
        let (mut hasher, mut head) = (Hasher::default(), Vec::new());
        let mut each = |part: &[u8]| {
            hasher.add(part);
            head.extend_from_slice(&part[..part.len().min(CONTENT_HEAD - head.len())]);
        };
        let end = match &mut large {
            Some(large) => stream_content(large, limit, &mut each),
            None => stream_content(&mut Cursor::new(&*stored), limit, &mut each),
        };
        let (checksum, bytes) = (hasher.finish(), &head[..]);
        let is_whole = bytes.len() < CONTENT_HEAD;
        let content = ObjectContent { object, user_metadata, checksum, bytes, is_whole, end, error };
        (size, examine(content))
    }
}

/// Applies a function to all items on several threads; the results are in their order.
///
/// # Errors
/// If the threads cannot be started.
pub fn map_on_threads<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    map: &(dyn Fn(&T) -> R + Sync),
) -> Result<Vec<R>, ScanError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build()?;
    let (next, mapped) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(items.len())));
    pool.broadcast(|_| {
        let mut own = Vec::new();
        while let (index, Some(item)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            (index, items.get(index))
        } {
            own.push((index, map(item)));
        }
        mapped.lock().unwrap_or_else(PoisonError::into_inner).append(&mut own);
    });
    let mut mapped = mapped.into_inner().unwrap_or_else(PoisonError::into_inner);
    mapped.sort_unstable_by_key(|(index, _)| *index);
    Ok(mapped.into_iter().map(|(_, result)| result).collect())
}
