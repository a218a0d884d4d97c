//! The same with 32 bytes at a time, for processors with AVX2: saves a twentieth of a whole scan.
//!
//! [`pulp`] detects AVX2 at run time and contains the `unsafe` code: a [`V3`] exists only on processors with
//! AVX2.

use pulp::x86::V3;
use pulp::{m8x32, u8x32};

use super::{Block, NestedEnd};

/// Like [`super::nested_end`]; the outer `None` means that this processor has no AVX2.
#[inline]
pub(super) fn nested_end(bytes: &[u8], open: usize) -> Option<Option<usize>> {
    let v3 = V3::try_new()?;
    let search = NestedEnd::new(
        (bytes, open),
        #[inline(always)]
        move |block: &[u8; 64]| read(v3, block),
    );
    Some(v3.vectorize(search))
}

#[inline(always)]
fn read(v3: V3, block: &[u8; 64]) -> Block {
    let halves: [u8x32; 2] = pulp::cast(*block);
    // `[` and `{`, and `]` and `}`, differ only in this bit.
    let folded = halves.map(
        #[inline(always)]
        |half| v3.or_u8x32(half, v3.splat_u8x32(0x20)),
    );
    Block {
        quote: places(v3, halves, b'"'),
        backslash: places(v3, halves, b'\\'),
        open: places(v3, folded, b'{'),
        close: places(v3, folded, b'}'),
    }
}

/// A bit mask of the positions of `byte`.
#[inline(always)]
fn places(v3: V3, [low, high]: [u8x32; 2], byte: u8) -> u64 {
    let wanted = v3.splat_u8x32(byte);
    bits(v3, v3.cmp_eq_u8x32(low, wanted)) | bits(v3, v3.cmp_eq_u8x32(high, wanted)) << 32
}

#[inline(always)]
fn bits(v3: V3, half: m8x32) -> u64 {
    u64::from(v3.avx2._mm256_movemask_epi8(pulp::cast(half)) as u32)
}
