//! What an archive covers: deliveries of each account and Region by day, gaps in them, and changes of logging.

mod before;
mod gaps;
mod logging;
mod place;

use crate::baseline::Baseline;
use crate::coverage::Coverage;
use crate::time::{Day, Timestamp};

use logging::{reported_changes, reported_spans};

pub use before::set_covered;
pub use gaps::{DayGap, HOURLY_SHARE, HourGap, LEAST_GAP_HOURS, LEAST_HOURLY_SPAN};
pub use logging::{ChangeOfLogging, LoggingSpan, LoggingSpanKind, LoggingTarget};
pub use place::CoveredPlace;

/// Which part of the coverage is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoverageQuestion {
    /// Nothing before this time is reported.
    pub from: Option<Timestamp>,
    /// Nothing after this time is reported.
    pub to: Option<Timestamp>,
    /// Only these accounts; all if empty.
    pub accounts: Vec<String>,
    /// Only these Regions; all if empty. Of the audit log of a cluster `eks/` and its name.
    pub regions: Vec<String>,
}

/// What an archive covers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CoverageAnswer<'a> {
    /// Accounts and Regions, sorted.
    pub places: Vec<CoveredPlace<'a>>,
    /// Number of objects, read or not, whose names give no account and Region. They are in no place.
    pub unplaced: u64,
    /// Calls that changed what is logged, or tried to, by time.
    pub logging_changes: Vec<ChangeOfLogging<'a>>,
    /// Number of records of later such calls, which are not kept: see [`LOGGING_CHANGES_KEPT`](crate::baseline::LOGGING_CHANGES_KEPT).
    pub other_changes: u64,
    /// Times in which logging was stopped or narrowed, by their start.
    pub logging_spans: Vec<LoggingSpan<'a>>,
}

impl CoverageQuestion {
    /// Whether an account and Region are asked for.
    fn is_wanted(&self, account: &str, region: &str) -> bool {
        let admits =
            |wanted: &[String], name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
        admits(&self.accounts, account) && admits(&self.regions, region)
    }

    /// Whether a period has an instant that is asked for.
    fn overlaps(&self, start: Timestamp, end: Timestamp) -> bool {
        self.from.is_none_or(|from| end >= from) && self.to.is_none_or(|to| start <= to)
    }
}

/// What an archive covers: deliveries and gaps of each account and Region, and when logging was stopped or narrowed.
///
/// Days are those of delivery, in UTC, as the names of objects give them. A day belongs to the reported period if an instant of
/// it does.
pub fn coverage<'a>(
    baseline: &'a Baseline,
    coverage: &'a Coverage,
    question: &CoverageQuestion,
) -> CoverageAnswer<'a> {
    let placed = coverage.places.values().flat_map(|place| [place.objects, place.failed]);
    let placed = placed.fold(0, u64::saturating_add);
    let failed: u64 = coverage.objects.failed.values().sum();
    let places = coverage.places.iter().filter(|((account, region), _)| question.is_wanted(account, region));
    CoverageAnswer {
        places: places.map(|(name, place)| CoveredPlace::new(name, place, question)).collect(),
        logging_changes: reported_changes(&baseline.logging.kept, question),
        other_changes: baseline.logging.others,
        logging_spans: reported_spans(&baseline.logging.kept, coverage, question),
        unplaced: (coverage.objects.read + failed).saturating_sub(placed),
    }
}

impl CoverageAnswer<'_> {
    /// The first and the last reported day of all places.
    pub fn span(&self) -> Option<(Day, Day)> {
        let periods = || self.places.iter().filter_map(|place| place.period);
        Some((periods().map(|(first, _)| first).min()?, periods().map(|(_, last)| last).max()?))
    }
}
