//! Rows of cells as aligned columns.

use std::io::{self, Write};

/// How wide the widest cell of each column is, in characters.
pub(super) fn widths<const N: usize>(rows: &[[String; N]]) -> [usize; N] {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    widths
}

/// Writes one row: the first `left` columns stand left, the others right, but the last one as it is.
pub(super) fn write_row<const N: usize>(
    row: &[String; N],
    (widths, left): (&[usize; N], usize),
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut line = String::new();
    for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
        line += "  ";
        line += &match index {
            _ if index + 1 == N => cell.clone(),
            _ if index < left => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        };
    }
    writeln!(out, "{}", line.trim_end())
}
