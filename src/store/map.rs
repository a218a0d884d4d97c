//! Memory-mapped files, used without reading them first. The only place with `unsafe`, and it never sees bytes of an archive.

use std::io;
use std::path::Path;

use bytes::Bytes;
use memmap2::Mmap;

use crate::file;

/// The content of a file, mapped.
#[expect(unsafe_code, reason = "a mapped file could be changed by someone else while it is read")]
pub(super) fn map(path: &Path) -> io::Result<Bytes> {
    let (file, metadata) = file::open(path)?;
    if metadata.len() == 0 {
        // Empty files cannot be mapped.
        return Ok(Bytes::new());
    }
    // SAFETY: tables are never changed in place: a new baseline is another folder, renamed into the place of the old
    // one, and the files of the old one stay as long as they are mapped. Someone who writes to a table anyway, or
    // truncates it, can crash this process, as with any mapped file.
    let map = unsafe { Mmap::map(&file)? };
    Ok(Bytes::from_owner(map))
}
