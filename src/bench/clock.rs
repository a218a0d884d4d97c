//! Clocks and peak memory.

use std::time::Instant;

use cpu_time::ProcessTime;

/// Wall-clock time.
pub(super) struct WallClock(Instant);

/// CPU time of all threads of this process, in user and in system mode.
pub(super) struct CpuClock(ProcessTime);

impl WallClock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

impl CpuClock {
    pub(super) fn start() -> Self {
        Self(ProcessTime::now())
    }

    pub(super) fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

/// Resets the peak memory. If that fails, the peak is that of the whole process.
pub(super) fn reset_peak_memory() {
    // proc_pid_clear_refs(5): 5 resets the peak resident set size.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Peak resident memory in bytes, if the system reports it (proc_pid_status(5), `VmHWM`).
pub(super) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
