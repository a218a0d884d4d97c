//! Searches the text of a record for many texts at once. The only place that knows the search automaton.

use aho_corasick::AhoCorasick;

/// Texts of which one must occur in a record, in any case of ASCII letters.
#[derive(Debug)]
pub(super) struct TextSearch(AhoCorasick);

impl TextSearch {
    /// `None` if there are no texts, or too many for the automaton. A text is found as it is, and as JSON escapes it.
    pub(super) fn new(texts: &[String]) -> Option<Self> {
        if texts.is_empty() {
            return None;
        }
        let escaped = texts.iter().filter_map(|text| escaped(text));
        let all = texts.iter().cloned().chain(escaped);
        AhoCorasick::builder().ascii_case_insensitive(true).build(all).ok().map(Self)
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
        let search = TextSearch::new(&["Evil.example".to_owned(), "a\"b".to_owned()]).unwrap();
        assert!(search.occurs_in(r#"{"x":"https://EVIL.example/"}"#));
        assert!(search.occurs_in(r#"{"x":"A\"b"}"#));
        assert!(!search.occurs_in(r#"{"x":"a b"}"#));
        assert!(TextSearch::new(&[]).is_none());
    }
}
