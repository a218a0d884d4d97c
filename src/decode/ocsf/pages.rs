//! Computes the memory that decoding a row of a Parquet file needs, before decoding it.
//!
//! A page of a few bytes can expand to gigabytes: it states its decoded size and number of values, and the
//! library trusts them. So the page headers are read first.
//! In a column with lists, one row can hold all values, so large numbers of values are counted row by row.

use std::io::Read;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::reader::ColumnReader;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::memory::FREE;
use crate::parquet_headers::{PageContent, PageHeader, chunk_range, each_page, have_room};

/// The number of values of a column that are decoded at once.
pub(super) const ROWS_AT_ONCE: usize = 16;

/// Memory per value without its text: a `Field`, its levels, and the reference to its text.
const OF_A_VALUE: u64 = 96;

/// The maximum memory for decoding a row of a group, in some columns, or the reason why it cannot be read.
/// Counting stops once it exceeds `limit`.
pub(in crate::decode) fn row_memory(
    file: &Bytes,
    reader: &SerializedFileReader<Bytes>,
    columns: &[&str],
    limit: u64,
) -> Result<u64, String> {
    let chunks = reader.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns);
    if !have_room(chunks.map(ColumnChunkMetaData::compressed_size), file.len() as u64) {
        return Err("its columns overlap".to_owned());
    }
    let mut most = 0;
    for (number, group) in reader.metadata().row_groups().iter().enumerate() {
        let mut sum = 0u64;
        for (column, chunk) in group.columns().iter().enumerate() {
            let parts = chunk.column_path().parts();
            if !parts.first().is_some_and(|name| columns.contains(&name.as_str())) {
                continue;
            }
            let pages = Pages::of(file, chunk).ok_or("a page is cut off, or contradicts itself")?;
            sum = sum.saturating_add(pages.memory());
            if chunk.column_descr().max_rep_level() > 0 {
                let listed = pages.list_memory();
                let counted = listed > FREE && sum <= limit && pages.can_be_counted(limit);
                let listed = if counted { counted_rows(reader, (number, column))? } else { listed };
                sum = sum.saturating_add(listed);
            }
            if sum > limit {
                return Ok(sum);
            }
        }
        most = most.max(sum);
    }
    Ok(most)
}

/// Totals of the page headers of a column.
#[derive(Default)]
struct Pages {
    /// The decoded size of the largest page.
    largest: u64,
    /// The decoded size of the dictionary.
    dictionary: u64,
    all: u64,
    values: u64,
    /// Whether a value can extend the previous one by a few bytes.
    grows: bool,
}

impl Pages {
    fn of(file: &Bytes, chunk: &ColumnChunkMetaData) -> Option<Self> {
        let mut pages = Self::default();
        let (start, length) =
            chunk_range(chunk.dictionary_page_offset(), chunk.data_page_offset(), chunk.compressed_size())?;
        let start = usize::try_from(start).ok()?;
        each_page(file.get(start..start.checked_add(length)?)?, |header, packed| {
            pages.add(header);
            let is_gzip = matches!(chunk.compression(), Compression::GZIP(_));
            !is_gzip || !inflates_beyond(packed, header.size)
        })?;
        Some(pages)
    }

    fn add(&mut self, header: &PageHeader) {
        self.all = self.all.saturating_add(header.size);
        match header.content {
            Some(PageContent::Dictionary) => self.dictionary = self.dictionary.max(header.size),
            Some(PageContent::Values { count, grows }) => {
                self.grows |= grows;
                self.largest = self.largest.max(header.size);
                self.values = self.values.saturating_add(count);
            }
            None => {}
        }
    }

    /// Memory for a column without lists: a page, the dictionary, and some values.
    fn memory(&self) -> u64 {
        let text = if self.grows { self.largest } else { 0 };
        let values = (ROWS_AT_ONCE as u64).saturating_mul(OF_A_VALUE.saturating_add(text));
        // The library copies a text again when it creates a row.
        values.saturating_add(2 * self.largest).saturating_add(2 * self.dictionary)
    }

    /// Memory for all values if they belong to one row.
    fn list_memory(&self) -> u64 {
        let longest = if self.grows { self.largest } else { self.dictionary };
        self.values.saturating_mul(OF_A_VALUE.saturating_add(longest)).saturating_add(self.all)
    }

    /// Whether values can be counted without their texts needing more memory than in their pages.
    fn can_be_counted(&self, limit: u64) -> bool {
        !self.grows && self.values.saturating_mul(OF_A_VALUE).saturating_add(self.memory()) <= limit
    }
}

/// Whether gzip inflates to more than the stated size: the library would hold all of it before it noticed.
fn inflates_beyond(packed: &[u8], size: u64) -> bool {
    let mut plain = flate2::bufread::MultiGzDecoder::new(packed).take(size.saturating_add(1));
    // The library reports damage.
    std::io::copy(&mut plain, &mut std::io::sink()).is_ok_and(|read| read > size)
}

/// Memory for the values of the largest row.
fn counted_rows(
    reader: &SerializedFileReader<Bytes>,
    (group, column): (usize, usize),
) -> Result<u64, String> {
    let counted = || -> Result<u64, ParquetError> {
        let group = reader.get_row_group(group)?;
        let ColumnReader::ByteArrayColumnReader(mut column) = group.get_column_reader(column)? else {
            return Ok(0);
        };
        let (mut most, mut values) = (0, Vec::<ByteArray>::new());
        loop {
            let (mut levels, mut repetitions) = (Vec::new(), Vec::new());
            values.clear();
            let (rows, _, _) =
                column.read_records(1, Some(&mut levels), Some(&mut repetitions), &mut values)?;
            if rows == 0 {
                return Ok(most);
            }
            let texts: u64 = values.iter().map(|value| value.len() as u64 + OF_A_VALUE).sum();
            // Doubled, since texts are copied again and lists grow by doubling.
            most = most.max(2 * (texts + repetitions.len() as u64 * OF_A_VALUE));
        }
    };
    counted().map_err(|error| error.to_string())
}
