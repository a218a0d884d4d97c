//! Rows of cells as aligned columns.

use std::borrow::Borrow;
use std::io::{self, Write};

use crate::report::width::width;

/// Width of each column: that of its widest cell.
pub(super) fn widths<const N: usize>(rows: impl IntoIterator<Item = impl Borrow<[String; N]>>) -> [usize; N] {
    let mut widths = [0; N];
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row.borrow()) {
            *widest = width(cell).max(*widest);
        }
    }
    widths
}

/// Writes one row: the first `left` columns are left-aligned, the others right-aligned, and the last is not
/// padded.
pub(super) fn write_row<const N: usize>(
    row: &[String; N],
    (widths, left): (&[usize; N], usize),
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut line = String::new();
    for (index, (cell, widest)) in row.iter().zip(widths).enumerate() {
        let blanks = " ".repeat(widest - width(cell));
        line += "  ";
        line += &match index {
            _ if index + 1 == N => cell.clone(),
            _ if index < left => format!("{cell}{blanks}"),
            _ => format!("{blanks}{cell}"),
        };
    }
    writeln!(out, "{}", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_measured_in_terminal_columns() {
        let rows = [["日本", "1", "x"], ["e\u{301}va", "22", "y"], ["abcde", "3", "z"]];
        let rows = rows.map(|row| row.map(str::to_owned));
        let widths = widths(&rows);
        let mut text = Vec::new();
        for row in &rows {
            write_row(row, (&widths, 1), &mut text).unwrap();
        }
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text, "  日本    1  x\n  e\u{301}va    22  y\n  abcde   3  z\n");
    }
}
