//! Tells the stages of a scan with one thread apart.
//!
//! Each round lists the archive, reads all objects, reads and inflates them, reads and decodes them, and scans them.
//! What one pass takes longer than the one before is the cost of the stage it adds. All passes of a round run one
//! after another, so that slow changes of the machine's speed cancel out.

use std::hint::black_box;
use std::sync::OnceLock;

use super::clock::CpuClock;
use super::{Size, Spread, StageCost};
use crate::decode::Decoder;
use crate::learn::{LearnSettings, learn};
use crate::scan::{Progress, ScanError};
use crate::source::{Archives, LogObject};

/// CPU seconds of each stage, one for each round.
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
    for _ in 0..runs {
        let clock = CpuClock::start();
        let listing = archives.list(&settings.window, settings.threads, &mut |_| !stopped())?;
        rounds.list.push(clock.seconds());
        let pass = Pass { archives, objects: &listing.objects, stopped };
        let read = pass.run(|_| {})?;
        let mut decoder = Decoder::new(settings.max_object_size);
        let inflated = pass.run(|stored| {
            black_box(decoder.inflate(stored));
        })?;
        // Every pass, as every scan, begins with a decoder that has no memory yet.
        decoder = Decoder::new(settings.max_object_size);
        let scanned = pass.run(|stored| {
            decoder.decode(stored, |found| {
                black_box(found);
            });
        })?;
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

/// One way through all objects.
struct Pass<'a> {
    archives: &'a Archives,
    objects: &'a [LogObject],
    stopped: &'a (dyn Fn() -> bool + Sync),
}

impl Pass<'_> {
    /// Reads every object and does something with its bytes; gives the CPU seconds.
    fn run(&self, mut work: impl FnMut(&[u8])) -> Result<f64, ScanError> {
        let clock = CpuClock::start();
        let mut stored = Vec::new();
        for object in self.objects {
            if (self.stopped)() {
                return Err(ScanError::Stopped);
            }
            // As in a scan, which reports the error, too, what could be read is made use of.
            let _ = self.archives.read(object, &mut stored);
            work(&stored);
        }
        Ok(clock.seconds())
    }
}

/// Notes when a scan goes from listing to reading, and from reading to merging.
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
    pub(super) fn costs(self, size: &Size) -> Vec<StageCost> {
        let all = Spread::of(self.all.clone());
        let cost = |(stage, seconds)| {
            let cpu_seconds = Spread::of(seconds);
            // A difference of two measurements can be nothing, or less.
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
