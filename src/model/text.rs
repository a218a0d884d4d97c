//! Shared texts, each stored once: sessions, addresses and programs recur often.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// A shared text: 8 bytes per reference.
pub type Text = arcstr::ArcStr;

/// How many texts are kept before unreferenced ones are removed.
const MANY: usize = 1 << 12;

/// Gives equal texts the same memory.
///
/// ```
/// use firstseen::model::SharedTexts;
///
/// let mut texts = SharedTexts::default();
/// let (one, same) = (texts.get("eu-west-1"), texts.get("eu-west-1"));
/// assert!(std::ptr::eq(one.as_ptr(), same.as_ptr()));
/// ```
#[derive(Debug, Default)]
pub struct SharedTexts {
    /// Each with its hash: without those, a table that grows would read all texts.
    known: HashTable<(u64, Text)>,
    hasher: FixedState,
    /// Number of texts after the last removal.
    swept: usize,
    /// The last text of each place in a row.
    last: Vec<Option<Text>>,
}

impl SharedTexts {
    /// The shared text equal to this one, which has a place in a row of texts. It is compared first with the last one that had that place:
    /// rows that follow each other often have the same texts.
    pub fn get_in_row(&mut self, place: usize, text: &str) -> Text {
        if let Some(Some(last)) = self.last.get(place)
            && **last == *text
        {
            return last.clone();
        }
        let shared = self.get(text);
        if self.last.len() <= place {
            self.last.resize(place + 1, None);
        }
        self.last[place] = Some(shared.clone());
        shared
    }

    /// The shared text equal to this one.
    pub fn get(&mut self, text: &str) -> Text {
        let hash = self.hasher.hash_one(text);
        if let Some((_, known)) = self.known.find(hash, |(other, known)| *other == hash && **known == *text) {
            return known.clone();
        }
        if self.known.len() > MANY.max(2 * self.swept) {
            // The evidence that used it was replaced.
            self.known.retain(|(_, text)| Text::strong_count(text) != Some(1));
            self.swept = self.known.len();
        }
        let new = Text::from(text);
        self.known.insert_unique(hash, (hash, new.clone()), |(hash, _)| *hash);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_texts_are_dropped() {
        let mut texts = SharedTexts::default();
        let held: Vec<Text> = (0..10).map(|number| texts.get(&format!("held {number}"))).collect();
        for number in 0..100 * MANY {
            texts.get(&number.to_string());
        }
        assert!(texts.known.len() <= 2 * MANY, "{}", texts.known.len());
        assert!(std::ptr::eq(held[3].as_ptr(), texts.get("held 3").as_ptr()));
    }
}
