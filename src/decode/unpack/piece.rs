//! Parts of an object that can be read by themselves.

use crate::coverage::{FaultKind, Position};
use crate::decode::DecodeFault;
use crate::memory::Reservation;

/// Texts are cut into pieces of this size: small enough to occupy all cores, large enough to cost nothing. Smaller in tests,
/// to exercise cutting.
pub(super) const PIECE: usize = if cfg!(any(test, fuzzing)) { 4 << 10 } else { 16 << 20 };

/// A part of an object that can be read by itself.
#[derive(Debug)]
pub struct Piece {
    /// The file in the object, and after its first piece the byte at which this one begins: `a.tar!b.jsonl!@16777216`.
    pub inner: Option<Box<str>>,
    pub(in crate::decode) bytes: Vec<u8>,
    /// The number of packings around it.
    pub(in crate::decode) depth: u32,
    /// Whether it is a complete file.
    pub(super) is_whole_file: bool,
    /// How many of its first bytes are repeated from the wrapper of the list that it is a part of.
    pub(super) repeated: usize,
    /// How many bytes longer it is than the part of the file that it represents.
    pub(in crate::decode) added: usize,
    /// The memory reserved for it, if it is large.
    pub(in crate::decode) hold: Option<Reservation>,
}

impl Piece {
    /// A small file.
    pub(in crate::decode) fn file(
        bytes: Vec<u8>,
        name: Option<&str>,
        depth: u32,
        is_whole_file: bool,
    ) -> Self {
        Self { inner: name.map(Box::from), bytes, depth, is_whole_file, repeated: 0, added: 0, hold: None }
    }

    /// Whether memory was reserved for it: the worker that cut it must read it, since others may wait for that memory.
    pub fn is_held(&self) -> bool {
        self.hold.is_some()
    }

    /// Its length in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Its memory, to reuse for another piece, unless it is large.
    pub fn into_memory(self) -> Vec<u8> {
        if self.bytes.capacity() > 2 * PIECE { Vec::new() } else { self.bytes }
    }
}

/// Takes a piece; returns memory for a later one, which may be empty, or says that no more pieces are wanted.
pub type Emit<'e> = dyn FnMut(Piece) -> Option<Vec<u8>> + 'e;

pub(in crate::decode) fn fault(name: Option<&str>, kind: FaultKind, detail: &str) -> DecodeFault {
    let inner = name.map(Box::from);
    DecodeFault { kind, position: Position::Whole, inner, detail: detail.to_owned() }
}

/// The path of a file in a file.
pub(super) fn nested_path(outer: Option<&str>, inner: Option<&str>) -> Option<String> {
    match (outer, inner) {
        (Some(outer), Some(inner)) => Some(format!("{outer}!{inner}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}
