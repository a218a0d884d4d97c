//! Calls of libraries that panic on some input that contradicts itself.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The result of a call; `None` if it panicked. What it was changing then must not be used any more.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}
