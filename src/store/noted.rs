//! The tables `insights` and `root`: what CloudTrail Insights noticed, and the hours in which root users acted; one row each.

use super::error::Flaw;
use super::evidence::{self, Evidence};
use super::reading::Paths;
use super::table::{Column, Table};
use crate::baseline::Noted;
use crate::model::{ObservedPrincipal, PrincipalKind, Text};

pub(super) const SCHEMA: &str = "message noted {
    required binary account (STRING);
    required binary principal (STRING);
    optional binary principal_arn (STRING);
    required binary action (STRING);
    required int64 time (TIMESTAMP(MICROS,true));
    required boolean failed;
    required binary event_id (STRING);
    required int64 archive;
    required binary object (STRING);
    required int64 record;
    optional boolean read_only;
    optional binary region (STRING);
    optional binary source_ip (STRING);
    optional binary user_agent (STRING);
    optional binary error_code (STRING);
    optional binary access_key_id (STRING);
    optional binary session_name (STRING);
    optional binary principal_id (STRING);
    optional binary impersonated_by (STRING);
    optional binary detail (STRING);
    optional binary stage (STRING);
}";

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
    let evidence = Evidence::open(table, &evidence::FIRST)?;
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
