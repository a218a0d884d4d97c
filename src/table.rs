//! Writes columns of plain values to one Parquet file, zstd-compressed. With the readers of `store` and `decode/ocsf` the only place
//! that knows Parquet.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, SchemaDescriptor};

use crate::model::EventId;

/// Rows per row group: few enough to find one principal without reading all, enough to compress well.
pub const ROWS_PER_GROUP: usize = 128 * 1024;

/// Bytes of distinct texts in a row group up to which they are stored once: enough for the paths of some 30,000 log objects.
const DICTIONARY: usize = 4 << 20;

/// The values of one column.
#[derive(Debug)]
pub enum Column<'a> {
    /// Texts.
    Text(Vec<Option<&'a str>>),
    /// Texts that rarely repeat, such as event ids: no dictionary, no statistics.
    Unique(Vec<Option<&'a str>>),
    /// The same for event ids.
    Ids(Vec<Option<&'a EventId>>),
    /// Texts that were copied.
    Copied(&'a TextBuffer),
    /// Copied texts that rarely repeat.
    CopiedUnique(&'a TextBuffer),
    /// A list of texts in each row. The schema has a group of the type `LIST` for it.
    Lists(&'a ListBuffer),
    /// Numbers.
    Long(Vec<Option<i64>>),
    /// Numbers that look random, such as hashes.
    Hash(Vec<Option<i64>>),
    /// Numbers.
    Int(Vec<Option<i32>>),
    /// Numbers that look random.
    ShortHash(Vec<Option<i32>>),
    /// Truth values.
    Flag(Vec<Option<bool>>),
}

/// Texts of one column, copied one after another.
#[derive(Clone, Debug, Default)]
pub struct TextBuffer {
    bytes: Vec<u8>,
    /// For each text its end; `None` for a missing one.
    ends: Vec<Option<usize>>,
}

/// Lists of texts, one for each row.
#[derive(Clone, Debug, Default)]
pub struct ListBuffer {
    texts: TextBuffer,
    /// The number of texts in each row.
    lengths: Vec<usize>,
}

impl TextBuffer {
    /// Adds a value.
    pub fn push(&mut self, text: Option<&str>) {
        self.bytes.extend(text.unwrap_or_default().as_bytes());
        self.ends.push(text.map(|_| self.bytes.len()));
    }

    /// Bytes in memory.
    pub fn size(&self) -> usize {
        self.bytes.len() + size_of_val(&self.ends[..])
    }

    /// The values that are not missing.
    fn present(&self, rows: Range<usize>) -> Vec<ByteArray> {
        let bytes = Bytes::copy_from_slice(&self.bytes);
        let mut start = self.ends[..rows.start].iter().rev().copied().flatten().next().unwrap_or(0);
        let ends = self.ends[rows].iter().copied().flatten();
        ends.map(|end| ByteArray::from(bytes.slice(std::mem::replace(&mut start, end)..end))).collect()
    }
}

impl ListBuffer {
    /// Adds the list of a row.
    pub fn push<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) {
        let before = self.texts.ends.len();
        texts.into_iter().for_each(|text| self.texts.push(Some(text)));
        self.lengths.push(self.texts.ends.len() - before);
    }

    /// Bytes in memory.
    pub fn size(&self) -> usize {
        self.texts.size() + size_of_val(&self.lengths[..])
    }
}

impl Column<'_> {
    /// Number of its values.
    pub fn rows(&self) -> usize {
        match self {
            Self::Text(values) | Self::Unique(values) => values.len(),
            Self::Ids(values) => values.len(),
            Self::Copied(texts) | Self::CopiedUnique(texts) => texts.ends.len(),
            Self::Lists(lists) => lists.lengths.len(),
            Self::Long(values) | Self::Hash(values) => values.len(),
            Self::Int(values) | Self::ShortHash(values) => values.len(),
            Self::Flag(values) => values.len(),
        }
    }

    /// Sets how a column like this is encoded.
    fn encode(&self, path: ColumnPath, properties: WriterPropertiesBuilder) -> WriterPropertiesBuilder {
        match self {
            Self::Text(_) | Self::Flag(_) => properties,
            // Their rows are sorted by something else, so that in every group nearly all values occur.
            Self::Copied(_) | Self::Lists(_) => properties
                .set_column_statistics_enabled(path.clone(), EnabledStatistics::None)
                .set_column_dictionary_page_size_limit(path, DICTIONARY),
            Self::Unique(_) | Self::CopiedUnique(_) | Self::Ids(_) | Self::Hash(_) | Self::ShortHash(_) => {
                properties
                    .set_column_dictionary_enabled(path.clone(), false)
                    .set_column_statistics_enabled(path, EnabledStatistics::None)
            }
            Self::Long(_) | Self::Int(_) => properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
        }
    }
}

/// Writes all rows of a table: columns in the order of the schema, a Parquet message type.
///
/// # Errors
/// If the columns are not those of the schema, or if writing fails.
pub fn write(schema: &str, columns: &[Column<'_>], out: impl Write + Send) -> io::Result<()> {
    let mut table = TableWriter::new(schema, columns, None, out)?;
    let rows = columns.first().map_or(0, Column::rows);
    for start in (0..rows).step_by(ROWS_PER_GROUP) {
        table.write_group(columns, start..rows.min(start + ROWS_PER_GROUP)).map_err(io::Error::other)?;
    }
    table.file.close().map_err(io::Error::other).map(drop)
}

/// Writes a table whose rows come in groups.
pub struct TableWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
}

impl<W: Write + Send> TableWriter<W> {
    /// Begins a table that has the same bytes as one of [`write()`], if every group but the last has [`ROWS_PER_GROUP`] rows. `columns`
    /// shows the kind of each column, in the order of the schema.
    ///
    /// # Errors
    /// If the columns are not those of the schema.
    pub fn in_groups(schema: &str, columns: &[Column<'_>], out: W) -> io::Result<Self> {
        Self::new(schema, columns, None, out)
    }

    /// Writes one group with all rows of these columns.
    ///
    /// # Errors
    /// If the columns are not those of the schema, or if writing fails.
    pub fn add_group(&mut self, columns: &[Column<'_>]) -> io::Result<()> {
        let rows = columns.first().map_or(0, Column::rows);
        self.write_group(columns, 0..rows).map_err(io::Error::other)
    }

    /// Writes the end of the table.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(self) -> io::Result<W> {
        self.file.into_inner().map_err(io::Error::other)
    }

    /// Begins a table; `columns` shows the kind of each column, in the order of the schema. `sorted_by` is the number of the
    /// column by which all rows are sorted.
    fn new(schema: &str, columns: &[Column<'_>], sorted_by: Option<i32>, out: W) -> io::Result<Self> {
        Self::begin(schema, columns, sorted_by, out).map_err(io::Error::other)
    }

    fn begin(schema: &str, columns: &[Column<'_>], sorted_by: Option<i32>, out: W) -> Result<Self> {
        let schema = Arc::new(parse_message_type(schema)?);
        let sorting = sorted_by
            .map(|column_idx| vec![SortingColumn { column_idx, descending: false, nulls_first: false }]);
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_created_by(concat!("firstseen ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_sorting_columns(sorting);
        let leaves = SchemaDescriptor::new(Arc::clone(&schema));
        for (leaf, column) in leaves.columns().iter().zip(columns) {
            properties = column.encode(leaf.path().clone(), properties);
        }
        Ok(Self { file: SerializedFileWriter::new(out, schema, Arc::new(properties.build()))? })
    }

    fn write_group(&mut self, columns: &[Column<'_>], rows: Range<usize>) -> Result<()> {
        let mut group = self.file.next_row_group()?;
        for column in columns {
            let missing = || ParquetError::General("more columns than the schema has".to_owned());
            let mut writer = group.next_column()?.ok_or_else(missing)?;
            write_column(column, rows.clone(), &mut writer)?;
            writer.close()?;
        }
        group.close().map(drop)
    }
}

/// A table whose bytes are taken after each group of rows.
pub type StreamedTable = TableWriter<Vec<u8>>;

impl StreamedTable {
    /// Begins a table as [`write()`] does; its rows are sorted by the first column.
    ///
    /// # Errors
    /// If the columns are not those of the schema.
    pub fn sorted_by_first(schema: &str, columns: &[Column<'_>]) -> io::Result<Self> {
        Self::new(schema, columns, Some(0), Vec::new())
    }

    /// Writes one group with all rows of these columns.
    ///
    /// # Errors
    /// If the columns are not those of the schema, or if writing to `out` fails.
    pub fn group(&mut self, columns: &[Column<'_>], out: &mut dyn Write) -> io::Result<()> {
        self.add_group(columns)?;
        self.file.flush()?;
        out.write_all(self.file.inner())?;
        // Positions are counted by the writer, not by this list.
        self.file.inner_mut().clear();
        Ok(())
    }

    /// Writes the end of the table.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn end(self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.file.into_inner().map_err(io::Error::other)?)
    }
}

fn write_column(
    column: &Column<'_>,
    rows: Range<usize>,
    writer: &mut SerializedColumnWriter<'_>,
) -> Result<()> {
    match column {
        Column::Text(values) | Column::Unique(values) => {
            write_values::<ByteArrayType, _>(&values[rows], |text| ByteArray::from(*text), writer)
        }
        Column::Ids(values) => {
            let text = |id: &&EventId| ByteArray::from(id.to_string().into_bytes());
            write_values::<ByteArrayType, _>(&values[rows], text, writer)
        }
        Column::Copied(texts) | Column::CopiedUnique(texts) => {
            let present = texts.present(rows.clone());
            let levels = || texts.ends[rows].iter().map(|end| i16::from(end.is_some())).collect();
            write_present::<ByteArrayType>(&present, levels, writer)
        }
        Column::Lists(lists) => write_lists(lists, rows, writer),
        Column::Long(values) | Column::Hash(values) => {
            write_values::<Int64Type, _>(&values[rows], |number| *number, writer)
        }
        Column::Int(values) | Column::ShortHash(values) => {
            write_values::<Int32Type, _>(&values[rows], |number| *number, writer)
        }
        Column::Flag(values) => write_values::<BoolType, _>(&values[rows], |flag| *flag, writer),
    }
}

fn write_values<T: DataType, V>(
    values: &[Option<V>],
    convert: impl Fn(&V) -> T::T,
    writer: &mut SerializedColumnWriter<'_>,
) -> Result<()> {
    let present: Vec<T::T> = values.iter().flatten().map(convert).collect();
    let levels = || values.iter().map(|value| i16::from(value.is_some())).collect();
    write_present::<T>(&present, levels, writer)
}

/// Writes the values that are not missing; `levels` has 1 for each of them and 0 for each that is.
fn write_present<T: DataType>(
    present: &[T::T],
    levels: impl FnOnce() -> Vec<i16>,
    writer: &mut SerializedColumnWriter<'_>,
) -> Result<()> {
    let writer = writer.typed::<T>();
    let levels = levels();
    if writer.get_descriptor().max_def_level() > 0 {
        writer.write_batch(present, Some(&levels), None)?;
    } else if present.len() == levels.len() {
        writer.write_batch(present, None, None)?;
    } else {
        return Err(ParquetError::General("a required value is missing".to_owned()));
    }
    Ok(())
}

/// Writes lists. An empty one counts as missing: level 0; a text has level 2, and all but the first of a list repeat it.
fn write_lists(
    lists: &ListBuffer,
    rows: Range<usize>,
    writer: &mut SerializedColumnWriter<'_>,
) -> Result<()> {
    let before: usize = lists.lengths[..rows.start].iter().sum();
    let count: usize = lists.lengths[rows.clone()].iter().sum();
    let (mut levels, mut repeats) = (Vec::new(), Vec::new());
    for length in &lists.lengths[rows] {
        levels.extend(std::iter::repeat_n(2, *length));
        repeats.extend((0..*length).map(|index| i16::from(index > 0)));
        if *length == 0 {
            levels.push(0);
            repeats.push(0);
        }
    }
    let present = lists.texts.present(before..before + count);
    writer.typed::<ByteArrayType>().write_batch(&present, Some(&levels), Some(&repeats)).map(drop)
}
