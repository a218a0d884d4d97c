//! A large object read piecemeal: its checksum, its size, and the error that ended it.

use std::io::{self, Read, Seek, SeekFrom};

use super::object::{ObjectState, StoredBytes};
use crate::checksum::{Checksum, Hasher};
use crate::source::{LargeBody, LogObject};

/// A large object while it is cut. An error ends it, and is kept.
pub(super) struct Intake<'l> {
    pub(super) large: &'l mut LargeBody,
    /// What was read so far, from the beginning and in order.
    hasher: Option<Hasher>,
    wants_checksum: bool,
    read: u64,
    error: Option<io::Error>,
}

impl<'l> Intake<'l> {
    pub(super) fn new(large: &'l mut LargeBody, wants_checksum: bool) -> Self {
        let hasher = wants_checksum.then(Hasher::default);
        Self { large, hasher, wants_checksum, read: 0, error: None }
    }

    /// The size and checksum as stored. What could not be read is a fault of the object.
    pub(super) fn finish(mut self, object: &LogObject, state: &mut ObjectState) -> StoredBytes {
        if self.hasher.is_some() {
            // The rest may not have been read.
            let _ = io::copy(&mut self, &mut io::sink());
        }
        let mut checksum = self.hasher.take().map(Hasher::finish);
        let mut size = match checksum {
            Some(_) => self.read,
            None => self.large.size().unwrap_or(self.read),
        };
        // Only zip archives are read in another order.
        if self.wants_checksum && checksum.is_none() {
            match self.large.rewind().and_then(|()| Checksum::of_all(&mut self.large)) {
                Ok((found, read)) => (checksum, size) = (Some(found), read),
                Err(error) => self.error = self.error.or(Some(error)),
            }
        }
        if let Some(error) = self.error {
            state.note_read_error(object, error.into());
        }
        StoredBytes { size, checksum }
    }
}

impl Read for Intake<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.error.is_some() {
            return Ok(0);
        }
        match self.large.read(buffer) {
            Ok(read) => {
                self.read += read as u64;
                if let Some(hasher) = &mut self.hasher {
                    hasher.add(&buffer[..read]);
                }
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.error = Some(error);
                Ok(0)
            }
        }
    }
}

impl Seek for Intake<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let before = self.read;
        let at = self.large.seek(to)?;
        // The checksum is that of the bytes that are visited, also if the file changes meanwhile.
        (self.hasher, self.read) = match at {
            0 => (self.wants_checksum.then(Hasher::default), 0),
            at if at == before => (self.hasher.take(), before),
            _ => (None, before),
        };
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::scan::{ScanSettings, Silent, list};
    use crate::source::Archives;

    #[test]
    fn the_checksum_is_that_of_the_bytes_that_were_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(&path, "before").unwrap();
        let mut large = LargeBody::File(fs::File::open(&path).unwrap());
        let mut intake = Intake::new(&mut large, true);
        let mut bytes = Vec::new();
        intake.read_exact(&mut [0; 2]).unwrap();
        intake.rewind().unwrap();
        intake.by_ref().take(4).read_to_end(&mut bytes).unwrap();
        fs::write(&path, "behind").unwrap();
        let archives = Archives::open(&[folder.path().to_owned()]).unwrap();
        let listing = list(&archives, &ScanSettings::default(), &Silent).unwrap();
        let stored = intake.finish(&listing.objects[0], &mut ObjectState::default());
        assert_eq!((&bytes[..], stored.size), (&b"befo"[..], 6));
        assert_eq!(stored.checksum, Some(Checksum::of(b"befond")));
    }
}
