//! See `bodies/digests.rs`.

#![no_main]

#[path = "../bodies/digests.rs"]
mod digests;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    digests::check(data);
});
