//! The table `values`: one row for each principal and each of its values in a dimension, with the evidence of its first sightings.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::TableError;
use super::evidence::{self, SightingColumns};
use super::reading::SharedPaths;
use super::table::Table;
use crate::baseline::{Baseline, DimensionValue, ValueSighting};
use crate::model::{Dimension, ObservedPrincipal, Sighting, Text};
use crate::table::{Column, ROWS_PER_GROUP};
use crate::time::Timestamp;

/// The columns of the table.
pub(super) fn schema() -> String {
    const OWN: &str = "message values {
    required binary account (STRING);
    required binary principal (STRING);
    required binary dimension (STRING);
    required binary value (STRING);
    required binary action (STRING);
    required int64 first (TIMESTAMP(MICROS,true));
    optional binary success_action (STRING);
    optional int64 first_success (TIMESTAMP(MICROS,true));
    required int64 last (TIMESTAMP(MICROS,true));
    required int64 count;
    required boolean failed;
";
    [OWN, &evidence::FIRST.schema(), &evidence::SUCCESS.schema(), "}"].concat()
}

/// The values of learnt dimensions, column by column. Those of derived ones are never saved.
pub(super) fn columns(baseline: &Baseline) -> Vec<Column<'_>> {
    let values = || baseline.values.iter().filter(|value| value.dimension.origin().is_none());
    let principal = |value: &DimensionValue| &baseline.principals[value.principal as usize];
    let action = |sighting: &ValueSighting| &*baseline.actions[sighting.action as usize];
    let mut columns = vec![
        Column::Text(values().map(|value| Some(&*principal(value).account)).collect()),
        Column::Text(values().map(|value| Some(&*principal(value).key)).collect()),
        Column::Text(values().map(|value| Some(value.dimension.name())).collect()),
        Column::Text(values().map(|value| Some(&*value.value)).collect()),
        Column::Text(values().map(|value| Some(action(&value.first))).collect()),
        Column::Long(values().map(|value| Some(value.first.sighting.time.micros())).collect()),
        Column::Text(values().map(|value| value.first_success.as_ref().map(action)).collect()),
        Column::Long(
            values().map(|value| Some(value.first_success.as_ref()?.sighting.time.micros())).collect(),
        ),
        Column::Long(values().map(|value| Some(value.last.micros())).collect()),
        Column::Long(values().map(|value| Some(value.count as i64)).collect()),
        Column::Flag(values().map(|value| Some(value.first.sighting.failed)).collect()),
    ];
    columns.extend(evidence::columns(values().map(|value| Some(&*value.first.sighting)).collect()));
    columns.extend(evidence::columns(values().map(later_success).collect()));
    columns
}

/// The first success, unless it is the first sighting: evidence is stored once.
fn later_success(value: &DimensionValue) -> Option<&Sighting> {
    let success = value.first_success.as_ref().filter(|success| **success != value.first);
    success.map(|success| &*success.sighting)
}

/// Reads the table. It has learnt dimensions only.
pub(super) fn read(
    table: &Table,
    principals: &[ObservedPrincipal],
    actions: &[Text],
) -> Result<Vec<DimensionValue>, TableError> {
    let numbers: PrincipalNumbers<'_> =
        principals.iter().map(ObservedPrincipal::account_and_key).zip(0..).collect();
    let ids: HashMap<&str, u32> = actions.iter().map(|name| &**name).zip(0..).collect();
    let (mut paths, mut values) =
        (SharedPaths::default(), Vec::with_capacity(table.rows().min(ROWS_PER_GROUP)));
    for group in table.by_group()? {
        read_group(&group, (&numbers, &ids), &mut paths, &mut values)?;
    }
    Ok(values)
}

/// The numbers of principals, by account and key.
type PrincipalNumbers<'p> = HashMap<(&'p str, &'p str), u32>;

/// Appends the values of a group of rows. Principals and actions are given with their numbers.
fn read_group(
    table: &Table,
    (numbers, ids): (&PrincipalNumbers<'_>, &HashMap<&str, u32>),
    paths: &mut SharedPaths,
    values: &mut Vec<DimensionValue>,
) -> Result<(), TableError> {
    let text = |name: &'static str| table.text_column(name);
    let (accounts, keys, dimensions, texts) =
        (text("account")?, text("principal")?, text("dimension")?, text("value")?);
    let (names, success_names) = (text("action")?, text("success_action")?);
    let (first, success, last) = (table.times("first")?, table.times("first_success")?, table.times("last")?);
    let (count, failed) = (table.numbers::<u64>("count")?, table.truths("failed")?);
    let (of_first, of_success) =
        (SightingColumns::open(table, evidence::FIRST)?, SightingColumns::open(table, evidence::SUCCESS)?);
    let action = |name: &str| ids.get(name).copied().ok_or_else(|| TableError::value("action"));
    let time =
        |times: &[Option<Timestamp>], row: usize, name| times[row].ok_or_else(|| TableError::value(name));
    for row in 0..table.rows() {
        let who = (accounts.needed(row)?, keys.needed(row)?);
        let sighting = of_first.sighting(row, time(&first, row, "first")?, failed[row], paths)?;
        let first_sighting =
            ValueSighting { action: action(names.needed(row)?)?, sighting: Arc::new(sighting) };
        let first_success = match (success[row], success_names.get(row)?) {
            (None, None) => None,
            (Some(_), Some(_)) if !of_success.is_there(row) => Some(first_sighting.clone()),
            (Some(time), Some(name)) => {
                let sighting = Arc::new(of_success.sighting(row, time, false, paths)?);
                Some(ValueSighting { action: action(name)?, sighting })
            }
            (None, Some(_)) | (Some(_), None) => return Err(TableError::value("first_success")),
        };
        let dimension = Dimension::learnt_from_name(dimensions.needed(row)?);
        let value = DimensionValue {
            principal: *numbers.get(&who).ok_or(TableError::from("a principal is not in its table"))?,
            dimension: dimension.ok_or_else(|| TableError::value("dimension"))?,
            value: paths.texts.get(texts.needed(row)?),
            first: first_sighting,
            first_success,
            last: time(&last, row, "last")?,
            count: count[row],
        };
        if values.last().is_some_and(|before| before.key() >= value.key()) {
            return Err("its rows are not sorted".into());
        }
        values.push(value);
    }
    Ok(())
}
