//! The table `logging`: one row for each call that changed what is logged.

use super::error::TableError;
use super::single_events;
use super::table::Table;
use crate::baseline::{LoggingChange, LoggingChanges};
use crate::model::{LoggingEffect, PrincipalKind, Text};
use crate::table::Column;

/// The columns beside those of all single events.
const OWN: &str = "    required binary principal_kind (STRING);
    optional binary target (STRING);
    required binary effect (STRING);
    required int64 records;
";

pub(super) fn schema() -> String {
    single_events::schema_with(OWN)
}

pub(super) fn columns(changes: &LoggingChanges) -> Vec<Column<'_>> {
    let kept = &changes.kept;
    let events = kept.iter().map(|change| &change.event);
    let text = |of: fn(&LoggingChange) -> &'static str| {
        Column::Text(kept.iter().map(|change| Some(of(change))).collect())
    };
    let own = vec![
        text(|change| change.event.who.kind.name()),
        Column::Text(kept.iter().map(|change| change.target.as_deref()).collect()),
        text(|change| change.effect.name()),
        Column::Long(kept.iter().map(|change| Some(change.records as i64)).collect()),
    ];
    single_events::columns_with(events, own)
}

/// The calls; the number of others is in the manifest.
pub(super) fn read(table: &Table) -> Result<Vec<LoggingChange>, TableError> {
    let (kinds, effects) = (table.text_column("principal_kind")?, table.text_column("effect")?);
    let targets = table.text_column("target")?;
    let records: Vec<u64> = table.numbers("records")?;
    let events = single_events::read(table, PrincipalKind::Unknown)?;
    let change = |(row, mut event): (usize, crate::baseline::SingleEvent)| {
        let kind = PrincipalKind::from_name(kinds.needed(row)?);
        event.who.kind = kind.ok_or_else(|| TableError::value("principal_kind"))?;
        let effect = LoggingEffect::from_name(effects.needed(row)?);
        Ok(LoggingChange {
            event,
            target: targets.get(row)?.map(Text::from),
            effect: effect.ok_or_else(|| TableError::value("effect"))?,
            records: records[row],
        })
    };
    events.into_iter().enumerate().map(|(row, event)| change((row, event))).collect()
}
