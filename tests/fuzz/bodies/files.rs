//! No file that a user names beside the logs makes a reader panic: geolocation databases, IAM inventories and shards of a plan. The first
//! byte says which.

use std::fs;

use firstseen::geo::GeoDatabases;
use firstseen::inventory::collect;
use firstseen::plan::Shard;

/// Whether the file was read. Panics if a reader does.
pub(crate) fn check(data: &[u8]) -> bool {
    let [which, rest @ ..] = data else { return false };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, rest).unwrap();
    match which % 3 {
        0 => {
            let addresses = ["192.0.2.1", "2001:db8::1", "198.51.100.7"];
            GeoDatabases::open(&[path]).is_ok_and(|databases| {
                databases.locate(addresses.map(|address| address.parse().unwrap())).is_ok()
            })
        }
        1 => collect(&[path]).is_ok(),
        _ => Shard::parse(&String::from_utf8_lossy(rest)).is_ok_and(|shard| shard.window().is_ok()),
    }
}
