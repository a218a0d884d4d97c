//! Assigns equal small numbers to equal things.

use std::hash::{BuildHasher, Hash};
use std::ops::{Index, IndexMut};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// Numbers things in the order in which they are first met, from 0.
///
/// The hash seed is constant, so ids are deterministic.
#[derive(Debug)]
pub(super) struct Interner<T> {
    items: Vec<T>,
    /// Hash and id of every item; storing the hash avoids hashing again when the table grows.
    table: HashTable<(u64, u32)>,
    hasher: FixedState,
    /// The last item met.
    last: u32,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { items: Vec::new(), table: HashTable::new(), hasher: FixedState::default(), last: 0 }
    }
}

impl<T> Interner<T> {
    /// The id of the item that `is_it` accepts, which hashes like `key`; `make` creates it if it is new.
    #[inline]
    pub(super) fn intern(
        &mut self,
        key: &impl Hash,
        is_it: impl Fn(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> u32 {
        // The last item is often met again, and comparing is cheaper than hashing.
        if self.items.get(self.last as usize).is_some_and(&is_it) {
            return self.last;
        }
        self.last = self.find_or_add(key, is_it, make);
        self.last
    }

    #[inline]
    fn find_or_add(&mut self, key: &impl Hash, is_it: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> u32 {
        let hash = self.hasher.hash_one(key);
        let known = |(other, id): &(u64, u32)| *other == hash && is_it(&self.items[*id as usize]);
        if let Some((_, id)) = self.table.find(hash, known) {
            return *id;
        }
        let id = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        self.items.push(make());
        self.table.insert_unique(hash, (hash, id), |(hash, _)| *hash);
        id
    }

    /// The id of the item that `is_it` accepts, which hashes like `key`, if it exists.
    pub(super) fn find(&self, key: &impl Hash, is_it: impl Fn(&T) -> bool) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        let known = |(other, id): &(u64, u32)| *other == hash && is_it(&self.items[*id as usize]);
        self.table.find(hash, known).map(|(_, id)| *id)
    }

    pub(super) fn into_items(self) -> Vec<T> {
        self.items
    }
}

impl<T> Index<u32> for Interner<T> {
    type Output = T;

    fn index(&self, id: u32) -> &T {
        &self.items[id as usize]
    }
}

impl<T> IndexMut<u32> for Interner<T> {
    fn index_mut(&mut self, id: u32) -> &mut T {
        &mut self.items[id as usize]
    }
}
