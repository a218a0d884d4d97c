//! Sorted runs of packed events in a temporary file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

use super::packed::{Entry, Packed};

/// Buffer for each run that is read or written.
const BUFFER: usize = 64 << 10;

/// A temporary file with sorted runs, one after another.
#[derive(Debug)]
pub(super) struct RunFile {
    file: Mutex<File>,
    /// Start and end of each run.
    runs: Vec<(u64, u64)>,
}

impl RunFile {
    pub(super) fn new(file: File) -> Self {
        Self { file: Mutex::new(file), runs: Vec::new() }
    }

    /// The number of its runs.
    pub(super) fn count(&self) -> usize {
        self.runs.len()
    }

    fn file(&mut self) -> &mut File {
        self.file.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a run of the events that `each` hands to its argument, in order.
    pub(super) fn add(
        &mut self,
        each: impl FnOnce(&mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()>,
    ) -> io::Result<()> {
        let file = self.file();
        let start = file.seek(SeekFrom::End(0))?;
        let mut out = BufWriter::with_capacity(BUFFER, file);
        let mut end = start;
        each(&mut |event| {
            let length = u32::try_from(event.len()).map_err(io::Error::other)?;
            out.write_all(&length.to_le_bytes())?;
            out.write_all(event)?;
            end += 4 + u64::from(length);
            Ok(())
        })?;
        out.flush()?;
        drop(out);
        self.runs.push((start, end));
        Ok(())
    }

    /// Removes all runs.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.runs.clear();
        self.file().set_len(0)
    }

    /// One reader for each run.
    pub(super) fn readers(&self) -> impl Iterator<Item = RunReader<'_>> {
        self.runs.iter().map(|(start, end)| {
            let segment = Segment { file: &self.file, at: *start, end: *end };
            RunReader::File(BufReader::with_capacity(BUFFER, segment))
        })
    }
}

/// Part of a file that several readers share.
#[derive(Debug)]
pub(super) struct Segment<'m> {
    file: &'m Mutex<File>,
    at: u64,
    end: u64,
}

impl Read for Segment<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(&mut buffer[..wanted])?;
        if read == 0 && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += read as u64;
        Ok(read)
    }
}

/// Reads one run.
#[derive(Debug)]
pub(super) enum RunReader<'m> {
    /// From memory.
    Memory {
        /// All packed events.
        bytes: &'m [u8],
        /// Their places, in order.
        entries: std::slice::Iter<'m, Entry>,
    },
    /// From a temporary file.
    File(BufReader<Segment<'m>>),
}

/// The bytes of a packed event.
#[derive(Debug)]
pub(super) enum PackedBytes<'m> {
    Borrowed(&'m [u8]),
    Owned(Vec<u8>),
}

impl PackedBytes<'_> {
    pub(super) fn packed(&self) -> Packed<'_> {
        match self {
            Self::Borrowed(bytes) => Packed(bytes),
            Self::Owned(bytes) => Packed(bytes),
        }
    }
}

impl<'m> RunReader<'m> {
    /// The next event of the run.
    pub(super) fn next(&mut self) -> io::Result<Option<PackedBytes<'m>>> {
        match self {
            Self::Memory { bytes, entries } => {
                Ok(entries.next().map(|entry| PackedBytes::Borrowed(&bytes[entry.range()])))
            }
            Self::File(file) => {
                if file.fill_buf()?.is_empty() {
                    return Ok(None);
                }
                let mut length = [0; 4];
                file.read_exact(&mut length)?;
                let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
                file.read_exact(&mut bytes)?;
                Ok(Some(PackedBytes::Owned(bytes)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_was_cut_off_is_an_error_not_its_end() {
        for (left, whole) in [(8, 1), (5, 0), (4, 0), (2, 0), (0, 0)] {
            let mut file = RunFile::new(tempfile::tempfile().unwrap());
            file.add(|add| [b"abcd", b"efgh"].into_iter().try_for_each(|event| add(event))).unwrap();
            let mut reader = file.readers().next().unwrap();
            for _ in 0..2 {
                reader.next().unwrap().unwrap();
            }
            assert!(reader.next().unwrap().is_none());
            drop(reader);
            file.file().set_len(left).unwrap();
            let mut reader = file.readers().next().unwrap();
            for _ in 0..whole {
                reader.next().unwrap().unwrap();
            }
            assert_eq!(reader.next().unwrap_err().kind(), io::ErrorKind::UnexpectedEof, "{left} bytes");
        }
    }
}
