//! Breaks a text into lines of a width.

use std::ops::Range;

use crate::report::width::width;

/// The lines of a text, as ranges of bytes without the spaces at which it was broken. A line is broken at a space outside the
/// `whole` ranges; if there is none, after a slash, colon or comma; else anywhere. `rooms` are the columns of the first and of
/// each further line.
pub(super) fn wrap(text: &str, whole: &[Range<usize>], rooms: [usize; 2]) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = line_end(text, start, whole, rooms[usize::from(!lines.is_empty())]);
        lines.push(start..start + text[start..end].trim_end_matches(' ').len());
        start = text.len() - text[end..].trim_start_matches(' ').len();
    }
    lines
}

/// Where a line that starts at `start` ends. It has at least one character.
fn line_end(text: &str, start: usize, whole: &[Range<usize>], room: usize) -> usize {
    let (mut space, mut soft, mut columns) = (None, None, 0);
    for (offset, c) in text[start..].char_indices() {
        let at = start + offset;
        if c == ' ' && at > start && !whole.iter().any(|range| range.contains(&at)) {
            space = Some(at);
        }
        columns += width(c.encode_utf8(&mut [0; 4]));
        if columns > room && at > start {
            return space.or(soft).unwrap_or(at);
        }
        if matches!(c, '/' | ':' | ',') {
            soft = Some(at + 1);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines<'t>(text: &'t str, whole: &[Range<usize>], room: usize) -> Vec<&'t str> {
        wrap(text, whole, [room, room]).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn lines_break_at_spaces_else_after_slashes_else_anywhere() {
        assert_eq!(lines("one two  three", &[], 8), ["one two", "three"]);
        assert_eq!(lines("one two three", std::slice::from_ref(&(0..7)), 5), ["one t", "wo", "three"]);
        assert_eq!(lines("a logs/2024/03/10", &[], 9), ["a", "logs/", "2024/03/", "10"]);
        assert_eq!(lines("abcdefgh", &[], 3), ["abc", "def", "gh"]);
        assert_eq!(lines("fits", &[], 4), ["fits"]);
        assert_eq!(lines("", &[], 4), Vec::<&str>::new());
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(lines("名前名前", &[], 5), ["名前", "名前"]);
        assert_eq!(lines("名", &[], 1), ["名"]);
    }

    #[test]
    fn nothing_but_spaces_is_lost() {
        let text = "known for 69 d,  arn:aws:iam::111122223333:role/a/b 名前/前 x".repeat(3);
        for room in 2..90 {
            let shown: String = lines(&text, &[], room).concat();
            assert_eq!(shown.replace(' ', ""), text.replace(' ', ""));
            assert!(lines(&text, &[], room).iter().all(|line| width(line) <= room));
        }
    }
}
