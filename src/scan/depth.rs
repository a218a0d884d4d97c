//! The first steps of a scan without the later ones, to measure what each costs.

use std::hint::black_box;
use std::io;

use super::{Progress, ScanError, ScanSettings};
use crate::decode::{Decoder, LargeInput, Piece, split};
use crate::memory::Budget;
use crate::source::{Archives, LargeBody, Listing};

/// Up to which step objects are processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanDepth {
    /// They are read.
    Read,
    /// They are read and inflated.
    Inflate,
}

/// Takes the objects of a listing through the first steps, on this thread, as a scan does. Unreadable objects cost the same as
/// in a scan, but are not reported.
///
/// # Errors
/// If the run was ended early.
pub fn take_steps(
    archives: &Archives,
    listing: Listing,
    settings: &ScanSettings,
    steps: ScanDepth,
    progress: &dyn Progress,
) -> Result<(), ScanError> {
    let supply = archives.supply_listed(listing);
    let mut stored = Vec::new();
    let mut decoder = Decoder::new(settings.max_object_size);
    while let Some(mut supplied) = supply.next(&|| progress.stopped()) {
        let large = supply.take(&mut supplied, &mut stored);
        match (large, steps) {
            (Ok(Some(mut large)), ScanDepth::Read) => {
                // An error ends the object, as in a scan.
                let _ = io::copy(&mut large, &mut io::sink());
            }
            (Ok(Some(large)), ScanDepth::Inflate) => inflate(large, settings),
            (_, ScanDepth::Read) => {
                black_box(&stored);
            }
            (_, ScanDepth::Inflate) => {
                black_box(decoder.inflate(&stored));
            }
        }
    }
    if progress.stopped() { Err(ScanError::Stopped) } else { Ok(()) }
}

/// Inflates a large object piece by piece.
fn inflate(mut large: LargeBody, settings: &ScanSettings) {
    let budget = Budget::new(settings.memory);
    let is_stream = matches!(large, LargeBody::Stream(_));
    let source = if is_stream { LargeInput::Stream(&mut large) } else { LargeInput::File(&mut large) };
    let faults = split(source, settings.max_object_size, &budget, &mut |piece: Piece| {
        black_box(&piece);
        Some(piece.into_memory())
    });
    black_box(faults);
}
