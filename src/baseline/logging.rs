//! Calls that changed what is logged, kept beside the behaviours.

use super::SingleEvent;
use crate::model::{InOrder, LoggingEffect, Text};

/// The most calls kept.
pub const LOGGING_CHANGES_KEPT: usize = 100_000;

/// A call that changed what is logged, or tried to.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggingChange {
    /// Who called, and the evidence; its detail says what is left out.
    pub event: SingleEvent,
    /// The trail or event data store, by name, id or ARN; the audit log of a cluster is `eks/` and its name.
    pub target: Option<Text>,
    /// What the call did, or would have done.
    pub effect: LoggingEffect,
    /// Number of records of the call: copies are counted.
    pub records: u64,
}

/// Calls that changed what is logged: the earliest of them, and the number of others.
///
/// Merging is exact: a call that a part does not keep has [`LOGGING_CHANGES_KEPT`] earlier ones there, and therefore in the whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoggingChanges {
    /// Sorted by time; at most [`LOGGING_CHANGES_KEPT`] of them.
    pub kept: Vec<LoggingChange>,
    /// Number of records of later calls.
    pub others: u64,
}

impl LoggingChange {
    /// What copies of one record share, beginning with the time.
    fn identity(&self) -> impl Ord + use<'_> {
        let SingleEvent { who, action, sighting } = &self.event;
        (sighting.time, who, action, &sighting.event_id, &self.target, self.effect, sighting.detail())
    }
}

impl LoggingChanges {
    /// Adds a call.
    pub(super) fn add(&mut self, change: LoggingChange) {
        self.kept.push(change);
        if self.kept.len() >= 2 * LOGGING_CHANGES_KEPT {
            self.sort();
        }
    }

    /// Adds those of another part.
    #[must_use]
    pub(super) fn merged(mut self, other: Self) -> Self {
        self.kept.extend(other.kept);
        self.others = self.others.saturating_add(other.others);
        self.sort();
        self
    }

    /// Sorts the calls, joins copies, and keeps the earliest.
    pub(super) fn sort(&mut self) {
        self.sort_and_keep(LOGGING_CHANGES_KEPT);
    }

    fn sort_and_keep(&mut self, most: usize) {
        self.kept.sort_by(|left, right| {
            let same = left.identity().cmp(&right.identity());
            same.then_with(|| left.event.sighting.order(&right.event.sighting))
        });
        self.kept.dedup_by(|next, kept| {
            let is_copy = !next.event.sighting.event_id.is_empty() && next.identity() == kept.identity();
            if is_copy {
                kept.records = kept.records.saturating_add(next.records);
            }
            is_copy
        });
        let later = self.kept.drain(most.min(self.kept.len())..);
        self.others = later.fold(self.others, |others, change| others.saturating_add(change.records));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{ObservedPrincipal, PrincipalKind, Sighting, SightingTexts, Stage};
    use crate::time::Timestamp;

    fn change(time: i64, id: &str, record: u32) -> LoggingChange {
        let who = ObservedPrincipal {
            account: "1".into(),
            key: "eva".into(),
            kind: PrincipalKind::User,
            arn: None,
        };
        let sighting = Sighting {
            time: Timestamp::from_seconds(time),
            event_id: id.into(),
            archive: 1,
            object: "a".into(),
            record,
            failed: false,
            read_only: None,
            stage: Stage::default(),
            texts: SightingTexts::new(std::array::from_fn(|_| None)),
        };
        let event = SingleEvent { who, action: "cloudtrail.amazonaws.com:StopLogging".into(), sighting };
        LoggingChange { event, target: Some("main".into()), effect: LoggingEffect::Stopped, records: 1 }
    }

    proptest! {
        #[test]
        fn parts_keep_what_the_whole_keeps(
            calls in prop::collection::vec((0..6i64, 0..4u8, 0..2usize), 0..24), most in 1..6usize
        ) {
            let calls = calls.iter().zip(0..).map(|((time, id, part), record)| {
                // Copies share an id; a call without an id is none.
                let id = if *id == 0 { String::new() } else { format!("{time}-{id}") };
                (*part, change(*time, &id, record))
            });
            let calls: Vec<(usize, LoggingChange)> = calls.collect();
            let of = |wanted: &[usize]| {
                let kept = calls.iter().filter(|(part, _)| wanted.contains(part)).map(|(_, call)| call.clone());
                let mut changes = LoggingChanges { kept: kept.collect(), others: 0 };
                changes.sort_and_keep(most);
                changes
            };
            let whole = of(&[0, 1]);
            let (left, right) = (of(&[0]), of(&[1]));
            for (mut one, other) in [(left.clone(), right.clone()), (right, left)] {
                one.kept.extend(other.kept);
                one.others += other.others;
                one.sort_and_keep(most);
                prop_assert_eq!(&one, &whole);
            }
            let records: u64 = whole.kept.iter().map(|change| change.records).sum();
            prop_assert_eq!(records + whole.others, calls.len() as u64);
        }
    }
}
