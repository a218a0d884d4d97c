//! Searches the text of a record for many texts at once. The only place that knows the search automaton.

use aho_corasick::AhoCorasick;
use thiserror::Error;

/// There are more texts to search for than can be searched for at once.
#[derive(Clone, Debug, Error)]
#[error("there are too many texts to search for at once: {0}")]
pub struct TooManyTexts(String);

/// Texts of which one must occur in a record, in any case of ASCII letters.
#[derive(Debug)]
pub(super) struct TextSearch(AhoCorasick);

impl TextSearch {
    /// `None` if there are no texts: then every record is wanted. A text is found as it is, and as JSON escapes it.
    ///
    /// # Errors
    /// If there are more texts than the automaton can hold.
    pub(super) fn new(texts: &[String]) -> Result<Option<Self>, TooManyTexts> {
        if texts.is_empty() {
            return Ok(None);
        }
        let escaped = texts.iter().filter_map(|text| escaped(text));
        let all = texts.iter().cloned().chain(escaped);
        let search = AhoCorasick::builder().ascii_case_insensitive(true).build(all);
        search.map(|search| Some(Self(search))).map_err(|error| TooManyTexts(error.to_string()))
    }

    /// Whether one of the texts occurs in a record.
    pub(super) fn occurs_in(&self, record: &str) -> bool {
        self.0.is_match(record)
    }
}

/// The text as it stands in JSON, if that is different.
fn escaped(text: &str) -> Option<String> {
    let json = serde_json::to_string(text).ok()?;
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    (inner != text).then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_any_case_and_as_escaped() {
        let search = TextSearch::new(&["Evil.example".to_owned(), "a\"b".to_owned()]).unwrap().unwrap();
        assert!(search.occurs_in(r#"{"x":"https://EVIL.example/"}"#));
        assert!(search.occurs_in(r#"{"x":"A\"b"}"#));
        assert!(!search.occurs_in(r#"{"x":"a b"}"#));
        assert!(TextSearch::new(&[]).unwrap().is_none());
    }
}
