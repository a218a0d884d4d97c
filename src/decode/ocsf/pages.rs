//! Computes the memory that decoding a row of a Parquet file needs, before decoding it.
//!
//! A page of a few bytes can expand to gigabytes: it states its decoded size and number of values, and the
//! library trusts them. So the page headers are read first (Apache Parquet, `parquet.thrift`, `PageHeader`).
//! In a column with lists, one row can hold all values, so large numbers of values are counted row by row.

use std::io::Read;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::reader::ColumnReader;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::memory::FREE;
use crate::parquet_headers::is_page_header;
use crate::parquet_headers::thrift::{Thrift, sort};

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
        let start = usize::try_from(chunk.data_page_offset()).ok()?;
        let dictionary = chunk.dictionary_page_offset().and_then(|at| usize::try_from(at).ok());
        let start = dictionary.filter(|at| *at > 0).map_or(start, |at| at.min(start));
        let length = usize::try_from(chunk.compressed_size()).ok()?;
        let mut rest = file.get(start..start.checked_add(length)?)?;
        let mut pages = Self {
            grows: chunk.encodings().any(|encoding| encoding == Encoding::DELTA_BYTE_ARRAY),
            ..Self::default()
        };
        let wanted = u64::try_from(chunk.num_values()).ok()?;
        while !rest.is_empty() && pages.values < wanted {
            is_page_header(rest).then_some(())?;
            let mut thrift = Thrift { rest };
            let header = Header::read(&mut thrift)?;
            let packed = thrift.rest.get(..usize::try_from(header.packed).ok()?)?;
            if matches!(chunk.compression(), Compression::GZIP(_)) && inflates_beyond(packed, header.size) {
                return None;
            }
            pages.add(&header);
            rest = &thrift.rest[packed.len()..];
        }
        Some(pages)
    }

    fn add(&mut self, header: &Header) {
        self.all = self.all.saturating_add(header.size);
        match header.content {
            Some(Content::Dictionary) => self.dictionary = self.dictionary.max(header.size),
            Some(Content::Values(values)) => {
                self.largest = self.largest.max(header.size);
                self.values = self.values.saturating_add(values);
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

/// What a page holds.
enum Content {
    Dictionary,
    /// So many values.
    Values(u64),
}

/// The relevant fields of `PageHeader`.
#[derive(Default)]
struct Header {
    size: u64,
    packed: u64,
    /// `None` for a page that the library skips.
    content: Option<Content>,
}

impl Header {
    fn read(thrift: &mut Thrift<'_>) -> Option<Self> {
        let (mut header, mut field) = (Self::default(), 0);
        let (mut page_type, mut values) = (None, [None; 3]);
        while let Some(kind) = thrift.field(&mut field)? {
            match (field, kind) {
                (1, sort::I32) => page_type = Some(positive(thrift)?),
                (2, sort::I32) => header.size = positive(thrift)?,
                (3, sort::I32) => header.packed = positive(thrift)?,
                (5, sort::STRUCT) => values[0] = Some(Self::values(thrift)?),
                (7, sort::STRUCT) => values[1] = Some(Self::values(thrift)?),
                (8, sort::STRUCT) => values[2] = Some(Self::values(thrift)?),
                _ => thrift.skip(kind, 0)?,
            }
        }
        // `PageType`, which says which of these structs counts.
        header.content = match page_type? {
            0 => Some(Content::Values(values[0]?)),
            1 => None,
            2 => Some(Content::Dictionary),
            3 => Some(Content::Values(values[2]?)),
            _ => return None,
        };
        Some(header)
    }

    /// `num_values`, the first field of all three.
    fn values(thrift: &mut Thrift<'_>) -> Option<u64> {
        let (mut values, mut field) = (0, 0);
        while let Some(kind) = thrift.field(&mut field)? {
            if (field, kind) == (1, sort::I32) {
                values = positive(thrift)?;
            } else {
                thrift.skip(kind, 0)?;
            }
        }
        Some(values)
    }
}

fn positive(thrift: &mut Thrift<'_>) -> Option<u64> {
    let zigzag = thrift.varint()?;
    (zigzag % 2 == 0).then_some(zigzag / 2)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a page with this type, and some values by the field of each struct.
    fn header(page_type: u8, values: &[(u8, u8)]) -> Option<Header> {
        let mut bytes = vec![0x15, 2 * page_type, 0x15, 20, 0x15, 10];
        let mut number = 3;
        for (field, count) in values {
            bytes.extend([(field - number) << 4 | sort::STRUCT, 0x15, 2 * count, 0]);
            number = *field;
        }
        bytes.push(0);
        assert!(is_page_header(&bytes));
        Header::read(&mut Thrift { rest: &bytes })
    }

    #[test]
    fn values_count_in_the_pages_that_the_library_reads() {
        let values = |page_type, values: &[_]| match header(page_type, values)?.content {
            Some(Content::Values(count)) => Some(count),
            _ => None,
        };
        assert_eq!(values(0, &[(5, 7)]), Some(7));
        assert_eq!(values(3, &[(8, 7)]), Some(7));
        // The struct of another type of page does not count.
        assert_eq!(values(0, &[(5, 7), (8, 50)]), Some(7));
        assert!(header(3, &[(5, 7)]).is_none(), "a page without its own struct");
        // Pages that the library skips have no values, whatever they say.
        let skipped = header(1, &[(5, 50)]).unwrap();
        assert!(skipped.content.is_none() && skipped.size == 10 && skipped.packed == 5);
        assert!(header(9, &[(5, 7)]).is_none());
    }
}
