//! What all rules of a run may need together. Macros, lists, placeholders and repetitions in patterns multiply, so a small file could else take
//! all memory, though each of its rules is within the limits of one.

use std::cell::Cell;

/// Limit on the checks and values of all rules. A check takes some 400 bytes, so they take up to 800 MB. The 3,000 rules of the public
/// Sigma repository have some 100,000, and a list of Falco's counts once, however many rules name it.
const MOST_PARTS: usize = 2_000_000;

/// Limit on the compiled patterns of all rules, in MiB as patterns count their size; that is room for 32,000 ordinary ones, or 128 of the
/// largest. In memory they take up to three times as much.
const MOST_PATTERN_MIB: usize = 256;

/// What the rules of a run have used so far. What a rule used that cannot be used stays counted: it took time.
#[derive(Debug, Default)]
pub(super) struct Budget {
    parts: Cell<usize>,
    pattern_bytes: Cell<usize>,
}

impl Budget {
    /// Counts checks and values.
    ///
    /// # Errors
    /// If there are too many.
    pub(super) fn add_parts(&self, parts: usize) -> Result<(), String> {
        self.parts.set(self.parts.get().saturating_add(parts));
        if self.parts.get() <= MOST_PARTS {
            return Ok(());
        }
        Err(format!(
            "all rules up to this one have more than {MOST_PARTS} checks and values, with their macros and lists; use fewer rules in a run"
        ))
    }

    /// Counts a compiled pattern of this size.
    ///
    /// # Errors
    /// If all are too large together.
    pub(super) fn add_pattern(&self, bytes: usize) -> Result<(), String> {
        self.pattern_bytes.set(self.pattern_bytes.get().saturating_add(bytes));
        if self.pattern_bytes.get() <= MOST_PATTERN_MIB << 20 {
            return Ok(());
        }
        Err(format!(
            "the patterns of all rules up to this one take more than {MOST_PATTERN_MIB} MiB compiled; use smaller repetition counts, or fewer rules in a run"
        ))
    }
}
