//! `--ignore-file`, and `@FILE` for a flag: lists with one value per line.

/// The values of a list, with their lines, counted from 1. Blank lines and those that start with `#` are none, nor are blanks around a value
/// and a byte order mark.
///
/// ```
/// use firstseen::config::list_lines;
///
/// assert_eq!(list_lines("\u{feff}# noise\n\n  sts:*\r\n").collect::<Vec<_>>(), [(3, "sts:*")]);
/// ```
pub fn list_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    (1..).zip(lines).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// The same for values that contain no ` #`, such as globs of actions: what follows a `#` at the start of a line or behind a blank is no part of
/// the value.
///
/// ```
/// use firstseen::config::list_lines_without_comments;
///
/// let lines = list_lines_without_comments("sts:* # roles\n # all\niam:List*\t#noise #1\nx:a#b\n");
/// assert_eq!(lines.collect::<Vec<_>>(), [(1, "sts:*"), (3, "iam:List*"), (4, "x:a#b")]);
/// ```
pub fn list_lines_without_comments(text: &str) -> impl Iterator<Item = (usize, &str)> {
    list_lines(text).map(|(number, line)| {
        let is_comment =
            |(place, _): &(usize, &str)| line[..*place].chars().next_back().is_some_and(char::is_whitespace);
        let end = line.match_indices('#').find(is_comment).map_or(line.len(), |(place, _)| place);
        (number, line[..end].trim_end())
    })
}
