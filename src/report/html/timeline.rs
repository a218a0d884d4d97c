//! What was new over time, as coordinates: x in days since the first one, y from 0 at the top to 100.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use minijinja::Value;
use serde::Serialize;

use crate::report::count::counted;
use crate::time::{Day, Span, Timestamp};

/// What was new over time.
#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    /// The first day, since 1970-01-01.
    first_day: i32,
    /// The number of days.
    days: i64,
    /// Days in a bar.
    width: i64,
    /// The same in words.
    step: String,
    /// Labels below, evenly spaced, at shares of the width in percent.
    labels: Vec<Label>,
    /// The bars of each group as one path.
    groups: Vec<Group>,
    /// What a bar says: its place and its words.
    bars: Vec<Bar>,
    /// Groups of findings by their first one.
    marks: Vec<Point>,
    /// The most findings of a bar.
    most: u64,
    /// Where the warmup of the principals that were there from the start ends, in days from the first day; none without a warmup.
    warmup: Option<f64>,
    /// The warmup as set, `30d`.
    warmup_text: String,
}

#[derive(Debug, Serialize)]
struct Label {
    percent: String,
    anchor: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
struct Group {
    name: &'static str,
    class: &'static str,
    /// Markup of our own, which no limit on texts may cut.
    path: Value,
    findings: u64,
}

#[derive(Debug, Serialize)]
struct Bar {
    x: i64,
    text: String,
}

/// A mark as drawn.
#[derive(Debug, Serialize)]
struct Point {
    rank: usize,
    severity: &'static str,
    x: f64,
    y: f64,
    text: String,
}

/// A group of findings on the timeline.
#[derive(Debug)]
pub(super) struct Mark {
    /// Its place among the groups, from 1.
    pub(super) rank: usize,
    pub(super) severity: &'static str,
    /// When it began.
    pub(super) time: Timestamp,
    /// From 0 to 1.
    pub(super) height: f64,
    /// What it says.
    pub(super) text: String,
}

/// Kinds of novelty, by which bars are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Novelty {
    /// An action that has a class.
    Classified,
    /// Another action.
    Ordinary,
    /// A network or an agent.
    Origin,
    /// Anything else.
    Other,
}

/// The kinds of novelty in words, with the names of their styles.
const GROUPS: [(&str, &str); 4] = [
    ("actions with a class", "classified"),
    ("other actions", "ordinary"),
    ("networks and agents", "origin"),
    ("others", "other"),
];

/// The most bars; of longer archives a bar has whole weeks.
const MOST_BARS: i64 = 400;

/// The most incidents drawn; the best ones.
const MOST_MARKS: usize = 300;

/// Labels below the bars.
const LABELS: i64 = 6;

/// Where the lane of marks ends.
const MARKS_END: f64 = 44.0;

/// Microseconds.
const DAY: f64 = Span::days(1).micros() as f64;

/// Where the lane of bars begins.
const BARS_START: f64 = 50.0;

impl Timeline {
    /// The findings of an archive with this span, and marks for the first groups.
    pub(super) fn new(
        [first, last]: [Timestamp; 2],
        warmup: Span,
        novelty: &[(Timestamp, Novelty)],
        marks: &[Mark],
    ) -> Self {
        let warmup_end = first.micros_since(first.day().start()).saturating_add(warmup.micros());
        let first = first.day();
        let days = i64::from(last.day().number()) - i64::from(first.number()) + 1;
        let step = if days <= MOST_BARS { 1 } else { (days - 1) / (7 * MOST_BARS) * 7 + 7 };
        let counts = counts(novelty, first, step);
        let most = counts.values().map(|groups| groups.iter().sum()).max().unwrap_or(0);
        let marks = marks.iter().take(MOST_MARKS);
        Self {
            first_day: first.number(),
            days,
            width: step,
            step: if step == 1 { "day".to_owned() } else { format!("{step} days") },
            labels: labels(first, days),
            groups: groups(&counts, step, most),
            bars: counts.iter().map(|(bar, counts)| Bar::new(first, bar * step, counts)).collect(),
            marks: marks.map(|mark| Point::new(mark, first)).collect(),
            most,
            warmup: (warmup > Span::default()).then_some((warmup_end as f64 / DAY).min(days as f64)),
            warmup_text: warmup.to_string(),
        }
    }
}

/// Findings by bar and kind of novelty.
fn counts(novelty: &[(Timestamp, Novelty)], first: Day, step: i64) -> BTreeMap<i64, [u64; GROUPS.len()]> {
    let mut counts: BTreeMap<i64, [u64; GROUPS.len()]> = BTreeMap::new();
    for (time, kind) in novelty {
        let day = i64::from(time.day().number()) - i64::from(first.number());
        counts.entry(day.max(0) / step).or_default()[*kind as usize] += 1;
    }
    counts
}

/// The bars of each group, each upon those of the groups before.
fn groups(counts: &BTreeMap<i64, [u64; GROUPS.len()]>, step: i64, most: u64) -> Vec<Group> {
    let height = |findings: u64| findings as f64 / most.max(1) as f64 * (100.0 - BARS_START);
    let group = |(index, (name, class)): (usize, &(&'static str, &'static str))| {
        let mut path = String::new();
        for (bar, counts) in counts.iter().filter(|(_, counts)| counts[index] > 0) {
            let bottom = 100.0 - height(counts[..index].iter().sum());
            let (x, width, up) = (bar * step, step as f64 * 0.9, height(counts[index]));
            // Writing to a string cannot fail.
            let _ = write!(path, "M{x} {bottom:.2}h{width:.1}v{:.2}h{:.1}z", -up, -width);
        }
        let path = Value::from_safe_string(path);
        Group { name, class, path, findings: counts.values().map(|counts| counts[index]).sum() }
    };
    GROUPS.iter().enumerate().map(group).collect()
}

fn labels(first: Day, days: i64) -> Vec<Label> {
    let of = |part: i64| {
        let day = i64::from(first.number()) + (days - 1) * part / LABELS;
        let anchor = match part {
            0 => "start",
            LABELS => "end",
            _ => "middle",
        };
        let text = Day::from_number(i32::try_from(day).unwrap_or(i32::MAX)).to_string();
        Label { percent: format!("{:.2}", 100.0 * part as f64 / LABELS as f64), anchor, text }
    };
    (0..=LABELS).map(of).collect()
}

impl Bar {
    fn new(first: Day, x: i64, counts: &[u64; GROUPS.len()]) -> Self {
        let day = Day::from_number(i32::try_from(i64::from(first.number()) + x).unwrap_or(i32::MAX));
        let parts = GROUPS.iter().zip(counts).filter(|(_, findings)| **findings > 0);
        let parts: Vec<String> = parts.map(|((name, _), findings)| format!("{findings} {name}")).collect();
        Self { x, text: format!("{day}: {} ({})", counted(counts.iter().sum(), "finding"), parts.join(", ")) }
    }
}

impl Point {
    fn new(mark: &Mark, first: Day) -> Self {
        let Mark { rank, severity, time, height, text } = mark;
        Self {
            rank: *rank,
            severity,
            x: (time.micros_since(first.start()) as f64 / DAY * 1e3).round() / 1e3,
            y: ((MARKS_END - height * (MARKS_END - 6.0)) * 10.0).round() / 10.0,
            text: text.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_span_the_archive() {
        let labels = labels(Day::from_number(0), 31);
        assert_eq!((&*labels[0].text, &*labels[6].text), ("1970-01-01", "1970-01-31"));
        assert_eq!((labels[0].anchor, labels[3].anchor, labels[6].anchor), ("start", "middle", "end"));
    }

    #[test]
    fn bars_of_groups_are_stacked() {
        let counts = BTreeMap::from([(2, [1, 1, 0, 0])]);
        let groups = groups(&counts, 1, 2);
        assert_eq!(groups[0].path.as_str(), Some("M2 100.00h0.9v-25.00h-0.9z"));
        assert_eq!(groups[1].path.as_str(), Some("M2 75.00h0.9v-25.00h-0.9z"));
        assert_eq!(groups[2].path.as_str(), Some(""));
    }
}
