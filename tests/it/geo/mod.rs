//! Geolocation databases: their formats, and the dimensions and fields that come from them.

mod command;
mod databases;
mod derived;
mod mmdb;

use std::fs;
use std::path::PathBuf;

use firstseen::geo::{GeoDatabases, GeoError, Locations};
use firstseen::query::Finding;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use mmdb::Mmdb;

/// Networks with their autonomous systems and countries, as IPinfo has them.
fn networks() -> Vec<(&'static str, Value)> {
    let place = |number: u32, name: &str, country: &str| json!({"asn": format!("AS{number}"), "as_name": name, "country_code": country});
    vec![
        ("198.51.100.0/24", place(64500, "Example", "DE")),
        ("203.0.113.0/24", place(64501, "Documentation", "DE")),
        ("2001:db8:7::/48", place(64500, "Example", "US")),
    ]
}

/// A database of [`networks`].
pub(crate) fn example() -> Mmdb {
    Mmdb::new("ipinfo example.mmdb", networks())
}

/// Opens files with these contents.
fn open(files: &[Vec<u8>]) -> Result<GeoDatabases, GeoError> {
    let folder = TempDir::new().unwrap();
    let paths: Vec<PathBuf> =
        (0..files.len()).map(|number| folder.path().join(format!("{number}.mmdb"))).collect();
    for (path, bytes) in paths.iter().zip(files) {
        fs::write(path, bytes).unwrap();
    }
    GeoDatabases::open(&paths)
}

/// Where the addresses of findings are, by [`example`].
pub(crate) fn locations(findings: &[Finding<'_>]) -> Locations {
    let addresses = findings.iter().filter_map(|finding| finding.source_ip()?.parse().ok());
    open(&[example().bytes()]).unwrap().locate(addresses).unwrap()
}

/// Says in each finding where its address is.
pub(crate) fn set_locations<'l>(locations: &'l Locations, findings: &mut [Finding<'l>]) {
    for finding in findings {
        let address = finding.source_ip().and_then(|source| source.parse().ok());
        finding.location = address.and_then(|address| locations.of(address));
    }
}
