//! A byte of a text → its line, as an editor shows it.

/// The line of a byte, counted from 1. A line ends with `\n`, `\r` or both.
///
/// ```
/// use firstseen::line::line_of;
///
/// assert_eq!([0, 1, 2, 3, 4].map(|byte| line_of("a\r\nb\rc", byte)), [1, 1, 1, 2, 2]);
/// assert_eq!(line_of("a\r\nb\rc", 5), 3);
/// ```
pub fn line_of(text: &str, byte: usize) -> usize {
    1 + ends(text).take_while(|end| *end < byte).count()
}

/// The lines of a text, to look up many bytes: [`line_of`] reads all of the text before each.
///
/// ```
/// use firstseen::line::Lines;
///
/// let lines = Lines::of("a\r\nb\rc");
/// assert_eq!([0, 1, 2, 3, 4, 5].map(|byte| lines.line(byte)), [1, 1, 1, 2, 2, 3]);
/// ```
#[derive(Clone, Debug)]
pub struct Lines {
    /// Where each line ends.
    ends: Vec<usize>,
}

impl Lines {
    /// Those of a text.
    pub fn of(text: &str) -> Self {
        Self { ends: ends(text).collect() }
    }

    /// The line of a byte, counted from 1.
    pub fn line(&self, byte: usize) -> usize {
        1 + self.ends.partition_point(|end| *end < byte)
    }
}

/// The last byte of each line end.
fn ends(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let is_end = |at: &usize| match bytes[*at] {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    (0..bytes.len()).filter(is_end)
}
