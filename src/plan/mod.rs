//! Divides archives into shards, so that several machines can index them: archives are listed once, and each shard names the objects
//! of one task. The baselines of all shards merge into the one that a single machine makes, byte for byte.
//!
//! There is no scheduler here: a shard is plain data, and any engine can hand it to `firstseen index --shard`. Knows listings;
//! knows nothing of records or baselines.

mod cut;
mod shard;

use crate::checksum::Hasher;
use crate::coverage::Coverage;
use crate::source::{Archives, Listing, LogObject, ReadWindow, SkippedObject};
use cut::cut;

pub use shard::{Shard, ShardError};

/// What opening an object costs, in bytes of a transfer that takes as long: a GET request takes about as long as 100 kB.
pub const OBJECT_COST: u64 = 100_000;

/// Into how many shards archives are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardCount {
    /// At most this many; fewer if there are not as many days and objects.
    Exactly(u32),
    /// As many as are needed for about this cost each: bytes as stored, and [`OBJECT_COST`] for each object.
    ByCost(u64),
}

/// What is divided.
#[derive(Debug)]
pub struct PlanInput {
    /// The window in which the archives were listed.
    pub window: ReadWindow,
    /// Bytes of an inflated object after which its tasks stop.
    pub max_object_size: u64,
    /// What was listed, or what is left of it.
    pub listing: Listing,
}

/// A plan: what was listed, and where it is divided.
#[derive(Debug)]
pub struct Plan<'a> {
    archives: &'a Archives,
    window: ReadWindow,
    max_object_size: u64,
    listing: Listing,
    /// What tells the plan from others: [`Plan::content_id`].
    id: String,
    /// Bytes of each object as stored; 0 if they are not known.
    sizes: Vec<u64>,
    /// Where each shard ends in the objects.
    ends: Vec<usize>,
}

/// Divides what was listed. The same listing gives the same plan.
///
/// Shards are ranges in the order of delivery. A day is divided only if it alone costs more than a shard, so copies of a record,
/// which are delivered within minutes, are mostly found by the task that reads them.
pub fn divide(archives: &Archives, input: PlanInput, count: ShardCount) -> Plan<'_> {
    let PlanInput { window, max_object_size, mut listing } = input;
    listing.skipped.sort_by(|left, right| left.object.delivery_order(&right.object));
    listing.coverage.sort();
    let sizes: Vec<u64> =
        listing.objects.iter().map(|object| archives.size(object).unwrap_or_default()).collect();
    let costs: Vec<u64> = sizes.iter().map(|size| OBJECT_COST.saturating_add(*size)).collect();
    let days: Vec<_> = listing.objects.iter().map(|object| object.delivered.map(|time| time.day())).collect();
    let ends = cut(&costs, &days, count);
    let plan = Plan { archives, window, max_object_size, listing, id: String::new(), sizes, ends };
    Plan { id: plan.content_id(), ..plan }
}

impl Plan<'_> {
    /// What was listed.
    pub fn coverage(&self) -> &Coverage {
        &self.listing.coverage
    }

    /// Number of objects to read.
    pub fn objects(&self) -> usize {
        self.listing.objects.len()
    }

    /// Number of shards, at least 1.
    pub fn shards(&self) -> usize {
        self.ends.len()
    }

    /// A SHA-256 that tells plans apart: of the archives, the window, each object, and where the plan is divided.
    fn content_id(&self) -> String {
        let mut hasher = Hasher::default();
        hasher.add(format!("{:?} {:?} {:?}", self.archives.names(), self.window, self.ends).as_bytes());
        let mut add = |object: &LogObject, size: u64| {
            hasher.add(&object.archive.to_le_bytes());
            hasher.add(object.path.as_bytes());
            // No path has this byte.
            hasher.add(&[0]);
            hasher.add(&size.to_le_bytes());
        };
        self.listing.objects.iter().zip(&self.sizes).for_each(|(object, size)| add(object, *size));
        self.listing.skipped.iter().for_each(|skipped| add(&skipped.object, 0));
        hasher.finish().to_string()
    }

    /// Makes the shards, one at a time, in order.
    pub fn iter(&self) -> impl Iterator<Item = Shard> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let mut skipped = 0;
        (1..).zip(starts.zip(&self.ends)).map(move |(number, (start, end))| {
            // What is skipped goes to the shard of what is read before it.
            let skipped_end = match self.listing.objects.get(*end) {
                Some(next) => {
                    let is_before = |skipped: &SkippedObject| skipped.object.delivery_order(next).is_lt();
                    self.listing.skipped.partition_point(is_before)
                }
                None => self.listing.skipped.len(),
            };
            let left_out = &self.listing.skipped[std::mem::replace(&mut skipped, skipped_end)..skipped_end];
            self.shard(number, start..*end, left_out)
        })
    }
}
