//! Shared texts, each stored once: sessions, addresses and programs recur often.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::{Evidence, SightingTexts};

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
    /// The texts of the last evidence, in order.
    last: [Option<Text>; SightingTexts::COUNT],
}

impl SharedTexts {
    /// The shared texts of evidence. What a call issued is not shared: each call issues something else.
    pub fn of_evidence(&mut self, evidence: &Evidence<'_>) -> SightingTexts {
        let texts = evidence.texts();
        SightingTexts::new(std::array::from_fn(|place| {
            let text = texts[place]?;
            Some(if place == SightingTexts::ISSUED { text.into() } else { self.get_as_before(place, text) })
        }))
    }

    /// The shared text of evidence at this place, where the evidence before has often the same.
    fn get_as_before(&mut self, place: usize, text: &str) -> Text {
        match &self.last[place] {
            Some(last) if **last == *text => last.clone(),
            _ => {
                let shared = self.get(text);
                self.last[place] = Some(shared.clone());
                shared
            }
        }
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
