//! Inflates gzip: all members, with their checksums, up to a size limit.
//!
//! Concatenated members are valid gzip, and delivery streams write them; single-member readers silently stop
//! after the first. The size in a member's trailer is only a hint for the first allocation: it can be wrong,
//! and a truncated object ends in arbitrary bytes. After any fault, the bytes inflated before it are kept.

use crc_fast::{CrcAlgorithm, checksum};
use flate2::{Decompress, FlushDecompress, Status};

use super::hidden::fields_hide;
use super::libdeflate::Libdeflate;
use crate::coverage::{FaultKind, Position};
use crate::decode::DecodeFault;

/// First bytes of a gzip member.
pub(super) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// The shortest member: header, empty deflate block, trailer.
const SHORTEST_MEMBER: usize = 18;
/// The maximum ratio of inflated to stored size (zlib's "maximum compression factor").
const LARGEST_FACTOR: usize = 1_032;
/// A trailer with a size over this, and over [`USUAL_FACTOR`] times the stored size, is not used as a hint: a
/// truncated object ends in arbitrary bytes, and workers keep their memory.
const USUAL_SIZE: usize = 64 << 20;
/// Logs usually compress to a tenth or less.
const USUAL_FACTOR: usize = 16;
/// The maximum depth of gzip inside gzip, which occurs where an already compressed stream is compressed
/// again.
const MAX_GZIP_NESTING: usize = 3;
/// Extra room after the output. One byte lets the decoder reach the end of the stream in one call; the others
/// keep zlib-rs on its fast path, which needs at least 260 bytes.
const SLACK: usize = 512;
/// The growth of the output buffer if the size in the trailer was not used.
const GROWTH: usize = 256 * 1024;

/// Inflates objects one after another, reusing its memory.
#[derive(Debug)]
pub(in crate::decode) struct Inflater {
    state: Decompress,
    at_once: Libdeflate,
    /// Position of the second member of the last input.
    second_member: Option<u64>,
    /// Whether the header of a member of the last input looks like a text with records.
    hides_in_header: bool,
}

/// Inflated bytes, in memory that is reused for every object.
///
/// The memory beyond the filled part stays initialised: clearing it before overwriting it cost a third of a
/// scan.
#[derive(Debug, Default)]
pub(in crate::decode) struct Plain {
    bytes: Vec<u8>,
    filled: usize,
    /// The end of the room for this object. The memory can be larger, but the room that the decoder sees
    /// decides how far it reads ahead, and so the position of a fault, which must not depend on earlier
    /// objects.
    end: usize,
}

impl Plain {
    pub(in crate::decode) fn clear(&mut self) {
        self.filled = 0;
        self.end = 0;
    }

    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// Makes room for `more` bytes after the filled ones.
    fn make_room(&mut self, more: usize) {
        self.end = self.filled.saturating_add(more);
        if self.bytes.len() < self.end {
            // The first allocation is exact, later ones grow: a member can be a few bytes.
            if self.filled == 0 {
                self.bytes.reserve_exact(self.end - self.bytes.len());
            }
            self.bytes.resize(self.end, 0);
        }
    }

    /// The room for further bytes.
    fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.filled..self.end]
    }
}

/// A fault in a gzip stream, and its position.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::decode) struct GzipFault {
    pub(in crate::decode) kind: FaultKind,
    pub(in crate::decode) at: u64,
    pub(in crate::decode) detail: String,
}

impl Inflater {
    pub(in crate::decode) fn new() -> Self {
        Self {
            state: Decompress::new(false),
            at_once: Libdeflate::default(),
            second_member: None,
            hides_in_header: false,
        }
    }

    /// Position of the second gzip member of the last input.
    pub(in crate::decode) fn second_member(&self) -> Option<u64> {
        self.second_member
    }

    /// Appends all inflated members of `input` to `output`, up to `limit` bytes.
    pub(in crate::decode) fn inflate(
        &mut self,
        input: &[u8],
        output: &mut Plain,
        limit: u64,
    ) -> Result<(), GzipFault> {
        self.second_member = None;
        self.hides_in_header = false;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if self.inflate_at_once(input, output, limit) { Ok(()) } else { self.members(input, output, limit) }
    }

    /// Inflates an input that is exactly one valid member; otherwise leaves the output unchanged.
    fn inflate_at_once(&mut self, input: &[u8], output: &mut Plain, limit: usize) -> bool {
        let room = promised(input);
        let fits = room > 0 && room <= believable(input).min(limit.saturating_sub(output.filled));
        if !Libdeflate::is_there() || !fits {
            return false;
        }
        output.make_room(room);
        let is_whole = self.at_once.inflate(input, output.room());
        if is_whole {
            self.hides_in_header = header_hides(input);
            output.filled = output.end;
        }
        is_whole
    }

    /// Inflates the members one by one.
    fn members(&mut self, input: &[u8], output: &mut Plain, limit: usize) -> Result<(), GzipFault> {
        let mut at = 0;
        loop {
            at += self.member(&input[at..], output, limit).map_err(|mut fault| {
                fault.at += at as u64;
                fault
            })?;
            match input.get(at..) {
                None | Some([]) => return Ok(()),
                Some(rest) if rest.starts_with(&GZIP_MAGIC) => {
                    self.second_member = self.second_member.or(Some(at as u64));
                }
                // Tapes and some tools pad with zeros; gzip itself skips them.
                Some(rest) if rest.iter().all(|byte| *byte == 0) => return Ok(()),
                Some(rest) => {
                    let detail = format!("{} bytes after the last gzip member", rest.len());
                    return Err(GzipFault { kind: FaultKind::GzipTrailing, at: at as u64, detail });
                }
            }
        }
    }

    /// Inflates the member at the start of `input`; returns its length.
    fn member(&mut self, input: &[u8], output: &mut Plain, limit: usize) -> Result<usize, GzipFault> {
        let mut at = header(input)?.length;
        self.hides_in_header |= header_hides(input);
        let start = output.filled;
        output.make_room(first_room(input).min(limit.saturating_sub(start)));
        self.state.reset(false);
        loop {
            let (taken, given) = (self.state.total_in(), self.state.total_out());
            let result = self.state.decompress(&input[at..], output.room(), FlushDecompress::Finish);
            let new_taken = self.state.total_in() - taken;
            let new_given = self.state.total_out() - given;
            output.filled += new_given as usize;
            let status = result.map_err(|error| fault(FaultKind::GzipCorrupt, at, error.to_string()))?;
            at += new_taken as usize;
            if status == Status::StreamEnd {
                break;
            }
            if !output.room().is_empty() {
                // There is room, but the input has ended before the stream.
                if at >= input.len() || (new_taken, new_given) == (0, 0) {
                    return Err(truncated(input));
                }
            } else if output.filled >= limit {
                let detail = format!("more than {limit} bytes when inflated");
                return Err(fault(FaultKind::TooLarge, at, detail));
            } else {
                let more = GROWTH.max(output.filled - start);
                output.make_room(more.min(limit - output.filled));
            }
        }
        check_trailer(input, at, &output.filled()[start..])?;
        Ok(at + TRAILER)
    }
}

/// Length of a member's trailer: a checksum and a length.
const TRAILER: usize = 8;

/// Checks the trailer at `at` against the inflated bytes.
fn check_trailer(input: &[u8], at: usize, plain: &[u8]) -> Result<(), GzipFault> {
    let Some(&[c0, c1, c2, c3, s0, s1, s2, s3]) = input.get(at..at + TRAILER) else {
        return Err(truncated(input));
    };
    let sum = checksum(CrcAlgorithm::Crc32IsoHdlc, plain) as u32;
    // RFC 1952: the length modulo 2^32.
    let fits = sum == u32::from_le_bytes([c0, c1, c2, c3])
        && plain.len() as u32 == u32::from_le_bytes([s0, s1, s2, s3]);
    if fits {
        Ok(())
    } else {
        Err(fault(FaultKind::GzipCorrupt, at, "the checksum or the length does not match".into()))
    }
}

/// The size in the trailer, limited to a credible value, plus [`SLACK`]. More room is made when needed.
fn first_room(input: &[u8]) -> usize {
    promised(input).min(believable(input)).saturating_add(SLACK)
}

/// The size in the trailer.
fn promised(input: &[u8]) -> usize {
    match input.last_chunk() {
        Some(size) if input.len() >= SHORTEST_MEMBER => u32::from_le_bytes(*size) as usize,
        _ => 0,
    }
}

/// The largest credible size.
fn believable(input: &[u8]) -> usize {
    let usual = input.len().saturating_mul(USUAL_FACTOR).max(USUAL_SIZE);
    input.len().saturating_mul(LARGEST_FACTOR).min(usual)
}

/// The header of a member.
struct Header<'h> {
    length: usize,
    /// The extra field, the file name and the comment; empty if there is none.
    fields: [&'h [u8]; 3],
}

/// The header at the start of `input` (RFC 1952, section 2.3).
fn header(input: &[u8]) -> Result<Header<'_>, GzipFault> {
    const HAS_CRC: u8 = 2;
    const HAS_EXTRA: u8 = 4;
    const HAS_NAME: u8 = 8;
    const HAS_COMMENT: u8 = 16;
    let &[_, _, method, flags, ..] = input else { return Err(truncated(input)) };
    if method != 8 || flags & 0xe0 != 0 {
        return Err(fault(FaultKind::GzipCorrupt, 2, "not a gzip header".into()));
    }
    let (mut at, mut fields) = (10, [&[][..]; 3]);
    if flags & HAS_EXTRA != 0 {
        let Some(&[low, high]) = input.get(at..at + 2) else { return Err(truncated(input)) };
        let end = at + 2 + usize::from(u16::from_le_bytes([low, high]));
        fields[0] = input.get(at + 2..end).unwrap_or_default();
        at = end;
    }
    for (flag, field) in [HAS_NAME, HAS_COMMENT].into_iter().zip(&mut fields[1..]) {
        if flags & flag != 0 {
            let text = input.get(at..).unwrap_or_default();
            let length = memchr::memchr(0, text).ok_or_else(|| truncated(input))?;
            *field = &text[..length];
            at += length + 1;
        }
    }
    if flags & HAS_CRC != 0 {
        at += 2;
    }
    if at > input.len() { Err(truncated(input)) } else { Ok(Header { length: at, fields }) }
}

/// Whether the header at the start of `input` has fields that look like records. Most headers have no fields.
fn header_hides(input: &[u8]) -> bool {
    const HAS_FIELDS: u8 = 4 | 8 | 16;
    input.get(3).is_some_and(|flags| flags & HAS_FIELDS != 0)
        && header(input).is_ok_and(|header| fields_hide(header.fields))
}

fn fault(kind: FaultKind, at: usize, detail: String) -> GzipFault {
    GzipFault { kind, at: at as u64, detail }
}

fn truncated(input: &[u8]) -> GzipFault {
    fault(FaultKind::GzipTruncated, input.len(), "the gzip stream ends too early".into())
}

/// Checks that an input gives the same bytes and the same fault in one go and member by member.
#[cfg(any(test, fuzzing))]
pub(in crate::decode) fn check_both_ways(input: &[u8], limit: usize) {
    let (mut by_member, mut in_one_go) = (Plain::default(), Plain::default());
    let fault = Inflater::new().members(input, &mut by_member, limit);
    let result = Inflater::new().inflate(input, &mut in_one_go, limit as u64);
    assert_eq!(in_one_go.filled(), by_member.filled());
    assert_eq!(result, fault);
}

/// A header and a deflate stream with a matching trailer added, if the stream is complete.
#[cfg(any(test, fuzzing))]
pub(in crate::decode) fn with_trailer(headed: &[u8], limit: usize) -> Option<Vec<u8>> {
    let start = header(headed).ok()?.length;
    let mut plain = vec![0; limit];
    let mut state = Decompress::new(false);
    let status = state.decompress(&headed[start..], &mut plain, FlushDecompress::Finish).ok()?;
    let (taken, given) = (state.total_in() as usize, state.total_out() as usize);
    let sum = checksum(CrcAlgorithm::Crc32IsoHdlc, &plain[..given]) as u32;
    let trailer = [sum.to_le_bytes(), (given as u32).to_le_bytes()].concat();
    (status == Status::StreamEnd).then(|| [&headed[..start + taken], &trailer].concat())
}

/// The plain bytes of an object, judged by content and not by name. They stay packed if a header looks like a text with
/// records: the reader of streams reports it.
pub(in crate::decode) fn inflate<'d>(
    inflater: &mut Inflater,
    (plain, spare): (&'d mut Plain, &'d mut Plain),
    stored: &'d [u8],
    limit: u64,
    second_member: &mut Option<u64>,
    fault: &mut Option<DecodeFault>,
) -> &'d [u8] {
    if !stored.starts_with(&GZIP_MAGIC) {
        return stored;
    }
    plain.clear();
    let mut result = inflater.inflate(stored, plain, limit);
    *second_member = inflater.second_member();
    if inflater.hides_in_header {
        return stored;
    }
    for _ in 1..MAX_GZIP_NESTING {
        if result.is_err() || !plain.filled().starts_with(&GZIP_MAGIC) {
            break;
        }
        std::mem::swap(plain, spare);
        plain.clear();
        result = inflater.inflate(spare.filled(), plain, limit);
        if inflater.hides_in_header {
            return spare.filled();
        }
    }
    if let Err(broken) = result {
        let position = Position::StoredByte(broken.at);
        *fault = Some(DecodeFault { kind: broken.kind, position, inner: None, detail: broken.detail });
    }
    plain.filled()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, GzBuilder, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;
    use crate::decode::unpack::read;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate(input: &[u8], limit: u64) -> (Vec<u8>, Result<(), GzipFault>) {
        let mut output = Plain::default();
        let result = Inflater::new().inflate(input, &mut output, limit);
        assert!(output.bytes.len() as u64 <= limit);
        (output.filled().to_vec(), result)
    }

    #[test]
    fn gzip_members_are_concatenated() {
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
    fn truncated_gzip_is_inflated_up_to_the_cut() {
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
    fn every_damaged_byte_is_detected() {
        let whole = gzip(&b"some text that is long enough to be damaged ".repeat(50));
        for at in 10..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            assert!(inflate(&damaged, 1 << 20).1.is_err(), "{at}");
        }
    }

    #[test]
    fn a_bomb_is_inflated_only_up_to_the_limit() {
        let bomb = gzip(&vec![b' '; 50_000_000]);
        let (output, result) = inflate(&bomb, 1_000_000);
        assert_eq!((output.len(), result.unwrap_err().kind), (1_000_000, FaultKind::TooLarge));
        assert_eq!(inflate(&gzip(&[b' '; 1_000]), 1_000).1, Ok(()));
    }

    #[test]
    fn a_wrong_length_in_the_trailer_does_not_allocate_more_memory() {
        let text: Vec<u8> =
            (0..200_000u32).flat_map(|number| (number * 7_919).to_string().into_bytes()).collect();
        let whole = gzip(&text);
        let cut = [&whole[..whole.len() / 2], &u32::MAX.to_le_bytes()[..]].concat();
        let mut output = Plain::default();
        assert!(Inflater::new().inflate(&cut, &mut output, 4 << 30).is_err());
        assert!(
            output.filled > 100_000 && output.bytes.len() <= USUAL_SIZE + SLACK,
            "{}",
            output.bytes.len()
        );
    }

    #[test]
    fn the_position_of_a_fault_does_not_depend_on_earlier_objects() {
        let mut damaged = gzip(&b"some text that is long enough to be damaged ".repeat(50));
        damaged[40] ^= 0x10;
        let fresh = inflate(&damaged, 1 << 20);
        let (mut inflater, mut output) = (Inflater::new(), Plain::default());
        inflater.inflate(&gzip(&[b'x'; 100_000]), &mut output, 1 << 20).unwrap();
        output.clear();
        let result = inflater.inflate(&damaged, &mut output, 1 << 20);
        assert_eq!((output.filled().to_vec(), result), fresh);
    }

    #[test]
    fn padding_is_ignored_and_garbage_is_a_fault() {
        let padded = [gzip(b"{}"), vec![0; 512]].concat();
        assert_eq!(inflate(&padded, 1 << 20), (b"{}".to_vec(), Ok(())));
        let garbage = [gzip(b"{}"), b"garbage".to_vec()].concat();
        let (output, result) = inflate(&garbage, 1 << 20);
        assert_eq!((output, result.unwrap_err().kind), (b"{}".to_vec(), FaultKind::GzipTrailing));
    }

    #[test]
    fn optional_header_fields_are_skipped() {
        let builder = GzBuilder::new().filename("name").comment("comment").extra(vec![1; 300]);
        let mut encoder = builder.write(Vec::new(), Compression::fast());
        encoder.write_all(b"[1]").unwrap();
        assert_eq!(inflate(&encoder.finish().unwrap(), 1 << 20), (b"[1]".to_vec(), Ok(())));
    }

    #[test]
    fn records_in_a_header_are_a_fault_and_the_content_is_read() {
        const EVENT: &[u8] =
            br#"{"eventTime":"2026-01-10T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"B"}"#;
        let name = "111122223333_CloudTrail_us-east-1_20260101T0000Z_abcdefghijklmnop.json";
        let pack = |builder: GzBuilder, text: &[u8]| {
            let mut encoder = builder.write(Vec::new(), Compression::fast());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        };
        let record = br#"{"eventName":"A"}"#;
        let honest = pack(GzBuilder::new().filename(name).comment("a comment").extra(vec![7; 300]), record);
        assert_eq!(read(&honest).1, [""; 0]);
        assert_eq!(read(&gzip(&honest)).1, [""; 0]);
        for builder in [
            || GzBuilder::new().filename(EVENT),
            || GzBuilder::new().comment(EVENT),
            || GzBuilder::new().extra(EVENT),
            || GzBuilder::new().filename([b'x'; 5_000]),
        ] {
            let packed = pack(builder(), record);
            let second = pack(builder(), b"\n");
            let inner = read(&crate::decode::unpack::zip(&[("a", &packed)]));
            assert_eq!((inner.0, inner.1), (vec!["A a 0".to_owned()], vec!["a packing-broken".to_owned()]));
            for packed in [
                packed.clone(),
                gzip(&packed),
                pack(builder(), &gzip(record)),
                [gzip(record), second].concat(),
                crate::decode::unpack::zstd(&packed),
            ] {
                let (events, faults, _) = read(&packed);
                assert_eq!((events, faults), (vec!["A . 0".to_owned()], vec![". packing-broken".to_owned()]));
            }
            let (events, faults, _) = read(&packed[..packed.len() - 1]);
            assert_eq!((events.len(), faults.len()), (1, 2), "{faults:?}");
        }
    }

    #[test]
    fn bytes_between_a_stream_and_a_copy_of_its_trailer_are_a_fault() {
        let member = gzip(b"{\"Records\":[]}");
        let (stream, trailer) = member.split_at(member.len() - TRAILER);
        for (hidden, kind) in [
            ([&member[..], b"hidden", trailer].concat(), FaultKind::GzipTrailing),
            ([&member[..], trailer].concat(), FaultKind::GzipTrailing),
            ([stream, b"h", trailer].concat(), FaultKind::GzipCorrupt),
        ] {
            let (output, result) = inflate(&hidden, 1 << 20);
            assert_eq!((&output[..], result.unwrap_err().kind), (&b"{\"Records\":[]}"[..], kind));
        }
        // A whole member is read.
        let (output, result) = inflate(&[&member[..], &member[..]].concat(), 1 << 20);
        assert_eq!((output.len(), result), (28, Ok(())));
    }

    proptest! {
        #[test]
        fn both_inflate_implementations_agree(
            texts in prop::collection::vec("[a-c]{0,200}", 1..4), times in 1..40usize,
            padding in 0..3usize, at in any::<prop::sample::Index>(), change in any::<u8>(),
            cut in prop::option::of(any::<prop::sample::Index>()), limit in 1..20_000usize
        ) {
            let members = texts.iter().flat_map(|text| gzip(text.repeat(times).as_bytes()));
            let mut input: Vec<u8> = members.chain(std::iter::repeat_n(0, padding)).collect();
            check_both_ways(&input, limit);
            let at = at.index(input.len());
            input[at] ^= change;
            check_both_ways(&input, limit);
            input.truncate(cut.map_or(usize::MAX, |cut| cut.index(input.len())));
            check_both_ways(&input, limit);
        }
    }
}
