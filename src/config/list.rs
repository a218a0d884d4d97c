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
