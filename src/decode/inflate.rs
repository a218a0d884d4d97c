//! Gzip in, plain bytes out: every member, checked, up to a ceiling.
//!
//! Concatenated members are legal gzip, and delivery streams write them; readers for a single member would stop
//! after the first without a word. The size in a member's trailer only sizes the first reservation: it can lie, and
//! a truncated object ends in random bytes. Whatever goes wrong, the bytes that came out before stay.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::coverage::FaultKind;

/// First bytes of a gzip member.
pub(super) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// The shortest member: header, empty deflate block, trailer.
const SHORTEST_MEMBER: usize = 18;
/// No deflate stream grows by more than this factor (zlib's "maximum compression factor").
const LARGEST_FACTOR: usize = 1_032;
/// Growth of the output where the trailer did not tell its size.
const GROWTH: usize = 256 * 1024;

/// Inflates object after object with the memory of the first.
#[derive(Debug)]
pub(super) struct Inflater {
    state: Decompress,
}

/// What went wrong in a gzip stream, and at which of its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GzipFault {
    pub(super) kind: FaultKind,
    pub(super) at: u64,
    pub(super) detail: String,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self { state: Decompress::new(false) }
    }

    /// Inflates all members of `input` to the end of `output`, which never grows over `limit` bytes.
    pub(super) fn inflate(
        &mut self,
        input: &[u8],
        output: &mut Vec<u8>,
        limit: u64,
    ) -> Result<(), GzipFault> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut at = 0;
        loop {
            at += self.member(&input[at..], output, limit).map_err(|mut fault| {
                fault.at += at as u64;
                fault
            })?;
            match input.get(at..) {
                None | Some([]) => return Ok(()),
                Some(rest) if rest.starts_with(&GZIP_MAGIC) => {}
                // Tapes and some tools pad with zeros; gzip itself passes over them.
                Some(rest) if rest.iter().all(|byte| *byte == 0) => return Ok(()),
                Some(rest) => {
                    let detail = format!("{} bytes after the last gzip member", rest.len());
                    return Err(GzipFault { kind: FaultKind::GzipTrailing, at: at as u64, detail });
                }
            }
        }
    }

    /// Inflates the member that `input` begins with; gives the number of bytes it takes.
    fn member(&mut self, input: &[u8], output: &mut Vec<u8>, limit: usize) -> Result<usize, GzipFault> {
        let body = header_length(input)?;
        let start = output.len();
        reserve(output, input, limit);
        self.state.reset(false);
        let mut at = body;
        loop {
            let (taken, given) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress_vec(&input[at..], output, FlushDecompress::Finish)
                .map_err(|error| fault(FaultKind::GzipCorrupt, at, error.to_string()))?;
            at += (self.state.total_in() - taken) as usize;
            let stuck = self.state.total_in() == taken && self.state.total_out() == given;
            match status {
                Status::StreamEnd => break,
                Status::Ok | Status::BufError if output.len() < output.capacity() => {
                    if at >= input.len() || stuck {
                        return Err(truncated(input));
                    }
                }
                Status::Ok | Status::BufError => {
                    if output.len() >= limit {
                        let detail = format!("more than {limit} bytes when inflated");
                        return Err(fault(FaultKind::TooLarge, at, detail));
                    }
                    let more = GROWTH.max(output.len() - start).min(limit - output.len());
                    output.reserve_exact(more);
                }
            }
        }
        let Some(&[c0, c1, c2, c3, s0, s1, s2, s3]) = input.get(at..at + 8) else {
            return Err(truncated(input));
        };
        let mut crc = Crc::new();
        crc.update(&output[start..]);
        let length = (output.len() - start) as u32;
        if crc.sum() != u32::from_le_bytes([c0, c1, c2, c3]) || length != u32::from_le_bytes([s0, s1, s2, s3])
        {
            return Err(fault(
                FaultKind::GzipCorrupt,
                at,
                "the checksum or the length does not match".into(),
            ));
        }
        Ok(at + 8)
    }
}

/// Makes room for what the trailer promises, if that is possible at all.
fn reserve(output: &mut Vec<u8>, input: &[u8], limit: usize) {
    let promised = match input.last_chunk() {
        Some(size) if input.len() >= SHORTEST_MEMBER => u32::from_le_bytes(*size) as usize,
        _ => 0,
    };
    let possible = input.len().saturating_mul(LARGEST_FACTOR);
    let room = limit.saturating_sub(output.len());
    // One byte more than promised lets the decoder come to the end of the stream in one call.
    output.reserve(promised.min(possible).saturating_add(1).min(room));
}

/// Length of the header that `input` begins with (RFC 1952, section 2.3).
fn header_length(input: &[u8]) -> Result<usize, GzipFault> {
    const HAS_CRC: u8 = 2;
    const HAS_EXTRA: u8 = 4;
    const HAS_NAME: u8 = 8;
    const HAS_COMMENT: u8 = 16;
    let &[_, _, method, flags, ..] = input else { return Err(truncated(input)) };
    if method != 8 || flags & 0xe0 != 0 {
        return Err(fault(FaultKind::GzipCorrupt, 2, "not a gzip header".into()));
    }
    let mut at = 10;
    if flags & HAS_EXTRA != 0 {
        let Some(&[low, high]) = input.get(at..at + 2) else { return Err(truncated(input)) };
        at += 2 + usize::from(u16::from_le_bytes([low, high]));
    }
    for flag in [HAS_NAME, HAS_COMMENT] {
        if flags & flag != 0 {
            let text = input.get(at..).unwrap_or_default();
            at += memchr::memchr(0, text).ok_or_else(|| truncated(input))? + 1;
        }
    }
    if flags & HAS_CRC != 0 {
        at += 2;
    }
    if at > input.len() { Err(truncated(input)) } else { Ok(at) }
}

fn fault(kind: FaultKind, at: usize, detail: String) -> GzipFault {
    GzipFault { kind, at: at as u64, detail }
}

fn truncated(input: &[u8]) -> GzipFault {
    fault(FaultKind::GzipTruncated, input.len(), "the gzip stream ends too early".into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, GzBuilder, write::GzEncoder};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate(input: &[u8], limit: u64) -> (Vec<u8>, Result<(), GzipFault>) {
        let mut output = Vec::new();
        let result = Inflater::new().inflate(input, &mut output, limit);
        (output, result)
    }

    #[test]
    fn five_hundred_members_are_one_text() {
        let members: Vec<u8> = (0..500).flat_map(|number| gzip(format!("{number},").as_bytes())).collect();
        let expected: String = (0..500).map(|number| format!("{number},")).collect();
        assert_eq!(inflate(&members, 1 << 20), (expected.into_bytes(), Ok(())));
    }

    #[test]
    fn a_small_member_before_a_large_one_loses_nothing() {
        let large = vec![b'x'; 1_000_000];
        let members = [gzip(b"{}"), gzip(&large), gzip(b"[]")].concat();
        let (output, result) = inflate(&members, 1 << 30);
        assert_eq!((output.len(), result), (1_000_004, Ok(())));
    }

    #[test]
    fn truncation_anywhere_keeps_what_came_before() {
        let text: Vec<u8> = (0..20_000u32).flat_map(|number| number.to_string().into_bytes()).collect();
        let whole = gzip(&text);
        for length in (2..whole.len()).step_by(97) {
            let (output, result) = inflate(&whole[..length], 1 << 20);
            assert_eq!(result.unwrap_err().kind, FaultKind::GzipTruncated, "{length}");
            assert!(text.starts_with(&output), "{length}");
            assert!(output.len() * 10 >= text.len() * length.saturating_sub(40_000) / whole.len());
        }
        assert!(inflate(&whole[..whole.len() - 9], 1 << 20).0.len() > text.len() * 9 / 10);
    }

    #[test]
    fn damage_is_found_by_the_checksum_at_the_latest() {
        let whole = gzip(&b"some text that is long enough to be damaged ".repeat(50));
        for at in 10..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            assert!(inflate(&damaged, 1 << 20).1.is_err(), "{at}");
        }
    }

    #[test]
    fn a_bomb_stops_at_the_ceiling() {
        let bomb = gzip(&vec![b' '; 50_000_000]);
        let (output, result) = inflate(&bomb, 1_000_000);
        assert_eq!((output.len(), result.unwrap_err().kind), (1_000_000, FaultKind::TooLarge));
        assert!(output.capacity() <= 1_000_000);
        assert_eq!(inflate(&gzip(&[b' '; 1_000]), 1_000).1, Ok(()));
    }

    #[test]
    fn padding_is_passed_over_and_garbage_is_not() {
        let padded = [gzip(b"{}"), vec![0; 512]].concat();
        assert_eq!(inflate(&padded, 1 << 20), (b"{}".to_vec(), Ok(())));
        let garbage = [gzip(b"{}"), b"garbage".to_vec()].concat();
        let (output, result) = inflate(&garbage, 1 << 20);
        assert_eq!((output, result.unwrap_err().kind), (b"{}".to_vec(), FaultKind::GzipTrailing));
    }

    #[test]
    fn every_optional_header_field_is_passed_over() {
        let builder = GzBuilder::new().filename("name").comment("comment").extra(vec![1; 300]);
        let mut encoder = builder.write(Vec::new(), Compression::fast());
        encoder.write_all(b"[1]").unwrap();
        assert_eq!(inflate(&encoder.finish().unwrap(), 1 << 20), (b"[1]".to_vec(), Ok(())));
    }
}
