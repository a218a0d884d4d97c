//! How many columns of a terminal a text takes: most letters one, Chinese ones two, combining marks none.

use unicode_width::UnicodeWidthStr;

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}
