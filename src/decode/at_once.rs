//! One gzip member inflated in one go by libdeflate, the fastest decoder there is: 7 % less CPU for a whole scan.
//!
//! A first try only. It tells success from failure and not what happened, so whatever is not plainly one whole member
//! goes to the decoder of [`super::inflate`], which knows how far it came and why. libdeflate is C, fuzzed for years and
//! used by many; without the feature `libdeflate` all archive bytes are read by Rust alone.

/// Decodes deflate streams whose size is known.
#[derive(Default)]
pub(super) struct AtOnce {
    #[cfg(feature = "libdeflate")]
    decoder: libdeflater::Decompressor,
}

impl AtOnce {
    /// Decodes a stream into exactly this room, or not at all.
    #[cfg(feature = "libdeflate")]
    pub(super) fn inflate(&mut self, stream: &[u8], room: &mut [u8]) -> bool {
        self.decoder.deflate_decompress(stream, room) == Ok(room.len())
    }

    /// Does nothing in a build without libdeflate.
    #[cfg(not(feature = "libdeflate"))]
    pub(super) fn inflate(&mut self, _stream: &[u8], _room: &mut [u8]) -> bool {
        false
    }

    /// Whether it can do anything.
    pub(super) const fn is_there() -> bool {
        cfg!(feature = "libdeflate")
    }
}

impl std::fmt::Debug for AtOnce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AtOnce")
    }
}
