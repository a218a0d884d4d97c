//! The events of one worker: packed in memory, and beyond a limit in sorted runs in temporary files.

use std::fs::File;
use std::io;

use super::heads::{Heads, Run};
use super::packed::{Entry, Packed, Place, Placed, order};
use super::run_file::{RunFile, RunReader};
use crate::model::Text;

/// Makes a temporary file that the system removes once it is closed.
pub type MakeFile<'m> = dyn Fn() -> io::Result<File> + Sync + 'm;

/// So many runs of one level are joined to one of the next level. So few runs are ever read at once, however many events there are.
const JOINED: usize = 32;

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
    /// One file for each level.
    levels: Vec<RunFile>,
}

impl Runs {
    /// Keeps up to `limit` bytes of events in memory.
    pub(super) fn new(limit: usize) -> Self {
        let (bytes, entries, places) = (Vec::new(), Vec::new(), Vec::new());
        Self { bytes, entries, places, limit: limit.min(MOST), levels: Vec::new() }
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
    /// If a temporary file cannot be made or written. Then what was added is incomplete.
    pub(super) fn add(&mut self, make: &MakeFile<'_>, pack: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let at = self.bytes.len();
        pack(&mut self.bytes);
        self.entries.push(Entry::of(&self.bytes, at).map_err(io::Error::other)?);
        let held = self.bytes.len() + self.entries.len() * size_of::<Entry>();
        if held > self.limit { self.spill(make) } else { Ok(()) }
    }

    fn sort(&mut self) {
        let Self { bytes, entries, places, .. } = self;
        entries.sort_unstable_by(|left, right| {
            let placed = |entry: &Entry| Placed { packed: Packed(&bytes[entry.range()]), places };
            left.start().cmp(&right.start()).then_with(|| order(placed(left), placed(right)))
        });
    }

    /// Moves all events in memory to a file.
    fn spill(&mut self, make: &MakeFile<'_>) -> io::Result<()> {
        self.sort();
        if self.levels.is_empty() {
            self.levels.push(RunFile::new(make()?));
        }
        let Self { bytes, entries, levels, .. } = self;
        levels[0].add(|add| entries.iter().try_for_each(|entry| add(&bytes[entry.range()])))?;
        entries.clear();
        bytes.clear();
        self.join(make)
    }

    /// Joins the runs of each level that has enough of them.
    fn join(&mut self, make: &MakeFile<'_>) -> io::Result<()> {
        let mut level = 0;
        while self.levels[level].count() >= JOINED {
            if self.levels.len() == level + 1 {
                self.levels.push(RunFile::new(make()?));
            }
            let (below, above) = self.levels.split_at_mut(level + 1);
            let places = &self.places[..];
            let runs = below[level].readers().map(|reader| Run { reader, places, worker: 0 });
            let mut heads = Heads::of(runs.collect())?;
            above[0].add(|add| {
                while let Some(head) = heads.pop()? {
                    add(head.packed().0)?;
                }
                Ok(())
            })?;
            drop(heads);
            below[level].clear()?;
            level += 1;
        }
        Ok(())
    }

    /// Sorts what is left in memory. Call it once all events were added.
    pub(super) fn finish(mut self) -> SortedRuns {
        self.sort();
        let Self { bytes, entries, places, levels, .. } = self;
        SortedRuns { bytes, entries, places, levels }
    }
}

/// The events of one worker, in sorted runs.
#[derive(Debug)]
pub(super) struct SortedRuns {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    pub(super) places: Vec<Place>,
    levels: Vec<RunFile>,
}

impl SortedRuns {
    /// All runs of the worker with this number.
    pub(super) fn runs(&self, worker: usize) -> impl Iterator<Item = Run<'_>> {
        let memory = RunReader::Memory { bytes: &self.bytes, entries: self.entries.iter() };
        let readers = self.levels.iter().flat_map(RunFile::readers).chain([memory]);
        readers.map(move |reader| Run { reader, places: &self.places, worker })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn few_runs_are_read_at_once_however_many_were_written() {
        let made = AtomicUsize::new(0);
        let make = || {
            made.fetch_add(1, Ordering::Relaxed);
            tempfile::tempfile()
        };
        let mut runs = Runs::new(0);
        let count = JOINED * JOINED * 2 + JOINED + 3;
        for number in 0..count {
            // The times of events are their first bytes.
            let time = (number * 7919 % count) as i64;
            runs.add(&make, |out| out.extend(time.to_le_bytes())).unwrap();
        }
        assert_eq!(made.into_inner(), 3);
        let runs = runs.finish();
        assert_eq!(runs.runs(0).count(), 2 + 1 + 3 + 1);
        let mut heads = Heads::of(runs.runs(0).collect()).unwrap();
        let mut times = Vec::new();
        while let Some(head) = heads.pop().unwrap() {
            times.push(head.packed().time().micros());
        }
        assert_eq!(times, (0..count as i64).collect::<Vec<_>>());
    }
}
