//! Credentials by what leads to them, in the order of time.

use std::collections::HashMap;

use super::Credential;
use crate::time::{Span, Timestamp};

/// How much later than the creation of its session a sign-in may be logged.
const DELAY: Span = Span::minutes(1);

/// How many of the sessions that began before a moment are looked at for one that was logged before it, too.
const LOOKED_AT: usize = 16;

/// A credential that may lead to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step<'f> {
    /// From when on it counts: when its session was created, if that is known, else when it was logged.
    pub(super) from: Timestamp,
    /// The time of its event.
    pub(super) logged: Timestamp,
    /// `None` ends the one before it.
    pub(super) credential: Option<&'f Credential>,
}

/// Steps by two names.
#[derive(Debug, Default)]
pub(super) struct Timeline<'f>(HashMap<(&'f str, &'f str), Vec<Step<'f>>>);

impl<'f> Timeline<'f> {
    pub(super) fn add(&mut self, name: (&'f str, &'f str), step: Step<'f>) {
        self.0.entry(name).or_default().push(step);
    }

    pub(super) fn sort(&mut self) {
        self.0.values_mut().for_each(|steps| steps.sort_unstable());
    }

    /// The last step not after `time`.
    pub(super) fn last(&self, name: (&str, &str), time: Timestamp) -> Option<Step<'f>> {
        let steps = self.0.get(&name)?;
        let end = steps.partition_point(|step| step.from <= time);
        steps[..end].iter().rev().take(LOOKED_AT).find(|step| step.logged <= time).copied()
    }

    /// The step that led to a session that was created at this time, and used by `used`: the last one before, or the first one after it
    /// that can be meant, whichever is nearer. A later one had nothing to do with it.
    pub(super) fn nearest(
        &self,
        name: (&str, &str),
        created: Timestamp,
        used: Timestamp,
    ) -> Option<Step<'f>> {
        let steps = self.0.get(&name)?;
        let end = steps.partition_point(|step| step.from <= created);
        let before = end.checked_sub(1).map(|last| steps[last].from);
        let is_meant = |step: &&Step<'_>| step.from <= created.plus(DELAY) && step.logged <= used;
        let after = steps.get(end).filter(is_meant).map(|step| step.from);
        let distance = |from: &Timestamp| from.micros_since(created).saturating_abs();
        // Of two that are as near, the earlier.
        let nearest = before.into_iter().chain(after).min_by_key(distance)?;
        let end = steps.partition_point(|step| (step.from, step.logged) <= (nearest, used));
        steps[..end].last().filter(|step| step.from == nearest).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The logged second of what was found; steps are `(from, logged)`.
    fn timeline(steps: &[(i64, i64)], found: impl Fn(&Timeline<'_>) -> Option<Timestamp>) -> Option<i64> {
        let credential = Credential::SignIn("event".into());
        let mut timeline = Timeline::default();
        for (from, logged) in steps {
            let [from, logged] = [from, logged].map(|seconds| Timestamp::from_seconds(*seconds));
            timeline.add(("eva", ""), Step { from, logged, credential: Some(&credential) });
        }
        timeline.sort();
        found(&timeline).map(|time| time.micros() / 1_000_000)
    }

    #[test]
    fn the_step_nearest_to_the_creation_of_a_session_led_to_it() {
        let nearest = |steps: &[(i64, i64)], created, used| {
            let [created, used] = [created, used].map(Timestamp::from_seconds);
            timeline(steps, |timeline| Some(timeline.nearest(("eva", ""), created, used)?.logged))
        };
        // The last one before, not a later one.
        assert_eq!(nearest(&[(100, 100), (900, 900)], 100, 1_000), Some(100));
        assert_eq!(nearest(&[(100, 100), (900, 900)], 899, 1_000), Some(900));
        assert_eq!(nearest(&[(900, 900)], 100, 1_000), None);
        // A log may be some seconds late, but no more than a minute, and not later than the use.
        assert_eq!(nearest(&[(160, 160)], 100, 1_000), Some(160));
        assert_eq!(nearest(&[(161, 161)], 100, 1_000), None);
        assert_eq!(nearest(&[(102, 102)], 100, 101), None);
        assert_eq!(nearest(&[(10, 10), (102, 102)], 100, 101), Some(10));
        assert_eq!(nearest(&[(98, 98), (102, 102)], 100, 1_000), Some(98));
        // One that says when its session was created may be logged long after.
        assert_eq!(nearest(&[(100, 700), (500, 500)], 100, 1_000), Some(700));
        assert_eq!(nearest(&[(100, 400), (100, 700)], 100, 500), Some(400));
        assert_eq!(nearest(&[(100, 700)], 100, 500), None);
        assert_eq!(nearest(&[], 100, 500), None);
        let other = timeline(&[(1, 1)], |timeline| {
            Some(timeline.nearest(("jo", ""), Timestamp::from_seconds(2), Timestamp::from_seconds(2))?.logged)
        });
        assert_eq!(other, None);
    }

    #[test]
    fn the_last_step_was_logged_before() {
        let last = |steps: &[(i64, i64)], time| {
            timeline(steps, |timeline| {
                Some(timeline.last(("eva", ""), Timestamp::from_seconds(time))?.logged)
            })
        };
        assert_eq!(last(&[(100, 100), (900, 900)], 899), Some(100));
        assert_eq!(last(&[(100, 100), (900, 900)], 900), Some(900));
        assert_eq!(last(&[(100, 100), (200, 1_000)], 900), Some(100));
        assert_eq!(last(&[(100, 100)], 99), None);
    }
}
