//! The headers of the pages of a column, checked before the library reads them (Apache Parquet, `parquet.thrift`, `PageHeader`).

use super::structs;
use super::thrift::{Thrift, sort};

/// What a page holds.
pub(crate) enum PageContent {
    Dictionary,
    Values {
        /// How many.
        count: u64,
        /// Whether a value can extend the previous one by a few bytes.
        grows: bool,
    },
}

/// The relevant fields of `PageHeader`.
#[derive(Default)]
pub(crate) struct PageHeader {
    /// Its decoded size.
    pub(crate) size: u64,
    /// Its size in the file.
    packed: u64,
    /// `None` for a page that the library skips.
    pub(crate) content: Option<PageContent>,
}

/// The encoding whose values are the first bytes of the previous one and some more (`DELTA_BYTE_ARRAY`).
const GROWING: u64 = 7;

/// Where the library reads a column of a group of this size, and how many bytes: from its dictionary on, if the file says that it has one,
/// else from the first page of values.
pub(crate) fn chunk_range(dictionary: Option<i64>, values: i64, size: i64) -> Option<(u64, usize)> {
    let start = dictionary.unwrap_or(values);
    Some((u64::try_from(start).ok()?, usize::try_from(size).ok()?))
}

/// Whether columns of these sizes have room beside each other in a file of this length. Real ones do; bytes that several columns claim would
/// be walked again and again.
pub(crate) fn have_room(sizes: impl IntoIterator<Item = i64>, length: u64) -> bool {
    let mut left = Some(length);
    for size in sizes {
        left = left.zip(u64::try_from(size).ok()).and_then(|(left, size)| left.checked_sub(size));
    }
    left.is_some()
}

/// Shows the header and the packed bytes of each page of a column. `None` if a page is cut off, has a field of the wrong type, or is not
/// accepted.
pub(crate) fn each_page(chunk: &[u8], mut accept: impl FnMut(&PageHeader, &[u8]) -> bool) -> Option<()> {
    let mut rest = chunk;
    while !rest.is_empty() {
        Thrift { rest }.check(structs::PAGE_HEADER)?;
        let mut thrift = Thrift { rest };
        let header = PageHeader::read(&mut thrift)?;
        let (packed, behind) = thrift.rest.split_at_checked(usize::try_from(header.packed).ok()?)?;
        accept(&header, packed).then_some(())?;
        rest = behind;
    }
    Some(())
}

impl PageHeader {
    fn read(thrift: &mut Thrift<'_>) -> Option<Self> {
        let (mut header, mut field) = (Self::default(), 0);
        let (mut page_type, mut values) = (None, [None, None]);
        while let Some(kind) = thrift.field(&mut field)? {
            match (field, kind) {
                (1, sort::I32) => page_type = Some(positive(thrift)?),
                (2, sort::I32) => header.size = positive(thrift)?,
                (3, sort::I32) => header.packed = positive(thrift)?,
                (5, sort::STRUCT) => values[0] = Some(content(thrift, 2)?),
                (8, sort::STRUCT) => values[1] = Some(content(thrift, 4)?),
                _ => thrift.skip(kind, 0)?,
            }
        }
        // `PageType`, which says which of these structs counts.
        header.content = match page_type? {
            0 => Some(values[0].take()?),
            1 => None,
            2 => Some(PageContent::Dictionary),
            3 => Some(values[1].take()?),
            _ => return None,
        };
        Some(header)
    }
}

/// What a page of values holds: `num_values`, its first field, in an encoding, another field.
fn content(thrift: &mut Thrift<'_>, encoding: i64) -> Option<PageContent> {
    let (mut count, mut grows, mut field) = (0, false, 0);
    while let Some(kind) = thrift.field(&mut field)? {
        match (field, kind) {
            (1, sort::I32) => count = positive(thrift)?,
            (_, sort::I32) if field == encoding => grows = positive(thrift)? == GROWING,
            _ => thrift.skip(kind, 0)?,
        }
    }
    Some(PageContent::Values { count, grows })
}

/// A number that is not negative, and has 32 bits: of more the library leaves out the highest.
fn positive(thrift: &mut Thrift<'_>) -> Option<u64> {
    let zigzag = thrift.varint()?;
    (zigzag % 2 == 0).then_some(zigzag / 2).filter(|number| i32::try_from(*number).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a page with this type, and some values by the field of each struct.
    fn header(page_type: u8, values: &[(u8, u8)]) -> Option<PageHeader> {
        let mut bytes = vec![0x15, 2 * page_type, 0x15, 20, 0x15, 10];
        let mut number = 3;
        for (field, count) in values {
            bytes.extend([(field - number) << 4 | sort::STRUCT, 0x15, 2 * count, 0]);
            number = *field;
        }
        bytes.push(0);
        assert!(Thrift { rest: &bytes }.check(structs::PAGE_HEADER).is_some());
        PageHeader::read(&mut Thrift { rest: &bytes })
    }

    #[test]
    fn values_count_in_the_pages_that_the_library_reads() {
        let values = |page_type, values: &[_]| match header(page_type, values)?.content {
            Some(PageContent::Values { count, .. }) => Some(count),
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

    #[test]
    fn the_encoding_of_a_page_says_whether_values_grow() {
        // The page of the field 5, with its number of values and its encoding.
        let grows = |encoding: u8| {
            let page = [0x15, 2, 0x15, 2 * encoding, 0];
            let bytes = [&[0x15, 0, 0x15, 20, 0x15, 10, 0x2c][..], &page, &[0]].concat();
            matches!(
                PageHeader::read(&mut Thrift { rest: &bytes }).unwrap().content,
                Some(PageContent::Values { count: 1, grows: true })
            )
        };
        assert!(grows(7) && !grows(0) && !grows(8));
    }

    #[test]
    fn a_size_has_no_more_bits_than_the_library_reads() {
        // Its size is zigzag in seven bits a byte: ten bytes are 64 bits.
        let header = |size: &[u8]| {
            let bytes = [&[0x15, 4, 0x15], size, &[0x15, 6, 0]].concat();
            PageHeader::read(&mut Thrift { rest: &bytes }).map(|header| header.size)
        };
        assert_eq!(header(&[0xfe, 0xff, 0xff, 0xff, 0x0f]), Some(i32::MAX as u64));
        assert_eq!(header(&[0x80, 0x80, 0x80, 0x80, 0x10]), None);
        assert_eq!(header(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]), None);
    }

    #[test]
    fn columns_do_not_share_bytes() {
        assert!(have_room([3, 4], 7) && have_room([], 0));
        assert!(!have_room([3, 5], 7) && !have_room([-1, 1], 7) && !have_room([i64::MAX; 3], 7));
    }

    #[test]
    fn pages_end_where_their_column_ends() {
        let page = [0x15, 4, 0x15, 20, 0x15, 6, 0, b'a', b'b', b'c'];
        let sizes = |chunk: &[u8]| {
            let mut sizes = Vec::new();
            each_page(chunk, |header, packed| {
                sizes.push((header.size, packed.len()));
                true
            })?;
            Some(sizes)
        };
        assert_eq!(sizes(&page.repeat(2)), Some(vec![(10, 3), (10, 3)]));
        assert_eq!(sizes(&page[..9]), None);
        assert_eq!(sizes(&[&page[..], &[9]].concat()), None);
        assert_eq!(each_page(&page, |_, _| false), None);
    }
}
