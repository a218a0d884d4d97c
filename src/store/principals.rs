//! The table `principals`: one row for each principal, including those known only by the record of their creation.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::error::TableError;
use super::table::Table;
use crate::baseline::{Baseline, Behaviour, IdentityResolver};
use crate::model::{ObservedPrincipal, PrincipalKind, Text};
use crate::table::Column;
use crate::time::Timestamp;

pub(super) const SCHEMA: &str = "message principals {
    required binary account (STRING);
    required binary principal (STRING);
    optional binary principal_kind (STRING);
    optional binary principal_arn (STRING);
    optional binary same_as (STRING);
    optional int64 created (TIMESTAMP(MICROS,true));
    optional int64 first (TIMESTAMP(MICROS,true));
    optional int64 last (TIMESTAMP(MICROS,true));
    required int64 actions;
    required int64 count;
    required int64 errors;
}";

type Creations = BTreeMap<(Text, Text), Timestamp>;

/// One row.
#[derive(Default)]
struct PrincipalRow<'b> {
    seen: Option<&'b ObservedPrincipal>,
    /// The principal that this one is joined to.
    same_as: Option<Cow<'b, str>>,
    created: Option<Timestamp>,
    span: Option<(Timestamp, Timestamp)>,
    actions: i64,
    count: i64,
    errors: i64,
}

/// All rows, by account and key.
pub(super) struct PrincipalRows<'b>(BTreeMap<(&'b str, &'b str), PrincipalRow<'b>>);

impl<'b> PrincipalRows<'b> {
    pub(super) fn of(baseline: &'b Baseline, resolver: &IdentityResolver<'b>) -> Self {
        let mut rows: BTreeMap<(&str, &str), PrincipalRow<'_>> = BTreeMap::new();
        for ((account, key), created) in &baseline.creations {
            rows.entry((account, key)).or_default().created = Some(*created);
        }
        for behaviours in baseline.behaviours.chunk_by(|a, b| a.principal == b.principal) {
            let seen = &baseline.principals[behaviours[0].principal as usize];
            let row = rows.entry((&seen.account, &seen.key)).or_default();
            row.seen = Some(seen);
            behaviours.iter().for_each(|behaviour| row.add(behaviour));
        }
        for ((account, key), row) in &mut rows {
            row.same_as = resolver.find(account, key);
        }
        Self(rows)
    }
}

pub(super) fn columns<'r>(PrincipalRows(rows): &'r PrincipalRows<'_>) -> Vec<Column<'r>> {
    let micros = |time: Timestamp| time.micros();
    vec![
        Column::Text(rows.keys().map(|(account, _)| Some(*account)).collect()),
        Column::Text(rows.keys().map(|(_, key)| Some(*key)).collect()),
        Column::Text(rows.values().map(|row| row.seen.map(|seen| seen.kind.name())).collect()),
        Column::Text(rows.values().map(|row| row.seen.and_then(|seen| seen.arn.as_deref())).collect()),
        Column::Text(rows.values().map(|row| row.same_as.as_deref()).collect()),
        Column::Long(rows.values().map(|row| row.created.map(micros)).collect()),
        Column::Long(rows.values().map(|row| row.span.map(|(first, _)| first.micros())).collect()),
        Column::Long(rows.values().map(|row| row.span.map(|(_, last)| last.micros())).collect()),
        Column::Long(rows.values().map(|row| Some(row.actions)).collect()),
        Column::Long(rows.values().map(|row| Some(row.count)).collect()),
        Column::Long(rows.values().map(|row| Some(row.errors)).collect()),
    ]
}

impl PrincipalRow<'_> {
    fn add(&mut self, behaviour: &Behaviour) {
        let (first, last) = self.span.unwrap_or((behaviour.first.time, behaviour.last));
        self.span = Some((first.min(behaviour.first.time), last.max(behaviour.last)));
        self.actions += 1;
        self.count += behaviour.count() as i64;
        self.errors += behaviour.errors() as i64;
    }
}

/// The principals that were seen, and all creations. The column `same_as` is derived from all of them, and is not read.
pub(super) fn read(table: &Table) -> Result<(Vec<ObservedPrincipal>, Creations), TableError> {
    let (accounts, keys) = (table.text_column("account")?, table.text_column("principal")?);
    let (kinds, arns) = (table.text_column("principal_kind")?, table.text_column("principal_arn")?);
    let created = table.times("created")?;
    let mut principals: Vec<ObservedPrincipal> = Vec::new();
    let mut creations = Creations::new();
    for (row, created) in created.into_iter().enumerate() {
        let (account, key) = (accounts.needed(row)?, keys.needed(row)?);
        if let Some(created) = created {
            creations.insert((account.into(), key.into()), created);
        }
        if let Some(kind) = kinds.get(row)? {
            let kind = PrincipalKind::from_name(kind).ok_or_else(|| TableError::value("principal_kind"))?;
            let arn = arns.get(row)?.map(Text::from);
            let principal = ObservedPrincipal { account: account.into(), key: key.into(), kind, arn };
            if principals.last().is_some_and(|before| before.account_and_key() >= principal.account_and_key())
            {
                return Err("its rows are not sorted".into());
            }
            principals.push(principal);
        }
    }
    Ok((principals, creations))
}
