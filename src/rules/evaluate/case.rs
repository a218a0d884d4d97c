//! Upper and lower case in comparisons.

use std::borrow::Cow;

/// One case, for case-insensitive comparisons: letter by letter, as in case-insensitive patterns, so that it makes no difference
/// where in a word a letter is.
pub(in crate::rules) fn lower(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        Cow::Owned(text.chars().map(folded).collect())
    } else if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// The letter that stands for all cases and forms of a letter: Unicode's simple case folding.
pub(super) fn folded(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    match c {
        // Its upper case is that of another letter.
        'ı' => c,
        // Letters with the same upper case, which has several letters.
        '\u{1fd3}' => '\u{390}',
        '\u{1fe3}' => '\u{3b0}',
        '\u{fb05}' => '\u{fb06}',
        _ => {
            let upper = only(c.to_uppercase()).unwrap_or(c);
            only(upper.to_lowercase()).unwrap_or(upper)
        }
    }
}

/// The only letter, if there is one only.
pub(super) fn only(mut letters: impl Iterator<Item = char>) -> Option<char> {
    letters.next().filter(|_| letters.next().is_none())
}
