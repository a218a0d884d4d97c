//! Texts of the script's data: each is there once, and has a number.

use std::collections::HashMap;

use serde_json::Value;

use super::limits::cut;
use crate::report::for_terminal;

/// A text as the page shows it.
fn shown(text: &str) -> String {
    for_terminal(&cut(text)).into_owned()
}

/// Numbers texts as they come.
pub(super) struct Texts {
    numbers: HashMap<String, usize>,
    texts: Vec<String>,
}

impl Texts {
    pub(super) fn new() -> Self {
        Self { numbers: HashMap::from([(String::new(), 0)]), texts: vec![String::new()] }
    }

    /// The number of a text, if a group has it.
    pub(super) fn known(&self, text: &str) -> Option<usize> {
        self.numbers.get(&shown(text)).copied()
    }

    /// The number of a text as the page shows it: what the script compares with the page is the same text.
    pub(super) fn number(&mut self, value: &Value) -> usize {
        value.as_str().map_or(0, |text| self.number_of(text))
    }

    /// The same of a text.
    pub(super) fn number_of(&mut self, text: &str) -> usize {
        let shown = shown(text);
        let next = self.texts.len();
        match self.numbers.get(&shown) {
            Some(number) => *number,
            None => {
                self.texts.push(shown.clone());
                self.numbers.insert(shown, next);
                next
            }
        }
    }

    /// All texts, by their numbers.
    pub(super) fn into_texts(self) -> Vec<String> {
        self.texts
    }
}
