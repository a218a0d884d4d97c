//! See `bodies/objects.rs`.

#![no_main]

#[path = "../bodies/objects.rs"]
mod objects;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    objects::check(data);
});
