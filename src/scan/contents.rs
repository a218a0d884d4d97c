//! Shows the content of each object, and its checksum, to a function: for what is compared as a whole instead of by records.

use std::io::{self, Cursor, Read};
use std::sync::{Mutex, PoisonError};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::{ObjectRead, Progress, ScanError, ScanSettings};
use crate::checksum::{Checksum, Hasher};
use crate::decode::{CONTENT_HELD, ContentEnd, Decoder, stream_content};
use crate::source::{Archives, Listing, LogObject, ReadError, Supplied, Supply};

/// The content of one object, read to its end.
#[derive(Debug)]
pub struct ObjectContent<'r> {
    /// Which object.
    pub object: &'r LogObject,
    /// Its user metadata in S3, sorted by name.
    pub user_metadata: &'r [(String, String)],
    /// SHA-256 of the content: of all bytes without compression.
    pub checksum: Checksum,
    /// SHA-256 of the same bytes as stored, if requested: [`ScanSettings::checksums`].
    pub stored: Option<Checksum>,
    /// The content, or the beginning of one that is too large to be held.
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
    let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.threads.max(1)).build()?;
    let found = Mutex::new(Vec::new());
    pool.broadcast(|_| {
        let decoder = Decoder::new(settings.max_object_size);
        let limit = settings.max_object_size;
        let hashes_stored = settings.checksums;
        let (stored, held) = (Vec::new(), Vec::new());
        let mut reader = Reader { supply: &supply, limit, hashes_stored, decoder, stored, held };
        let mut examined = Vec::new();
        while let Some(mut supplied) = supply.next(&|| progress.stopped()) {
            let number = supplied.number;
            let (size, result) = reader.read(&mut supplied, examine);
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

/// Reads objects one after another, reusing its memory.
struct Reader<'r, 'a> {
    supply: &'r Supply<'a>,
    /// The maximum number of bytes inflated for an object.
    limit: u64,
    hashes_stored: bool,
    decoder: Decoder,
    stored: Vec<u8>,
    held: Vec<u8>,
}

impl Reader<'_, '_> {
    /// Shows the content to `examine`; returns its result and the stored size.
    fn read<T>(&mut self, supplied: &mut Supplied<'_>, examine: &dyn Fn(ObjectContent<'_>) -> T) -> (u64, T) {
        let Self { supply, limit, hashes_stored, decoder, stored, held } = self;
        let taken = supply.take(supplied, stored);
        let (object, user_metadata) = (&*supplied.object, supplied.user_metadata());
        let (mut large, error) = match taken {
            Ok(large) => (large, None),
            Err(error) => (None, Some(error)),
        };
        let size = large.as_ref().map_or(stored.len() as u64, |large| large.size().unwrap_or(0));
        if large.is_none()
            && let Some(content) = decoder.content(stored)
        {
            let (bytes, end) = (content.bytes, content.end);
            let checksum = Checksum::of(bytes);
            let stored = hashes_stored.then(|| Checksum::of(stored));
            let is_whole = true;
            let whole =
                ObjectContent { object, user_metadata, checksum, stored, bytes, is_whole, end, error };
            return (size, examine(whole));
        }
        held.clear();
        let (mut hasher, mut is_whole) = (Hasher::default(), true);
        let mut each = |part: &[u8]| {
            hasher.add(part);
            is_whole &= (held.len() + part.len()) as u64 <= CONTENT_HELD;
            if is_whole {
                held.extend_from_slice(part);
            }
        };
        let mut held_bytes = Cursor::new(&*stored);
        let from: &mut dyn Read = match &mut large {
            Some(large) => large,
            None => &mut held_bytes,
        };
        let mut from = HashedReader { from, hasher: hashes_stored.then(Hasher::default) };
        let end = stream_content(&mut from, *limit, &mut each);
        let stored = from.finish();
        let (checksum, bytes) = (hasher.finish(), &held[..]);
        let content = ObjectContent { object, user_metadata, checksum, stored, bytes, is_whole, end, error };
        (size, examine(content))
    }
}

/// Hashes what is read, if that is wanted.
struct HashedReader<'r> {
    from: &'r mut dyn Read,
    hasher: Option<Hasher>,
}

impl HashedReader<'_> {
    /// The checksum of all bytes, also of those that were not read so far; none if they cannot be read.
    fn finish(mut self) -> Option<Checksum> {
        self.hasher.as_ref()?;
        io::copy(&mut self, &mut io::sink()).ok()?;
        self.hasher.map(Hasher::finish)
    }
}

impl Read for HashedReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.hasher.iter_mut().for_each(|hasher| hasher.add(&buffer[..read]));
        Ok(read)
    }
}

/// Applies a function to all items on several threads; the results are in their order.
///
/// # Errors
/// If the threads cannot be started.
pub fn map_on_threads<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    map: impl Fn(&T) -> R + Sync + Send,
) -> Result<Vec<R>, ScanError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build()?;
    Ok(pool.install(|| items.par_iter().map(map).collect()))
}
