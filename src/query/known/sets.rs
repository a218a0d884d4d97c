//! The known actions of principals, as sets of action ids with unions and differences.

use std::ops::Range;

use roaring::RoaringBitmap;

use super::PointInTime;
use crate::baseline::{Baseline, Behaviour};

/// For each principal of a baseline the ids of its known actions.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionSets(Vec<RoaringBitmap>);

impl ActionSets {
    /// The sets at a point in time.
    ///
    /// ```
    /// use firstseen::baseline::Baseline;
    /// use firstseen::query::{ActionSets, PointInTime};
    /// use firstseen::time::Timestamp;
    ///
    /// let point = PointInTime { time: Timestamp::from_seconds(0), forget: None, only_success: false };
    /// assert!(ActionSets::at(&Baseline::default(), &point).union(0..0).is_empty());
    /// ```
    pub fn at(baseline: &Baseline, point: &PointInTime) -> Self {
        Self::of(baseline, |behaviour| point.knows(behaviour))
    }

    /// The sets of the known behaviours.
    pub(super) fn of(baseline: &Baseline, known: impl Fn(&Behaviour) -> bool) -> Self {
        let mut sets = vec![RoaringBitmap::new(); baseline.principals.len()];
        for behaviour in baseline.behaviours.iter().filter(|behaviour| known(behaviour)) {
            sets[behaviour.principal as usize].insert(behaviour.action);
        }
        Self(sets)
    }

    /// The actions of one principal.
    pub fn principal(&self, principal: u32) -> &RoaringBitmap {
        &self.0[principal as usize]
    }

    /// The combined actions of several principals; a range, since those of an account are adjacent.
    pub fn union(&self, principals: Range<usize>) -> RoaringBitmap {
        self.0[principals].iter().fold(RoaringBitmap::new(), |union, set| union | set)
    }
}
