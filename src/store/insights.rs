//! The table `insights`: what CloudTrail Insights noticed, one row each.

use super::error::Flaw;
use super::evidence::{self, Evidence};
use super::reading::Paths;
use super::table::{Column, Table};
use crate::baseline::{Baseline, InsightSighting};
use crate::observe::{ObservedPrincipal, PrincipalKind};

pub(super) const SCHEMA: &str = "message insights {
    required binary account (STRING);
    required binary principal (STRING);
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
}";

pub(super) fn columns(baseline: &Baseline) -> Vec<Column<'_>> {
    let insights = &baseline.insights;
    let text = |of: fn(&InsightSighting) -> &str| {
        Column::Text(insights.iter().map(|insight| Some(of(insight))).collect())
    };
    let mut columns = vec![
        text(|insight| &insight.who.account),
        text(|insight| &insight.who.key),
        text(|insight| &insight.action),
        Column::Long(insights.iter().map(|insight| Some(insight.sighting.time.micros())).collect()),
        Column::Flag(insights.iter().map(|insight| Some(insight.sighting.failed)).collect()),
    ];
    columns.extend(evidence::columns(insights.iter().map(|insight| Some(&insight.sighting)).collect()));
    columns
}

pub(super) fn read(table: &Table) -> Result<Vec<InsightSighting>, Flaw> {
    let (accounts, keys) = (table.text_column("account")?, table.text_column("principal")?);
    let actions = table.text_column("action")?;
    let (times, failed) = (table.times("time")?, table.truths("failed")?);
    let evidence = Evidence::open(table, &evidence::FIRST)?;
    let mut paths = Paths::default();
    let insight = |row: usize| {
        let time = times[row].filter(|time| time.is_written()).ok_or_else(|| Flaw::value("time"))?;
        Ok(InsightSighting {
            who: ObservedPrincipal {
                account: accounts.needed(row)?.into(),
                key: keys.needed(row)?.into(),
                kind: PrincipalKind::Unknown,
                arn: None,
            },
            action: actions.needed(row)?.into(),
            sighting: evidence.sighting(row, time, failed[row], &mut paths)?,
        })
    };
    (0..table.rows()).map(insight).collect()
}
