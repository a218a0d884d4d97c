//! Merges many lanes of objects into one, in delivery order.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::archive::ListedObject;
use super::listing::{Heads, Lane};
use crate::source::LogObject;

/// The objects of all lanes, in delivery order as far as each lane is.
#[derive(Debug)]
pub(super) struct Merge {
    /// Pages of each lane, with the next object last, and the source of more.
    lanes: Vec<(Vec<ListedObject>, Option<Lane>)>,
    /// The next object of every lane that has one.
    heads: BinaryHeap<Reverse<Head>>,
    /// Whether the first page of every lane has arrived.
    has_begun: bool,
}

#[derive(Debug)]
struct Head {
    listed: ListedObject,
    lane: usize,
}

impl Merge {
    /// Merges objects in buckets with files.
    pub(super) fn new(heads: Heads, files: Vec<LogObject>) -> Self {
        let Heads { mut objects, lanes } = heads;
        objects.extend(files.into_iter().map(|object| ListedObject { object, is_read: true }));
        objects.sort_unstable_by(|left, right| right.object.delivery_order(&left.object));
        let mut all = vec![(objects, None)];
        all.extend(lanes.into_iter().map(|lane| (Vec::new(), Some(lane))));
        Self { lanes: all, heads: BinaryHeap::new(), has_begun: false }
    }

    /// The next object.
    pub(super) async fn next(&mut self) -> Option<ListedObject> {
        if !self.has_begun {
            self.has_begun = true;
            for lane in 0..self.lanes.len() {
                self.advance(lane).await;
            }
        }
        let Reverse(Head { listed, lane }) = self.heads.pop()?;
        self.advance(lane).await;
        Some(listed)
    }

    /// Puts the next object of a lane among the heads.
    async fn advance(&mut self, number: usize) {
        let (page, more) = &mut self.lanes[number];
        if page.is_empty()
            && let Some(lane) = more
        {
            *page = lane.recv().await.unwrap_or_default();
            page.reverse();
        }
        if let Some(listed) = page.pop() {
            self.heads.push(Reverse(Head { listed, lane: number }));
        }
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = self.listed.object.delivery_order(&other.listed.object);
        order.then(self.lane.cmp(&other.lane))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}
