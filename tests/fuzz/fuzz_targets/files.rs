//! No file that a user names beside the logs makes a reader panic: geolocation databases, IAM inventories and shards of a plan. The first
//! byte says which.

#![no_main]

use std::fs;

use firstseen::geo::GeoDatabases;
use firstseen::inventory::collect;
use firstseen::plan::Shard;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [which, rest @ ..] = data else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    match which % 3 {
        0 => {
            fs::write(&path, rest).unwrap();
            if let Ok(databases) = GeoDatabases::open(&[path]) {
                let addresses = ["192.0.2.1", "2001:db8::1", "198.51.100.7"];
                let _ = databases.locate(addresses.map(|address| address.parse().unwrap()));
            }
        }
        1 => {
            fs::write(&path, rest).unwrap();
            let _ = collect(&[path]);
        }
        _ => {
            if let Ok(shard) = Shard::parse(&String::from_utf8_lossy(rest)) {
                let _ = shard.window();
            }
        }
    }
});
