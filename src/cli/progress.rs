//! Draws progress on stderr, if it is a terminal.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use firstseen::scan::{ObjectRead, Progress};
use firstseen::source::Traffic;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::signals;

/// Progress of a scan.
pub(crate) struct Bar {
    bar: ProgressBar,
    /// Objects listed at the last draw.
    listed: AtomicU64,
    bytes: AtomicU64,
    events: AtomicU64,
    quiet: bool,
}

impl Bar {
    /// A bar; it draws nothing if `quiet` or if stderr is not a terminal. Until it is cleared, a signal ends the run cleanly.
    pub(crate) fn new(quiet: bool) -> anyhow::Result<Self> {
        signals::be_orderly(true);
        let visible = !quiet && std::io::stderr().is_terminal();
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(style("{spinner} listing {msg}"));
        Ok(Self {
            bar,
            listed: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            events: AtomicU64::new(0),
            quiet,
        })
    }

    /// Removes the bar from the terminal.
    pub(crate) fn clear(&self) {
        signals::be_orderly(false);
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Progress for Bar {
    fn listed(&self, objects: u64) {
        let drawn = self.listed.load(Ordering::Relaxed);
        if objects >= drawn + 256 {
            self.listed.store(objects, Ordering::Relaxed);
            self.bar.set_message(format!("{objects} objects"));
            self.bar.tick();
        }
    }

    fn reading(&self, objects: Option<u64>) {
        self.bar.reset();
        match objects {
            Some(objects) => {
                self.bar.set_length(objects);
                self.bar.set_style(style("{bar:24} {pos}/{len} objects {msg} ETA {eta}"));
            }
            None => self.bar.set_style(style("{spinner} {pos}/{len} objects listed so far {msg}{prefix}")),
        }
    }

    fn read(&self, object: ObjectRead) {
        self.bar.inc(1);
        let bytes = self.bytes.fetch_add(object.stored_bytes, Ordering::Relaxed) + object.stored_bytes;
        let events = self.events.fetch_add(object.records, Ordering::Relaxed) + object.records;
        if !self.bar.is_hidden() && self.bar.position().is_multiple_of(16) {
            let day = object.delivered.map_or(String::new(), |time| format!(", at {}", time.day()));
            let rate = events as f64 / self.bar.elapsed().as_secs_f64().max(0.001);
            let bytes = indicatif::HumanBytes(bytes);
            self.bar.set_message(format!("({bytes}), {rate:.0} events/s{day}"));
        }
    }

    fn piece(&self, records: u64) {
        let events = self.events.fetch_add(records, Ordering::Relaxed) + records;
        let rate = events as f64 / self.bar.elapsed().as_secs_f64().max(0.001);
        self.bar.set_message(format!("({events} events), {rate:.0} events/s"));
    }

    fn traffic(&self, traffic: &Traffic) {
        if self.bar.is_hidden() || !self.bar.position().is_multiple_of(16) {
            return;
        }
        self.bar.set_length(traffic.listed);
        if traffic.is_listed {
            self.bar.set_style(style("{bar:24} {pos}/{len} objects {msg}{prefix} ETA {eta}"));
        }
        let requests = traffic.lists + traffic.gets;
        self.bar.set_prefix(format!(", {requests} requests, {} retried", traffic.retries));
    }

    fn merging(&self) {
        if !self.quiet && signals::interrupted() {
            // If stderr is closed, nobody waits for it.
            let _ = self.bar.suspend(|| {
                writeln!(
                    io::stderr(),
                    "interrupted: saving what was read (a second signal ends the run at once)"
                )
            });
        }
    }

    fn stopped(&self) -> bool {
        signals::interrupted()
    }
}
