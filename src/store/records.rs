//! The table `records`: what identifies copies of a record, across runs. The only table that grows with the number of records, so
//! it is read and written in batches.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::column::reader::{ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{BoolType, DataType, Int32Type, Int64Type};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::StoreError;
use super::error::TableError;
use super::file_chunks::FileChunks;
use super::table;
use crate::catalog::RecordEntry;
use crate::observe::Fingerprint;
use crate::table::Column;
use crate::time::Day;

pub(super) const SCHEMA: &str = "message records {
    required int64 object;
    required int64 record;
    required int64 id_hash;
    required int32 content_hash;
    required int64 behaviour;
    required int32 day (DATE);
    required boolean failed;
    required boolean is_copy;
}";

pub(super) fn columns(records: &[RecordEntry]) -> Vec<Column<'static>> {
    let number = |of: fn(&RecordEntry) -> u32| {
        Column::Long(records.iter().map(|record| Some(i64::from(of(record)))).collect())
    };
    let ids = records.iter().map(|record| Some(record.fingerprint.parts().0 as i64)).collect();
    let contents = records.iter().map(|record| Some(record.fingerprint.parts().1 as i32)).collect();
    vec![
        number(|record| record.object),
        number(|record| record.record),
        Column::Hash(ids),
        Column::ShortHash(contents),
        number(|record| record.behaviour),
        Column::Int(records.iter().map(|record| Some(record.day.number())).collect()),
        Column::Flag(records.iter().map(|record| Some(record.failed)).collect()),
        Column::Flag(records.iter().map(|record| Some(record.is_copy)).collect()),
    ]
}

/// The table of a saved baseline.
#[derive(Clone)]
pub(super) struct RecordTable {
    file: FileChunks,
    reader: Arc<SerializedFileReader<FileChunks>>,
    path: Arc<Path>,
    rows: usize,
    /// Numbers of objects and behaviours of its baseline.
    limits: (usize, usize),
}

impl RecordTable {
    /// Opens the table. The objects and behaviours of its rows must be below these numbers, which is checked as they are read.
    pub(super) fn open(file: FileChunks, path: PathBuf, limits: (usize, usize)) -> Result<Self, TableError> {
        let (reader, rows) = table::open(file.clone(), SCHEMA)?;
        Ok(Self { file, reader: Arc::new(reader), path: path.into(), rows, limits })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// All rows, from the first one.
    pub(super) fn batches(&self) -> RecordBatches<'_> {
        RecordBatches { table: self, group: 0, columns: None, left_in_group: 0, read: 0, last: None }
    }
}

impl std::fmt::Debug for RecordTable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} rows of '{}'", self.rows, self.path.display())
    }
}

/// The most bytes of a decoded group: some ten times those of the largest that is written.
const LARGEST_GROUP: u64 = 64 << 20;

/// Rows that are read at once.
const BATCH: usize = 8 << 10;

/// Reads the rows of a table in order.
pub(super) struct RecordBatches<'t> {
    table: &'t RecordTable,
    /// The group to read next.
    group: usize,
    columns: Option<Box<RecordColumns>>,
    left_in_group: usize,
    /// Number of rows read.
    read: usize,
    /// Object and index of the last one.
    last: Option<(u32, u32)>,
}

impl RecordBatches<'_> {
    /// Replaces `batch` by the next rows; it is empty after the last one.
    pub(super) fn next(&mut self, batch: &mut Vec<RecordEntry>) -> Result<(), StoreError> {
        batch.clear();
        self.fill(batch)
            .map_err(|TableError(reason)| StoreError::Damaged { path: self.table.path.to_path_buf(), reason })
    }

    fn fill(&mut self, batch: &mut Vec<RecordEntry>) -> Result<(), TableError> {
        while batch.is_empty() {
            if self.left_in_group == 0 && !self.begin_group()? {
                return if self.read == self.table.rows {
                    Ok(())
                } else {
                    Err("it has another number of rows".into())
                };
            }
            let Some(columns) = &mut self.columns else { return Ok(()) };
            let rows = self.left_in_group.min(BATCH);
            columns.read(rows, batch)?;
            self.left_in_group -= rows;
            self.read += rows;
        }
        self.check(batch)
    }

    /// Begins the next group; `false` if there is none.
    fn begin_group(&mut self) -> Result<bool, TableError> {
        let reader = &self.table.reader;
        if self.group == reader.num_row_groups() {
            return Ok(false);
        }
        let group = table::without_panics(|| reader.get_row_group(self.group))?;
        self.group += 1;
        self.left_in_group = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        // Rows are sorted, so that groups with rows cannot be the same bytes again and again.
        if self.left_in_group > 0 {
            self.check_size(group.metadata())?;
        }
        let mut index = 0..;
        let mut next = || table::without_panics(|| group.get_column_reader(index.next().unwrap_or_default()));
        self.columns = Some(Box::new(RecordColumns {
            object: NumberColumn::new(get_typed_column_reader::<Int64Type>(next()?)),
            record: NumberColumn::new(get_typed_column_reader::<Int64Type>(next()?)),
            id_hash: NumberColumn::new(get_typed_column_reader::<Int64Type>(next()?)),
            content_hash: NumberColumn::new(get_typed_column_reader::<Int32Type>(next()?)),
            behaviour: NumberColumn::new(get_typed_column_reader::<Int64Type>(next()?)),
            day: NumberColumn::new(get_typed_column_reader::<Int32Type>(next()?)),
            failed: NumberColumn::new(get_typed_column_reader::<BoolType>(next()?)),
            is_copy: NumberColumn::new(get_typed_column_reader::<BoolType>(next()?)),
        }));
        Ok(true)
    }

    /// Checks that a group is not too large, as stored and decoded.
    fn check_size(&self, group: &RowGroupMetaData) -> Result<(), TableError> {
        let mut decoded = 0_u64;
        for chunk in group.columns() {
            if chunk.compressed_size() <= LARGEST_GROUP as i64 {
                decoded = decoded.saturating_add(table::check_pages(&self.table.file, chunk)?);
            } else {
                decoded = u64::MAX;
            }
        }
        if decoded > LARGEST_GROUP { Err("its groups are too large".into()) } else { Ok(()) }
    }

    fn check(&mut self, batch: &[RecordEntry]) -> Result<(), TableError> {
        let (objects, behaviours) = self.table.limits;
        let fits = |entry: &RecordEntry| {
            (entry.object as usize) < objects
                && ((entry.behaviour as usize) < behaviours || entry.behaviour == RecordEntry::NO_BEHAVIOUR)
        };
        if !batch.iter().all(fits) {
            return Err(TableError::value("object or behaviour"));
        }
        for record in batch {
            let place = Some((record.object, record.record));
            if self.last >= place {
                return Err("its rows are not sorted".into());
            }
            self.last = place;
        }
        Ok(())
    }
}

/// The columns of one group of rows.
struct RecordColumns {
    object: NumberColumn<Int64Type>,
    record: NumberColumn<Int64Type>,
    id_hash: NumberColumn<Int64Type>,
    content_hash: NumberColumn<Int32Type>,
    behaviour: NumberColumn<Int64Type>,
    day: NumberColumn<Int32Type>,
    failed: NumberColumn<BoolType>,
    is_copy: NumberColumn<BoolType>,
}

impl RecordColumns {
    /// Appends so many rows.
    fn read(&mut self, rows: usize, batch: &mut Vec<RecordEntry>) -> Result<(), TableError> {
        let number = |name| move |number: i64| u32::try_from(number).map_err(|_| TableError::value(name));
        let (object, record, behaviour) = (number("object"), number("record"), number("behaviour"));
        let objects = self.object.read(rows)?;
        let records = self.record.read(rows)?;
        let ids = self.id_hash.read(rows)?;
        let contents = self.content_hash.read(rows)?;
        let behaviours = self.behaviour.read(rows)?;
        let days = self.day.read(rows)?;
        let (failed, is_copy) = (self.failed.read(rows)?, self.is_copy.read(rows)?);
        for row in 0..rows {
            batch.push(RecordEntry {
                object: object(objects[row])?,
                record: record(records[row])?,
                fingerprint: Fingerprint::from_parts((ids[row] as u64, contents[row] as u32)),
                behaviour: behaviour(behaviours[row])?,
                day: Day::from_number(days[row]),
                failed: failed[row],
                is_copy: is_copy[row],
            });
        }
        Ok(())
    }
}

/// A column without gaps, of one group of rows.
struct NumberColumn<T: DataType> {
    reader: ColumnReaderImpl<T>,
    values: Vec<T::T>,
}

impl<T: DataType> NumberColumn<T> {
    fn new(reader: ColumnReaderImpl<T>) -> Self {
        Self { reader, values: Vec::new() }
    }

    /// The next values, exactly so many.
    fn read(&mut self, rows: usize) -> Result<&[T::T], TableError> {
        self.values.clear();
        table::without_panics(|| self.reader.read_records(rows, None, None, &mut self.values))?;
        if self.values.len() == rows { Ok(&self.values) } else { Err("a column ends too early".into()) }
    }
}
