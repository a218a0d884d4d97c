//! Measures the stages of a scan with one thread separately.
//!
//! Each round lists the archive, reads all objects, reads and inflates them, scans them with a visitor that
//! does nothing, and learns from them. The cost of a stage is the difference between the pass that adds it
//! and the pass before. The passes of a round run one after another, so slow changes of the machine's speed
//! cancel out.

use std::hint::black_box;
use std::sync::OnceLock;

use super::clock::CpuClock;
use super::{ArchiveSize, Spread, StageCost, StopSignal};
use crate::coverage::Coverage;
use crate::decode::FoundRecord;
use crate::learn::{LearnSettings, learn};
use crate::scan::{
    CurrentObject, ObjectContext, ObjectResult, Progress, ScanDepth, ScanError, Visitor, list, scan_listed,
    take_steps,
};
use crate::source::Archives;

/// CPU seconds of each stage, one value per round.
#[derive(Default)]
pub(super) struct Rounds {
    list: Vec<f64>,
    read: Vec<f64>,
    inflate: Vec<f64>,
    scan: Vec<f64>,
    observe: Vec<f64>,
    merge: Vec<f64>,
    all: Vec<f64>,
}

/// Measures the stages `runs` times.
pub(super) fn measure(
    archives: &Archives,
    settings: &LearnSettings,
    runs: u32,
    stopped: &(dyn Fn() -> bool + Sync),
) -> Result<Rounds, ScanError> {
    let settings = LearnSettings { threads: 1, ..settings.clone() };
    let mut rounds = Rounds::default();
    let scanning = settings.scan();
    let stop = StopSignal(stopped);
    for _ in 0..runs {
        let clock = CpuClock::start();
        let listing = list(archives, &scanning, &stop)?;
        rounds.list.push(clock.seconds());
        let steps = |steps| {
            let (listing, clock) = (listing.clone(), CpuClock::start());
            take_steps(archives, listing, &scanning, steps, &stop).map(|()| clock.seconds())
        };
        let (read, inflated) = (steps(ScanDepth::Read)?, steps(ScanDepth::Inflate)?);
        let clock = CpuClock::start();
        black_box(scan_listed(archives, listing, &scanning, &|_| NoopVisitor, &stop)?);
        let scanned = clock.seconds();
        let phases =
            Phases { clock: CpuClock::start(), reading: OnceLock::new(), merging: OnceLock::new(), stopped };
        let learnt = learn(archives, &settings, &phases)?;
        let all = phases.clock.seconds();
        drop(black_box(learnt));
        let reading = phases.reading.get().copied().unwrap_or_default();
        let merging = phases.merging.get().copied().unwrap_or(all);
        rounds.read.push(read);
        rounds.inflate.push(inflated - read);
        rounds.scan.push(scanned - inflated);
        rounds.observe.push(merging - reading - scanned);
        rounds.merge.push(all - merging);
        rounds.all.push(all);
    }
    Ok(rounds)
}

/// A visitor that does nothing with records.
struct NoopVisitor;

impl Visitor for NoopVisitor {
    type Part = ();

    fn begin_piece(&mut self, _: &CurrentObject<'_>) {}

    fn record(&mut self, (): &mut (), found: &FoundRecord<'_>, _: &mut ObjectContext<'_>) {
        black_box(found);
    }

    fn join_pieces((): &mut (), (): (), _: u32) {}

    fn end_object(&mut self, (): (), _: &ObjectResult<'_>, _: &mut Coverage) {}
}

/// Records when a scan goes from listing to reading, and from reading to merging.
struct Phases<'a> {
    clock: CpuClock,
    reading: OnceLock<f64>,
    merging: OnceLock<f64>,
    stopped: &'a (dyn Fn() -> bool + Sync),
}

impl Progress for Phases<'_> {
    fn reading(&self, _objects: Option<u64>) {
        let _ = self.reading.set(self.clock.seconds());
    }

    fn merging(&self) {
        let _ = self.merging.set(self.clock.seconds());
    }

    fn stopped(&self) -> bool {
        (self.stopped)()
    }
}

impl Rounds {
    /// The stages with their speeds.
    pub(super) fn costs(self, size: &ArchiveSize) -> Vec<StageCost> {
        let all = Spread::of(self.all.clone());
        let cost = |(stage, seconds)| {
            let cpu_seconds = Spread::of(seconds);
            // The difference of two measurements can be zero or negative.
            let speed = |amount: f64| (cpu_seconds.median > 0.0).then(|| amount / cpu_seconds.median);
            StageCost {
                stage,
                cpu_seconds,
                share: cpu_seconds.median / all.median,
                json_gb_per_cpu_second: speed(size.json_bytes / 1e9),
                stored_mb_per_cpu_second: speed(size.stored_bytes / 1e6),
                events_per_cpu_second: speed(size.events),
            }
        };
        let stages = [
            ("list", self.list),
            ("read", self.read),
            ("inflate", self.inflate),
            ("scan", self.scan),
            ("observe", self.observe),
            ("merge", self.merge),
            ("all", self.all),
        ];
        stages.into_iter().map(cost).collect()
    }
}
