//! Checks that the footer of a Parquet file is safe to read: the library recurses as deep as the schema, and
//! could exhaust the stack.
//!
//! Reads the Thrift structs of the footer (Apache Parquet, `parquet.thrift`; Apache Thrift, "Compact protocol") only as far as the
//! schema, a depth-first list of elements, each with the number of its children.

use crate::decode::unpack::packing::PARQUET_MAGIC;

/// Real tables do not nest columns deeper than this.
const DEEPEST: usize = 40;

/// Real tables do not have more columns than this.
const MOST_ELEMENTS: u64 = 20_000;

/// Whether a file has a footer whose schema is neither too deep nor too large.
pub(in crate::decode) fn is_sound(file: &[u8]) -> bool {
    footer(file).and_then(|footer| Thrift { rest: footer }.schema()).is_some()
}

/// `…<footer><its length, 4 bytes>PAR1`
fn footer(file: &[u8]) -> Option<&[u8]> {
    let (file, length) = file.strip_suffix(&PARQUET_MAGIC)?.split_last_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    file.get(file.len().checked_sub(length)?..)
}

/// Types of the compact protocol.
pub(in crate::decode) mod sort {
    pub(in crate::decode) const TRUE: u8 = 1;
    pub(in crate::decode) const FALSE: u8 = 2;
    pub(in crate::decode) const BYTE: u8 = 3;
    pub(in crate::decode) const I16: u8 = 4;
    pub(in crate::decode) const I32: u8 = 5;
    pub(in crate::decode) const I64: u8 = 6;
    pub(in crate::decode) const DOUBLE: u8 = 7;
    pub(in crate::decode) const BINARY: u8 = 8;
    pub(in crate::decode) const LIST: u8 = 9;
    pub(in crate::decode) const SET: u8 = 10;
    pub(in crate::decode) const STRUCT: u8 = 12;
}

/// A Thrift struct being walked.
pub(super) struct Thrift<'f> {
    pub(in crate::decode) rest: &'f [u8],
}

impl Thrift<'_> {
    /// Walks `FileMetaData` to its end. Field 2 is the schema; the library takes the last one given, whatever its type.
    fn schema(&mut self) -> Option<()> {
        let (mut field, mut found) = (0, None);
        while let Some(sort) = self.field(&mut field)? {
            match sort {
                sort::LIST | sort::SET if field == 2 => found = Some(self.elements()?),
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

    /// The type of the next field of a struct; sets its number. `Some(None)` after the last field.
    pub(in crate::decode) fn field(&mut self, number: &mut i64) -> Option<Option<u8>> {
        let head = self.byte()?;
        if head == 0 {
            return Some(None);
        }
        match head >> 4 {
            0 => {
                let zigzag = self.varint()?;
                *number = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
            }
            step => *number += i64::from(step),
        }
        // 16 bits, as in the library.
        *number = i64::from(*number as i16);
        Some(Some(head & 15))
    }

    fn list(&mut self) -> Option<(u8, u64)> {
        let head = self.byte()?;
        let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        Some((head & 15, count))
    }

    pub(in crate::decode) fn skip(&mut self, sort: u8, depth: usize) -> Option<()> {
        match sort {
            sort::TRUE | sort::FALSE => Some(()),
            sort::BYTE => self.byte().map(drop),
            sort::I16..=sort::I64 => self.varint().map(drop),
            sort::DOUBLE => self.take(8),
            sort::BINARY => {
                let length = self.varint()?;
                self.take(usize::try_from(length).ok()?)
            }
            _ if depth > DEEPEST => None,
            sort::LIST | sort::SET => {
                let (sort, count) = self.list()?;
                // In a list, a boolean takes a byte.
                let sort = if sort <= sort::FALSE { sort::BYTE } else { sort };
                (0..count).try_for_each(|_| self.skip(sort, depth + 1))
            }
            sort::STRUCT => {
                let mut field = 0;
                while let Some(sort) = self.field(&mut field)? {
                    self.skip(sort, depth + 1)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn take(&mut self, length: usize) -> Option<()> {
        self.rest = self.rest.get(length..)?;
        Some(())
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file whose schema has `depth` nested groups and a column.
    fn nested(depth: usize) -> Vec<u8> {
        // Field 1 (i32), then field 2: a list of structs.
        let mut footer = vec![0x15, 2, 0x19, 0xfc];
        let mut varint = depth as u64 + 1;
        while varint > 127 {
            footer.push((varint & 127) as u8 | 128);
            varint >>= 7;
        }
        footer.push(varint as u8);
        for _ in 0..depth {
            // Field 4: the name; field 5: one child.
            footer.extend([0x48, 1, b'a', 0x15, 2, 0]);
        }
        footer.extend([0x15, 2, 0x38, 1, b'x', 0, 0]);
        let mut file = b"PAR1".to_vec();
        file.extend(&footer);
        file.extend((footer.len() as u32).to_le_bytes());
        file.extend(PARQUET_MAGIC);
        file
    }

    #[test]
    fn the_depth_of_a_schema_is_limited() {
        assert!(is_sound(&nested(3)));
        assert!(is_sound(&nested(DEEPEST)));
        assert!(!is_sound(&nested(DEEPEST + 1)));
        assert!(!is_sound(&nested(15_000)));
        assert!(!is_sound(&nested(200_000)));
    }

    #[test]
    fn a_truncated_file_is_not_sound() {
        let file = nested(3);
        for length in 0..file.len() {
            assert!(!is_sound(&file[..length]), "{length}");
        }
        assert!(!is_sound(b"PAR1\xff\xff\xff\xffPAR1"));
    }
}
