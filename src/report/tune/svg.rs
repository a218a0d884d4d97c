//! The chart as a self-contained SVG. It contains no text from logs.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::chart::{Chart, Series, day_label, rate};
use super::grid_view::{flags, shown_row};
use crate::query::{Tuning, TuningRow};
use crate::report::for_xml;

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 460.0;

/// Left, right, top and bottom of the plot area.
const FIELD: [f64; 4] = [70.0, 680.0, 60.0, 400.0];

/// Colours that people with any colour vision can distinguish: Okabe and Ito, "Color Universal Design", 2008.
const COLOURS: [&str; 7] = ["#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

pub(super) fn write(tuning: &Tuning<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13" fill="#222222">"##
    )?;
    writeln!(out, r##"<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>"##)?;
    if let Some(shown) = shown_row(tuning) {
        let chart = Chart::new(tuning, shown);
        write_axes(&chart, shown, out)?;
        for (index, series) in chart.series.iter().enumerate() {
            write_series(&chart, series, index, out)?;
        }
        write_shown(&chart, shown, out)?;
    }
    writeln!(out, "</svg>")
}

fn write_axes(chart: &Chart, shown: &TuningRow<'_>, out: &mut dyn Write) -> io::Result<()> {
    const PARTS: u8 = 6;
    let [left, right, top, bottom] = FIELD;
    let (anchor, calls) = (shown.setting.anchor.name(), shown.setting.calls.name());
    text(
        out,
        (left, 28.0),
        "start",
        &format!("Findings per day against warmup: anchor {anchor}, {calls} calls"),
    )?;
    for part in 0..=PARTS {
        let share = f64::from(part) / f64::from(PARTS);
        let (x, y) = (left + (right - left) * share, bottom - (bottom - top) * share);
        writeln!(
            out,
            r##"<path d="M{left} {y:.1}H{right}M{x:.1} {bottom}V{top}" stroke="#dddddd" fill="none"/>"##
        )?;
        text(out, (left - 8.0, y + 4.0), "end", &rate(chart.axis.value(share)))?;
        text(out, (x, bottom + 18.0), "middle", &day_label(chart.last_day * share))?;
    }
    writeln!(out, r##"<path d="M{left} {top}V{bottom}H{right}" stroke="#222222" fill="none"/>"##)?;
    let scale = if chart.axis.logarithmic { "findings per day (logarithmic)" } else { "findings per day" };
    text(out, (left, 50.0), "start", scale)?;
    text(out, ((left + right) / 2.0, bottom + 42.0), "middle", "warmup in days")?;
    text(out, (right + 20.0, top + 4.0), "start", "forget")
}

fn write_series(chart: &Chart, series: &Series, index: usize, out: &mut dyn Write) -> io::Result<()> {
    let colour = COLOURS[index % COLOURS.len()];
    let mut points = String::new();
    for point in &series.points {
        let (x, y) = position(chart, *point);
        // Writing to a string cannot fail.
        let _ = write!(points, "{x:.1},{y:.1} ");
    }
    let points = points.trim_end();
    writeln!(out, r##"<polyline points="{points}" stroke="{colour}" stroke-width="2" fill="none"/>"##)?;
    let (x, y) = (FIELD[1] + 20.0, FIELD[2] + 24.0 + 18.0 * index as f64);
    writeln!(out, r##"<path d="M{x} {line}h18" stroke="{colour}" stroke-width="2"/>"##, line = y - 4.0)?;
    text(out, (x + 24.0, y), "start", &series.name)
}

/// Draws a ring around the setting that the tables show in full.
fn write_shown(chart: &Chart, shown: &TuningRow<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Some(mean) = shown.daily.mean() else { return Ok(()) };
    let (x, y) = position(chart, (super::view::days(shown.setting.warmup), mean));
    let label = format!("{}: {} per day", flags(&shown.setting), rate(mean));
    writeln!(out, r##"<circle cx="{x:.1}" cy="{y:.1}" r="6" stroke="#222222" fill="none"/>"##)?;
    text(out, (FIELD[0], HEIGHT - 8.0), "start", &format!("○ {label}"))
}

fn position(chart: &Chart, (warmup, value): (f64, f64)) -> (f64, f64) {
    let [left, right, top, bottom] = FIELD;
    let (across, up) = (warmup / chart.last_day, chart.axis.height(value));
    (left + (right - left) * across, bottom - (bottom - top) * up)
}

fn text(out: &mut dyn Write, (x, y): (f64, f64), anchor: &str, text: &str) -> io::Result<()> {
    let text = for_xml(text);
    writeln!(out, r##"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"##)
}
