//! Reads and writes columns of plain values in one Parquet file. The only place that knows Parquet.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use crate::model::EventId;

/// Rows per row group: few enough to find one principal without reading all, enough to compress well.
const ROWS_PER_GROUP: usize = 128 * 1024;

/// The values of one column.
pub(super) enum Column<'a> {
    Text(Vec<Option<&'a str>>),
    /// Texts that rarely repeat, such as event ids: no dictionary, no statistics.
    Unique(Vec<Option<&'a str>>),
    /// The same for event ids.
    Ids(Vec<Option<&'a EventId>>),
    Long(Vec<Option<i64>>),
    /// Numbers that look random, such as hashes.
    Hash(Vec<Option<i64>>),
    Int(Vec<Option<i32>>),
    ShortHash(Vec<Option<i32>>),
    Flag(Vec<Option<bool>>),
}

impl Column<'_> {
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Text(values) | Self::Unique(values) => values.len(),
            Self::Ids(values) => values.len(),
            Self::Long(values) | Self::Hash(values) => values.len(),
            Self::Int(values) | Self::ShortHash(values) => values.len(),
            Self::Flag(values) => values.len(),
        }
    }
}

/// Writes columns in the order of the schema, a Parquet message type.
pub(super) fn write(schema: &str, columns: &[Column<'_>], out: impl Write + Send) -> Result<()> {
    let schema = Arc::new(parse_message_type(schema)?);
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_created_by(concat!("firstseen ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for (field, column) in schema.get_fields().iter().zip(columns) {
        let path = ColumnPath::from(field.name());
        properties = match column {
            Column::Text(_) | Column::Flag(_) => properties,
            Column::Unique(_) | Column::Ids(_) | Column::Hash(_) | Column::ShortHash(_) => properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_statistics_enabled(path, EnabledStatistics::None),
            Column::Long(_) | Column::Int(_) => properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
        };
    }
    let rows = columns.first().map_or(0, Column::rows);
    let mut file = SerializedFileWriter::new(out, schema, Arc::new(properties.build()))?;
    for start in (0..rows).step_by(ROWS_PER_GROUP) {
        let range = start..rows.min(start + ROWS_PER_GROUP);
        let mut group = file.next_row_group()?;
        for column in columns {
            let missing = || ParquetError::General("more columns than the schema has".to_owned());
            let mut writer = group.next_column()?.ok_or_else(missing)?;
            write_column(column, range.clone(), &mut writer)?;
            writer.close()?;
        }
        group.close()?;
    }
    file.close()?;
    Ok(())
}

fn write_column(
    column: &Column<'_>,
    rows: std::ops::Range<usize>,
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
    let writer = writer.typed::<T>();
    let optional = writer.get_descriptor().max_def_level() > 0;
    let present: Vec<T::T> = values.iter().flatten().map(convert).collect();
    if optional {
        let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
        writer.write_batch(&present, Some(&levels), None)?;
    } else if present.len() == values.len() {
        writer.write_batch(&present, None, None)?;
    } else {
        return Err(ParquetError::General("a required value is missing".to_owned()));
    }
    Ok(())
}

/// An open table.
pub(super) struct Table {
    reader: SerializedFileReader<Bytes>,
    rows: usize,
}

impl Table {
    /// Opens the bytes of a table whose columns must be those of the schema.
    pub(super) fn open(bytes: Bytes, schema: &str) -> Result<Self> {
        let reader = SerializedFileReader::new(bytes)?;
        let file = reader.metadata().file_metadata();
        // The name of the schema does not matter.
        if file.schema().get_fields() != parse_message_type(schema)?.get_fields() {
            return Err(ParquetError::General("its columns are not those of this version".to_owned()));
        }
        let rows = usize::try_from(file.num_rows()).unwrap_or_default();
        Ok(Self { rows, reader })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
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
        let fields = self.reader.metadata().file_metadata().schema().get_fields();
        let missing = || ParquetError::General(format!("there is no column '{name}'"));
        let index = fields.iter().position(|field| field.name() == name).ok_or_else(missing)?;
        // The number of rows is only what the file claims.
        let mut all = Vec::with_capacity(self.rows.min(ROWS_PER_GROUP));
        for group in 0..self.reader.num_row_groups() {
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
