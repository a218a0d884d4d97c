//! Walks Thrift structs (Apache Thrift, "Compact protocol") without building them.

/// Values do not nest deeper than this.
const DEEPEST: usize = 40;

/// Types of the compact protocol.
pub(crate) mod sort {
    pub(crate) const TRUE: u8 = 1;
    pub(crate) const FALSE: u8 = 2;
    pub(crate) const BYTE: u8 = 3;
    pub(crate) const I16: u8 = 4;
    pub(crate) const I32: u8 = 5;
    pub(crate) const I64: u8 = 6;
    pub(crate) const DOUBLE: u8 = 7;
    pub(crate) const BINARY: u8 = 8;
    pub(crate) const LIST: u8 = 9;
    pub(crate) const SET: u8 = 10;
    pub(crate) const STRUCT: u8 = 12;
}

/// What a field must hold.
pub(super) enum Kind {
    /// A value without inner values, of this type.
    Plain(u8),
    /// A truth value, which is part of its type.
    Truth,
    Struct(Fields),
    List(&'static Self),
}

/// The known fields of a struct, by number.
pub(super) type Fields = &'static [(i64, Kind)];

impl Kind {
    fn is(&self, sort: u8) -> bool {
        match self {
            Self::Plain(known) => *known == sort,
            Self::Truth => matches!(sort, sort::TRUE | sort::FALSE),
            Self::Struct(_) => sort == sort::STRUCT,
            Self::List(_) => sort == sort::LIST,
        }
    }
}

/// A Thrift struct being walked.
pub(crate) struct Thrift<'f> {
    /// The bytes that are not read yet.
    pub(crate) rest: &'f [u8],
}

impl Thrift<'_> {
    /// Walks a struct to its end. `None` if it is cut off, or a known field has another type.
    ///
    /// The library reads what it expects, whatever type a field says it has. Where both differ, it would go on at another place than any other
    /// reader.
    pub(super) fn check(&mut self, fields: Fields) -> Option<()> {
        let mut number = 0;
        while let Some(sort) = self.field(&mut number)? {
            match fields.iter().find(|(known, _)| *known == number) {
                Some((_, kind)) if kind.is(sort) => self.check_value(kind, sort)?,
                Some(_) => return None,
                None => self.skip(sort, 0)?,
            }
        }
        Some(())
    }

    fn check_value(&mut self, kind: &Kind, sort: u8) -> Option<()> {
        match kind {
            Kind::Plain(_) | Kind::Truth => self.skip(sort, 0),
            Kind::Struct(fields) => self.check(fields),
            Kind::List(kind) => {
                let (sort, count) = self.list()?;
                // Some write a list without elements as one of no type.
                let is_known = count == 0 || kind.is(sort);
                is_known.then_some(())?;
                (0..count).try_for_each(|_| self.check_value(kind, sort))
            }
        }
    }

    /// The type of the next field of a struct; sets its number. `Some(None)` after the last field.
    pub(crate) fn field(&mut self, number: &mut i64) -> Option<Option<u8>> {
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

    /// The type of the elements of a list, and their number.
    pub(crate) fn list(&mut self) -> Option<(u8, u64)> {
        let head = self.byte()?;
        let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        Some((head & 15, count))
    }

    /// Skips a value of a type, at this depth.
    pub(crate) fn skip(&mut self, sort: u8, depth: usize) -> Option<()> {
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
                // In a list, a boolean takes a byte; the library skips none (parquet 60.1). No header has such a list.
                let has_size = count == 0 || sort > sort::FALSE;
                has_size.then_some(())?;
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

    /// An unsigned number.
    pub(crate) fn varint(&mut self) -> Option<u64> {
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
