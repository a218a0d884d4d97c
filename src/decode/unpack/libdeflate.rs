//! Inflates one gzip member in one go with libdeflate, the fastest decoder there is: 7 % less CPU for a whole scan.
//!
//! A first try only. It reports success or failure without details, so whatever is not plainly one whole member goes to
//! the decoder of `Decoder::inflate`, which knows how far it came and why. libdeflate is C, fuzzed for years and widely
//! used; without the feature `libdeflate`, only Rust code reads archive bytes.

/// Decodes inputs that are exactly one member.
#[derive(Default)]
pub(super) struct Libdeflate {
    #[cfg(feature = "libdeflate")]
    decoder: libdeflater::Decompressor,
}

impl Libdeflate {
    /// Decodes a member into exactly this room, whose size is in the last four bytes of the input; or not at all.
    ///
    /// libdeflate checks a member against the checksum and size that follow its stream, but does not tell where that
    /// was. The size equals the room, so these four bytes stand there; if they occur nowhere before the end of the
    /// input, the member ends there.
    #[cfg(feature = "libdeflate")]
    pub(in crate::decode) fn inflate(&mut self, input: &[u8], room: &mut [u8]) -> bool {
        let (Some(size), Some((_, before))) = (input.last_chunk::<4>(), input.split_last()) else {
            return false;
        };
        memchr::memmem::find(before, size).is_none()
            && self.decoder.gzip_decompress(input, room) == Ok(room.len())
    }

    /// Does nothing in a build without libdeflate.
    #[cfg(not(feature = "libdeflate"))]
    pub(in crate::decode) fn inflate(&mut self, _input: &[u8], _room: &mut [u8]) -> bool {
        false
    }

    /// Whether libdeflate is built in.
    pub(super) const fn is_there() -> bool {
        cfg!(feature = "libdeflate")
    }
}

impl std::fmt::Debug for Libdeflate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Libdeflate")
    }
}
