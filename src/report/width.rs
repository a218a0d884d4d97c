//! The width of texts in terminal columns: one for most letters, two for Chinese characters, none for
//! combining marks.

use unicode_width::UnicodeWidthStr;

/// Width of a text in columns.
pub(super) fn width(text: &str) -> usize {
    text.width()
}
