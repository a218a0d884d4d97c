//! No rule text is too odd, and a matcher finds what asking every rule finds: see `src/rules/differential.rs`. What stands before the first
//! NUL is the text of rules, the rest an object.

#![no_main]

use firstseen::rules::differential;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    differential::check(&String::from_utf8_lossy(&data[..end]), data.get(end + 1..).unwrap_or_default());
});
