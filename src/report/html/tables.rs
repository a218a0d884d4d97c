//! Tables beside the incidents: their principals, and actions that nobody in the archive had done before.

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
    fn new(mut rows: Vec<R>) -> Self {
        let left_out = rows.len().saturating_sub(MOST_TABLE_ROWS);
        rows.truncate(MOST_TABLE_ROWS);
        Self { rows, left_out }
    }
}

/// A principal of the incidents.
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
    score: f64,
    incidents: Vec<u64>,
}

/// What the incidents say of a principal.
#[derive(Default)]
struct InIncidents {
    new_actions: BTreeSet<String>,
    score: f64,
    incidents: BTreeSet<u64>,
}

/// The principals of these incidents, the highest score first.
pub(super) fn principals<'a>(
    activities: &'a [PrincipalActivity<'a>],
    views: &[Value],
) -> Table<PrincipalRow<'a>> {
    let mut found = in_incidents(views);
    let mut rows: Vec<PrincipalRow<'a>> = activities
        .iter()
        .filter_map(|activity| {
            let (account, principal) = (named(&activity.who.account), named(&activity.who.key));
            let InIncidents { new_actions, score, incidents } = found.remove(&(account, principal))?;
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
                incidents: incidents.into_iter().collect(),
            })
        })
        .collect();
    rows.sort_by(|left, right| right.score.total_cmp(&left.score));
    Table::new(rows)
}

fn in_incidents(views: &[Value]) -> HashMap<(Option<&str>, Option<&str>), InIncidents> {
    let mut found: HashMap<_, InIncidents> = HashMap::new();
    for view in views {
        for member in view["members"].as_array().into_iter().flatten() {
            let of = found.entry((member["account"].as_str(), member["principal"].as_str())).or_default();
            let actions = member["actions"].as_array().into_iter().flatten().filter_map(Value::as_str);
            of.new_actions.extend(actions.map(str::to_owned));
            of.score = of.score.max(member["score"].as_f64().unwrap_or_default());
            of.incidents.extend(view["rank"].as_u64());
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
    incident: u64,
}

/// The actions of these incidents that were new for the whole archive, by time.
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
                incident: view["rank"].as_u64().unwrap_or_default(),
                action: action.clone(),
                time,
            };
            let known = first.get(&action);
            if known.is_none_or(|known| (&row.time, row.incident) < (&known.time, known.incident)) {
                first.insert(action, row);
            }
        }
    }
    let mut rows: Vec<ActionRow> = first.into_values().collect();
    rows.sort_by(|left, right| left.time.cmp(&right.time));
    Table::new(rows)
}
