//! No rule text makes the compiler panic, and a matcher agrees with evaluating every rule: see
//! `src/rules/differential.rs`. The input is a rule text, a NUL and an object.

#![no_main]

use firstseen::rules::differential;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    differential::check(&String::from_utf8_lossy(&data[..end]), data.get(end + 1..).unwrap_or_default());
});
