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
    let ends = |(at, byte): (usize, &u8)| match byte {
        b'\n' => true,
        b'\r' => text.as_bytes().get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    1 + text.as_bytes().iter().enumerate().take(byte).filter(|one| ends(*one)).count()
}
