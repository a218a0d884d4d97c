//! The table `objects`: one row for each listed object and its outcome.

use std::collections::HashMap;

use super::error::TableError;
use super::reading::path;
use super::table::Table;
use crate::catalog::ObjectEntry;
use crate::checksum::Checksum;
use crate::coverage::{FaultKind, ObjectSkip, Outcome};
use crate::table::Column;
use crate::time::Timestamp;

pub(super) const SCHEMA: &str = "message objects {
    required int64 archive;
    required binary object (STRING);
    optional int64 delivered (TIMESTAMP(MICROS,true));
    optional binary account (STRING);
    optional binary region (STRING);
    optional int64 size;
    optional binary sha256 (STRING);
    required binary outcome (STRING);
    optional binary reason (STRING);
    required int64 records;
    optional int64 first (TIMESTAMP(MICROS,true));
    optional int64 last (TIMESTAMP(MICROS,true));
    required int64 faults;
}";

/// The checksums as text, which the columns borrow.
pub(super) fn checksums(objects: &[ObjectEntry]) -> Vec<Option<String>> {
    objects.iter().map(|object| object.checksum.map(|checksum| checksum.to_string())).collect()
}

pub(super) fn columns<'o>(objects: &'o [ObjectEntry], checksums: &'o [Option<String>]) -> Vec<Column<'o>> {
    let micros = |time: Timestamp| time.micros();
    vec![
        Column::Long(objects.iter().map(|object| Some(i64::from(object.archive))).collect()),
        Column::Unique(objects.iter().map(|object| Some(&*object.path)).collect()),
        Column::Long(objects.iter().map(|object| object.delivered.map(micros)).collect()),
        Column::Text(objects.iter().map(|object| object.account.as_deref()).collect()),
        Column::Text(objects.iter().map(|object| object.region.as_deref()).collect()),
        Column::Long(objects.iter().map(|object| object.size.map(|size| size as i64)).collect()),
        Column::Unique(checksums.iter().map(Option::as_deref).collect()),
        Column::Text(objects.iter().map(|object| Some(object.outcome.names().0)).collect()),
        Column::Text(objects.iter().map(|object| object.outcome.names().1).collect()),
        Column::Long(objects.iter().map(|object| Some(object.records as i64)).collect()),
        Column::Long(objects.iter().map(|object| object.span.map(|(first, _)| first.micros())).collect()),
        Column::Long(objects.iter().map(|object| object.span.map(|(_, last)| last.micros())).collect()),
        Column::Long(objects.iter().map(|object| Some(object.faults as i64)).collect()),
    ]
}

impl Outcome {
    fn from_names(outcome: &str, reason: Option<&str>) -> Option<Self> {
        let fault = || reason.and_then(FaultKind::from_name);
        match outcome {
            "read" => Some(Self::Read),
            "read-in-part" => fault().map(Self::ReadInPart),
            "skipped" => reason.and_then(ObjectSkip::from_name).map(Self::Skipped),
            "failed" => fault().map(Self::Failed),
            _ => None,
        }
    }
}

pub(super) fn read(table: &Table) -> Result<Vec<ObjectEntry>, TableError> {
    let archives = table.numbers::<u32>("archive")?;
    let (paths, delivered) = (table.text_column("object")?, table.times("delivered")?);
    let (accounts, regions) = (table.text_column("account")?, table.text_column("region")?);
    let (sizes, checksums) = (table.places("size")?, table.text_column("sha256")?);
    let (outcomes, reasons) = (table.text_column("outcome")?, table.text_column("reason")?);
    let (records, faults) = (table.numbers::<u64>("records")?, table.numbers::<u64>("faults")?);
    let (first, last) = (table.times("first")?, table.times("last")?);
    let mut shared = HashMap::new();
    let mut object = |(row, archive)| {
        let checksum = |text: &str| text.parse::<Checksum>().map_err(|_| TableError::value("sha256"));
        let outcome = Outcome::from_names(outcomes.needed(row)?, reasons.get(row)?);
        Ok(ObjectEntry {
            archive,
            path: path(&mut shared, paths.needed(row)?),
            delivered: delivered[row],
            account: accounts.boxed(row)?,
            region: regions.boxed(row)?,
            size: sizes[row],
            checksum: checksums.get(row)?.map(checksum).transpose()?,
            outcome: outcome.ok_or_else(|| TableError::value("outcome"))?,
            records: records[row],
            span: first[row].zip(last[row]),
            faults: faults[row],
        })
    };
    let objects =
        archives.into_iter().enumerate().map(&mut object).collect::<Result<Vec<_>, TableError>>()?;
    if objects.is_sorted_by(|left, right| left.delivery_order() <= right.delivery_order()) {
        Ok(objects)
    } else {
        Err("its rows are not sorted".into())
    }
}
