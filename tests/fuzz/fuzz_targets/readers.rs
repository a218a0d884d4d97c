//! Every reader of a record finds the same, whatever the bytes: see `src/decode/agreement.rs`.

#![no_main]

use firstseen::decode::agreement;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    agreement::check_object(data);
    agreement::check(&String::from_utf8_lossy(data));
});
