//! The records of a baseline, wherever they are: in memory as they were learnt, in a saved table, or in several of both that were joined.
//!
//! Joining moves no record. Objects and behaviours get other numbers, and the rows are merged while they are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::StoreError;
use super::records::{RecordBatches, RecordTable};
use crate::catalog::RecordEntry;

/// Copies: for each object the indexes of its records that are.
pub(super) type Copies = BTreeMap<u32, RoaringBitmap>;

/// Every counted record with an event id, ordered by object and index.
#[derive(Clone, Debug, Default)]
pub struct Records {
    sources: Vec<Source>,
    /// Which of them are copies; none if they say so themselves.
    copies: Option<Copies>,
}

/// Records that have the numbers of one baseline.
#[derive(Clone, Debug)]
struct Source {
    rows: SourceRows,
    /// The new number of each of its objects; none if they are the same. They are in the same order.
    objects: Option<Vec<u32>>,
    /// The same for behaviours, in any order.
    behaviours: Option<Vec<u32>>,
}

#[derive(Clone, Debug)]
enum SourceRows {
    Memory(Arc<[RecordEntry]>),
    Table(RecordTable),
}

impl From<Vec<RecordEntry>> for Records {
    /// Records that are ordered by object and index.
    fn from(records: Vec<RecordEntry>) -> Self {
        Self::of(SourceRows::Memory(records.into()))
    }
}

impl From<RecordTable> for Records {
    fn from(table: RecordTable) -> Self {
        Self::of(SourceRows::Table(table))
    }
}

impl PartialEq for Records {
    /// Whether both have the same records. All are read.
    fn eq(&self, other: &Self) -> bool {
        let (mut own, mut others) = (self.rows(), other.rows());
        loop {
            match (own.next_row(), others.next_row()) {
                (Ok(None), Ok(None)) => return true,
                (Ok(left), Ok(right)) if left == right => {}
                _ => return false,
            }
        }
    }
}

impl Records {
    fn of(rows: SourceRows) -> Self {
        Self { sources: vec![Source { rows, objects: None, behaviours: None }], copies: None }
    }

    /// The number of records.
    pub fn count(&self) -> u64 {
        let count = |source: &Source| match &source.rows {
            SourceRows::Memory(records) => records.len() as u64,
            SourceRows::Table(table) => table.rows() as u64,
        };
        self.sources.iter().map(count).sum()
    }

    /// All of them, in order.
    pub fn rows(&self) -> Rows<'_> {
        let heads = self.sources.iter().map(Head::new).collect();
        Rows {
            heads,
            current: 0,
            object: None,
            copies: self.copies.as_ref(),
            of_object: None,
            is_started: false,
        }
    }

    /// Gives objects and behaviours other numbers: that of `n` is at index `n`. Objects of a saved table must stay in the same order.
    pub(super) fn renumber(&mut self, objects: &[u32], behaviours: Option<&[u32]>) {
        for source in &mut self.sources {
            renumber(&mut source.objects, objects);
            if let Some(behaviours) = behaviours {
                renumber(&mut source.behaviours, behaviours);
            }
            source.restore_order();
        }
        if let Some(copies) = &mut self.copies {
            *copies = std::mem::take(copies)
                .into_iter()
                .map(|(object, records)| (new_number(objects, object), records))
                .collect();
        }
    }

    /// The records of both, none of them a copy until [`Self::set_copies`] says so.
    pub(super) fn join(self, other: Self) -> Self {
        let sources = self.sources.into_iter().chain(other.sources).collect();
        Self { sources, copies: Some(Copies::new()) }
    }

    pub(super) fn set_copies(&mut self, copies: Copies) {
        self.copies = Some(copies);
    }
}

impl Source {
    /// Sorts records in memory if their objects are in another order now, because their archives were not in the order of names.
    fn restore_order(&mut self) {
        let objects = self.objects.iter().flatten().filter(|number| **number != GONE);
        if let SourceRows::Memory(records) = &mut self.rows
            && !objects.is_sorted()
        {
            let mut sorted: Vec<RecordEntry> = records.to_vec();
            sorted.iter_mut().for_each(|row| row.renumber(&self.objects, &self.behaviours));
            sorted.sort_by_key(|row| (row.object, row.record));
            *self = Self { rows: SourceRows::Memory(sorted.into()), objects: None, behaviours: None };
        }
    }
}

impl RecordEntry {
    fn renumber(&mut self, objects: &Option<Vec<u32>>, behaviours: &Option<Vec<u32>>) {
        let of = |numbers: &Option<Vec<u32>>, old| numbers.as_ref().map_or(old, |new| new_number(new, old));
        (self.object, self.behaviour) = (of(objects, self.object), of(behaviours, self.behaviour));
    }
}

/// The number of an object that is gone, because it could not be read: it had no records.
pub(super) const GONE: u32 = u32::MAX;

fn new_number(new: &[u32], old: u32) -> u32 {
    new.get(old as usize).copied().unwrap_or(GONE)
}

fn renumber(numbers: &mut Option<Vec<u32>>, new: &[u32]) {
    match numbers {
        Some(numbers) => numbers.iter_mut().for_each(|number| *number = new_number(new, *number)),
        None => *numbers = Some(new.to_vec()),
    }
}

/// Reads records in order.
pub struct Rows<'r> {
    /// Where each source is.
    heads: Vec<Head<'r>>,
    /// The source that has the records of the current object: all of one object are in the same.
    current: usize,
    object: Option<u32>,
    copies: Option<&'r Copies>,
    /// The copies in the current object.
    of_object: Option<&'r RoaringBitmap>,
    is_started: bool,
}

impl Rows<'_> {
    /// The next record; `None` after the last one.
    ///
    /// # Errors
    /// If the table cannot be read or is damaged.
    pub fn next_row(&mut self) -> Result<Option<RecordEntry>, StoreError> {
        if !self.is_started {
            self.is_started = true;
            self.heads.iter_mut().try_for_each(Head::fill)?;
        }
        let mut next = self.heads.get(self.current).and_then(Head::peek);
        if next.is_none() || next.map(|row| row.object) != self.object {
            let heads = self.heads.iter().enumerate();
            let first = heads.filter_map(|(number, head)| Some((head.peek()?.object, number))).min();
            let Some((object, number)) = first else { return Ok(None) };
            (self.current, self.object) = (number, Some(object));
            self.of_object = self.copies.and_then(|copies| copies.get(&object));
            next = self.heads[number].peek();
        }
        self.heads[self.current].skip()?;
        let is_copy = |row: &RecordEntry| match self.copies {
            None => row.is_copy,
            Some(_) => self.of_object.is_some_and(|records| records.contains(row.record)),
        };
        Ok(next.map(|row| RecordEntry { is_copy: is_copy(&row), ..row }))
    }
}

/// Where one source is.
struct Head<'r> {
    source: &'r Source,
    /// What follows the batch.
    rest: Rest<'r>,
    batch: Vec<RecordEntry>,
    at: usize,
}

enum Rest<'r> {
    Memory(std::slice::Chunks<'r, RecordEntry>),
    Table(RecordBatches<'r>),
}

/// Records in memory are renumbered so many at once.
const CHUNK: usize = 1 << 10;

impl<'r> Head<'r> {
    fn new(source: &'r Source) -> Self {
        let rest = match &source.rows {
            SourceRows::Memory(records) => Rest::Memory(records.chunks(CHUNK)),
            SourceRows::Table(table) => Rest::Table(table.batches()),
        };
        Self { source, rest, batch: Vec::new(), at: 0 }
    }

    /// The next record, with its new numbers.
    fn peek(&self) -> Option<RecordEntry> {
        self.batch.get(self.at).copied()
    }

    fn skip(&mut self) -> Result<(), StoreError> {
        self.at += 1;
        if self.at < self.batch.len() { Ok(()) } else { self.fill() }
    }

    fn fill(&mut self) -> Result<(), StoreError> {
        self.at = 0;
        match &mut self.rest {
            Rest::Memory(chunks) => {
                self.batch.clear();
                self.batch.extend_from_slice(chunks.next().unwrap_or_default());
            }
            Rest::Table(batches) => batches.next(&mut self.batch)?,
        }
        let Source { objects, behaviours, .. } = self.source;
        self.batch.iter_mut().for_each(|row| row.renumber(objects, behaviours));
        Ok(())
    }
}
