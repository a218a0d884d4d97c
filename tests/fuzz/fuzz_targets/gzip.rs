//! Both inflate implementations give the same for any bytes: see `src/decode/unpack/gzip.rs`.

#![no_main]

use firstseen::decode::differential;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    differential::check_gzip(data);
});
