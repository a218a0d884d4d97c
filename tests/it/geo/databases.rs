//! Reading databases: layouts of trees and records, and files that are none.

use std::net::IpAddr;

use firstseen::geo::{GeoDatabases, GeoError};
use firstseen::model::Dimension;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Mmdb, example, open};

/// What databases know about an address: number, name and country.
fn located(databases: &GeoDatabases, address: &str) -> [Option<String>; 3] {
    let address: IpAddr = address.parse().unwrap();
    let locations = databases.locate([address]).unwrap();
    let Some(location) = locations.of(address) else { return [None, None, None] };
    [&location.asn, &location.as_name, &location.country].map(|text| text.as_ref().map(ToString::to_string))
}

fn known(number: &str, name: &str, country: &str) -> [Option<String>; 3] {
    [number, name, country].map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()))
}

#[test]
fn trees_of_all_record_sizes_are_read() {
    for record_size in [24, 28, 32] {
        let databases = open(&[Mmdb { record_size, ..example() }.bytes()]).unwrap();
        assert_eq!(located(&databases, "198.51.100.255"), known("AS64500", "Example", "DE"));
        assert_eq!(located(&databases, "203.0.113.0"), known("AS64501", "Documentation", "DE"));
        assert_eq!(located(&databases, "2001:db8:7:1::1"), known("AS64500", "Example", "US"));
        assert_eq!(located(&databases, "::ffff:203.0.113.9"), known("AS64501", "Documentation", "DE"));
        for address in ["10.0.0.1", "198.51.101.0", "2001:db8:8::", "::1"] {
            assert_eq!(located(&databases, address), [None, None, None], "{record_size} {address}");
        }
    }
}

#[test]
fn a_database_of_ipv4_addresses_knows_no_others() {
    for record_size in [24, 28, 32] {
        let networks = example().networks[..2].to_vec();
        let database = Mmdb { ip_version: 4, record_size, ..Mmdb::new("of IPv4", networks) };
        let databases = open(&[database.bytes()]).unwrap();
        assert_eq!(located(&databases, "203.0.113.9"), known("AS64501", "Documentation", "DE"));
        assert_eq!(located(&databases, "2001:db8:7::"), [None, None, None]);
    }
}

#[test]
fn a_smaller_network_counts_more_than_the_one_around_it() {
    let country = |code: &str| json!({"country": {"iso_code": code}});
    let networks = vec![("203.0.0.0/16", country("FR")), ("203.0.113.128/25", country("CH"))];
    let databases = open(&[Mmdb::new("GeoLite2-Country", networks).bytes()]).unwrap();
    assert_eq!(located(&databases, "203.0.113.127"), known("", "", "FR"));
    assert_eq!(located(&databases, "203.0.113.128"), known("", "", "CH"));
}

/// Records as publishers write them, with what is read of them.
#[test]
fn records_of_all_publishers_are_read() {
    let names = json!({"en": "Germany", "de": "Deutschland"});
    let germany = json!({"iso_code": "DE", "geoname_id": 2_921_044, "names": names});
    let registered = json!({"iso_code": "AU"});
    let asn = json!({"autonomous_system_number": 64500, "autonomous_system_organization": "Example"});
    let enterprise = json!({"country": germany, "registered_country": registered, "traits": asn});
    let core = json!({"geo": {"country": "Germany", "country_code": "DE"},
        "as": {"asn": "AS64500", "name": "Example", "domain": "example.com"}, "is_anycast": false});
    let [only_asn, only_country, both] =
        [("AS64500", "Example", ""), ("", "", "DE"), ("AS64500", "Example", "DE")];
    for (kind, record, (number, name, country)) in [
        ("GeoLite2-ASN, DBIP-ASN-Lite", asn, only_asn),
        (
            "GeoLite2-Country, DBIP-Country-Lite",
            json!({"continent": {"code": "EU"}, "country": germany}),
            only_country,
        ),
        (
            "GeoLite2-City",
            json!({"city": {"names": names}, "country": germany, "registered_country": registered,
            "location": {"accuracy_radius": 20}, "subdivisions": [{"iso_code": "BE"}]}),
            only_country,
        ),
        ("GeoIP2-Enterprise", enterprise, both),
        ("registered only", json!({"registered_country": registered}), ("", "", "AU")),
        (
            "IPinfo Lite",
            json!({"asn": "AS64500", "as_name": "Example", "as_domain": "example.com", "continent": "Europe",
            "continent_code": "EU", "country": "Germany", "country_code": "DE"}),
            both,
        ),
        ("IPinfo Core", core, both),
        (
            "IPinfo country and ASN",
            json!({"asn": "AS64500", "as_name": "Example", "country": "DE",
            "country_name": "Germany"}),
            both,
        ),
        (
            "IPinfo ASN",
            json!({"asn": "AS64500", "name": "Example", "route": "203.0.113.0/24", "type": "isp"}),
            only_asn,
        ),
        ("a code alone", json!({"country_code": "de"}), only_country),
        (
            "odd types",
            json!({"asn": ["AS1"], "as": "x", "traits": 5, "autonomous_system_number": {"a": 1},
            "country": {"iso_code": 5}, "geo": [], "country_code": "DE"}),
            only_country,
        ),
        (
            "odd values",
            json!({"asn": "AS0", "name": "x", "country": "Germany", "country_code": "DE"}),
            only_country,
        ),
    ] {
        let databases = open(&[Mmdb::new("any", vec![("203.0.113.0/24", record)]).bytes()]).unwrap();
        assert_eq!(located(&databases, "203.0.113.7"), known(number, name, country), "{kind}");
        for (dimension, value) in [(Dimension::Asn, number), (Dimension::Country, country)] {
            assert_eq!(databases.have(dimension), !value.is_empty(), "{kind}");
        }
    }
}

#[test]
fn of_several_databases_the_first_that_knows_counts() {
    let place = |number: u32, country: &str| match (number, country) {
        (0, country) => json!({ "country_code": country }),
        (number, "") => json!({ "asn": number }),
        (number, country) => json!({"asn": number, "country_code": country}),
    };
    let database = |networks| Mmdb::new("any", networks).bytes();
    let first = database(vec![("203.0.113.0/24", place(64500, "")), ("192.0.2.0/24", place(0, "FR"))]);
    let second = database(vec![("203.0.113.0/24", place(64501, "DE")), ("192.0.2.0/24", place(64502, "DE"))]);
    let databases = open(&[first.clone(), second.clone()]).unwrap();
    assert_eq!(located(&databases, "203.0.113.7"), known("AS64500", "", "DE"));
    assert_eq!(located(&databases, "192.0.2.7"), known("AS64502", "", "FR"));
    let databases = open(&[second, first]).unwrap();
    assert_eq!(located(&databases, "203.0.113.7"), known("AS64501", "", "DE"));
}

#[test]
fn type_date_and_checksum_identify_a_database() {
    let bytes = example().bytes();
    let databases = open(std::slice::from_ref(&bytes)).unwrap();
    let database = databases.iter().next().unwrap();
    assert_eq!(
        (database.kind(), database.built().to_string().as_str()),
        ("ipinfo example.mmdb", "2026-11-24")
    );
    assert_eq!(database.dimensions(), [Dimension::Asn, Dimension::Country]);
    assert_eq!(*database.checksum(), firstseen::checksum::Checksum::of(&bytes));
}

#[test]
fn a_file_that_is_no_such_database_is_an_error() {
    let anonymous = Mmdb::new("GeoIP2-Anonymous-IP", vec![("203.0.113.0/24", json!({"is_anonymous": true}))]);
    let late = Mmdb { build_epoch: 1 << 40, ..example() };
    let bytes = example().bytes();
    for (file, expected) in [
        (Vec::new(), "is no MaxMind DB file: "),
        (b"{}".to_vec(), "is no MaxMind DB file: "),
        (bytes[..bytes.len() - 60].to_vec(), "is no MaxMind DB file: "),
        (late.bytes(), "is no MaxMind DB file: it was built after the year 9999"),
        (anonymous.bytes(), "(GeoIP2-Anonymous-IP) has neither autonomous systems nor countries"),
        (Mmdb::new("empty", Vec::new()).bytes(), "(empty) has neither autonomous systems nor countries"),
    ] {
        let error = open(&[file]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let missing = GeoDatabases::open(&["nowhere.mmdb".into()]).unwrap_err();
    assert!(matches!(missing, GeoError::Open { .. }), "{missing}");
    let folder = GeoDatabases::open(&["src".into()]).unwrap_err();
    assert!(matches!(folder, GeoError::Open { .. }), "{folder}");
}

/// Texts of a forged file may overlap, so that each of its networks has a name of megabytes.
#[test]
fn a_name_that_is_too_long_is_none() {
    for (length, expected) in [(256, "n".repeat(256)), (257, String::new())] {
        let record = json!({"asn": 64500, "as_name": "n".repeat(length)});
        let databases = open(&[Mmdb::new("any", vec![("203.0.113.0/24", record)]).bytes()]).unwrap();
        assert_eq!(located(&databases, "203.0.113.7"), known("AS64500", &expected, ""));
    }
    // Another name that is not too long counts.
    let record = json!({"asn": 64500, "as_name": "n".repeat(257), "name": "Example"});
    let databases = open(&[Mmdb::new("any", vec![("203.0.113.0/24", record)]).bytes()]).unwrap();
    assert_eq!(located(&databases, "203.0.113.7"), known("AS64500", "Example", ""));
}

#[test]
fn a_record_of_too_many_fields_is_damaged() {
    for (more, is_read) in [(255, true), (256, false)] {
        let mut record: serde_json::Map<String, Value> =
            (0..more).map(|number| (format!("field {number}"), json!(number))).collect();
        record.insert("asn".to_owned(), json!(64500));
        let database =
            Mmdb::new("any", vec![("192.0.2.0/24", json!({"asn": 1})), ("203.0.113.0/24", record.into())]);
        let found = open(&[database.bytes()]);
        assert_eq!(found.is_ok(), is_read, "{found:?}");
        if let Err(error) = found {
            assert!(error.to_string().contains("a record has more than 256 fields"), "{error}");
        }
    }
}

/// Publishers write equal texts and records once, and point to them.
#[test]
fn pointers_lead_to_names_of_fields_and_values() {
    let texts = json!({"asn": "AS64500", "as_name": "Example", "country": {"iso_code": "DE"}});
    let database = Mmdb { has_pointers: true, ..Mmdb::new("any", vec![("203.0.113.0/24", texts)]) };
    let databases = open(&[database.bytes()]).unwrap();
    assert_eq!(located(&databases, "203.0.113.7"), known("AS64500", "Example", "DE"));
}

/// Opens a file, and looks all addresses of the example up in it.
fn read_all(file: Vec<u8>) {
    let addresses = ["198.51.100.1", "203.0.113.1", "2001:db8:7::1", "10.0.0.1", "::", "ff00::"];
    if let Ok(databases) = open(&[file]) {
        for address in addresses {
            let _ = databases.locate([address.parse().unwrap()]);
        }
    }
}

#[test]
fn truncated_databases_are_errors_or_answers() {
    for (first, record_size) in [24, 28, 32].into_iter().enumerate() {
        let bytes = Mmdb { record_size, ..example() }.bytes();
        for length in (first..bytes.len()).step_by(3) {
            read_all(bytes[..length].to_vec());
            // With the metadata, and a part of the tree or the data missing.
            read_all(bytes[length..].to_vec());
        }
    }
}

/// A tree whose nodes all lead to the next one on both sides has 2^128 networks.
#[test]
fn a_tree_of_countless_networks_is_not_walked() {
    let bytes = Mmdb::new("deep", vec![("::/128", json!({"asn": 64500}))]).bytes();
    // After node 96 comes the tree of IPv4 addresses, which has many other names.
    for last in [127, 96] {
        let node = |node: u32| {
            let next = if node < last { node + 1 } else { 128 }.to_be_bytes();
            [&next[1..], &next[1..]].concat()
        };
        let tree: Vec<u8> = (0..128).flat_map(node).collect();
        let deep = [&tree, &bytes[tree.len()..]].concat();
        assert!(matches!(open(&[deep]).unwrap_err(), GeoError::Foreign { .. }));
    }
    // A node that leads to itself.
    let round = [&[0; 128 * 6], &bytes[128 * 6..]].concat();
    assert!(open(&[round]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn altered_databases_are_errors_or_answers(
        size in prop::sample::select(vec![24u16, 28, 32]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        let mut bytes = Mmdb { record_size: size, ..example() }.bytes();
        // Most of the file is the tree, and the rest has more to go wrong.
        let start = bytes.len() / 2;
        for (number, (index, byte)) in changes.iter().enumerate() {
            let from = if number % 2 == 0 { bytes.len() - 350 } else { start };
            let at = from + index.index(bytes.len() - from);
            bytes[at] = *byte;
        }
        read_all(bytes);
    }
}

/// The texts of a database come from outside.
#[test]
fn names_are_taken_as_they_are() {
    let name = "=cmd|' /C calc'!A0\u{1b}[2J".to_owned();
    let record = json!({"asn": 64500, "as_name": name, "country": Value::String("DE".to_owned())});
    let databases = open(&[Mmdb::new("any", vec![("203.0.113.0/24", record)]).bytes()]).unwrap();
    assert_eq!(located(&databases, "203.0.113.7"), known("AS64500", &name, "DE"));
}
