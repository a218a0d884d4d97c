//! The table `behaviours`: one row for each principal and action, with the evidence of its first sightings.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::error::TableError;
use super::evidence::{self, SightingColumns};
use super::reading::SharedPaths;
use super::table::Table;
use crate::baseline::{Baseline, Behaviour, Days};
use crate::model::{ObservedPrincipal, Sighting, Text};
use crate::table::Column;
use crate::time::Timestamp;

/// The columns of the table.
pub(super) fn schema() -> String {
    const OWN: &str = "message behaviours {
    required binary account (STRING);
    required binary principal (STRING);
    required binary principal_kind (STRING);
    required binary action (STRING);
    required int64 first (TIMESTAMP(MICROS,true));
    optional int64 first_success (TIMESTAMP(MICROS,true));
    required int64 last (TIMESTAMP(MICROS,true));
    required int64 count;
    required int64 errors;
    required boolean failed;
";
    [OWN, &evidence::FIRST.schema(), &evidence::SUCCESS.schema(), "}"].concat()
}

pub(super) fn columns(baseline: &Baseline) -> Vec<Column<'_>> {
    let behaviours = &baseline.behaviours;
    let principal = |behaviour: &Behaviour| &baseline.principals[behaviour.principal as usize];
    let number = |of: fn(&Behaviour) -> i64| Column::Long(behaviours.iter().map(|b| Some(of(b))).collect());
    let success_time =
        |behaviour: &Behaviour| behaviour.first_success.as_ref().map(|seen| seen.time.micros());
    let mut columns = vec![
        Column::Text(behaviours.iter().map(|b| Some(&*principal(b).account)).collect()),
        Column::Text(behaviours.iter().map(|b| Some(&*principal(b).key)).collect()),
        Column::Text(behaviours.iter().map(|b| Some(principal(b).kind.name())).collect()),
        Column::Text(behaviours.iter().map(|b| Some(&*baseline.actions[b.action as usize])).collect()),
        number(|b| b.first.time.micros()),
        Column::Long(behaviours.iter().map(success_time).collect()),
        number(|b| b.last.micros()),
        number(|b| b.count() as i64),
        number(|b| b.errors() as i64),
        Column::Flag(behaviours.iter().map(|b| Some(b.first.failed)).collect()),
    ];
    columns.extend(evidence::columns(behaviours.iter().map(|b| Some(&*b.first)).collect()));
    columns.extend(evidence::columns(behaviours.iter().map(later_success).collect()));
    columns
}

/// The first success, unless it is the first sighting: evidence is stored once.
fn later_success(behaviour: &Behaviour) -> Option<&Sighting> {
    behaviour.first_success.as_deref().filter(|success| **success != *behaviour.first)
}

/// The content of the table.
pub(super) struct BehaviourTable {
    /// Without their days.
    pub(super) behaviours: Vec<Behaviour>,
    /// For each behaviour the number of its sightings, and of the failed ones among them.
    pub(super) counts: Vec<(u64, u64)>,
    /// The actions, sorted.
    pub(super) actions: Vec<Text>,
}

/// Reads the table.
pub(super) fn read(table: &Table, principals: &[ObservedPrincipal]) -> Result<BehaviourTable, TableError> {
    let groups = table.by_group()?;
    let actions = sorted_actions(&groups)?;
    let ids: HashMap<&str, u32> = actions.iter().map(|name| &**name).zip(0..).collect();
    let mut paths = SharedPaths::default();
    let (mut behaviours, mut counts) = (Vec::new(), Vec::new());
    for group in &groups {
        read_group(group, (principals, &ids), &mut paths, &mut behaviours)?;
        let (count, errors) = (group.numbers::<u64>("count")?, group.numbers::<u64>("errors")?);
        counts.extend(count.into_iter().zip(errors));
    }
    Ok(BehaviourTable { behaviours, counts, actions })
}

/// Appends the behaviours of a group of rows. Actions are given with their numbers.
fn read_group(
    table: &Table,
    (principals, ids): (&[ObservedPrincipal], &HashMap<&str, u32>),
    paths: &mut SharedPaths,
    behaviours: &mut Vec<Behaviour>,
) -> Result<(), TableError> {
    let (accounts, keys) = (table.text_column("account")?, table.text_column("principal")?);
    let names = table.text_column("action")?;
    let (first, success) = (table.times("first")?, table.times("first_success")?);
    let last = table.times("last")?;
    let failed = table.truths("failed")?;
    let (of_first, of_success) =
        (SightingColumns::open(table, evidence::FIRST)?, SightingColumns::open(table, evidence::SUCCESS)?);
    let mut principal = behaviours.last().map_or(0, |before| before.principal as usize);
    for row in 0..table.rows() {
        let who = (accounts.needed(row)?, keys.needed(row)?);
        while principals.get(principal).is_some_and(|known| (&*known.account, &*known.key) < who) {
            principal += 1;
        }
        if principals.get(principal).is_none_or(|known| (&*known.account, &*known.key) != who) {
            return Err("a principal is not in its table, or rows are not sorted".into());
        }
        let time = |times: &[Option<Timestamp>], name| times[row].ok_or_else(|| TableError::value(name));
        let first_seen = Arc::new(of_first.sighting(row, time(&first, "first")?, failed[row], paths)?);
        let first_success = match success[row] {
            None => None,
            Some(_) if !of_success.is_there(row) => Some(Arc::clone(&first_seen)),
            Some(time) => Some(Arc::new(of_success.sighting(row, time, false, paths)?)),
        };
        let behaviour = Behaviour {
            principal: u32::try_from(principal).unwrap_or(u32::MAX),
            action: ids[names.needed(row)?],
            first: first_seen,
            first_success,
            last: time(&last, "last")?,
            days: Days::default(),
        };
        if behaviours.last().is_some_and(|before| before.ids() >= behaviour.ids()) {
            return Err("its rows are not sorted".into());
        }
        behaviours.push(behaviour);
    }
    Ok(())
}

fn sorted_actions(groups: &[Table]) -> Result<Vec<Text>, TableError> {
    let mut actions = BTreeSet::new();
    for group in groups {
        let names = group.text_column("action")?;
        for row in 0..group.rows() {
            let name = names.needed(row)?;
            if !actions.contains(name) {
                actions.insert(Text::from(name));
            }
        }
    }
    Ok(actions.into_iter().collect())
}
