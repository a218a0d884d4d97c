//! How much a page holds, so that a browser opens the page of any archive at once.

use std::borrow::Cow;

/// The most findings of a page; those of the first groups.
pub(super) const MOST_FINDINGS: usize = 10_000;

/// The most bytes of markup of all cards: a page of ordinary findings reaches the limit on findings first.
pub(super) const MOST_MARKUP: usize = 9_000_000;

/// The most findings that one card lists.
pub(super) const MOST_ROWS: usize = 500;

/// The most episodes that one card lists. More that belong together are mostly those of a forged key.
pub(super) const MOST_EPISODES: usize = 100;

/// The most values of one kind that a card lists of an episode.
pub(super) const MOST_VALUES: usize = 200;

/// The most faults listed.
pub(super) const MOST_FAULTS: usize = 500;

/// The most rows of a table beside the cards.
pub(super) const MOST_TABLE_ROWS: usize = 2_000;

/// The most characters of one text.
const MOST_CHARACTERS: usize = 4_000;

/// A text cut to the most that a page shows of one, with the number of characters left out.
pub(super) fn cut(text: &str) -> Cow<'_, str> {
    // No text has more characters than bytes.
    if text.len() <= MOST_CHARACTERS {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => {
            let more = text[end..].chars().count();
            Cow::Owned(format!("{}… ({more} more characters)", &text[..end]))
        }
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_cut_says_so() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"ü".repeat(MOST_CHARACTERS)), "ü".repeat(MOST_CHARACTERS));
        let long = cut(&"ü".repeat(MOST_CHARACTERS + 7)).into_owned();
        assert!(long.ends_with("ü… (7 more characters)"));
    }
}
