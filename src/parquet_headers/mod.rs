//! What a Parquet file says of itself, checked before the library reads it: the library believes it, recurses as deep as the schema, and
//! could exhaust the stack.
//!
//! Source: Apache Parquet, `parquet.thrift`.

mod pages;
mod structs;
mod thrift;

pub(crate) use pages::{PageContent, PageHeader, chunk_range, each_page, have_room};

use thrift::{Thrift, sort};

/// A Parquet file begins and ends with these bytes.
pub(crate) const MAGIC: [u8; 4] = *b"PAR1";

/// Real tables do not nest columns deeper than this.
const DEEPEST: usize = 40;

/// Real tables do not have more columns than this.
const MOST_ELEMENTS: u64 = 20_000;

/// The length of the footer, from the last bytes of a file: `…<footer><its length, 4 bytes>PAR1`.
pub(crate) fn footer_length(end: [u8; 8]) -> Option<u32> {
    let ([a, b, c, d, ..], is_parquet) = (end, end.ends_with(&MAGIC));
    is_parquet.then_some(u32::from_le_bytes([a, b, c, d]))
}

/// The footer of a file.
pub(crate) fn footer(file: &[u8]) -> Option<&[u8]> {
    let (rest, end) = file.split_last_chunk()?;
    rest.get(rest.len().checked_sub(footer_length(*end)? as usize)?..)
}

/// Whether a footer is whole, has only fields of the right types, and a schema that is neither too deep nor too large.
pub(crate) fn is_sound(footer: &[u8]) -> bool {
    let has_types = Thrift { rest: footer }.check(structs::FILE_METADATA).is_some();
    has_types && Thrift { rest: footer }.schema().is_some()
}

impl Thrift<'_> {
    /// Walks `FileMetaData` to its end. Field 2 is the schema.
    fn schema(&mut self) -> Option<()> {
        let (mut field, mut found) = (0, None);
        while let Some(sort) = self.field(&mut field)? {
            match sort {
                sort::LIST if field == 2 => found = Some(self.elements()?),
                _ if field == 2 => return None,
                _ => self.skip(sort, 0)?,
            }
        }
        found
    }

    /// The list of `SchemaElement`s.
    fn elements(&mut self) -> Option<()> {
        let (sort, count) = self.list()?;
        if sort != sort::STRUCT || count > MOST_ELEMENTS {
            return None;
        }
        // The number of remaining elements at each depth.
        let mut open: Vec<u64> = Vec::new();
        for _ in 0..count {
            while open.last() == Some(&0) {
                open.pop();
            }
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            let children = self.children()?;
            if children > 0 {
                open.push(children);
            }
            if open.len() > DEEPEST {
                return None;
            }
        }
        Some(())
    }

    /// `num_children` of a `SchemaElement`, its field 5.
    fn children(&mut self) -> Option<u64> {
        let (mut field, mut children) = (0, 0);
        while let Some(sort) = self.field(&mut field)? {
            if field == 5 && !(sort::I16..=sort::I64).contains(&sort) {
                return None;
            }
            if field == 5 {
                let zigzag = self.varint()?;
                children = if zigzag % 2 == 0 { zigzag / 2 } else { return None };
            } else {
                self.skip(sort, 0)?;
            }
        }
        Some(children)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn varint(mut number: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number > 127 {
            bytes.push((number & 127) as u8 | 128);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    }

    /// A list with its number of elements in bytes of its own.
    fn list(sort: u8, count: usize, elements: &[u8]) -> Vec<u8> {
        [&[0xf0 | sort][..], &varint(count), elements].concat()
    }

    /// A schema with `depth` nested groups and a column.
    fn schema(depth: usize) -> Vec<u8> {
        // Field 4: the name; field 5: one child.
        let groups = [0x48, 1, b'a', 0x15, 2, 0].repeat(depth);
        // Fields 1 and 3: type and repetition.
        list(sort::STRUCT, depth + 1, &[&groups[..], &[0x15, 2, 0x25, 2, 0x18, 1, b'x', 0]].concat())
    }

    /// A file with this footer.
    fn file(footer: &[u8]) -> Vec<u8> {
        [&MAGIC[..], footer, &(footer.len() as u32).to_le_bytes(), &MAGIC].concat()
    }

    /// The version, a schema, no rows, no groups of rows, and more fields.
    fn footer_of(schema: &[u8], more: &[u8]) -> Vec<u8> {
        [&[0x15, 2, 0x19], schema, &[0x16, 0, 0x19, 0x0c], more, &[0]].concat()
    }

    /// A file whose schema has `depth` nested groups and a column.
    pub(crate) fn nested(depth: usize) -> Vec<u8> {
        file(&footer_of(&schema(depth), &[]))
    }

    fn is_sound_file(file: &[u8]) -> bool {
        footer(file).is_some_and(is_sound)
    }

    #[test]
    fn the_depth_of_a_schema_is_limited() {
        assert!(is_sound_file(&nested(3)));
        assert!(is_sound_file(&nested(DEEPEST)));
        assert!(!is_sound_file(&nested(DEEPEST + 1)));
        assert!(!is_sound_file(&nested(15_000)));
        assert!(!is_sound_file(&nested(200_000)));
    }

    #[test]
    fn a_truncated_file_is_not_sound() {
        let file = nested(3);
        for length in 0..file.len() {
            assert!(!is_sound_file(&file[..length]), "{length}");
        }
        assert!(!is_sound_file(b"PAR1\xff\xff\xff\xffPAR1"));
    }

    /// The library skips lists of truth values as if they had no bytes, so it would read what is in them.
    #[test]
    fn nothing_hides_in_a_list_of_truth_values() {
        // A field with its number in bytes of its own: 20.
        let field = [sort::LIST, 40];
        let deep = [&[sort::LIST, 4][..], &schema(200_000)].concat();
        let hidden = [&field[..], &list(sort::TRUE, deep.len(), &deep)].concat();
        let footer = [&[0x15, 2][..], &hidden, &[sort::LIST, 4], &schema(1), &[0]].concat();
        assert!(!is_sound(&footer));
        let endless = [&field[..], &list(sort::FALSE, i32::MAX as usize, &[])].concat();
        assert!(!is_sound(&footer_of(&schema(1), &endless)));
        let empty = [&field[..], &list(sort::TRUE, 0, &[])].concat();
        assert!(is_sound(&footer_of(&schema(1), &empty)));
    }

    /// The library reads what it expects of a field, whatever type the field says it has.
    #[test]
    fn a_known_field_of_another_type_is_not_sound() {
        let name = |sort: u8, text: &[u8]| [&[0x20 | sort, 1][..], text].concat();
        assert!(is_sound(&footer_of(&schema(1), &name(sort::BINARY, b"x"))));
        assert!(!is_sound(&footer_of(&schema(1), &name(sort::I32, b""))));
        let column = |sort: u8| [0x20 | sort, 2, 0x28, 1, b'x', 0];
        let is_column = |sort| is_sound(&footer_of(&list(sort::STRUCT, 1, &column(sort)), &[]));
        assert!(is_column(sort::I32));
        assert!(!is_column(sort::I64));
        // The elements of a list, too.
        assert!(!is_sound(&footer_of(&list(sort::I32, 1, &[2]), &[])));
    }
}
