//! Finds quotes, backslashes and brackets in JSON text, many bytes at a time.
//!
//! The masks follow G. Langdale and D. Lemire, "Parsing gigabytes of JSON per second" (2019), section 3.1. Safe code
//! only: [`wide`] compiles the comparisons to SSE2 or NEON; AVX-512 and AVX2 are used where they are faster and available.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

use wide::u8x16;

/// The number of equal bytes at the start of `left` and `right`.
#[inline(always)]
pub(super) fn equal_bytes(left: &[u8; 32], right: &[u8; 32]) -> usize {
    let ([left_low, left_high], _) = left.as_chunks::<16>() else { return 0 };
    let ([right_low, right_high], _) = right.as_chunks::<16>() else { return 0 };
    let equal = |left: &[u8; 16], right: &[u8; 16]| {
        u32::from(u8x16::new(*left).simd_eq(u8x16::new(*right)).to_bitmask() as u16)
    };
    (equal(left_low, right_low) | equal(left_high, right_high) << 16).trailing_ones() as usize
}

/// Position in `bytes` of the first quote or backslash at or after `from`.
#[inline(always)]
pub(in crate::decode) fn quote_or_backslash(bytes: &[u8], from: usize) -> Option<usize> {
    first_of(bytes, from, string_delimiters, |byte| matches!(byte, b'"' | b'\\'))
}

/// Position in `bytes` of the first byte at or after `from` that a plain text cannot have: a quote, a backslash or a control character.
#[inline(always)]
pub(in crate::decode) fn end_of_plain_text(bytes: &[u8], from: usize) -> Option<usize> {
    first_of(bytes, from, ends_of_plain_text, |byte| matches!(byte, b'"' | b'\\' | ..b' '))
}

/// Position in `bytes` of the first byte at or after `from` that is in the mask of its lane, which `is_hit` says of a single byte.
#[inline(always)]
fn first_of(
    bytes: &[u8],
    from: usize,
    mask_of: impl Fn(&[u8; 16]) -> u32,
    is_hit: impl Fn(u8) -> bool,
) -> Option<usize> {
    let mut at = from;
    // Most texts end within 32 bytes: two lanes at once avoid a branch that is hard to predict.
    if let Some(first) = bytes.get(at..).and_then(<[u8]>::first_chunk::<32>) {
        let ([low, high], _) = first.as_chunks::<16>() else { return None };
        let mask = mask_of(low) | mask_of(high) << 16;
        if mask != 0 {
            return Some(at + mask.trailing_zeros() as usize);
        }
        at += 32;
    }
    while let Some(lane) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let mask = mask_of(lane);
        if mask != 0 {
            return Some(at + mask.trailing_zeros() as usize);
        }
        at += 16;
    }
    let rest = bytes.get(at..)?;
    rest.iter().position(|byte| is_hit(*byte)).map(|offset| at + offset)
}

/// A bit mask of quotes and backslashes.
#[inline(always)]
fn string_delimiters(lane: &[u8; 16]) -> u32 {
    let lane = u8x16::new(*lane);
    let hits = lane.simd_eq(u8x16::splat(b'"')) | lane.simd_eq(u8x16::splat(b'\\'));
    u32::from(hits.to_bitmask() as u16)
}

/// A bit mask of quotes, backslashes and control characters.
#[inline(always)]
fn ends_of_plain_text(lane: &[u8; 16]) -> u32 {
    let lane = u8x16::new(*lane);
    let control = lane.min(u8x16::splat(b' ' - 1)).simd_eq(lane);
    let hits = lane.simd_eq(u8x16::splat(b'"')) | lane.simd_eq(u8x16::splat(b'\\')) | control;
    u32::from(hits.to_bitmask() as u16)
}

/// End of the object or array that begins at `open`, just after its last bracket; `None` if it has no end.
///
/// Counts brackets outside strings, of either kind. Not inlined, so that the code that skips short texts
/// stays small.
#[inline(never)]
pub(in crate::decode) fn nested_end(bytes: &[u8], open: usize) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(result) = avx512::nested_end(bytes, open).or_else(|| avx2::nested_end(bytes, open)) {
        return result;
    }
    nested_end_by(bytes, open, Block::read)
}

/// The search of [`nested_end_by`], to be compiled for the instructions that `read` uses.
#[cfg(target_arch = "x86_64")]
struct NestedEnd<'a, R> {
    bytes: &'a [u8],
    open: usize,
    read: R,
}

#[cfg(target_arch = "x86_64")]
impl<'a, R: Fn(&[u8; 64]) -> Block> NestedEnd<'a, R> {
    #[inline(always)]
    fn new((bytes, open): (&'a [u8], usize), read: R) -> Self {
        Self { bytes, open, read }
    }
}

#[cfg(target_arch = "x86_64")]
impl<R: Fn(&[u8; 64]) -> Block> pulp::NullaryFnOnce for NestedEnd<'_, R> {
    type Output = Option<usize>;

    // Without inlining, the code is not compiled for these instructions.
    #[inline(always)]
    fn call(self) -> Option<usize> {
        nested_end_by(self.bytes, self.open, self.read)
    }
}

/// Like [`nested_end`]; `read` classifies the bytes of a 64-byte block.
#[inline(always)]
fn nested_end_by(bytes: &[u8], open: usize, read: impl Fn(&[u8; 64]) -> Block) -> Option<usize> {
    let mut at = open;
    let mut depth = 0u64;
    let mut strings = StringMask::default();
    loop {
        let rest = bytes.get(at..)?;
        let block = match rest.first_chunk::<64>() {
            Some(block) => read(block),
            None if rest.is_empty() => return None,
            None => {
                let mut padded = [b' '; 64];
                padded[..rest.len()].copy_from_slice(rest);
                read(&padded)
            }
        };
        let outside = !strings.next(block.quote, block.backslash);
        let (opens, closes) = (block.open & outside, block.close & outside);
        if count(closes) < depth {
            depth = depth + count(opens) - count(closes);
        } else if let Some(offset) = first_zero(opens, closes, &mut depth) {
            return Some(at + offset + 1);
        }
        at += 64;
    }
}

#[inline(always)]
fn count(mask: u64) -> u64 {
    u64::from(mask.count_ones())
}

/// Walks the brackets of one block; returns the bit of the closing bracket that brings the depth to zero.
#[inline(always)]
fn first_zero(opens: u64, mut closes: u64, depth: &mut u64) -> Option<usize> {
    let mut counted = 0;
    while closes != 0 {
        let bit = closes & closes.wrapping_neg();
        let opened = count(opens & (bit - 1));
        *depth += opened - counted;
        counted = opened;
        // The walk begins at an opening bracket, so the depth is at least 1 at any closing bracket.
        *depth = depth.saturating_sub(1);
        if *depth == 0 {
            return Some(bit.trailing_zeros() as usize);
        }
        closes ^= bit;
    }
    *depth += count(opens) - counted;
    None
}

/// Bit masks of 64 bytes.
struct Block {
    quote: u64,
    backslash: u64,
    open: u64,
    close: u64,
}

impl Block {
    #[inline]
    fn read(bytes: &[u8; 64]) -> Self {
        let mut block = Self { quote: 0, backslash: 0, open: 0, close: 0 };
        let (lanes, _) = bytes.as_chunks::<16>();
        for (number, lane) in lanes.iter().enumerate() {
            let lane = u8x16::new(*lane);
            // `[` and `{`, and `]` and `}`, differ only in this bit.
            let folded = lane | u8x16::splat(0x20);
            let mask = |hits: u8x16| u64::from(hits.to_bitmask()) << (16 * number);
            block.quote |= mask(lane.simd_eq(u8x16::splat(b'"')));
            block.backslash |= mask(lane.simd_eq(u8x16::splat(b'\\')));
            block.open |= mask(folded.simd_eq(u8x16::splat(b'{')));
            block.close |= mask(folded.simd_eq(u8x16::splat(b'}')));
        }
        block
    }
}

/// The state of strings, carried from block to block.
#[derive(Default)]
struct StringMask {
    /// All ones if the block begins inside a string.
    inside: u64,
    /// 1 if the first byte of the block is escaped.
    escaped: u64,
}

impl StringMask {
    #[inline(always)]
    fn next(&mut self, quote: u64, backslash: u64) -> u64 {
        let quote = if backslash | self.escaped == 0 { quote } else { quote & !self.escapes(backslash) };
        let inside = prefix_xor(quote) ^ self.inside;
        self.inside = ((inside as i64) >> 63) as u64;
        inside
    }

    /// The mask of escaped bytes.
    fn escapes(&mut self, backslash: u64) -> u64 {
        const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
        let starts = backslash & !self.escaped;
        let ends = (((starts << 1) | ODD).wrapping_sub(starts)) ^ ODD;
        let escaped = ends ^ (backslash | self.escaped);
        self.escaped = (ends & backslash) >> 63;
        escaped
    }
}

/// Replaces every bit by the xor of itself and all lower bits.
#[inline(always)]
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A simple implementation. Outside strings, where it is not valid JSON, a backslash escapes only quotes.
    fn plain_end(bytes: &[u8], open: usize) -> Option<usize> {
        let (mut depth, mut inside, mut escaped) = (0, false, false);
        for (at, byte) in bytes.iter().enumerate().skip(open) {
            match byte {
                b'"' if !escaped => inside = !inside,
                b'{' | b'[' if !inside => depth += 1,
                b'}' | b']' if !inside => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
            escaped = *byte == b'\\' && !escaped;
        }
        None
    }

    proptest! {
        #[test]
        fn nested_end_equals_a_plain_walk(text in r#"\{[\[\]{}"\\a,:]{0,300}"#) {
            let plain = plain_end(text.as_bytes(), 0);
            prop_assert_eq!(nested_end(text.as_bytes(), 0), plain);
            prop_assert_eq!(nested_end_by(text.as_bytes(), 0, Block::read), plain);
            #[cfg(target_arch = "x86_64")]
            prop_assert_eq!(avx2::nested_end(text.as_bytes(), 0).unwrap_or(plain), plain);
        }

        #[test]
        fn nested_end_is_right_after_long_runs_of_backslashes(run in 0usize..200, tail in r#"["\]}x]{0,80}"#) {
            let text = format!("{{\"{}{}", "\\".repeat(run), tail);
            prop_assert_eq!(nested_end(text.as_bytes(), 0), plain_end(text.as_bytes(), 0));
        }

        #[test]
        fn a_plain_text_ends_at_the_first_byte_that_it_cannot_have(
            text in r#"[a-z~\x7f\u{80}\u{ff}"\\\x00\x1f\n ]{0,80}"#,
            from in 0usize..90,
        ) {
            let plain = text.bytes().enumerate().skip(from).find(|(_, byte)| matches!(byte, b'"' | b'\\' | 0..=0x1f));
            prop_assert_eq!(end_of_plain_text(text.as_bytes(), from), plain.map(|(at, _)| at));
        }

        #[test]
        fn quote_or_backslash_is_the_first_one(text in r#"[a-z"\\]{0,80}"#, from in 0usize..90) {
            let plain = text.bytes().enumerate().skip(from).find(|(_, byte)| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(quote_or_backslash(text.as_bytes(), from), plain.map(|(at, _)| at));
        }
    }
}
