//! The table `records`: what identifies copies of a record, across runs.

use super::error::TableError;
use super::table::Table;
use crate::catalog::RecordEntry;
use crate::observe::Fingerprint;
use crate::table::Column;

pub(super) const SCHEMA: &str = "message records {
    required int64 object;
    required int64 record;
    required int64 id_hash;
    required int32 content_hash;
    required int64 behaviour;
    required int32 day (DATE);
    required boolean failed;
    required boolean is_copy;
}";

pub(super) fn columns(records: &[RecordEntry]) -> Vec<Column<'static>> {
    let number = |of: fn(&RecordEntry) -> u32| {
        Column::Long(records.iter().map(|record| Some(i64::from(of(record)))).collect())
    };
    let ids = records.iter().map(|record| Some(record.fingerprint.parts().0 as i64)).collect();
    let contents = records.iter().map(|record| Some(record.fingerprint.parts().1 as i32)).collect();
    vec![
        number(|record| record.object),
        number(|record| record.record),
        Column::Hash(ids),
        Column::ShortHash(contents),
        number(|record| record.behaviour),
        Column::Int(records.iter().map(|record| Some(record.day.number())).collect()),
        Column::Flag(records.iter().map(|record| Some(record.failed)).collect()),
        Column::Flag(records.iter().map(|record| Some(record.is_copy)).collect()),
    ]
}

/// All records; their objects and behaviours must be below these numbers.
pub(super) fn read(table: &Table, objects: usize, behaviours: usize) -> Result<Vec<RecordEntry>, TableError> {
    let of_object = table.numbers::<u32>("object")?;
    let index = table.numbers::<u32>("record")?;
    let ids = table.numbers::<i64>("id_hash")?;
    let contents = table.ints("content_hash")?;
    let behaviour = table.numbers::<u32>("behaviour")?;
    let day = table.days("day")?;
    let (failed, is_copy) = (table.truths("failed")?, table.truths("is_copy")?);
    let entry = |row: usize| RecordEntry {
        object: of_object[row],
        record: index[row],
        fingerprint: Fingerprint::from_parts((ids[row] as u64, contents[row].unwrap_or_default() as u32)),
        behaviour: behaviour[row],
        day: day[row],
        failed: failed[row],
        is_copy: is_copy[row],
    };
    let records: Vec<RecordEntry> = (0..table.rows()).map(entry).collect();
    let fits =
        |entry: &RecordEntry| (entry.object as usize) < objects && (entry.behaviour as usize) < behaviours;
    if !records.iter().all(fits) {
        return Err(TableError::value("object or behaviour"));
    }
    if !records.is_sorted_by_key(|record| (record.object, record.record)) {
        return Err("its rows are not sorted".into());
    }
    Ok(records)
}
