//! The tables `insights` and `root`: events of CloudTrail Insights, and the hours in which root users acted; one row each.

use super::error::TableError;
use super::evidence::{self, SightingColumns};
use super::reading::SharedPaths;
use super::table::Table;
use crate::baseline::SingleEvent;
use crate::model::{ObservedPrincipal, PrincipalKind};
use crate::table::Column;

/// The columns of both tables.
pub(super) fn schema() -> String {
    schema_with("")
}

/// The same with more columns between the event and its evidence.
pub(super) fn schema_with(more: &str) -> String {
    const OWN: &str = "message noted {
    required binary account (STRING);
    required binary principal (STRING);
    optional binary principal_arn (STRING);
    required binary action (STRING);
    required int64 time (TIMESTAMP(MICROS,true));
    required boolean failed;
";
    [OWN, more, &evidence::FIRST.schema(), "}"].concat()
}

pub(super) fn columns(events: &[SingleEvent]) -> Vec<Column<'_>> {
    columns_with(events.iter(), Vec::new())
}

/// The columns of events, with more between the event and its evidence.
pub(super) fn columns_with<'e>(
    events: impl Iterator<Item = &'e SingleEvent> + Clone,
    more: Vec<Column<'e>>,
) -> Vec<Column<'e>> {
    let text =
        |of: fn(&'e SingleEvent) -> &'e str| Column::Text(events.clone().map(|one| Some(of(one))).collect());
    let mut columns = vec![
        text(|one| &one.who.account),
        text(|one| &one.who.key),
        Column::Text(events.clone().map(|one| one.who.arn.as_deref()).collect()),
        text(|one| &one.action),
        Column::Long(events.clone().map(|one| Some(one.sighting.time.micros())).collect()),
        Column::Flag(events.clone().map(|one| Some(one.sighting.failed)).collect()),
    ];
    columns.extend(more);
    columns.extend(evidence::columns(events.map(|one| Some(&one.sighting)).collect()));
    columns
}

pub(super) fn read(table: &Table, kind: PrincipalKind) -> Result<Vec<SingleEvent>, TableError> {
    let (accounts, keys) = (table.text_column("account")?, table.text_column("principal")?);
    let (arns, actions) = (table.text_column("principal_arn")?, table.text_column("action")?);
    let (times, failed) = (table.times("time")?, table.truths("failed")?);
    let evidence = SightingColumns::open(table, evidence::FIRST)?;
    let mut paths = SharedPaths::default();
    let event = |row: usize| {
        let time = times[row].filter(|time| time.is_written()).ok_or_else(|| TableError::value("time"))?;
        Ok(SingleEvent {
            who: ObservedPrincipal {
                account: paths.texts.get(accounts.needed(row)?),
                key: paths.texts.get(keys.needed(row)?),
                kind,
                arn: arns.get(row)?.map(|arn| paths.texts.get(arn)),
            },
            action: paths.texts.get(actions.needed(row)?),
            sighting: evidence.sighting(row, time, failed[row], &mut paths)?,
        })
    };
    (0..table.rows()).map(event).collect()
}
