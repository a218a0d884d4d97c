//! Measures the cost of scanning an archive on this machine, by stage and by number of threads.
//!
//! Reports CPU seconds and peak memory. It runs the same code as a scan: interleaved stages are separated by
//! leaving out the later ones. Measurements never affect an analysis.

mod clock;
mod stages;
mod text;

use serde::Serialize;
use thiserror::Error;

use crate::coverage::Coverage;
use crate::learn::{LearnSettings, Learnt, learn};
use crate::scan::{Progress, ScanError};
use crate::source::Archives;
use clock::{CpuClock, WallClock, peak_memory, reset_peak_memory};

pub use text::write_text;

/// Settings of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct BenchPlan {
    /// Number of counted runs, after one warm-up run.
    pub runs: u32,
    /// Scans are measured with 1 thread up to this number.
    pub max_threads: usize,
}

/// The results of a measurement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Objects read.
    pub objects: u64,
    /// Their stored size in bytes.
    pub stored_bytes: u64,
    /// Their size as JSON in bytes.
    pub json_bytes: u64,
    /// Records in them.
    pub events: u64,
    /// Number of behaviours (pairs of principal and action), which determines memory use.
    pub behaviours: u64,
    /// Number of counted runs.
    pub runs: u32,
    /// Cost of each stage of a scan with one thread.
    pub stages: Vec<StageCost>,
    /// Cost of whole scans, by number of threads.
    pub threads: Vec<ThreadCost>,
}

/// Median, minimum and maximum of several runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The lowest value.
    pub min: f64,
    /// The highest value.
    pub max: f64,
}

/// The cost of one stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageCost {
    /// `list`, `read`, `inflate`, `scan`, `observe`, `merge`, or `all` of them.
    pub stage: &'static str,
    /// CPU time, user and system, in seconds.
    pub cpu_seconds: Spread,
    /// Share of the whole scan, from 0 to 1.
    pub share: f64,
    /// JSON throughput in 10⁹ bytes per CPU second; none if the stage took no measurable time.
    pub json_gb_per_cpu_second: Option<f64>,
    /// Throughput in 10⁶ stored bytes per CPU second.
    pub stored_mb_per_cpu_second: Option<f64>,
    /// Throughput in events per CPU second.
    pub events_per_cpu_second: Option<f64>,
}

/// The cost of whole scans with a given number of threads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ThreadCost {
    /// Number of threads.
    pub threads: usize,
    /// Wall-clock time in seconds.
    pub wall_seconds: Spread,
    /// CPU time of all threads, in seconds.
    pub cpu_seconds: Spread,
    /// Speed relative to one thread.
    pub speed_up: f64,
    /// JSON throughput in 10⁹ bytes per second of wall-clock time.
    pub json_gb_per_second: f64,
    /// Events per second of wall-clock time.
    pub events_per_second: f64,
    /// Peak resident memory of this process in any run, in bytes; none if the system does not report it. It
    /// includes memory that the allocator kept from earlier runs, so a single scan takes less.
    pub peak_memory_bytes: Option<u64>,
}

/// Why nothing was measured.
#[derive(Debug, Error)]
pub enum MeasureError {
    /// The archives could not be read, or the measurement was ended early.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The archives hold nothing that could be a log: see [`Coverage::holds_logs`].
    #[error("nothing that could be a log was found")]
    NoLogs(Box<Coverage>),
}

/// Measures scans of an archive.
///
/// `stopped` is polled; when it returns true, the measurement ends.
///
/// # Errors
/// As [`learn`]; also if nothing could be a log.
pub fn measure(
    archives: &Archives,
    settings: &LearnSettings,
    plan: &BenchPlan,
    stopped: &(dyn Fn() -> bool + Sync),
) -> Result<Measured, MeasureError> {
    let (coverage, behaviours) = warm_up(archives, settings, stopped)?;
    if !coverage.holds_logs() {
        return Err(MeasureError::NoLogs(Box::new(coverage)));
    }
    let size = ArchiveSize {
        stored_bytes: coverage.stored_bytes as f64,
        json_bytes: coverage.json_bytes as f64,
        events: coverage.records.total as f64,
    };
    let runs = plan.runs.max(1);
    let stages = stages::measure(archives, settings, runs, stopped)?;
    let mut threads: Vec<ThreadCost> = Vec::new();
    for count in 1..=plan.max_threads.max(1) {
        let cost = scans(archives, settings, count, runs, &size, stopped)?;
        let alone = threads.first().map_or(cost.wall_seconds.median, |first| first.wall_seconds.median);
        threads.push(ThreadCost { speed_up: alone / cost.wall_seconds.median, ..cost });
    }
    Ok(Measured {
        objects: coverage.objects.read,
        stored_bytes: coverage.stored_bytes,
        json_bytes: coverage.json_bytes,
        events: coverage.records.total,
        behaviours,
        runs,
        stages: stages.costs(&size),
        threads,
    })
}

/// Runs one scan; returns its coverage and number of behaviours. Its baseline is dropped, so it takes no
/// memory during the measured scans.
fn warm_up(
    archives: &Archives,
    settings: &LearnSettings,
    stopped: &(dyn Fn() -> bool + Sync),
) -> Result<(Coverage, u64), ScanError> {
    let learnt = scan(archives, settings, stopped)?.learnt;
    Ok((learnt.coverage, learnt.baseline.behaviours.len() as u64))
}

/// Sizes from which the speeds are calculated.
struct ArchiveSize {
    stored_bytes: f64,
    json_bytes: f64,
    events: f64,
}

/// One scan and its cost in seconds.
struct TimedScan {
    learnt: Learnt,
    wall: f64,
    cpu: f64,
}

fn scan(
    archives: &Archives,
    settings: &LearnSettings,
    stopped: &(dyn Fn() -> bool + Sync),
) -> Result<TimedScan, ScanError> {
    let (wall, cpu) = (WallClock::start(), CpuClock::start());
    let learnt = learn(archives, settings, &StopSignal(stopped))?;
    Ok(TimedScan { learnt, wall: wall.seconds(), cpu: cpu.seconds() })
}

/// Measures whole scans with a given number of threads.
fn scans(
    archives: &Archives,
    settings: &LearnSettings,
    threads: usize,
    runs: u32,
    size: &ArchiveSize,
    stopped: &(dyn Fn() -> bool + Sync),
) -> Result<ThreadCost, ScanError> {
    let settings = LearnSettings { threads, ..settings.clone() };
    let (mut wall, mut cpu, mut peak) = (Vec::new(), Vec::new(), None);
    for _ in 0..runs {
        reset_peak_memory();
        let scan = scan(archives, &settings, stopped)?;
        peak = peak.max(peak_memory());
        wall.push(scan.wall);
        cpu.push(scan.cpu);
    }
    let wall_seconds = Spread::of(wall);
    Ok(ThreadCost {
        threads,
        wall_seconds,
        cpu_seconds: Spread::of(cpu),
        speed_up: 1.0,
        json_gb_per_second: size.json_bytes / 1e9 / wall_seconds.median,
        events_per_second: size.events / wall_seconds.median,
        peak_memory_bytes: peak,
    })
}

/// A [`Progress`] that only passes on the request to stop.
struct StopSignal<'a>(&'a (dyn Fn() -> bool + Sync));

impl Progress for StopSignal<'_> {
    fn stopped(&self) -> bool {
        (self.0)()
    }
}

impl Spread {
    /// The spread of some values; NaN if there are none.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        let half = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { at(half) } else { (at(half.wrapping_sub(1)) + at(half)) / 2.0 };
        Self { median, min: at(0), max: at(values.len().wrapping_sub(1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_runs_is_the_mean_of_the_middle_two() {
        assert_eq!(Spread::of(vec![4.0, 1.0, 2.0]), Spread { median: 2.0, min: 1.0, max: 4.0 });
        assert_eq!(Spread::of(vec![4.0, 1.0, 2.0, 3.0]), Spread { median: 2.5, min: 1.0, max: 4.0 });
    }
}
