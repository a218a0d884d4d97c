//! See `bodies/files.rs`.

#![no_main]

#[path = "../bodies/files.rs"]
mod files;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    files::check(data);
});
