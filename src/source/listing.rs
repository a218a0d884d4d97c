//! What was found in the archives: the objects to read, and those skipped.

use super::{LogObject, SkippedObject};
use crate::coverage::{Coverage, ObjectSkip};
use crate::model::Text;
use crate::time::{Day, Span, Timestamp};

/// What was found in the archives: the objects to read, and those skipped.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Objects to read, in delivery order.
    pub objects: Vec<LogObject>,
    /// Skipped objects.
    pub skipped: Vec<SkippedObject>,
    /// S3 objects that are not read, but stored in the mirror if missing there.
    pub to_keep: Vec<LogObject>,
    /// Skipped objects, and folders that could not be listed.
    pub coverage: Coverage,
}

impl Listing {
    /// Whether nothing was found at all, not even unreadable files.
    pub(super) fn is_empty(&self) -> bool {
        let Coverage { objects, faults, .. } = &self.coverage;
        objects.listed == 0 && objects.unlisted.is_empty() && faults.is_empty()
    }

    pub(super) fn skip(&mut self, object: LogObject, reason: ObjectSkip) {
        *self.coverage.objects.skipped.entry(reason).or_default() += 1;
        self.skipped.push(SkippedObject { object, reason });
    }

    /// Adds what another thread found.
    pub(super) fn absorb(&mut self, other: Self) {
        let Self { objects, skipped, to_keep, coverage } = other;
        self.objects.extend(objects);
        self.skipped.extend(skipped);
        self.to_keep.extend(to_keep);
        self.coverage.merge(coverage);
    }

    /// Archive and path of everything that was listed.
    pub fn into_paths(self) -> Vec<(u32, Text)> {
        let skipped = self.skipped.into_iter().map(|skipped| skipped.object);
        self.objects.into_iter().chain(skipped).map(|object| (object.archive, object.path)).collect()
    }

    /// Removes objects as if they had not been listed: those to read that `known` selects, and skipped ones that
    /// `known_skip` selects. Returns their number. A mirror still gets those that it lacks.
    pub fn forget(
        &mut self,
        mut known: impl FnMut(&LogObject) -> bool,
        mut known_skip: impl FnMut(&SkippedObject) -> bool,
    ) -> u64 {
        let before = self.coverage.objects.listed;
        let (counts, to_keep) = (&mut self.coverage.objects, &mut self.to_keep);
        self.objects.retain(|object| {
            let forgotten = known(object);
            counts.listed -= u64::from(forgotten);
            if forgotten && object.is_mirrored() {
                to_keep.push(object.clone());
            }
            !forgotten
        });
        self.skipped.retain(|skipped| {
            let forgotten = known_skip(skipped);
            if forgotten {
                counts.listed -= 1;
                if let Some(count) = counts.skipped.get_mut(&skipped.reason) {
                    *count -= 1;
                }
            }
            !forgotten
        });
        counts.skipped.retain(|_, count| *count > 0);
        before - counts.listed
    }

    /// Skips the objects to read that were delivered outside a window, except those that `is_wanted` selects.
    pub fn leave_out(&mut self, window: &ReadWindow, is_wanted: impl Fn(&LogObject) -> bool) {
        for object in std::mem::take(&mut self.objects) {
            if window.admits(object.delivered) || is_wanted(&object) {
                self.objects.push(object);
            } else {
                self.skip(object, ObjectSkip::OutsideWindow);
            }
        }
        self.to_keep.retain(|object| window.admits(object.delivered));
    }

    /// Splits off a listing of the first `count` objects to read, with the skipped ones.
    #[must_use]
    pub fn cut(&mut self, count: usize) -> Self {
        let later = self.objects.split_off(count.min(self.objects.len()));
        let mut coverage = std::mem::take(&mut self.coverage);
        self.coverage.objects.listed = later.len() as u64;
        coverage.objects.listed -= later.len() as u64;
        let objects = std::mem::replace(&mut self.objects, later);
        let (skipped, to_keep) = (std::mem::take(&mut self.skipped), std::mem::take(&mut self.to_keep));
        Self { objects, skipped, to_keep, coverage }
    }
}

/// Which delivery times are worth opening, both ends included.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadWindow {
    /// Events before this instant are not wanted.
    pub read_from: Option<Timestamp>,
    /// Events after this instant are not wanted.
    pub read_to: Option<Timestamp>,
    /// By how many days a delivery day may lie outside and the object still be opened.
    pub slack: Span,
}

impl ReadWindow {
    /// Whether an object delivered at `delivered` may hold wanted events. An unknown time may.
    pub fn admits(&self, delivered: Option<Timestamp>) -> bool {
        let Some(delivered) = delivered else { return true };
        let day = i64::from(delivered.day().number());
        let (first, last) = self.days();
        first.is_none_or(|first| day >= first) && last.is_none_or(|last| day <= last)
    }

    /// By how many days a delivery lies outside, beyond the slack; 0 inside.
    pub fn days_outside(&self, delivered: Timestamp) -> u32 {
        let day = i64::from(delivered.day().number());
        let (first, last) = self.days();
        let before = first.map_or(0, |first| first - day);
        let after = last.map_or(0, |last| day - last);
        u32::try_from(before.max(after)).unwrap_or(0)
    }

    /// The last delivery day that may hold wanted events.
    pub fn last_day(&self) -> Option<Day> {
        self.days().1.map(|last| Day::from_number(i32::try_from(last).unwrap_or(i32::MAX)))
    }

    /// The first and the last delivery day that may hold wanted events, in days since 1970-01-01.
    pub(super) fn days(&self) -> (Option<i64>, Option<i64>) {
        let day = |end: Timestamp| i64::from(end.day().number());
        let slack = i64::from(self.slack.whole_days());
        (
            self.read_from.map(|read_from| day(read_from) - slack),
            self.read_to.map(|read_to| day(read_to) + slack),
        )
    }
}
