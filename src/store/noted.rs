//! The tables `insights` and `root`: events of CloudTrail Insights, and the hours in which root users acted; one row each.

use super::error::Flaw;
use super::evidence::{self, Evidence};
use super::reading::Paths;
use super::table::{Column, Table};
use crate::baseline::Noted;
use crate::model::{ObservedPrincipal, PrincipalKind, Text};

/// The columns of both tables.
pub(super) fn schema() -> String {
    const OWN: &str = "message noted {
    required binary account (STRING);
    required binary principal (STRING);
    optional binary principal_arn (STRING);
    required binary action (STRING);
    required int64 time (TIMESTAMP(MICROS,true));
    required boolean failed;
";
    [OWN, &evidence::FIRST.schema(), "}"].concat()
}

pub(super) fn columns(noted: &[Noted]) -> Vec<Column<'_>> {
    let text = |of: fn(&Noted) -> &str| Column::Text(noted.iter().map(|one| Some(of(one))).collect());
    let mut columns = vec![
        text(|one| &one.who.account),
        text(|one| &one.who.key),
        Column::Text(noted.iter().map(|one| one.who.arn.as_deref()).collect()),
        text(|one| &one.action),
        Column::Long(noted.iter().map(|one| Some(one.sighting.time.micros())).collect()),
        Column::Flag(noted.iter().map(|one| Some(one.sighting.failed)).collect()),
    ];
    columns.extend(evidence::columns(noted.iter().map(|one| Some(&one.sighting)).collect()));
    columns
}

pub(super) fn read(table: &Table, kind: PrincipalKind) -> Result<Vec<Noted>, Flaw> {
    let (accounts, keys) = (table.text_column("account")?, table.text_column("principal")?);
    let (arns, actions) = (table.text_column("principal_arn")?, table.text_column("action")?);
    let (times, failed) = (table.times("time")?, table.truths("failed")?);
    let evidence = Evidence::open(table, evidence::FIRST)?;
    let mut paths = Paths::default();
    let noted = |row: usize| {
        let time = times[row].filter(|time| time.is_written()).ok_or_else(|| Flaw::value("time"))?;
        Ok(Noted {
            who: ObservedPrincipal {
                account: accounts.needed(row)?.into(),
                key: keys.needed(row)?.into(),
                kind,
                arn: arns.get(row)?.map(Text::from),
            },
            action: actions.needed(row)?.into(),
            sighting: evidence.sighting(row, time, failed[row], &mut paths)?,
        })
    };
    (0..table.rows()).map(noted).collect()
}
