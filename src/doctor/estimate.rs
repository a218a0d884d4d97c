//! What a scan of an archive will cost, from its size and what the sample holds. The constants are measured: docs/performance.md.

use super::sample::Sample;
use super::seen::Seen;

/// CPU nanoseconds for each kilobyte of JSON: 0.79 s for a gigabyte ("How cost grows").
const CPU_NANOS_PER_KB: u64 = 790;

/// CPU microseconds for each object: 22 for small ones, with the bytes in them ("How cost grows").
const CPU_MICROS_PER_OBJECT: u64 = 22;

/// Kilobytes of JSON in ten kilobytes as stored, if the sample does not say: 1.03 GB in 122 MB ("How to measure").
const JSON_PER_TEN_STORED: u64 = 84;

/// Objects a second from a bucket that takes 40 ms for each response, with 64 requests at once ("Buckets").
const OBJECTS_PER_SECOND: u64 = 1_331;

/// Bytes of memory of a scan with one thread, without what grows ("Where we are").
const MEMORY: u64 = 33 << 20;

/// Bytes of memory for each object listed ("How cost grows").
const MEMORY_PER_OBJECT: u64 = 250;

/// Bytes of memory for each record of objects without a delivery day ("Large files").
const MEMORY_PER_UNDATED_RECORD: u64 = 32;

/// What a scan will cost, roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes of JSON.
    pub json_bytes: u64,
    /// Records.
    pub records: u64,
    /// Seconds of one core; threads share them.
    pub cpu_seconds: u64,
    /// Seconds that a bucket takes to answer, however many cores there are; 0 for others.
    pub request_seconds: u64,
    /// Bytes of memory with one thread, for some thousand principals.
    pub memory_bytes: u64,
}

impl Estimate {
    /// Bytes of memory of each further thread ("Where we are").
    pub const MEMORY_PER_THREAD: u64 = 10 << 20;

    /// Bytes of memory for each principal, with four actions ("How cost grows").
    pub const MEMORY_PER_PRINCIPAL: u64 = 1_700;

    pub(super) fn new(seen: &Seen, sample: &Sample, is_bucket: bool) -> Self {
        let share = |of_sample: u64, bytes: u64| match sample.stored_bytes {
            0 => 0,
            stored => (u128::from(of_sample) * u128::from(bytes) / u128::from(stored)) as u64,
        };
        let json_bytes = match sample.json_bytes {
            0 => seen.bytes / 10 * JSON_PER_TEN_STORED,
            json => share(json, seen.bytes),
        };
        let cpu_micros = json_bytes / 1_000 * CPU_NANOS_PER_KB / 1_000 + seen.objects * CPU_MICROS_PER_OBJECT;
        let undated_records = share(sample.records, seen.undated_bytes);
        Self {
            json_bytes,
            records: share(sample.records, seen.bytes),
            cpu_seconds: cpu_micros.div_ceil(1_000_000),
            request_seconds: if is_bucket { seen.objects.div_ceil(OBJECTS_PER_SECOND) } else { 0 },
            memory_bytes: MEMORY
                + seen.objects * MEMORY_PER_OBJECT
                + undated_records * MEMORY_PER_UNDATED_RECORD,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_that_was_measured_takes_what_was_measured() {
        let seen = Seen { objects: 5_772, bytes: 122_000_000, ..Seen::default() };
        let sample =
            Sample { stored_bytes: 1_220_000, json_bytes: 10_300_000, records: 6_010, ..Sample::default() };
        let estimate = Estimate::new(&seen, &sample, true);
        assert_eq!((estimate.json_bytes, estimate.records), (1_030_000_000, 601_000));
        assert_eq!((estimate.cpu_seconds, estimate.request_seconds), (1, 5));
        assert_eq!(estimate.memory_bytes >> 20, 34);
    }
}
