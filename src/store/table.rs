//! Reads columns of plain values from one Parquet file.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::schema::parser::parse_message_type;

use crate::guard::guarded;
use crate::parquet_headers::{self, PageContent, chunk_range, each_page, have_room};
use crate::table::ROWS_PER_GROUP;

/// Calls the library, and turns a panic into an error.
pub(super) fn without_panics<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    guarded(call).unwrap_or_else(|| Err(ParquetError::General("it contradicts itself".to_owned())))
}

/// An open table, or some of its groups of rows.
pub(super) struct Table {
    reader: Arc<SerializedFileReader<Bytes>>,
    groups: Range<usize>,
    rows: usize,
}

/// Opens a table whose columns must be those of the schema. Also returns the number of its rows.
pub(super) fn open<R: ChunkReader + 'static>(
    file: R,
    schema: &str,
) -> Result<(SerializedFileReader<R>, usize)> {
    if !parquet_headers::is_sound(&footer(&file)?) {
        return Err(ParquetError::General("its table of contents is outrageous".to_owned()));
    }
    let reader = without_panics(|| SerializedFileReader::new(file))?;
    let file = reader.metadata().file_metadata();
    // The name of the schema does not matter.
    if file.schema().get_fields() != parse_message_type(schema)?.get_fields() {
        return Err(ParquetError::General("its columns are not those of this version".to_owned()));
    }
    let rows = usize::try_from(file.num_rows()).unwrap_or_default();
    Ok((reader, rows))
}

/// The footer of a table.
fn footer(file: &impl ChunkReader) -> Result<Bytes> {
    const END: u64 = 8;
    let cut_off = || ParquetError::General("it is cut off".to_owned());
    let rest = file.len().checked_sub(END).ok_or_else(cut_off)?;
    let end = file.get_bytes(rest, END as usize)?;
    let length = end.first_chunk().and_then(|end| parquet_headers::footer_length(*end));
    let start = length.and_then(|length| rest.checked_sub(length.into())).ok_or_else(cut_off)?;
    file.get_bytes(start, (rest - start) as usize)
}

/// How many times larger a table may be decoded than in its file. Real ones are up to four times as large; paths and names of a group that
/// repeat are stored once and not decoded again.
const MOST_EXPANSION: u64 = 250;

/// So much a small table may be decoded, whatever its size.
const SMALL: u64 = 64 << 20;

/// Checks the pages of a column of a group before the library reads them: it believes what they say of themselves, and they could be
/// made to need gigabytes. Returns their decoded size.
pub(super) fn check_pages(file: &impl ChunkReader, chunk: &ColumnChunkMetaData) -> Result<u64> {
    let contradicts = || ParquetError::General("a page contradicts itself".to_owned());
    // Of other compressions the library decodes whatever they hold.
    let is_bounded = matches!(chunk.compression(), Compression::ZSTD(_));
    let (start, length) =
        chunk_range(chunk.dictionary_page_offset(), chunk.data_page_offset(), chunk.compressed_size())
            .filter(|_| is_bounded)
            .ok_or_else(contradicts)?;
    if start.saturating_add(length as u64) > file.len() {
        return Err(contradicts());
    }
    let mut size = 0_u64;
    each_page(&file.get_bytes(start, length)?, |header, _| {
        size = size.saturating_add(header.size);
        !matches!(header.content, Some(PageContent::Values { grows: true, .. }))
    })
    .map(|()| size)
    .ok_or_else(contradicts)
}

impl Table {
    /// Opens the bytes of a table whose columns must be those of the schema.
    pub(super) fn open(bytes: Bytes, schema: &str) -> Result<Self> {
        let (reader, rows) = open(bytes.clone(), schema)?;
        let chunks = || reader.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns);
        if !have_room(chunks().map(ColumnChunkMetaData::compressed_size), bytes.len() as u64) {
            return Err(ParquetError::General("its columns overlap".to_owned()));
        }
        let decoded = chunks().try_fold(0_u64, |sum, chunk| {
            Ok::<_, ParquetError>(sum.saturating_add(check_pages(&bytes, chunk)?))
        })?;
        let stored = bytes.len() as u64;
        // Ids of events hardly compress, and values of one event share its id.
        let is_of_events = schema.contains("event_id (");
        if decoded > SMALL + MOST_EXPANSION * stored || is_of_events && rows as u64 > stored {
            return Err(ParquetError::General("it has more than its bytes can hold".to_owned()));
        }
        Ok(Self { rows, groups: 0..reader.num_row_groups(), reader: Arc::new(reader) })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Its groups of rows: read one after another, their columns are not all in memory at once.
    pub(super) fn by_group(&self) -> Result<Vec<Self>> {
        let rows = |group| usize::try_from(self.reader.metadata().row_group(group).num_rows());
        let group = |group: usize| {
            let rows = rows(group).unwrap_or_default();
            Self { reader: Arc::clone(&self.reader), groups: group..group + 1, rows }
        };
        let groups: Vec<Self> = self.groups.clone().map(group).collect();
        if groups.iter().fold(0, |sum: usize, group| sum.saturating_add(group.rows)) == self.rows {
            Ok(groups)
        } else {
            Err(ParquetError::General("its groups have another number of rows".to_owned()))
        }
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<Option<ByteArray>>> {
        self.values::<ByteArrayType>(name)
    }

    pub(super) fn longs(&self, name: &str) -> Result<Vec<Option<i64>>> {
        self.values::<Int64Type>(name)
    }

    pub(super) fn ints(&self, name: &str) -> Result<Vec<Option<i32>>> {
        self.values::<Int32Type>(name)
    }

    pub(super) fn flags(&self, name: &str) -> Result<Vec<Option<bool>>> {
        self.values::<BoolType>(name)
    }

    fn values<T: DataType>(&self, name: &str) -> Result<Vec<Option<T::T>>> {
        without_panics(|| self.read_values::<T>(name))
    }

    fn read_values<T: DataType>(&self, name: &str) -> Result<Vec<Option<T::T>>> {
        let fields = self.reader.metadata().file_metadata().schema().get_fields();
        let missing = || ParquetError::General(format!("there is no column '{name}'"));
        let index = fields.iter().position(|field| field.name() == name).ok_or_else(missing)?;
        // The number of rows is only what the file claims.
        let mut all = Vec::with_capacity(self.rows.min(ROWS_PER_GROUP));
        for group in self.groups.clone() {
            let group = self.reader.get_row_group(group)?;
            let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
            let reader = group.get_column_reader(index)?;
            let (mut levels, mut present) = (Vec::new(), Vec::new());
            let mut reader = get_typed_column_reader::<T>(reader);
            let mut read = 0;
            while read < rows {
                let wanted = (rows - read).min(ROWS_PER_GROUP);
                let (records, ..) = reader.read_records(wanted, Some(&mut levels), None, &mut present)?;
                if records == 0 {
                    return Err(ParquetError::General(format!("column '{name}' ends too early")));
                }
                read += records;
            }
            if present.len() == rows {
                all.extend(present.into_iter().map(Some));
            } else {
                let mut present = present.into_iter();
                all.extend(levels.iter().map(|level| if *level > 0 { present.next() } else { None }));
            }
        }
        if all.len() == self.rows {
            Ok(all)
        } else {
            Err(ParquetError::General(format!("column '{name}' has another number of rows")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parquet_headers::tests::nested;

    #[test]
    fn a_table_with_an_outrageous_schema_does_not_open() {
        const SCHEMA: &str = "message m { required int64 x; }";
        let mut empty = Vec::new();
        crate::table::write(SCHEMA, &[], &mut empty).unwrap();
        assert_eq!(Table::open(empty.clone().into(), SCHEMA).unwrap().rows(), 0);
        for bad in [nested(200_000), empty[..7].to_vec(), empty[..empty.len() - 1].to_vec(), Vec::new()] {
            assert!(Table::open(bad.into(), SCHEMA).is_err());
        }
    }

    #[test]
    fn a_small_table_does_not_hold_much() {
        use crate::table::Column;
        const EVENTS: &str = "message m { required binary event_id (STRING); }";
        const TEXTS: &str = "message m { required binary text (STRING); }";
        let opens = |schema: &str, texts: &[&str]| {
            let mut bytes = Vec::new();
            let column = Column::Text(texts.iter().copied().map(Some).collect());
            crate::table::write(schema, &[column], &mut bytes).unwrap();
            Table::open(bytes.into(), schema).is_ok()
        };
        let ids: Vec<String> = (0..20_000).map(|id| format!("{id:x}")).collect();
        assert!(opens(EVENTS, &ids.iter().map(String::as_str).collect::<Vec<_>>()));
        assert!(!opens(EVENTS, &["one id"; 20_000]), "rows that are all the same");
        assert!(opens(TEXTS, &["one text"; 20_000]));
        assert!(!opens(TEXTS, &[&" ".repeat(80 << 20)]), "a text that is all the same");
    }
}
