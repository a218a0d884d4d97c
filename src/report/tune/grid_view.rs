//! Selects the settings for the text output: one in full, and its neighbours in the grid.

use crate::query::{Anchor, Calls, Setting, Tuning, TuningRow};
use crate::time::Span;

/// The default setting; without a suggestion the setting nearest to it is shown.
const USUAL: Setting =
    Setting { warmup: Span::days(30), forget: None, anchor: Anchor::Principal, calls: Calls::All };

/// The row shown in full: the suggestion, else the setting nearest to 30 days, never, principal, all.
pub(super) fn shown_row<'t, 'a>(tuning: &'t Tuning<'a>) -> Option<&'t TuningRow<'a>> {
    let distance = |row: &&TuningRow<'_>| {
        let Setting { warmup, forget, anchor, calls } = row.setting;
        let days = warmup.micros().abs_diff(USUAL.warmup.micros());
        let tells_nothing = row.daily.mean().is_none();
        (tells_nothing, anchor != USUAL.anchor, calls != USUAL.calls, forget != USUAL.forget, days, warmup)
    };
    match tuning.suggestion {
        Some(index) => tuning.rows.get(index),
        None => tuning.rows.iter().min_by_key(distance),
    }
}

/// The rows that differ from the shown one only in warmup and forget.
pub(super) fn plane<'t, 'a>(tuning: &'t Tuning<'a>, shown: &TuningRow<'_>) -> Vec<&'t TuningRow<'a>> {
    let Setting { anchor, calls, .. } = shown.setting;
    let rows = tuning.rows.iter();
    rows.filter(|row| row.setting.anchor == anchor && row.setting.calls == calls).collect()
}

/// The distinct forget spans of rows, in order.
pub(super) fn forgets(rows: &[&TuningRow<'_>]) -> Vec<Option<Span>> {
    let mut forgets = Vec::new();
    for row in rows {
        if !forgets.contains(&row.setting.forget) {
            forgets.push(row.setting.forget);
        }
    }
    forgets
}

/// The rows with the shown warmup and calls, and those that differ from the shown one only in calls.
pub(super) fn neighbours<'t, 'a>(tuning: &'t Tuning<'a>, shown: &TuningRow<'_>) -> Vec<&'t TuningRow<'a>> {
    let Setting { warmup, forget, anchor, calls } = shown.setting;
    let is_near = |setting: &Setting| {
        setting.warmup == warmup
            && (setting.calls == calls || (setting.anchor == anchor && setting.forget == forget))
    };
    tuning.rows.iter().filter(|row| is_near(&row.setting)).collect()
}

/// The longest warmup with which an incident is still reported, with all other settings as shown.
pub(super) fn longest_warmup(tuning: &Tuning<'_>, shown: &TuningRow<'_>, incident: usize) -> Option<Span> {
    let plane = plane(tuning, shown).into_iter();
    let shows = |row: &&TuningRow<'_>| {
        row.setting.forget == shown.setting.forget && row.incidents[incident].reported > 0
    };
    plane.filter(shows).map(|row| row.setting.warmup).max()
}

/// The flags of a setting, without defaults of `scan`: `--warmup 30d --forget 7d --anchor archive`.
pub(super) fn flags(setting: &Setting) -> String {
    let mut flags = format!("--warmup {}", setting.warmup);
    if let Some(forget) = setting.forget {
        flags.push_str(&format!(" --forget {forget}"));
    }
    if setting.anchor != Anchor::Principal {
        flags.push_str(&format!(" --anchor {}", setting.anchor.name()));
    }
    if setting.calls == Calls::Mutating {
        flags.push_str(" --only-mutating");
    }
    flags
}

/// A forget span as users write it.
pub(super) fn forget_name(forget: Option<Span>) -> String {
    forget.map_or("never".to_owned(), |span| span.to_string())
}
