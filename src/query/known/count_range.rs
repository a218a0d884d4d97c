//! Numbers known exactly or within bounds.

use std::ops::AddAssign;

/// A number known exactly or within bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountRange {
    /// The lower bound.
    pub at_least: u64,
    /// The upper bound.
    pub at_most: u64,
}

impl CountRange {
    /// An exact number.
    pub const fn exactly(number: u64) -> Self {
        Self { at_least: number, at_most: number }
    }

    /// The number, if known exactly.
    ///
    /// ```
    /// use firstseen::query::CountRange;
    ///
    /// assert_eq!(CountRange::exactly(3).exact(), Some(3));
    /// assert_eq!(CountRange { at_least: 3, at_most: 5 }.exact(), None);
    /// ```
    pub fn exact(self) -> Option<u64> {
        (self.at_least == self.at_most).then_some(self.at_least)
    }
}

impl AddAssign for CountRange {
    fn add_assign(&mut self, other: Self) {
        self.at_least += other.at_least;
        self.at_most += other.at_most;
    }
}
