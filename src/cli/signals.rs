//! SIGINT (Ctrl-C), SIGTERM and SIGHUP. The first signal asks a run that reads archives to end cleanly; a second one ends
//! the process at once, as does the first one while no run checks for it. No output is left half written: files appear
//! only once they are complete, and temporary files are removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

// Signals are sent to the process, so this state is global.

/// Whether a run checks [`interrupted`] regularly.
static ORDERLY: AtomicBool = AtomicBool::new(false);

/// Set by the first signal.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Temporary files and folders of outputs that are being written.
static TEMPORARY_FILES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Whether a signal asked the run to end.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Whether, from now on, the first signal only sets [`interrupted`].
pub(crate) fn be_orderly(is_orderly: bool) {
    ORDERLY.store(is_orderly, Ordering::Relaxed);
}

/// Registers a temporary file or folder for removal if a signal ends the process.
pub(crate) fn remove_at_end(path: &Path) {
    TEMPORARY_FILES.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
}

/// Whether a signal ends the process at once. If so, removes temporary files.
fn ends_at_once() -> bool {
    if ORDERLY.load(Ordering::Relaxed) && !INTERRUPTED.swap(true, Ordering::Relaxed) {
        return false;
    }
    for path in TEMPORARY_FILES.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        // Most have been renamed already.
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
    }
    true
}

/// Starts listening. The process ends by the signal itself, so that a shell sees 130 or 143.
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

/// Starts listening.
#[cfg(not(unix))]
pub(crate) fn listen() -> anyhow::Result<()> {
    #[expect(clippy::exit, reason = "a second Ctrl-C ends the process at once")]
    let end = || {
        if ends_at_once() {
            std::process::exit(130);
        }
    };
    Ok(ctrlc::set_handler(end)?)
}
