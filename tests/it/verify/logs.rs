//! Log files: altered, added, removed, moved and compressed anew.

use super::trail::{Bucket, inflated};
use super::{With, contradicted, hours, lines};
use crate::archive::{gzip, record, wrapped, zip};
use firstseen::verify::Class;

const NONE: Vec<String> = Vec::new();

#[test]
fn only_the_altered_log_file_is_contradicted() {
    let (trail, mut bucket, keys) = hours(2);
    bucket.replace(&keys[0].0[1], |text| text.replace("CreateUser", "DeleteUser"));
    assert_eq!(With::all(&trail, &bucket).unproven(&bucket), ["log maineuwest1002 mismatch hash-differs"]);
}

#[test]
fn bytes_after_the_gzip_member_are_a_mismatch() {
    let hidden = gzip(&wrapped(&[record("2024-03-01T00:00:00Z", "eve", "iam:CreateUser")]));
    for (added, expected) in [
        (hidden, "mismatch extra-member"),
        (gzip(b""), "mismatch extra-member"),
        (b"hidden".to_vec(), "mismatch trailing-bytes"),
    ] {
        let (trail, mut bucket, keys) = hours(2);
        bucket.objects.get_mut(&keys[1].0[0]).unwrap().extend(added);
        let expected = format!("log maineuwest1003 {expected}");
        assert_eq!(With::all(&trail, &bucket).unproven(&bucket), [expected]);
    }
}

#[test]
fn a_truncated_log_file_is_unreadable_and_a_fault() {
    let (trail, mut bucket, keys) = hours(2);
    let bytes = bucket.objects.get_mut(&keys[0].0[0]).unwrap();
    bytes.truncate(bytes.len() - 3);
    let verification = With::all(&trail, &bucket).verify(&bucket);
    assert_eq!(contradicted(&verification).len(), 1);
    assert_eq!(verification.coverage.fault_count, 1);
    assert_eq!(With::all(&trail, &bucket).unproven(&bucket), ["log maineuwest1001 unreadable not-readable"]);
}

#[test]
fn compression_folders_and_names_of_a_copy_do_not_matter() {
    let (trail, mut bucket, keys) = hours(3);
    let with = With::all(&trail, &bucket);
    let all: Vec<&String> = keys.iter().flat_map(|(logs, digest)| logs.iter().chain([digest])).collect();
    // Unzipped; zipped anew by zstd; flat; below other folders; renamed.
    for (number, key) in all.into_iter().enumerate() {
        let content = inflated(&bucket.objects.remove(key).unwrap());
        let name = key.rsplit('/').next().unwrap();
        let plain = name.strip_suffix(".gz").unwrap();
        let (path, bytes) = match number % 5 {
            0 => (key.strip_suffix(".gz").unwrap().to_owned(), content),
            1 => (format!("{}.zst", &key[..key.len() - 3]), zstd::encode_all(&content[..], 3).unwrap()),
            2 => (plain.to_owned(), gzip(&content)),
            3 => (format!("evidence/42/{key}"), content),
            _ => (format!("renamed/{number}.json.gz"), gzip(&content)),
        };
        bucket.objects.insert(path, bytes);
    }
    assert_eq!(with.unproven(&bucket), NONE);
}

/// A frame of zstd that decoders pass over (RFC 8878, 3.1.2).
fn skippable(data: &[u8]) -> Vec<u8> {
    [&[0x50, 0x2a, 0x4d, 0x18][..], &(data.len() as u32).to_le_bytes(), data].concat()
}

#[test]
fn frames_of_zstd_that_decoders_pass_over_are_no_content() {
    let (trail, mut bucket, keys) = hours(2);
    let with = With::all(&trail, &bucket);
    let compressed = |bucket: &mut Bucket, key: &str| {
        let content = inflated(&bucket.objects.remove(key).unwrap());
        zstd::encode_all(&content[..], 1).unwrap()
    };
    // As pzstd writes it: the size of the next frame comes first.
    let log = compressed(&mut bucket, &keys[0].0[0]);
    let by_pzstd = [skippable(&(log.len() as u32).to_le_bytes()), log].concat();
    bucket.objects.insert(keys[0].0[0].replace(".gz", ".zst"), by_pzstd);
    assert_eq!(with.unproven(&bucket), NONE);
    // Records that readers do not see.
    let log = compressed(&mut bucket, &keys[1].0[0]);
    let hiding = [log, skippable(&wrapped(&[record("2024-03-01T00:00:00Z", "eve", "iam:CreateUser")]))];
    bucket.objects.insert(keys[1].0[0].replace(".gz", ".zst"), hiding.concat());
    let verification = with.verify(&bucket);
    assert_eq!(contradicted(&verification), [Class::Unreadable]);
    assert_eq!(verification.coverage.fault_count, 1);
}

#[test]
fn archives_are_not_opened_and_a_remark_counts_them() {
    let (trail, mut bucket, _) = hours(2);
    let hidden = wrapped(&[record("2024-03-01T00:00:00Z", "eve", "iam:CreateUser")]);
    bucket.objects.insert("logs.zip".to_owned(), zip(&[("a.json", &hidden)]));
    // Larger than what is held: the content of a file in it looks like a log.
    let mut header = vec![0; 512];
    for (at, text) in [(0, "a.json"), (100, "0000644"), (124, "00200000000"), (257, "ustar\u{0}00")] {
        header[at..at + text.len()].copy_from_slice(text.as_bytes());
    }
    header.extend(&hidden);
    header.resize(17 << 20, 0);
    bucket.objects.insert("logs.tar".to_owned(), header);
    let verification = With::all(&trail, &bucket).verify(&bucket);
    assert!(lines(&verification).iter().all(|line| line.contains(" proven ")), "{:?}", lines(&verification));
    let remark = "zip and tar archives were not opened (2): unpack them to verify the log files in them";
    assert_eq!(verification.remarks, [remark]);
}

#[test]
fn other_content_under_the_name_of_a_log_file_is_a_mismatch() {
    let (trail, mut bucket, keys) = hours(2);
    let tagged = r#"{"Records":[{"requestParameters":{"tags":{"digestS3Object":"","digestEndTime":""}}}]}"#;
    bucket.objects.insert(keys[0].0[0].clone(), zip(&[("a.json", "{}")]));
    bucket.objects.insert(keys[1].0[0].clone(), gzip(tagged.as_bytes()));
    bucket.objects.insert("export.json".to_owned(), gzip(tagged.as_bytes()));
    assert_eq!(
        With::all(&trail, &bucket).unproven(&bucket),
        [
            "log maineuwest1001 mismatch hash-differs",
            "log maineuwest1003 mismatch hash-differs",
            "log export unlisted no-chain",
        ]
    );
}

#[test]
fn a_copy_in_no_digest_names_the_log_file_with_its_content() {
    let (trail, mut bucket, keys) = hours(2);
    let copy = bucket.objects[&keys[0].0[0]].clone();
    bucket.objects.insert("copy.json.gz".to_owned(), copy);
    let verification = With::all(&trail, &bucket).verify(&bucket);
    assert_eq!(With::all(&trail, &bucket).unproven(&bucket), ["log copy unlisted no-chain"]);
    let details: Vec<&str> =
        verification.verdicts.iter().filter_map(|verdict| verdict.detail.as_deref()).collect();
    assert_eq!(details, [format!("it has the content of {}", keys[0].0[0])]);
}

#[test]
fn a_removed_log_file_is_absent() {
    let (trail, mut bucket, keys) = hours(2);
    bucket.objects.remove(&keys[0].0[0]);
    assert_eq!(With::all(&trail, &bucket).unproven(&bucket), ["log maineuwest1001 absent missing"]);
}

#[test]
fn an_added_log_file_is_in_no_digest() {
    let (mut trail, mut bucket, keys) = hours(2);
    let listed = &keys[0].0[0];
    let added = listed.replace("maineuwest1001", "0123456789abcdef");
    let bytes = gzip(&wrapped(&[record("2024-03-01T00:01:00Z", "eve", "iam:CreateUser")]));
    bucket.objects.insert(added.clone(), bytes.clone());
    bucket.objects.insert(
        added.replace("20240301T0005Z", "20240229T2358Z").replace("2024/03/01", "2024/02/29"),
        bytes.clone(),
    );
    bucket.objects.insert(added.replace("eu-west-1", "ap-south-1"), bytes.clone());
    let compressed = added.replace("0123456789abcdef", "compressed").replace(".gz", ".zst");
    let content = inflated(&bytes);
    bucket.objects.insert(compressed, zstd::encode_all(&content[..], 1).unwrap());
    bucket.objects.insert("notes.txt".to_owned(), b"nothing".to_vec());
    bucket.objects.insert("export.json".to_owned(), bytes);
    trail.log(&mut bucket, 7);
    let verification = With::all(&trail, &bucket).verify(&bucket);
    assert_eq!(contradicted(&verification), []);
    let mut found = With::all(&trail, &bucket).unproven(&bucket);
    found.sort();
    assert_eq!(
        found,
        [
            "log 0123456789abcdef unlisted before-first-digest",
            "log 0123456789abcdef unlisted left-out",
            "log 0123456789abcdef unlisted no-chain",
            "log compressed.json.zst unlisted left-out",
            "log export unlisted no-chain",
            "log maineuwest1005 unlisted after-last-digest",
        ]
    );
}

#[test]
fn swapped_log_files_are_both_contradicted() {
    let (trail, mut bucket, keys) = hours(2);
    let (one, other) = (&keys[0].0[0], &keys[1].0[1]);
    bucket.swap(one, other);
    let verification = With::all(&trail, &bucket).verify(&bucket);
    let details: Vec<&str> =
        verification.verdicts.iter().filter_map(|verdict| verdict.detail.as_deref()).collect();
    assert_eq!(details, [format!("it has the content of {other}"), format!("it has the content of {one}")]);
    assert_eq!(contradicted(&verification).len(), 2);
}

/// A digest may list a name any number of times, and a copy may have any number of files with it.
#[test]
fn a_log_file_that_is_listed_with_two_hashes_is_contradicted() {
    for genuine_is_first in [true, false] {
        let (_, mut bucket, keys) = hours(1);
        bucket.replace(&keys[0].1, |text| {
            let mut digest: serde_json::Value = serde_json::from_str(text).unwrap();
            let files = digest["logFiles"].as_array_mut().unwrap();
            let mut other = files[0].clone();
            other["hashValue"] = "00".repeat(32).into();
            let genuine = vec![files[0].clone(); 3];
            files.extend(genuine);
            files.insert(if genuine_is_first { files.len() } else { 0 }, other);
            digest.to_string()
        });
        let found = With::nothing().unproven(&bucket);
        assert!(found.contains(&"log maineuwest1001 mismatch hash-differs".to_owned()), "{found:?}");
        assert!(found.contains(&"log maineuwest1002 consistent hash-matches".to_owned()), "{found:?}");
    }
}

#[test]
fn a_forged_digest_cannot_outweigh_a_proven_one() {
    let (trail, mut bucket, keys) = hours(2);
    // An attacker alters a log file, and lists it in a digest of a new trail.
    bucket.replace(&keys[0].0[0], |text| text.replace("CreateUser", "DeleteUser"));
    let mut forged = super::Trail { name: "forged", ..super::Trail::new() };
    let (_, digest) = forged.hour(&mut bucket, 1);
    let altered = firstseen::checksum::Checksum::of(&inflated(&bucket.objects[&keys[0].0[0]])).to_string();
    bucket.replace(&digest, |text| {
        let mut digest: serde_json::Value = serde_json::from_str(text).unwrap();
        digest["logFiles"][0]["s3Object"] = keys[0].0[0].clone().into();
        digest["logFiles"][0]["hashValue"] = altered.clone().into();
        digest.to_string()
    });
    bucket.signatures.remove(&digest);
    let found = With::all(&trail, &bucket).unproven(&bucket);
    assert!(found.contains(&"log maineuwest1001 mismatch hash-differs".to_owned()), "{found:?}");
}

#[test]
fn digests_without_any_log_file_are_said_to_be_all_that_was_given() {
    let (trail, mut bucket, _) = hours(2);
    let remark = |bucket: &Bucket| {
        let remarks = With::all(&trail, bucket).verify(bucket).remarks;
        remarks.iter().filter(|remark| remark.starts_with("there is not one log file")).count()
    };
    assert_eq!(remark(&bucket), 0);
    bucket.objects.retain(|key, _| key.contains("CloudTrail-Digest"));
    assert_eq!(remark(&bucket), 1);
}
