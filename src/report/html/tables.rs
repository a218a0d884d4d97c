//! Tables beside the cards: their principals, and actions that nobody in the archive had done before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde_json::Value;

use super::limits::MOST_TABLE_ROWS;
use crate::query::PrincipalActivity;
use crate::report::row::named;

/// A table, and how many rows it leaves out.
#[derive(Debug, Serialize)]
pub(super) struct Table<R> {
    rows: Vec<R>,
    left_out: usize,
}

impl<R> Table<R> {
    /// A table of at most so many rows as a page holds.
    pub(super) fn new(mut rows: Vec<R>) -> Self {
        let left_out = rows.len().saturating_sub(MOST_TABLE_ROWS);
        rows.truncate(MOST_TABLE_ROWS);
        Self { rows, left_out }
    }
}

/// A principal of the findings.
#[derive(Debug, Serialize)]
pub(super) struct PrincipalRow<'a> {
    account: Option<&'a str>,
    principal: Option<&'a str>,
    kind: &'static str,
    first: String,
    last: String,
    actions: u64,
    new_actions: u64,
    networks: u64,
    events: u64,
    /// None, if the page has no scores.
    score: Option<f64>,
    /// Its cards.
    groups: Vec<u64>,
}

/// What the groups say of a principal.
#[derive(Default)]
struct InGroups {
    new_actions: BTreeSet<String>,
    score: Option<f64>,
    groups: BTreeSet<u64>,
}

/// The principals of these groups, the highest score first.
pub(super) fn principals<'a>(
    activities: &'a [PrincipalActivity<'a>],
    views: &[Value],
) -> Table<PrincipalRow<'a>> {
    let mut found = in_groups(views);
    let mut rows: Vec<PrincipalRow<'a>> = activities
        .iter()
        .filter_map(|activity| {
            let (account, principal) = (named(&activity.who.account), named(&activity.who.key));
            let InGroups { new_actions, score, groups } = found.remove(&(account, principal))?;
            Some(PrincipalRow {
                account,
                principal,
                kind: activity.who.kind.name(),
                first: activity.first.to_string(),
                last: activity.last.to_string(),
                actions: activity.actions,
                new_actions: new_actions.len() as u64,
                networks: activity.networks,
                events: activity.events,
                score,
                groups: groups.into_iter().collect(),
            })
        })
        .collect();
    // Without scores in the order of their cards.
    let score = |row: &PrincipalRow<'_>| row.score.unwrap_or_default();
    rows.sort_by(|left, right| {
        score(right).total_cmp(&score(left)).then_with(|| left.groups.first().cmp(&right.groups.first()))
    });
    Table::new(rows)
}

fn in_groups(views: &[Value]) -> HashMap<(Option<&str>, Option<&str>), InGroups> {
    let mut found: HashMap<_, InGroups> = HashMap::new();
    for view in views {
        for member in view["members"].as_array().into_iter().flatten() {
            let of = found.entry((member["account"].as_str(), member["principal"].as_str())).or_default();
            let actions = member["actions"].as_array().into_iter().flatten().filter_map(Value::as_str);
            of.new_actions.extend(actions.map(str::to_owned));
            of.score = of.score.into_iter().chain(member["score"].as_f64()).reduce(f64::max);
            of.groups.extend(view["rank"].as_u64());
        }
    }
    found
}

/// An action that nobody in the archive had done before.
#[derive(Debug, Serialize)]
pub(super) struct ActionRow {
    action: String,
    class: Option<String>,
    time: String,
    principal: Option<String>,
    account: Option<String>,
    outcome: Option<String>,
    group: u64,
}

/// The actions of these groups that were new for the whole archive, by time.
pub(super) fn actions(views: &[Value]) -> Table<ActionRow> {
    let mut first: BTreeMap<String, ActionRow> = BTreeMap::new();
    for view in views {
        for finding in view["findings"].as_array().into_iter().flatten() {
            if finding["finding"] != "new-action" || finding["first_for_archive"] != true {
                continue;
            }
            let text = |name: &str| finding[name].as_str().map(str::to_owned);
            let (Some(action), Some(time)) = (text("action"), text("time")) else { continue };
            let row = ActionRow {
                class: text("class"),
                principal: text("principal"),
                account: text("account"),
                outcome: text("outcome"),
                group: view["rank"].as_u64().unwrap_or_default(),
                action: action.clone(),
                time,
            };
            let known = first.get(&action);
            if known.is_none_or(|known| (&row.time, row.group) < (&known.time, known.group)) {
                first.insert(action, row);
            }
        }
    }
    let mut rows: Vec<ActionRow> = first.into_values().collect();
    rows.sort_by(|left, right| left.time.cmp(&right.time));
    Table::new(rows)
}
