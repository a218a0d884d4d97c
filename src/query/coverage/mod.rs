//! What an archive covers: deliveries of each account and Region by day, and gaps in them.

mod gaps;
mod place;

use crate::coverage::Coverage;
use crate::time::{Day, Timestamp};

pub use gaps::{DayGap, HOURLY_SHARE, HourGap, LEAST_GAP_HOURS, LEAST_HOURLY_SPAN};
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

/// What an archive covers: deliveries and gaps of each account and Region.
///
/// Days are those of delivery, in UTC, as the names of objects give them. A day belongs to the reported period if an instant of
/// it does.
pub fn coverage<'a>(coverage: &'a Coverage, question: &CoverageQuestion) -> CoverageAnswer<'a> {
    let placed: u64 = coverage.places.values().map(|place| place.objects + place.failed).sum();
    let failed: u64 = coverage.objects.failed.values().sum();
    let places = coverage.places.iter().filter(|((account, region), _)| question.is_wanted(account, region));
    CoverageAnswer {
        places: places.map(|(name, place)| CoveredPlace::new(name, place, question)).collect(),
        unplaced: (coverage.objects.read + failed).saturating_sub(placed),
    }
}

impl CoverageAnswer<'_> {
    /// The first and the last reported day with an object.
    pub fn span(&self) -> Option<(Day, Day)> {
        let days = || self.places.iter().flat_map(|place| [place.days.first(), place.days.last()]).flatten();
        Some((days().map(|day| day.day).min()?, days().map(|day| day.day).max()?))
    }
}
