//! The table `faults`: what could not be read, and where.

use super::error::TableError;
use super::table::Table;
use crate::coverage::{Coverage, Fault, FaultKind, Position};
use crate::table::Column;

pub(super) const SCHEMA: &str = "message faults {
    required int64 archive;
    required binary object (STRING);
    required binary kind (STRING);
    optional int64 stored_byte;
    optional int64 byte;
    optional int64 record;
    required binary detail (STRING);
}";

pub(super) fn columns(coverage: &Coverage) -> Vec<Column<'_>> {
    let faults = &coverage.faults;
    let position = |of: fn(Position) -> Option<u64>| {
        Column::Long(faults.iter().map(|fault| of(fault.position).map(|at| at as i64)).collect())
    };
    vec![
        Column::Long(faults.iter().map(|fault| Some(i64::from(fault.archive))).collect()),
        Column::Text(faults.iter().map(|fault| Some(&*fault.object)).collect()),
        Column::Text(faults.iter().map(|fault| Some(fault.kind.name())).collect()),
        position(|position| if let Position::StoredByte(at) = position { Some(at) } else { None }),
        position(|position| if let Position::Byte(at) = position { Some(at) } else { None }),
        position(|position| if let Position::Record(at) = position { Some(at.into()) } else { None }),
        Column::Text(faults.iter().map(|fault| Some(&*fault.detail)).collect()),
    ]
}

pub(super) fn read(table: &Table) -> Result<Vec<Fault>, TableError> {
    let archives = table.numbers::<u32>("archive")?;
    let (objects, kinds) = (table.text_column("object")?, table.text_column("kind")?);
    let details = table.text_column("detail")?;
    let (stored_bytes, bytes) = (table.places("stored_byte")?, table.places("byte")?);
    let records = table.places("record")?;
    let fault = |(row, archive)| {
        let position = match (stored_bytes[row], bytes[row], records[row]) {
            (Some(at), None, None) => Position::StoredByte(at),
            (None, Some(at), None) => Position::Byte(at),
            (None, None, Some(index)) => {
                Position::Record(u32::try_from(index).map_err(|_| TableError::value("record"))?)
            }
            _ => Position::Whole,
        };
        let kind = FaultKind::from_name(kinds.needed(row)?).ok_or_else(|| TableError::value("kind"))?;
        let (object, detail) = (objects.needed(row)?.to_owned(), details.needed(row)?.to_owned());
        Ok(Fault { archive, object, position, kind, detail })
    };
    archives.into_iter().enumerate().map(fault).collect()
}
