//! All readers of a record give the same for any bytes: see `src/decode/differential.rs`.

#![no_main]

use firstseen::decode::differential;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    differential::check_object(data);
    differential::check(&String::from_utf8_lossy(data));
});
