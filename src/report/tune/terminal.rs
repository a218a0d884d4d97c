//! The chart for a terminal, at most 80 columns wide, with one mark for each line.

use std::io::{self, Write};

use super::chart::{Chart, day_label, rate};
use crate::report::width::width;

/// Marks of the lines, in order; the first is drawn over all others.
const MARKS: [char; 10] = ['•', '+', 'x', 'o', '*', '#', '%', '@', '=', '~'];

/// Width in characters, from the first to the last warmup.
const WIDTH: usize = 68;

/// Height in lines.
const HEIGHT: usize = 13;

pub(super) fn write(chart: &Chart, out: &mut dyn Write) -> io::Result<()> {
    if chart.series.iter().all(|series| series.points.is_empty()) {
        return writeln!(out, "{:>9}nothing to draw: what was read is not longer than any warmup", "");
    }
    let canvas = canvas(chart);
    for (line, cells) in canvas.iter().enumerate() {
        let height = (HEIGHT - 1 - line) as f64 / (HEIGHT - 1) as f64;
        let label = if line % 3 == 0 { rate(chart.axis.value(height)) } else { String::new() };
        let cells: String = cells.iter().collect();
        writeln!(out, "{label:>7} ┤{}", cells.trim_end())?;
    }
    writeln!(out, "{:>7} └{}", "", "─".repeat(WIDTH))?;
    write_days(chart.last_day, out)?;
    write_legend(chart, out)
}

/// Draws the marks, from the top line to the bottom.
fn canvas(chart: &Chart) -> Vec<[char; WIDTH]> {
    let mut canvas = vec![[' '; WIDTH]; HEIGHT];
    for (index, series) in chart.series.iter().enumerate().rev() {
        let mark = MARKS[index % MARKS.len()];
        let warmup = |column: usize| chart.last_day * column as f64 / (WIDTH - 1) as f64;
        let values = (0..WIDTH).filter_map(|column| Some((column, series.at(warmup(column))?)));
        for (column, value) in values {
            let height = (chart.axis.height(value) * (HEIGHT - 1) as f64).round() as usize;
            canvas[HEIGHT - 1 - height.min(HEIGHT - 1)][column] = mark;
        }
    }
    canvas
}

/// Writes the axis of the warmups, in days.
fn write_days(last_day: f64, out: &mut dyn Write) -> io::Result<()> {
    const PARTS: usize = 4;
    let mut line = String::new();
    for part in 0..=PARTS {
        let day = day_label(last_day * part as f64 / PARTS as f64);
        let middle = 9 + (WIDTH - 1) * part / PARTS;
        let start = middle.saturating_sub(day.len() / 2);
        line.extend(std::iter::repeat_n(' ', start.saturating_sub(line.len())));
        line.push_str(&day);
    }
    writeln!(out, "{line}\n{:>9}warmup in days", "")
}

fn write_legend(chart: &Chart, out: &mut dyn Write) -> io::Result<()> {
    let names = chart.series.iter().zip(MARKS.iter().cycle());
    let mut line = format!("{:>9}forget:", "");
    for (series, mark) in names {
        let entry = format!("  {mark} {}", series.name);
        if width(&line) + width(&entry) > 80 {
            writeln!(out, "{line}")?;
            line = format!("{:>16}", "");
        }
        line.push_str(&entry);
    }
    writeln!(out, "{line}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tune::chart::Series;

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let series = (1..60).map(|number| {
            let points = vec![(0.0, f64::from(number) * 1e9), (365_000.0, 0.001)];
            Series { name: format!("{}d", number * 97), points }
        });
        let mut text = Vec::new();
        write(&Chart::of(series.collect()), &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.lines().all(|line| width(line) <= 80), "{text}");
    }
}
