//! A warmup that hides findings, or is longer than the input.

use firstseen::query::{Overview, Question, Tuning, WarmupEffect};
use firstseen::time::Span;

/// Warns if the warmup hides findings, and says how to see them.
pub(crate) fn warmup(effect: &WarmupEffect) -> Option<String> {
    let covered = effect.covered_micros.filter(|_| effect.is_misleading())?;
    let WarmupEffect { warmup, all, hidden, principals, young, shorter, with_shorter, .. } = effect;
    let lead = if effect.is_too_short() {
        format!("the input covers {}, less than the warmup of {warmup} (--warmup)", length(covered))
    } else {
        format!(
            "{young} of {principals} principals had been known for less than the warmup of {warmup} (--warmup) when the \
             input ended, after {}",
            length(covered)
        )
    };
    let shown = match *hidden {
        0 => return Some(lead),
        _ if *shorter == Span::default() || *with_shorter == 0 || *with_shorter == *all => {
            "--warmup 0d shows all of them".to_owned()
        }
        _ => format!("--warmup 0d shows all of them, --warmup {shorter} shows {with_shorter} of {all}"),
    };
    Some(format!("{lead}: {hidden} of {all} findings fall within it and are not reported; {shown}"))
}

/// Warns if the input of a ranking is shorter than its warmup.
pub(crate) fn nothing_ranked(overview: &Overview, warmup: Span) -> Option<String> {
    let [first, last] = overview.archive.span?;
    let covered = last.micros_since(first);
    (covered < warmup.micros()).then(|| {
        format!(
            "the input covers {}, less than the warmup of {warmup}: nothing is ranked (give a shorter one with --warmup)",
            length(covered)
        )
    })
}

/// Notes how many findings the warmup hides if it hides most of them, as it should. This is not a warning.
pub(crate) fn learnt_in_warmup(effect: &WarmupEffect) -> Option<String> {
    let WarmupEffect { warmup, all, hidden, .. } = effect;
    let is_told = hidden * 2 > *all && !effect.is_misleading();
    is_told.then(|| {
        format!(
            "learnt but not reported: {hidden} of {all} findings, within the warmup of {warmup} (--warmup 0d shows them)"
        )
    })
}

/// Warns about warmups of a grid that are longer than the input. The default grid has long ones for long archives, so it
/// gets a warning only if the default warmup is too long, too.
pub(crate) fn warmups(tuning: &Tuning<'_>, are_named: bool) -> Option<String> {
    let observed = tuning.observed.as_ref()?;
    let covered = observed.last.micros_since(observed.first);
    let warmups = tuning.rows.iter().map(|row| row.setting.warmup);
    // Principals that are older than the archive have findings after longer ones, too.
    let with_days = tuning.rows.iter().filter(|row| row.daily.days > 0);
    let longest_with_days = with_days.map(|row| row.setting.warmup).max();
    let is_told = are_named || covered < Question::DEFAULT_WARMUP.micros();
    let is_too_long = |warmup: &Span| warmup.micros() > covered && Some(*warmup) > longest_with_days;
    let too_long = warmups.filter(is_too_long).min().filter(|_| is_told)?;
    Some(format!(
        "the input covers {}: no setting with a warmup of {too_long} or longer can report a first sighting (give \
         shorter ones with --warmups)",
        length(covered)
    ))
}

/// `4.8 days`, `5.3 hours`, `12 minutes` or `40 seconds`, truncated.
fn length(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let tenths = |unit: i64, name: &str| {
        let tenths = seconds * 10 / unit;
        match tenths % 10 {
            0 => format!("{} {name}", tenths / 10),
            tenth => format!("{}.{tenth} {name}", tenths / 10),
        }
    };
    match seconds {
        86_400.. => tenths(86_400, "days"),
        3_600.. => tenths(3_600, "hours"),
        60.. => format!("{} minutes", seconds / 60),
        _ => format!("{seconds} seconds"),
    }
}
