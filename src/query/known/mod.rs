//! What every principal was known to do at a point in time, and what changed between two.
//!
//! A [`Baseline`] and a question in, groups of rows out. The rules are those of `docs/method.md`, "Baseline at a point
//! in time".

mod measure;
mod point;
mod sets;
mod subject;
mod timeline;
mod wanted;

use std::collections::HashSet;

use roaring::RoaringBitmap;

use super::Filter;
use crate::baseline::{Baseline, Behaviour};
use crate::time::{Span, Timestamp};

pub use measure::{Measure, Tally};
pub use point::PointInTime;
pub use sets::ActionSets;
pub use subject::{By, Subject};
pub use timeline::{Period, Step, Timeline, timeline};

use subject::account_numbers;
use wanted::Wanted;

/// What is asked of the past.
#[derive(Clone, Debug)]
pub struct KnownQuestion {
    /// What was known before this time; else after everything.
    pub at: Option<Timestamp>,
    /// After so long without a sighting a behaviour is no longer known.
    pub forget: Option<Span>,
    /// Failed calls do not count.
    pub only_success: bool,
    /// Which behaviours are asked for; region and harmlessness are those of the first sighting.
    pub filter: Filter,
}

/// What was known, or what changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known<'b> {
    /// The time that the numbers are those of; none if none was asked for and nothing was ever seen.
    pub time: Option<Timestamp>,
    /// In the order of their names.
    pub groups: Vec<Group<'b>>,
}

/// One account, principal or action.
#[derive(Clone, Debug, PartialEq)]
pub struct Group<'b> {
    /// Which one.
    pub subject: Subject<'b>,
    /// Number of different principals in it.
    pub principals: u64,
    /// Number of different actions in it.
    pub actions: u64,
    /// In the order of their names.
    pub rows: Vec<KnownRow<'b>>,
}

/// One principal's action, or that of all principals of an account.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownRow<'b> {
    /// Whose, and which action.
    pub subject: Subject<'b>,
    /// How it changed, if that was asked.
    pub change: Option<Change>,
    /// Number of different principals in it.
    pub principals: u64,
    /// The numbers.
    pub measure: Measure,
}

/// How a set of known actions changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Known at the later time only.
    Gained,
    /// Known at the earlier time only.
    Lost,
}

impl Change {
    /// The published name of this change.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gained => "gained",
            Self::Lost => "lost",
        }
    }
}

impl KnownQuestion {
    /// The time that is asked for: the given one, else the first full second after everything, if there is anything.
    pub fn time(&self, baseline: &Baseline) -> Option<Timestamp> {
        const SECOND: i64 = 1_000_000;
        let end = || {
            let last = baseline.behaviours.iter().map(|behaviour| behaviour.last).max()?;
            Some(Timestamp::from_seconds(last.micros().div_euclid(SECOND).saturating_add(1)))
        };
        self.at.or_else(end)
    }

    fn point(&self, baseline: &Baseline) -> Option<PointInTime> {
        self.time(baseline).map(|time| self.at_time(time))
    }

    fn at_time(&self, time: Timestamp) -> PointInTime {
        PointInTime { time, forget: self.forget, only_success: self.only_success }
    }
}

/// What was known.
///
/// ```
/// use firstseen::baseline::Baseline;
/// use firstseen::query::{By, Filter, KnownQuestion, known};
///
/// let question = KnownQuestion { at: None, forget: None, only_success: false, filter: Filter::default() };
/// assert!(known(&Baseline::default(), &question, By::Principal).groups.is_empty());
/// ```
pub fn known<'b>(baseline: &'b Baseline, question: &KnownQuestion, by: By) -> Known<'b> {
    let Some(point) = question.point(baseline) else { return Known::default() };
    let picked = all_known(baseline, &wanted_sets(baseline, question, point));
    Known { time: Some(point.time), groups: groups(baseline, by, &point, picked) }
}

/// What was gained and lost from the asked time until a later one. The numbers are those of the later time.
pub fn changes<'b>(baseline: &'b Baseline, question: &KnownQuestion, later: Timestamp, by: By) -> Known<'b> {
    let Some(point) = question.point(baseline) else { return Known::default() };
    let earlier = wanted_sets(baseline, question, point);
    let point = question.at_time(later);
    let picked = changed(baseline, &earlier, &wanted_sets(baseline, question, point), by);
    Known { time: Some(point.time), groups: groups(baseline, by, &point, picked) }
}

/// What of the wanted behaviours is known at a point in time.
fn wanted_sets(baseline: &Baseline, question: &KnownQuestion, point: PointInTime) -> ActionSets {
    let wanted = Wanted::new(baseline, &question.filter);
    ActionSets::of(baseline, |behaviour| wanted.begun(behaviour, &point) && point.knows(behaviour))
}

/// A behaviour that belongs into the answer.
#[derive(Clone, Copy)]
struct Picked<'b> {
    behaviour: &'b Behaviour,
    change: Option<Change>,
}

fn all_known<'b>(baseline: &'b Baseline, sets: &ActionSets) -> Vec<Picked<'b>> {
    let known = |behaviour: &&Behaviour| sets.principal(behaviour.principal).contains(behaviour.action);
    let behaviours = baseline.behaviours.iter().filter(known);
    behaviours.map(|behaviour| Picked { behaviour, change: None }).collect()
}

/// The behaviours by which the sets of principals, or of whole accounts, differ.
fn changed<'b>(baseline: &'b Baseline, earlier: &ActionSets, later: &ActionSets, by: By) -> Vec<Picked<'b>> {
    let mut picked = Vec::new();
    let mut behaviours = baseline.behaviours.iter().peekable();
    let mut start = 0;
    for scope in
        baseline.principals.chunk_by(|left, right| by == By::Account && left.account == right.account)
    {
        let end = start + scope.len();
        let (before, after) = (earlier.union(start..end), later.union(start..end));
        let (gained, lost) = (&after - &before, &before - &after);
        while let Some(behaviour) = behaviours.next_if(|behaviour| (behaviour.principal as usize) < end) {
            let (who, action) = (behaviour.principal, behaviour.action);
            let change = if gained.contains(action) && later.principal(who).contains(action) {
                Change::Gained
            } else if lost.contains(action) && earlier.principal(who).contains(action) {
                Change::Lost
            } else {
                continue;
            };
            picked.push(Picked { behaviour, change: Some(change) });
        }
        start = end;
    }
    picked
}

/// Puts behaviours into groups, and those of one row together.
fn groups<'b>(
    baseline: &'b Baseline,
    by: By,
    point: &PointInTime,
    mut picked: Vec<Picked<'b>>,
) -> Vec<Group<'b>> {
    let accounts = account_numbers(baseline);
    let place = |picked: &Picked<'_>| place(by, &accounts, picked.behaviour);
    picked.sort_by_key(place);
    let same_group = picked.chunk_by(|left, right| place(left).0 == place(right).0);
    let groups = same_group.map(|group| {
        let actions: RoaringBitmap = group.iter().map(|picked| picked.behaviour.action).collect();
        let same_row = group.chunk_by(|left, right| place(left) == place(right));
        Group {
            subject: Subject::group(baseline, by, group[0].behaviour),
            principals: principals(group),
            actions: actions.len(),
            rows: same_row.filter_map(|row| known_row(baseline, by, point, row)).collect(),
        }
    });
    groups.collect()
}

/// The numbers of a behaviour's group and, within it, of its row.
fn place(by: By, accounts: &[u32], behaviour: &Behaviour) -> (u32, u32) {
    match by {
        By::Account => (accounts[behaviour.principal as usize], behaviour.action),
        By::Principal => (behaviour.principal, behaviour.action),
        By::Action => (behaviour.action, behaviour.principal),
    }
}

fn known_row<'b>(
    baseline: &'b Baseline,
    by: By,
    point: &PointInTime,
    row: &[Picked<'b>],
) -> Option<KnownRow<'b>> {
    let behaviours: Vec<&Behaviour> = row.iter().map(|picked| picked.behaviour).collect();
    Some(KnownRow {
        subject: Subject::row(baseline, by, row[0].behaviour),
        change: row[0].change,
        principals: principals(row),
        measure: point.measure(&behaviours)?,
    })
}

fn principals(picked: &[Picked<'_>]) -> u64 {
    picked.iter().map(|picked| picked.behaviour.principal).collect::<HashSet<_>>().len() as u64
}
