//! What every principal was known to do at a point in time, and what changed between two.
//!
//! Turns a [`Baseline`] and a question into groups of rows. The rules are those of `docs/method.md`, "Baseline at a
//! point in time".

mod change;
mod count_range;
mod group;
mod measure;
mod point;
mod sets;
mod subject;
mod timeline;
mod wanted_behaviours;

use super::Filter;
use crate::baseline::Baseline;
use crate::time::{Span, Timestamp};

pub use change::Change;
pub use count_range::CountRange;
pub use group::{KnownGroup, KnownRow};
pub use measure::Measure;
pub use point::PointInTime;
pub use sets::ActionSets;
pub use subject::{By, Subject};
pub use timeline::{Period, Step, Timeline, TooManyPeriods, timeline};

use change::{all_known, changed};
use group::groups;
use wanted_behaviours::WantedBehaviours;

/// A question about what was known.
#[derive(Clone, Debug)]
pub struct KnownQuestion {
    /// Report what was known before this time; if `None`, at the end.
    pub at: Option<Timestamp>,
    /// After this long without a sighting, a behaviour is no longer known.
    pub forget: Option<Span>,
    /// Failed calls do not count.
    pub only_success: bool,
    /// The filter of behaviours; region and read-only flag are those of the first sighting.
    pub filter: Filter,
}

/// What was known, or what changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownActions<'b> {
    /// The time of the figures; `None` if none was requested and there are no sightings.
    pub time: Option<Timestamp>,
    /// Sorted by name.
    pub groups: Vec<KnownGroup<'b>>,
}

impl KnownQuestion {
    /// The requested time: the given one, else the first full second after the last sighting, if any.
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
pub fn known<'b>(baseline: &'b Baseline, question: &KnownQuestion, by: By) -> KnownActions<'b> {
    let Some(point) = question.point(baseline) else { return KnownActions::default() };
    let wanted = WantedBehaviours::new(baseline, &question.filter);
    let picked = all_known(baseline, &wanted.sets(baseline, &point));
    KnownActions { time: Some(point.time), groups: groups(baseline, by, &point, picked) }
}

/// What was gained and lost between the requested time and a later one. The figures are those of the later time.
pub fn changes<'b>(
    baseline: &'b Baseline,
    question: &KnownQuestion,
    later: Timestamp,
    by: By,
) -> KnownActions<'b> {
    let Some(point) = question.point(baseline) else { return KnownActions::default() };
    let wanted = WantedBehaviours::new(baseline, &question.filter);
    let earlier = wanted.sets(baseline, &point);
    let point = question.at_time(later);
    let picked = changed(baseline, &earlier, &wanted.sets(baseline, &point), by);
    KnownActions { time: Some(point.time), groups: groups(baseline, by, &point, picked) }
}
