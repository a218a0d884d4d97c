//! The same with 64 bytes at a time, for processors with AVX-512: a comparison gives the mask of a whole block.
//!
//! [`pulp`] detects AVX-512 at run time and contains the `unsafe` code: a [`V4`] exists only on processors with it.

use pulp::x86::V4;
use pulp::{cast, u8x64};

use super::{Block, NestedEnd};

/// Like [`super::nested_end`]; the outer `None` means that this processor has no AVX-512.
#[inline]
pub(super) fn nested_end(bytes: &[u8], open: usize) -> Option<Option<usize>> {
    let v4 = V4::try_new()?;
    let search = NestedEnd::new(
        (bytes, open),
        #[inline(always)]
        move |block: &[u8; 64]| read(v4, block),
    );
    Some(v4.vectorize(search))
}

#[inline(always)]
fn read(v4: V4, block: &[u8; 64]) -> Block {
    let whole: u8x64 = cast(*block);
    // `[` and `{`, and `]` and `}`, differ only in this bit.
    let folded = cast(v4.avx512f._mm512_or_si512(cast(whole), cast(v4.splat_u8x64(0x20))));
    Block {
        quote: places(v4, whole, b'"'),
        backslash: places(v4, whole, b'\\'),
        open: places(v4, folded, b'{'),
        close: places(v4, folded, b'}'),
    }
}

/// A bit mask of the positions of `byte`.
#[inline(always)]
fn places(v4: V4, block: u8x64, byte: u8) -> u64 {
    v4.avx512bw._mm512_cmpeq_epi8_mask(cast(block), cast(v4.splat_u8x64(byte)))
}
