//! A change of a single byte, anywhere, changes the verdicts on what depends on it, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use super::trail::{Bucket, Trail, hex, inflated};
use super::{With, hours};
use firstseen::verify::Class;

/// The class of each object, by its key, and what that is worth.
type Verdicts = BTreeMap<String, (Class, Option<&'static str>)>;

fn verdicts(with: &With, bucket: &Bucket) -> Verdicts {
    let all = with.verify(bucket).verdicts.into_iter();
    let named = all.filter_map(|verdict| {
        let worth = verdict.proof.map(firstseen::verify::Proof::name);
        // What is absent and what is in its place may have the same name.
        let absent = if verdict.archive.is_none() { " absent" } else { "" };
        Some((format!("{}{absent}", verdict.object?), (verdict.class, worth)))
    });
    named.collect()
}

/// The keys whose verdicts differ.
fn changed(before: &Verdicts, after: &Verdicts) -> BTreeSet<String> {
    let keys = before.keys().chain(after.keys());
    keys.filter(|key| before.get(*key) != after.get(*key)).cloned().collect()
}

/// The content of a file as a strict reader sees it: one member, without anything after it.
fn content(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Some(bytes.to_vec());
    }
    let mut rest = bytes;
    let mut content = Vec::new();
    let mut decoder = flate2::bufread::GzDecoder::new(&mut rest);
    decoder.read_to_end(&mut content).ok()?;
    rest.is_empty().then_some(content)
}

/// Changes one byte.
fn flip(bytes: &mut [u8], at: Index, by: u8) -> usize {
    let at = at.index(bytes.len());
    bytes[at] ^= by;
    at
}

fn without_absent(keys: &BTreeSet<String>) -> BTreeSet<String> {
    keys.iter().filter(|key| !key.ends_with(" absent")).cloned().collect()
}

fn example() -> (Trail, Bucket, Vec<(Vec<String>, String)>) {
    hours(3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_changed_byte_in_a_log_file_changes_its_verdict_only(hour in 0..3usize, which in 0..2usize, is_plain: bool, at: Index, by in 1..=255u8) {
        let (trail, mut bucket, keys) = example();
        let key = &keys[hour].0[which];
        if is_plain {
            let plain = inflated(&bucket.objects[key]);
            bucket.objects.insert(key.clone(), plain);
        }
        let with = With::all(&trail, &bucket);
        let before = verdicts(&with, &bucket);
        let original = content(&bucket.objects[key]);
        flip(bucket.objects.get_mut(key).unwrap(), at, by);
        let is_same = content(&bucket.objects[key]) == original;
        let after = verdicts(&with, &bucket);
        let expected: BTreeSet<String> = (!is_same).then(|| key.clone()).into_iter().collect();
        prop_assert_eq!(changed(&before, &after), expected);
        prop_assert!(is_same || after[key].0.is_contradiction());
    }

    #[test]
    fn a_changed_byte_in_a_digest_contradicts_it(hour in 0..3usize, is_plain: bool, has_signatures: bool, at: Index, by in 1..=255u8) {
        let (trail, mut bucket, keys) = example();
        let (logs, key) = &keys[hour];
        if is_plain {
            let plain = inflated(&bucket.objects[key]);
            bucket.objects.insert(key.clone(), plain);
        }
        let with = if has_signatures { With::all(&trail, &bucket) } else { With::keys(&trail) };
        let before = verdicts(&with, &bucket);
        let original = content(&bucket.objects[key]);
        flip(bucket.objects.get_mut(key).unwrap(), at, by);
        let is_same = content(&bucket.objects[key]) == original;
        let after = verdicts(&with, &bucket);
        let changed = without_absent(&changed(&before, &after));
        if is_same {
            prop_assert!(changed.is_empty(), "{changed:?}");
            return Ok(());
        }
        // Without its own signature nothing shows a change of the newest digest, unless it no longer is one. Nor with it, if the
        // digest names another key: that may be one that was not given.
        let altered = content(&bucket.objects[key]).unwrap_or_default();
        let keys_file: Value = serde_json::from_slice(&trail.keys()).unwrap();
        let fingerprint = &keys_file["PublicKeyList"][0]["Fingerprint"];
        let names_its_key = serde_json::from_slice::<Value>(&altered)
            .map_or(true, |digest| digest["digestPublicKeyFingerprint"] == *fingerprint);
        let is_shown = hour < 2 || has_signatures && names_its_key;
        if is_shown {
            prop_assert!(after[key].0.is_contradiction(), "{:?}", after[key]);
            for log in logs {
                prop_assert!(after[log].1.is_none(), "{:?} vouches for {:?}", key, after[log]);
            }
        }
        let mut dependent: BTreeSet<String> = logs.iter().chain([key]).cloned().collect();
        if !has_signatures && hour > 0 {
            // The signature of the digest before is only in this one.
            dependent.extend(keys[hour - 1].0.iter().chain([&keys[hour - 1].1]).cloned());
        }
        prop_assert!(changed.is_subset(&dependent), "{changed:?}");
        let others = after.iter().filter(|(other, _)| !dependent.contains(*other) && !other.ends_with(" absent"));
        for (other, (class, _)) in others {
            prop_assert!(!class.is_contradiction(), "{other}: {class:?}");
        }
    }

    #[test]
    fn a_changed_byte_in_a_signature_changes_the_verdict_on_its_digest(hour in 0..3usize, at: Index, by in 1..=255u8) {
        let (trail, bucket, keys) = example();
        let (logs, key) = &keys[hour];
        let with = With::all(&trail, &bucket);
        let before = verdicts(&with, &bucket);
        let mut altered = bucket.clone();
        let signature = altered.signatures[key]["signature"].as_str().unwrap().to_owned();
        let mut bytes = signature.clone().into_bytes();
        flip(&mut bytes, at, by);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // Digits in upper case, and spaces around it, are the same signature.
        let is_same = text.trim().to_ascii_lowercase() == signature;
        altered.signatures.get_mut(key).unwrap()["signature"] = text.into();
        let after = verdicts(&With::all(&trail, &altered), &bucket);
        // The others are also in the digests after them.
        let expected: BTreeSet<String> =
            if is_same || hour < 2 { BTreeSet::new() } else { logs.iter().chain([key]).cloned().collect() };
        prop_assert_eq!(changed(&before, &after), expected);
    }

    #[test]
    fn a_changed_byte_in_a_key_leaves_nothing_proven(at: Index, by in 1..=255u8) {
        let (trail, bucket, _) = example();
        let with = With::all(&trail, &bucket);
        let before = verdicts(&with, &bucket);
        let mut file: serde_json::Value = serde_json::from_slice(&trail.keys()).unwrap();
        let entry = &mut file["PublicKeyList"][0];
        let mut value = entry["Value"].as_str().unwrap().as_bytes().to_vec();
        flip(&mut value, at, by);
        entry["Value"] = String::from_utf8_lossy(&value).into_owned().into();
        let is_same = entry["Value"].as_str().unwrap().trim() == serde_json::from_slice::<serde_json::Value>(&trail.keys()).unwrap()["PublicKeyList"][0]["Value"];
        // Whoever alters a key also alters its fingerprint.
        if let Ok(der) = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &value) {
            entry["Fingerprint"] = hex(&<md5::Md5 as md5::Digest>::digest(der)).into();
        }
        let keys = Some(file.to_string().into_bytes());
        let after = verdicts(&With { keys, ..with }, &bucket);
        prop_assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        let worth = if is_same { "proven" } else { "consistent" };
        prop_assert!(after.values().all(|verdict| *verdict == (Class::Verified, Some(worth))), "{after:?}");
    }
}
