//! See `bodies/objects.rs`.

#![no_main]

#[path = "../bodies/objects.rs"]
mod objects;

libfuzzer_sys::fuzz_target!(
    // The hook of libfuzzer-sys also aborts at panics of the Parquet library that the program turns into errors.
    init: std::panic::set_hook(Box::new(|_| {})),
    |data: &[u8]| {
        objects::check(data);
    }
);
