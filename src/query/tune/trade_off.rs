//! What fewer findings cost: for each number of incidents that can be kept, the quietest setting that keeps so many.

use std::cmp::Ordering;

use super::{Tuning, TuningRow};

/// A setting that keeps more incidents than every quieter one.
#[derive(Clone, Debug, PartialEq)]
pub struct TradeOff {
    /// Its index in [`Tuning::rows`].
    pub row: usize,
    /// Findings per week on average.
    pub per_week: f64,
    /// Indices in [`Tuning::incidents`] of those of which it reports as many findings as must be kept.
    pub kept: Vec<usize>,
    /// Indices of the others.
    pub lost: Vec<usize>,
}

impl TuningRow<'_> {
    /// Findings per week on average; `None` without a day.
    pub fn per_week(&self) -> Option<f64> {
        self.daily.mean().map(|mean| mean * 7.0)
    }
}

impl Tuning<'_> {
    /// Indices of the incidents of which a row reports as many findings as must be kept.
    pub fn kept_by(&self, row: &TuningRow<'_>) -> Vec<usize> {
        let pairs = self.incidents.iter().zip(&row.incidents).enumerate();
        let kept =
            pairs.filter(|(_, (labelled, sight))| sight.reported > 0 && sight.reported >= labelled.needed());
        kept.map(|(index, _)| index).collect()
    }

    /// Which of two rows is preferred if they are equally quiet and keep as many incidents: that with the shorter warmup, else the first.
    /// The order of the rows is part of the answer.
    pub(super) fn prefer(&self, left: usize, right: usize) -> Ordering {
        let warmup = |index: usize| self.rows[index].setting.warmup;
        warmup(left).cmp(&warmup(right)).then(left.cmp(&right))
    }

    /// The settings among which a budget chooses, quietest first: each keeps more incidents than those before it.
    pub fn trade_off(&self) -> Vec<TradeOff> {
        let rated = self.rows.iter().enumerate().filter_map(|(index, row)| Some((row.per_week()?, index)));
        let mut rated: Vec<(f64, Vec<usize>, usize)> =
            rated.map(|(per_week, index)| (per_week, self.kept_by(&self.rows[index]), index)).collect();
        // Of equally quiet settings, the one that keeps most.
        rated.sort_by(|left, right| {
            let by_quiet = left.0.total_cmp(&right.0).then(right.1.len().cmp(&left.1.len()));
            by_quiet.then_with(|| self.prefer(left.2, right.2))
        });
        let mut most = 0;
        let mut chosen = Vec::new();
        for (per_week, kept, row) in rated {
            if kept.len() > most {
                most = kept.len();
                let lost = (0..self.incidents.len()).filter(|index| !kept.contains(index)).collect();
                chosen.push(TradeOff { row, per_week, kept, lost });
            }
        }
        chosen
    }
}
