//! The events of one worker: packed in memory, and beyond a limit in sorted runs in a temporary file.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::packed::{Packed, Place, order};
use crate::model::Text;

/// Makes a temporary file that the system removes once it is closed.
pub type MakeFile<'m> = dyn Fn() -> io::Result<File> + Sync + 'm;

/// Buffer for each run that is read.
const BUFFER: usize = 64 << 10;

/// An event in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    time: i64,
    event_id: u64,
    at: u32,
    length: u32,
}

impl Entry {
    fn range(self) -> std::ops::Range<usize> {
        self.at as usize..self.at as usize + self.length as usize
    }
}

/// Maximum of bytes in memory, so that a position takes 32 bits.
const MOST: usize = 1 << 31;

/// Collects packed events.
#[derive(Debug)]
pub(super) struct Runs {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    places: Vec<Place>,
    /// Bytes of memory for events.
    limit: usize,
    file: Option<File>,
    /// Start and end of each run in the file.
    runs: Vec<(u64, u64)>,
}

impl Runs {
    /// Keeps up to `limit` bytes of events in memory.
    pub(super) fn new(limit: usize) -> Self {
        let (bytes, entries, places) = (Vec::new(), Vec::new(), Vec::new());
        Self { bytes, entries, places, limit: limit.min(MOST), file: None, runs: Vec::new() }
    }

    /// The number of a place. Records of one file come one after another.
    pub(super) fn place(&mut self, archive: u32, object: &Text) -> u32 {
        let is_it = |(known, path): &Place| *known == archive && path == object;
        if !self.places.last().is_some_and(is_it) {
            self.places.push((archive, object.clone()));
        }
        u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
    }

    /// Adds the event that `pack` appends.
    ///
    /// # Errors
    /// If the temporary file cannot be made or written.
    pub(super) fn add(&mut self, make: &MakeFile<'_>, pack: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let at = self.bytes.len();
        pack(&mut self.bytes);
        let packed = Packed(&self.bytes[at..]);
        let number = |number: usize| u32::try_from(number).map_err(io::Error::other);
        self.entries.push(Entry {
            time: packed.time().micros(),
            event_id: packed.event_id_start(),
            at: number(at)?,
            length: number(packed.0.len())?,
        });
        let held = self.bytes.len() + self.entries.len() * size_of::<Entry>();
        if held > self.limit { self.spill(make) } else { Ok(()) }
    }

    fn sort(&mut self) {
        let Self { bytes, entries, places, .. } = self;
        entries.sort_unstable_by(|left, right| {
            let packed = |entry: &Entry| (Packed(&bytes[entry.range()]), &places[..]);
            (left.time, left.event_id)
                .cmp(&(right.time, right.event_id))
                .then_with(|| order(packed(left), packed(right)))
        });
    }

    /// Moves all events in memory to the file.
    fn spill(&mut self, make: &MakeFile<'_>) -> io::Result<()> {
        self.sort();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(make()?),
        };
        let start = file.seek(SeekFrom::End(0))?;
        let mut out = BufWriter::with_capacity(BUFFER, file);
        let mut end = start;
        for entry in &self.entries {
            out.write_all(&entry.length.to_le_bytes())?;
            out.write_all(&self.bytes[entry.range()])?;
            end += 4 + u64::from(entry.length);
        }
        out.flush()?;
        drop(out);
        self.runs.push((start, end));
        self.entries.clear();
        self.bytes.clear();
        Ok(())
    }

    /// Sorts what is left in memory. Call it once all events were added.
    pub(super) fn finish(mut self) -> SortedRuns {
        self.sort();
        let Self { bytes, entries, places, file, runs, .. } = self;
        SortedRuns { bytes, entries, places, file: file.map(|file| Arc::new(Mutex::new(file))), runs }
    }
}

/// The events of one worker, in sorted runs.
#[derive(Debug)]
pub(super) struct SortedRuns {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    pub(super) places: Vec<Place>,
    file: Option<Arc<Mutex<File>>>,
    runs: Vec<(u64, u64)>,
}

impl SortedRuns {
    /// One reader for each run.
    pub(super) fn readers(&self) -> Vec<RunReader<'_>> {
        let memory = RunReader::Memory { bytes: &self.bytes, entries: self.entries.iter() };
        let of_file = |file: &Arc<Mutex<File>>| {
            let segment = |(start, end): &(u64, u64)| {
                let segment = Segment { file: Arc::clone(file), at: *start, end: *end };
                RunReader::File(BufReader::with_capacity(BUFFER, segment))
            };
            self.runs.iter().map(segment).collect::<Vec<_>>()
        };
        self.file.iter().flat_map(of_file).chain([memory]).collect()
    }
}

/// Part of a file that several readers share.
#[derive(Debug)]
pub(super) struct Segment {
    file: Arc<Mutex<File>>,
    at: u64,
    end: u64,
}

impl Read for Segment {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(&mut buffer[..wanted])?;
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
    /// From the temporary file.
    File(BufReader<Segment>),
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
                let mut length = [0; 4];
                match file.read_exact(&mut length) {
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                    read => read?,
                }
                let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
                file.read_exact(&mut bytes)?;
                Ok(Some(PackedBytes::Owned(bytes)))
            }
        }
    }
}
