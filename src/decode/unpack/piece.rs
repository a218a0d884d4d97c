//! Parts of an object that can be read separately.

use crate::coverage::{FaultKind, Position};
use crate::decode::DecodeFault;
use crate::memory::Reservation;

/// The size of pieces of a text: small enough to occupy all cores, large enough to add no cost. Smaller in
/// tests, to exercise splitting.
pub(super) const PIECE: usize = if cfg!(any(test, fuzzing)) { 4 << 10 } else { 16 << 20 };

/// A part of an object that can be read separately.
#[derive(Debug)]
pub struct Piece {
    /// The path of the inner file; after its first piece with the byte at which the piece begins:
    /// `a.tar!b.jsonl!@16777216`.
    pub inner: Option<Box<str>>,
    pub(in crate::decode) bytes: Vec<u8>,
    /// The number of packings around it.
    pub(in crate::decode) depth: u32,
    /// Whether it is a complete file.
    pub(super) is_whole_file: bool,
    /// The number of its first bytes that repeat the wrapper of its list.
    pub(super) repeated: usize,
    /// The number of bytes by which it is longer than the part of the file that it represents.
    pub(in crate::decode) added: usize,
    /// The reserved memory, if it is large.
    pub(in crate::decode) hold: Option<Reservation>,
}

impl Piece {
    /// A piece for a small file.
    pub(in crate::decode) fn file(
        bytes: Vec<u8>,
        name: Option<&str>,
        depth: u32,
        is_whole_file: bool,
    ) -> Self {
        Self { inner: name.map(Box::from), bytes, depth, is_whole_file, repeated: 0, added: 0, hold: None }
    }

    /// Whether memory was reserved for it. Then the worker that split it off must read it, since others may
    /// wait for that memory.
    pub fn is_held(&self) -> bool {
        self.hold.is_some()
    }

    /// Its length in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Its memory, to be reused for another piece; empty if the piece is large.
    pub fn into_memory(self) -> Vec<u8> {
        if self.bytes.capacity() > 2 * PIECE { Vec::new() } else { self.bytes }
    }
}

/// Receives a piece. Returns memory for a later one, which may be empty, or `None` if no more pieces are
/// wanted.
pub type Emit<'e> = dyn FnMut(Piece) -> Option<Vec<u8>> + 'e;

pub(in crate::decode) fn fault(name: Option<&str>, kind: FaultKind, detail: &str) -> DecodeFault {
    let inner = name.map(Box::from);
    DecodeFault { kind, position: Position::Whole, inner, detail: detail.to_owned() }
}

/// The path of a nested file.
pub(super) fn nested_path(outer: Option<&str>, inner: Option<&str>) -> Option<String> {
    match (outer, inner) {
        (Some(outer), Some(inner)) => Some(format!("{outer}!{inner}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}
