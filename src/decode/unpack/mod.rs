//! Unpacks nested files and splits large ones: gzip, zstd, bzip2, xz and zlib streams, zip and tar archives of log
//! objects, nested in any way, become pieces that can be read separately.
//!
//! This is the slow path, for everything except plain gzip, and for large objects. It produces complete inner
//! files, or parts of a text; nothing larger is held, except texts that cannot be split: one JSON value over
//! many lines, or tables.

pub(super) mod apple_double;
mod codec;
pub(super) mod gzip;
mod hidden;
mod layout;
mod libdeflate;
mod list;
pub(super) mod packing;
pub(super) mod piece;
mod snappy;
pub(super) mod splitter;
pub(super) mod stream;
mod tar_file;
mod utf16;
pub(super) mod utf8;
pub(super) mod zip_file;

use std::io::{Cursor, Read, Seek};
use std::sync::Arc;

use super::ceiling::Ceiling;
use super::{DecodeFaults, Decoded, Decoder, FoundRecord, Verdict};
use crate::coverage::{FaultKind, NamePromise, ObjectSkip, Position, add_counts};
use crate::memory::Budget;
use packing::{Packing, packing};
use piece::{Emit, Piece, fault, nested_path};
use splitter::Splitter;

#[cfg(test)]
pub(super) use tests::{read, tar, zip, zstd};

/// A seekable input: a file.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// The input of a large object.
pub enum LargeInput<'s> {
    /// A file.
    File(&'s mut dyn ReadSeek),
    /// Bytes that can be read only once.
    Stream(&'s mut dyn Read),
}

/// Splits an object into pieces, which `emit` receives in order. Returns the faults outside of pieces, and
/// the position of the second gzip member. At most `limit` bytes are inflated, and held at once; held memory
/// is taken from the budget.
pub fn split(
    source: LargeInput<'_>,
    limit: u64,
    budget: &Arc<Budget>,
    emit: &mut Emit<'_>,
) -> (DecodeFaults, Option<u64>) {
    let mut splitter = Splitter::new(Ceiling::new(limit, budget), emit);
    match source {
        LargeInput::Stream(stream) => splitter.open(stream, None, 0),
        LargeInput::File(file) => {
            let mut head = [0; 4];
            let is_zip = file.read_exact(&mut head).is_ok() && packing(&head) == Some(Packing::Zip);
            match file.rewind() {
                Ok(()) if is_zip => splitter.zip(file, None, 1),
                Ok(()) => splitter.open(file, None, 0),
                Err(error) => splitter.broken(None, &error),
            }
        }
    }
    (splitter.faults, splitter.second_gzip)
}

/// A packed input with its memory limit.
pub(super) struct Packed<'p> {
    pub(super) packing: Packing,
    pub(super) bytes: &'p [u8],
    pub(super) ceiling: &'p Ceiling,
    pub(super) depth: u32,
    pub(super) is_strict: bool,
}

/// The result of unpacking.
pub(super) struct Unpacked {
    pub(super) decoded: Decoded,
    /// Position of the second gzip member.
    pub(super) second_gzip: Option<u64>,
    /// The number of bytes inflated.
    pub(super) inflated: u64,
}

/// Visits every record of a packed object.
pub(super) fn decode(packed: &Packed<'_>, visit: &mut dyn FnMut(FoundRecord<'_>)) -> Unpacked {
    let &Packed { packing, bytes, ceiling, depth, is_strict } = packed;
    let mut sum: Option<Decoded> = None;
    let mut emit = |piece: Piece| {
        let before = sum.as_ref().map_or(0, |sum| sum.records);
        let mut renumbered = |found: FoundRecord<'_>| {
            visit(FoundRecord { index_in_object: before + found.index_in_object, ..found })
        };
        let visit: &mut dyn FnMut(FoundRecord<'_>) = &mut renumbered;
        let mut decoder = Decoder { is_strict, ..Decoder::nested_in(ceiling.clone(), piece.depth) };
        let decoded = decoder.decode_piece(&piece, visit);
        match &mut sum {
            Some(sum) => sum.add(decoded),
            None => sum = Some(decoded),
        }
        Some(piece.into_memory())
    };
    let mut splitter = Splitter::new(ceiling.clone(), &mut emit);
    match packing {
        Packing::Zip => splitter.zip(&mut Cursor::new(bytes), None, depth + 1),
        _ => splitter.open(&mut Cursor::new(bytes), None, depth),
    }
    let inflated = ceiling.limit.saturating_sub(splitter.left.get());
    let (faults, second_gzip) = (splitter.faults, splitter.second_gzip);
    let nothing = if faults.is_empty() { Verdict::Other(ObjectSkip::Empty) } else { Verdict::NotJson };
    let mut decoded = sum.unwrap_or_else(|| Decoded::nothing(nothing));
    decoded.faults.append(faults);
    Unpacked { decoded, second_gzip, inflated }
}

impl Decoder {
    /// Visits every record of a piece. Records of a piece are numbered from 0.
    pub fn decode_piece(&mut self, piece: &Piece, visit: &mut dyn FnMut(FoundRecord<'_>)) -> Decoded {
        let Piece { inner: name, bytes, depth, is_whole_file, repeated, added, hold } = piece;
        let name = name.as_deref();
        let mut renamed = |found: FoundRecord<'_>| match found.inner {
            None => visit(FoundRecord { inner: name, ..found }),
            inner => visit(FoundRecord { inner: nested_path(name, inner).as_deref(), ..found }),
        };
        let renamed: &mut dyn FnMut(FoundRecord<'_>) = &mut renamed;
        let outside = std::mem::replace(&mut self.depth, *depth);
        let ceiling = self.ceiling.clone();
        if hold.is_some() {
            self.ceiling = ceiling.for_contents(bytes.len() as u64, hold.as_ref());
        }
        let mut decoded = self.decode(bytes, renamed);
        (self.depth, self.ceiling) = (outside, ceiling);
        decoded.json_bytes = decoded.json_bytes.saturating_sub(*added as u64);
        for fault in decoded.faults.iter_mut() {
            if let (Position::Byte(at), None) = (&mut fault.position, &fault.inner) {
                *at = at.saturating_sub(*repeated as u64);
            }
            fault.inner = nested_path(name, fault.inner.as_deref()).map(String::into_boxed_str);
        }
        let is_file = *is_whole_file && name.is_some();
        if decoded.verdict == Verdict::NotJson
            && is_file
            && let Some(promise) = name.and_then(NamePromise::of)
        {
            decoded.faults.push(fault(name, FaultKind::NotJson, promise.broken()));
        }
        // An inner archive is counted by its files.
        if is_file && decoded.faults.is_empty() && decoded.skipped_inside.is_empty() {
            let reason = match decoded.verdict {
                Verdict::Records | Verdict::Other(ObjectSkip::Empty) => None,
                Verdict::Other(reason) => Some(reason),
                Verdict::NotJson => Some(ObjectSkip::NotALog),
            };
            decoded.skipped_inside.extend(reason.map(|reason| (reason, 1)));
        }
        decoded
    }
}

impl Decoded {
    /// Adds the result for another part of the same object.
    pub fn add(&mut self, more: Self) {
        let Self { verdict, json_bytes, records, others, skipped_inside, found, faults } = more;
        self.found.merge(found);
        let is_other = matches!(verdict, Verdict::Other(reason) if reason != ObjectSkip::Empty);
        let is_other = is_other && skipped_inside.is_empty();
        self.others += others + u64::from(is_other);
        add_counts(&mut self.skipped_inside, skipped_inside);
        self.json_bytes += json_bytes;
        self.records += records;
        self.faults.append(faults);
        self.verdict = match (self.verdict, verdict) {
            (Verdict::Records, _) | (_, Verdict::Records) => Verdict::Records,
            (Verdict::NotJson, other) => other,
            (other, _) => other,
        };
    }
}

#[cfg(test)]
mod tests;
