//! Ctrl-C and a request to end (SIGINT, SIGTERM, SIGHUP): the first one asks a run that reads archives to end in order, a
//! second one ends the process at once, whatever it waits for; so does the first one while nothing would notice it. No output
//! is left half written: files appear only when they are complete, and what was begun beside their place is removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

// Signals reach a process, so these are one for the process.

/// Whether a run looks now and then at [`interrupted`].
static ORDERLY: AtomicBool = AtomicBool::new(false);

/// Set by the first signal.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Files that are being written beside their place.
static BESIDE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Whether somebody asked for the end.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// From now on the first signal is what [`interrupted`] tells, or no longer.
pub(crate) fn be_orderly(is_orderly: bool) {
    ORDERLY.store(is_orderly, Ordering::Relaxed);
}

/// A file that must not stay if the process ends before it was renamed into its place.
pub(crate) fn remove_at_end(path: &Path) {
    BESIDE.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
}

/// Whether a signal ends the process at once. If it does, nothing is left behind.
fn ends_at_once() -> bool {
    if ORDERLY.load(Ordering::Relaxed) && !INTERRUPTED.swap(true, Ordering::Relaxed) {
        return false;
    }
    for path in BESIDE.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        // Most of them have been renamed.
        let _ = fs::remove_file(path);
    }
    true
}

/// Begins to listen. The end at once is that by the signal itself, so that a shell sees 130 or 143.
#[cfg(unix)]
pub(crate) fn listen() -> anyhow::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if ends_at_once() {
                let _ = emulate_default_handler(signal);
            }
        }
    })?;
    Ok(())
}

/// Begins to listen.
#[cfg(not(unix))]
pub(crate) fn listen() -> anyhow::Result<()> {
    #[expect(clippy::exit, reason = "whoever pressed Ctrl-C twice waits for nothing")]
    let end = || {
        if ends_at_once() {
            std::process::exit(130);
        }
    };
    Ok(ctrlc::set_handler(end)?)
}
