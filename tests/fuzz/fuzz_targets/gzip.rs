//! Both inflate implementations give the same for any bytes: see `src/decode/unpack/gzip.rs`.
//!
//! Most mutations only lead to a wrong checksum, so the input is also used as the deflate stream of a member
//! with a matching trailer.

#![no_main]

use firstseen::decode::differential;

const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    differential::check_gzip(data, 1 << 20);
    if let Some(member) = differential::fitted(&[&HEADER, data].concat(), 1 << 20) {
        differential::check_gzip(&member, 1 << 20);
        differential::check_gzip(&[&member[..], &member[..]].concat(), 1 << 20);
    }
});
