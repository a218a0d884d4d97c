//! The chart of findings per day by warmup, with one line per forget span, in coordinates from 0 to 1.
//! Independent of the output format.

use super::grid_view::{forget_name, forgets, plane};
use super::view::days;
use crate::query::{Tuning, TuningRow};
use crate::time::Span;

/// The axis is logarithmic if the ratio of the highest to the lowest positive value exceeds this.
const LINEAR_UP_TO: f64 = 30.0;

/// A chart with several lines.
pub(super) struct Chart {
    /// The lines, in the order of the grid.
    pub(super) series: Vec<Series>,
    /// The warmup at the right end, in days; at least one.
    pub(super) last_day: f64,
    /// The axis of the values.
    pub(super) axis: Axis,
}

/// The findings per day of one forget span.
pub(super) struct Series {
    /// The forget span.
    pub(super) name: String,
    /// Points of warmup in days and findings per day, by warmup. Settings without any day to report on are
    /// left out.
    pub(super) points: Vec<(f64, f64)>,
}

/// The axis of the values.
pub(super) struct Axis {
    /// The value at the bottom; 0 on a linear axis.
    bottom: f64,
    /// The value at the top.
    top: f64,
    /// Whether equal distances are equal ratios.
    pub(super) logarithmic: bool,
}

impl Chart {
    /// The chart for the anchor and calls of the shown row.
    pub(super) fn new(tuning: &Tuning<'_>, shown: &TuningRow<'_>) -> Self {
        let rows = plane(tuning, shown);
        Self::of(forgets(&rows).into_iter().map(|forget| Series::new(&rows, forget)).collect())
    }

    /// The chart of these lines.
    pub(super) fn of(series: Vec<Series>) -> Self {
        let points = series.iter().flat_map(|series| &series.points);
        let last_day = points.clone().map(|point| point.0).fold(1.0, f64::max);
        let axis = Axis::new(points.map(|point| point.1));
        Self { series, last_day, axis }
    }
}

impl Series {
    fn new(rows: &[&TuningRow<'_>], forget: Option<Span>) -> Self {
        let rows = rows.iter().filter(|row| row.setting.forget == forget);
        let point = |row: &&TuningRow<'_>| Some((days(row.setting.warmup), row.daily.mean()?));
        let mut points: Vec<(f64, f64)> = rows.filter_map(point).collect();
        points.sort_by(|left, right| left.0.total_cmp(&right.0));
        Self { name: forget_name(forget), points }
    }

    /// The value at a warmup, linearly interpolated.
    pub(super) fn at(&self, warmup: f64) -> Option<f64> {
        let next = self.points.partition_point(|point| point.0 < warmup);
        let right = self.points.get(next)?;
        let Some(left) = next.checked_sub(1).map(|before| self.points[before]) else {
            return (right.0 == warmup).then_some(right.1);
        };
        Some(left.1 + (right.1 - left.1) * (warmup - left.0) / (right.0 - left.0))
    }
}

impl Axis {
    fn new(values: impl Iterator<Item = f64> + Clone) -> Self {
        let most = values.clone().fold(0.0, f64::max);
        let least = values.filter(|value| *value > 0.0).fold(most, f64::min);
        let logarithmic = most > least * LINEAR_UP_TO;
        // A chart with only zeros needs a height, too.
        let top = if most > 0.0 { most } else { 1.0 };
        Self { bottom: if logarithmic { least } else { 0.0 }, top, logarithmic }
    }

    /// Height of a value: 0 at the bottom, 1 at the top. Zero is at the bottom of a logarithmic axis.
    pub(super) fn height(&self, value: f64) -> f64 {
        if self.logarithmic {
            (value.max(self.bottom) / self.bottom).ln() / (self.top / self.bottom).ln()
        } else {
            value / self.top
        }
    }

    /// The value at a height.
    pub(super) fn value(&self, height: f64) -> f64 {
        if self.logarithmic { self.bottom * (self.top / self.bottom).powf(height) } else { self.top * height }
    }
}

/// Axis label for a number of days.
pub(super) fn day_label(days: f64) -> String {
    if days.fract() == 0.0 { format!("{days}") } else { format!("{days:.1}") }
}

/// Formats a rate in about six characters: the smaller the rate, the more decimals.
pub(super) fn rate(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{value:.0e}"),
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 0.01 || value == 0.0 => format!("{value:.2}"),
        value => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_interpolated_between_the_first_and_the_last_point() {
        let series = Series { name: String::new(), points: vec![(0.0, 8.0), (10.0, 4.0), (30.0, 0.0)] };
        let values = [0.0, 5.0, 10.0, 20.0, 30.0, 31.0].map(|warmup| series.at(warmup));
        assert_eq!(values, [Some(8.0), Some(6.0), Some(4.0), Some(2.0), Some(0.0), None]);
        assert_eq!(Series { name: String::new(), points: vec![] }.at(0.0), None);
    }

    #[test]
    fn heights_and_values_are_inverse_on_both_kinds_of_axis() {
        for (values, logarithmic) in [([0.0, 2.0, 8.0], false), ([0.0, 0.01, 8.0], true)] {
            let axis = Axis::new(values.into_iter());
            assert_eq!(axis.logarithmic, logarithmic);
            assert_eq!((axis.height(0.0), axis.height(8.0)), (0.0, 1.0));
            assert!((axis.value(axis.height(1.5)) - 1.5).abs() < 1e-9);
        }
        assert_eq!(Axis::new([0.0].into_iter()).height(0.0), 0.0);
    }
}
