//! What several sides used, such as a key: it joins each episode to those of other sides that ended a session before it or later.

use super::Episode;
use super::calls::{SESSION, is_soon};
use crate::model::LogSource;

/// Episodes of one side are not joined to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side<'b> {
    /// A principal, by account and key.
    Principal((&'b str, &'b str)),
    /// All principals of one kind of log.
    Log(LogSource),
}

/// An episode by its index, and its side.
type Use<'b> = (usize, Side<'b>);

/// The uses so far, as far as later ones can still be joined to them. Each episode is looked at a few times only, however many there are:
/// those that are joined already are known by two of them.
#[derive(Debug, Default)]
pub(super) struct Shared<'b> {
    /// The latest end of those that are joined to the last use, with the latest one of any other side.
    latest: [Option<Use<'b>>; 2],
    /// Episodes that are not joined to the last use: all are of the side of that.
    waiting: Vec<Use<'b>>,
}

impl<'b> Shared<'b> {
    /// Adds an episode that begins no earlier than those before it: those that it is to be joined to, so that in the end all that belong
    /// together are, directly or through others.
    pub(super) fn add(
        &mut self,
        episodes: &[Episode<'b>],
        (to, side): Use<'b>,
    ) -> impl Iterator<Item = usize> + use<'b> {
        let is_near =
            |(from, other): &Use<'b>| *other != side && is_soon(&episodes[*from], &episodes[to], SESSION);
        let is_of_another_side = self.waiting.first().is_some_and(|(_, other)| *other != side);
        let mut joined = match is_of_another_side {
            true => std::mem::take(&mut self.waiting),
            false => Vec::new(),
        };
        joined.retain(is_near);
        match self.latest.into_iter().flatten().find(is_near) {
            Some(latest) => joined.push(latest),
            None => {
                // Whatever can still be joined is of this side.
                let own = self.latest.into_iter().flatten().find(|(_, other)| *other == side);
                self.waiting.extend(own);
                self.latest = [None; 2];
            }
        }
        joined.iter().chain([&(to, side)]).for_each(|one| self.insert(episodes, *one));
        joined.into_iter().map(|(from, _)| from)
    }

    /// Notes one that is joined to the last use, if it ends late.
    fn insert(&mut self, episodes: &[Episode<'b>], (index, side): Use<'b>) {
        let known = self.latest.into_iter().flatten().filter(|(known, _)| *known != index);
        let mut all: Vec<Use<'b>> = known.chain([(index, side)]).collect();
        all.sort_by_key(|(index, _)| std::cmp::Reverse(episodes[*index].end()));
        let first = all.first().copied();
        let of_another_side = |(_, other): &Use<'b>| first.is_some_and(|(_, side)| *other != side);
        self.latest = [first, all.into_iter().find(of_another_side)];
    }
}
