//! Inflates one gzip member in one go with libdeflate, the fastest decoder: 7 % less CPU time for a whole
//! scan.
//!
//! It is only a first try. It reports success or failure without details, so any input other than one
//! complete member goes to the decoder of [`super::gzip`], which reports the position and the fault.
//! libdeflate is written in C, fuzzed for years and widely used; without the feature `libdeflate`, only Rust
//! code reads archive bytes.

/// Decodes inputs that are exactly one member.
#[derive(Default)]
pub(super) struct Libdeflate {
    #[cfg(feature = "libdeflate")]
    decoder: libdeflater::Decompressor,
}

impl Libdeflate {
    /// Decodes a member if it fills `room`, whose size is in the last four bytes of the input. Returns
    /// whether it did.
    ///
    /// libdeflate checks the checksum and the size after the stream, but does not report their position. The
    /// size equals that of `room`, so the member ends with these four bytes; if they occur only at the end of
    /// the input, the member ends there.
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
