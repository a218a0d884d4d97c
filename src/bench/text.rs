//! Writes measurements as text tables.

use std::io::{self, Write};

use super::{Measured, Spread, StageCost, ThreadCost};

/// Writes a description of the archive and both tables.
///
/// # Errors
/// If writing to `out` fails.
pub fn write_text(measured: &Measured, out: &mut dyn Write) -> io::Result<()> {
    let Measured { objects, events, behaviours, runs, .. } = measured;
    let (stored, json) = (measured.stored_bytes as f64 / 1e6, measured.json_bytes as f64 / 1e6);
    writeln!(
        out,
        "{objects} objects, {stored:.1} MB stored, {json:.1} MB JSON, {events} events, {behaviours} behaviours"
    )?;
    writeln!(out, "median of {runs} runs after one to warm up [lowest..highest]")?;
    writeln!(out)?;
    writeln!(out, "One thread, stage by stage; speeds are for each CPU second")?;
    writeln!(
        out,
        "{:<8} {:>26} {:>6} {:>10} {:>12} {:>12}",
        "stage", "CPU s", "share", "JSON GB/s", "stored MB/s", "events/s"
    )?;
    for cost in &measured.stages {
        stage(cost, out)?;
    }
    writeln!(out)?;
    writeln!(out, "Whole scans; speeds are for each second on the clock")?;
    writeln!(
        out,
        "{:<8} {:>26} {:>26} {:>8} {:>10} {:>12} {:>11}",
        "threads", "wall s", "CPU s", "speed-up", "JSON GB/s", "events/s", "peak memory"
    )?;
    measured.threads.iter().try_for_each(|cost| threads(cost, out))
}

fn stage(cost: &StageCost, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<8} {:>26} {:>5.1}% {:>10} {:>12} {:>12}",
        cost.stage,
        seconds(&cost.cpu_seconds),
        100.0 * cost.share,
        speed(cost.json_gb_per_cpu_second, 2),
        speed(cost.stored_mb_per_cpu_second, 0),
        speed(cost.events_per_cpu_second, 0),
    )
}

fn threads(cost: &ThreadCost, out: &mut dyn Write) -> io::Result<()> {
    let memory = cost.peak_memory_bytes.map_or("unknown".to_owned(), |bytes| format!("{} MiB", bytes >> 20));
    writeln!(
        out,
        "{:<8} {:>26} {:>26} {:>8.2} {:>10} {:>12} {memory:>11}",
        cost.threads,
        seconds(&cost.wall_seconds),
        seconds(&cost.cpu_seconds),
        cost.speed_up,
        speed(Some(cost.json_gb_per_second), 2),
        speed(Some(cost.events_per_second), 0),
    )
}

fn seconds(spread: &Spread) -> String {
    format!("{:.4} [{:.4}..{:.4}]", spread.median, spread.min, spread.max)
}

/// Formats a speed; `-` for a stage that took no measurable time.
fn speed(speed: Option<f64>, digits: usize) -> String {
    speed.map_or("-".to_owned(), |speed| format!("{speed:.digits$}"))
}
