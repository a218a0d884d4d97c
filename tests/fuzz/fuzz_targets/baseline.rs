//! See `bodies/baseline.rs`.

#![no_main]

#[path = "../bodies/baseline.rs"]
mod baseline;

use std::path::Path;
use std::sync::LazyLock;

use baseline::Original;

static ORIGINAL: LazyLock<Original> = LazyLock::new(|| {
    Original::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/small-archive"))
});

libfuzzer_sys::fuzz_target!(
    // The hook of libfuzzer-sys also aborts at panics of the Parquet library that the program turns into errors.
    init: std::panic::set_hook(Box::new(|_| {})),
    |data: &[u8]| {
        ORIGINAL.check(data);
    }
);
