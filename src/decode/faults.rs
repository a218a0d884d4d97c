//! The parts of an object that could not be read.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use crate::coverage::{FAULTS_LISTED_PER_OBJECT, FaultKind, Position};

/// A part of an object that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeFault {
    /// The kind of fault.
    pub kind: FaultKind,
    /// The position in the object, or in the inner file.
    pub position: Position,
    /// The inner file; `None` for the object itself.
    pub inner: Option<Box<str>>,
    /// The reason in words.
    pub detail: String,
}

/// The faults of an object, or of a part of it: the first [`FAULTS_LISTED_PER_OBJECT`], and the number of all. An object can
/// have a fault in every second byte, and most of an object can be faults.
///
/// It can be used like the slice of the listed ones.
#[derive(Clone, Debug, Default)]
pub struct DecodeFaults {
    listed: Vec<DecodeFault>,
    /// The number of the others, by kind.
    more: BTreeMap<FaultKind, u64>,
}

/// A point in the faults, as they are added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::decode) struct FaultMark {
    count: u64,
    listed: usize,
    /// The number of truncations that are not listed.
    truncated: u64,
}

impl DecodeFaults {
    /// The number of all faults.
    pub fn count(&self) -> u64 {
        self.listed.len() as u64 + self.more.values().sum::<u64>()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.more.is_empty()
    }

    /// Adds a fault after the others.
    pub fn push(&mut self, fault: DecodeFault) {
        if self.listed.len() < FAULTS_LISTED_PER_OBJECT {
            self.listed.push(fault);
        } else {
            *self.more.entry(fault.kind).or_default() += 1;
        }
    }

    /// Adds the faults of a later part.
    pub fn append(&mut self, later: Self) {
        self.extend(later.listed);
        self.add_unlisted(later.more);
    }

    /// Adds the number of faults that are not listed, by kind.
    pub(in crate::decode) fn add_unlisted(&mut self, more: BTreeMap<FaultKind, u64>) {
        for (kind, count) in more {
            *self.more.entry(kind).or_default() += count;
        }
    }

    /// Adds a fault before the others.
    pub(in crate::decode) fn push_front(&mut self, fault: DecodeFault) {
        let later = std::mem::replace(self, Self::from_iter([fault]));
        self.append(later);
    }

    /// The listed ones, and the number of the others by kind.
    pub fn into_parts(self) -> (Vec<DecodeFault>, BTreeMap<FaultKind, u64>) {
        (self.listed, self.more)
    }

    /// The last one, if it is listed.
    pub(in crate::decode) fn last_listed(&mut self) -> Option<&mut DecodeFault> {
        self.listed.last_mut().filter(|_| self.more.is_empty())
    }

    /// The current end.
    pub(in crate::decode) fn mark(&self) -> FaultMark {
        FaultMark { count: self.count(), listed: self.listed.len(), truncated: self.truncated() }
    }

    /// Removes the truncations that were added after a mark.
    pub(in crate::decode) fn remove_truncations(&mut self, from: FaultMark) {
        let later = self.listed.split_off(from.listed);
        self.listed.extend(later.into_iter().filter(|fault| fault.kind != FaultKind::JsonTruncated));
        match from.truncated {
            0 => self.more.remove(&FaultKind::JsonTruncated),
            count => self.more.insert(FaultKind::JsonTruncated, count),
        };
    }

    fn truncated(&self) -> u64 {
        self.more.get(&FaultKind::JsonTruncated).copied().unwrap_or_default()
    }
}

impl Deref for DecodeFaults {
    type Target = [DecodeFault];

    fn deref(&self) -> &[DecodeFault] {
        &self.listed
    }
}

impl DerefMut for DecodeFaults {
    fn deref_mut(&mut self) -> &mut [DecodeFault] {
        &mut self.listed
    }
}

impl Extend<DecodeFault> for DecodeFaults {
    fn extend<I: IntoIterator<Item = DecodeFault>>(&mut self, faults: I) {
        faults.into_iter().for_each(|fault| self.push(fault));
    }
}

impl FromIterator<DecodeFault> for DecodeFaults {
    fn from_iter<I: IntoIterator<Item = DecodeFault>>(faults: I) -> Self {
        let mut all = Self::default();
        all.extend(faults);
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [FaultKind; 3] = [FaultKind::JsonBroken, FaultKind::JsonTruncated, FaultKind::TooLarge];

    fn faults(kinds: &[usize]) -> DecodeFaults {
        let fault = |(number, kind): (usize, &usize)| DecodeFault {
            kind: KINDS[*kind],
            position: Position::Byte(number as u64),
            inner: None,
            detail: String::new(),
        };
        kinds.iter().enumerate().map(fault).collect()
    }

    fn positions(faults: &DecodeFaults) -> Vec<(FaultKind, Position)> {
        faults.iter().map(|fault| (fault.kind, fault.position)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// However faults are put together, the same ones are listed, and all are counted.
        #[test]
        fn the_first_are_listed_and_all_are_counted(
            kinds in prop::collection::vec(0..3_usize, 0..3 * FAULTS_LISTED_PER_OBJECT),
            parts in 1..1_500_usize,
        ) {
            let all = faults(&kinds);
            let mut joined = DecodeFaults::default();
            for (number, part) in kinds.chunks(parts).enumerate() {
                let mut part = faults(part);
                for fault in part.iter_mut() {
                    let Position::Byte(at) = &mut fault.position else { unreachable!() };
                    *at += (number * parts) as u64;
                }
                joined.append(part);
            }
            let expected: Vec<_> = kinds.iter().take(FAULTS_LISTED_PER_OBJECT).enumerate()
                .map(|(at, kind)| (KINDS[*kind], Position::Byte(at as u64))).collect();
            prop_assert_eq!(positions(&all), expected.clone());
            prop_assert_eq!(positions(&joined), expected);
            prop_assert_eq!((all.count(), joined.count()), (kinds.len() as u64, kinds.len() as u64));
        }

        /// Truncations are removed whether they are listed or not, and none before the mark.
        #[test]
        fn only_later_truncations_are_removed(
            kinds in prop::collection::vec(0..3_usize, 0..3 * FAULTS_LISTED_PER_OBJECT),
            share in 0..=100_usize,
        ) {
            let (before, after) = kinds.split_at(kinds.len() * share / 100);
            let mut all = faults(before);
            let mark = all.mark();
            all.append(faults(after));
            all.remove_truncations(mark);
            let kept = before.len() + after.iter().filter(|kind| **kind != 1).count();
            prop_assert_eq!(all.count(), kept as u64);
            prop_assert_eq!(all.is_empty(), kept == 0);
            prop_assert_eq!(&positions(&all)[..mark.listed], &positions(&faults(before))[..]);
        }
    }
}
