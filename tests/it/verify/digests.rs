//! Digests: what proves them, and what contradicts them.

use serde_json::json;

use super::trail::{Bucket, Form, Trail, inflated, time};
use super::{With, contradicted, hours, lines};
use firstseen::time::Timestamp;
use firstseen::verify::{Class, Proof, Reason, Verdict};

#[test]
fn with_keys_and_signatures_everything_is_proven() {
    for form in [Form::Pkcs1, Form::SubjectPublicKeyInfo] {
        let (mut trail, mut bucket) = (Trail { form, ..Trail::new() }, Bucket::default());
        for logs in [2, 0, 1] {
            trail.hour(&mut bucket, logs);
        }
        let verification = With::all(&trail, &bucket).verify(&bucket);
        assert_eq!(
            lines(&verification),
            [
                "digest 20240301T010000Z proven signature-valid",
                "digest 20240301T020000Z proven signature-valid",
                "digest 20240301T030000Z proven signature-valid",
                "log maineuwest1001 proven hash-matches",
                "log maineuwest1002 proven hash-matches",
                "log maineuwest1003 proven hash-matches",
            ]
        );
        assert_eq!(verification.chains[0].proven, 3);
        let covered = verification.chains[0].covered.map(|(from, to)| (from.to_string(), to.to_string()));
        assert_eq!(covered, Some((time(0, 0), time(3, 0))));
    }
}

#[test]
fn without_its_own_signature_the_newest_digest_is_only_consistent() {
    let (trail, bucket, _) = hours(3);
    assert_eq!(
        With::keys(&trail).unproven(&bucket),
        [
            "digest 20240301T030000Z consistent end-of-chain",
            "log maineuwest1005 consistent hash-matches",
            "log maineuwest1006 consistent hash-matches",
        ]
    );
}

#[test]
fn without_keys_nothing_is_proven() {
    let (_, bucket, _) = hours(2);
    let verification = With { side_file: Some(bucket.side_file()), ..With::nothing() }.verify(&bucket);
    assert_eq!(contradicted(&verification), []);
    assert_eq!(
        lines(&verification)[..3],
        [
            "digest 20240301T010000Z consistent hash-matches",
            "digest 20240301T020000Z consistent end-of-chain",
            "log maineuwest1001 consistent hash-matches",
        ]
    );
}

/// Somebody forged the end of a chain with a key of their own; the genuine signatures were kept elsewhere.
#[test]
fn without_the_key_another_signature_than_the_next_digest_states_contradicts() {
    let (trail, bucket, keys) = hours(3);
    let mut sides: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&bucket.side_file()).unwrap();
    let of_second = sides.iter_mut().find(|(key, _)| **key == keys[1].1).unwrap().1;
    *of_second = serde_json::json!({"signature": "00".repeat(256)});
    let side_file = Some(serde_json::to_vec(&sides).unwrap());
    let with = With { side_file: side_file.clone(), ..With::nothing() };
    let verification = with.verify(&bucket);
    let second = lines(&verification).into_iter().find(|line| line.contains("T020000Z")).unwrap();
    assert_eq!(second, "digest 20240301T020000Z mismatch signature-differs");
    assert_eq!(verification.remarks, Vec::<String>::new(), "no keys were given");
    // With the key it is known which of both is wrong.
    let verification = With { side_file, ..With::keys(&trail) }.verify(&bucket);
    let second = lines(&verification).into_iter().find(|line| line.contains("T020000Z")).unwrap();
    assert_eq!(second, "digest 20240301T020000Z proven signature-valid");
    // Keys of somebody else verify nothing.
    let with = With { side_file: Some(bucket.side_file()), ..With::keys(&Trail { key: 1, ..Trail::new() }) };
    let remarks = with.verify(&bucket).remarks;
    assert!(
        remarks[0].starts_with("none of the public keys verifies the signatures of some digests (3): "),
        "{remarks:?}"
    );
}

/// Somebody altered only the signature that a digest states for the one before it: the next digest shows that.
#[test]
fn a_contradicted_digest_does_not_contradict_the_signature_of_another() {
    let (_, mut bucket, keys) = hours(4);
    let side_file = Some(bucket.side_file());
    let stated = signature_of(&bucket, &keys[1].1);
    bucket.replace(&keys[2].1, |text| text.replace(&stated, &"00".repeat(256)));
    let unproven = With { side_file, ..With::nothing() }.unproven(&bucket);
    let odd: Vec<&String> = unproven.iter().filter(|line| !line.contains(" consistent ")).collect();
    assert_eq!(
        odd,
        [
            "digest 20240301T030000Z mismatch hash-differs",
            "log maineuwest1005 unvouched digest-contradicted",
            "log maineuwest1006 unvouched digest-contradicted",
        ]
    );
}

fn signature_of(bucket: &Bucket, key: &str) -> String {
    bucket.signatures[key]["signature"].as_str().unwrap().to_owned()
}

#[test]
fn an_altered_digest_vouches_for_nothing() {
    for with_keys in [true, false] {
        let (trail, mut bucket, keys) = hours(3);
        bucket.replace(&keys[1].1, |text| text.replace("maineuwest1003", "maineuwest1XXX"));
        let with = if with_keys { With::all(&trail, &bucket) } else { With::nothing() };
        let verification = with.verify(&bucket);
        let of_hour: Vec<String> = lines(&verification)
            .into_iter()
            .filter(|line| !line.contains("proven") && !line.contains("consistent"))
            .collect();
        assert_eq!(
            of_hour,
            [
                "digest 20240301T020000Z mismatch hash-differs",
                // Its content is still listed, under another name.
                "log maineuwest1003 unvouched digest-contradicted",
                "log maineuwest1004 unvouched digest-contradicted",
            ]
        );
    }
}

#[test]
fn an_altered_newest_digest_is_found_by_its_own_signature() {
    let (trail, mut bucket, keys) = hours(2);
    bucket.replace(&keys[1].1, |text| text.replace("\"newestEventTime\":null", "\"newestEventTime\":1"));
    assert_eq!(
        With::all(&trail, &bucket).unproven(&bucket),
        [
            "digest 20240301T020000Z mismatch signature-invalid",
            "log maineuwest1003 unvouched digest-contradicted",
            "log maineuwest1004 unvouched digest-contradicted",
        ]
    );
    // Nothing else shows it.
    assert_eq!(contradicted(&With::keys(&trail).verify(&bucket)), []);
}

#[test]
fn a_digest_that_misstates_a_proven_one_was_altered_itself() {
    let (trail, mut bucket, keys) = hours(2);
    let with = With::keys(&trail);
    // The stated hash of the digest before.
    let original = bucket.clone();
    bucket.replace(&keys[1].1, |text| {
        let at = text.find("previousDigestHashValue\":\"").unwrap() + 26;
        let other = if &text[at..=at] == "0" { "1" } else { "0" };
        format!("{}{other}{}", &text[..at], &text[at + 1..])
    });
    assert_eq!(
        with.unproven(&bucket),
        [
            "digest 20240301T020000Z mismatch wrong-statement",
            "log maineuwest1003 unvouched digest-contradicted",
            "log maineuwest1004 unvouched digest-contradicted",
        ]
    );
    // The stated signature of the digest before: then nothing proves that one.
    let mut bucket = original;
    bucket.replace(&keys[1].1, |text| {
        let at = text.find("previousDigestSignature\":\"").unwrap() + 26;
        let other = if &text[at..=at] == "0" { "1" } else { "0" };
        format!("{}{other}{}", &text[..at], &text[at + 1..])
    });
    assert_eq!(
        with.unproven(&bucket),
        [
            "digest 20240301T010000Z consistent end-of-chain",
            "digest 20240301T020000Z mismatch wrong-statement",
            "log maineuwest1001 consistent hash-matches",
            "log maineuwest1002 consistent hash-matches",
            "log maineuwest1003 unvouched digest-contradicted",
            "log maineuwest1004 unvouched digest-contradicted",
        ]
    );
}

#[test]
fn removed_digests_are_absent_even_two_in_a_row() {
    for (removed, hole) in [(1..2, "01:00..2024-03-01T02:00"), (1..3, "01:00..2024-03-01T03:00")] {
        let (trail, mut bucket, keys) = hours(5);
        let last = removed.end - 1;
        removed.clone().for_each(|hour| drop(bucket.objects.remove(&keys[hour].1)));
        let found = With::all(&trail, &bucket).unproven(&bucket);
        let mut expected = vec![
            format!("digest 20240301T0{}0000Z absent missing", last + 1),
            format!("period 2024-03-01T{hole} absent digests-missing"),
        ];
        for log in 2 * removed.start..2 * removed.end {
            expected.push(format!("log maineuwest1{:03} unlisted in-gap", log + 1));
        }
        expected.sort();
        let mut found = found;
        found.sort();
        assert_eq!(found, expected);
    }
}

#[test]
fn without_its_oldest_digests_a_copy_says_where_it_begins() {
    let (trail, mut bucket, keys) = hours(4);
    for (logs, digest) in &keys[..2] {
        logs.iter().chain([digest]).for_each(|key| drop(bucket.objects.remove(key)));
    }
    let with = With::all(&trail, &bucket);
    assert_eq!(with.unproven(&bucket), ["digest 20240301T020000Z absent missing"]);
    for (hour, expected) in [(2, 0), (1, 1)] {
        let from = Timestamp::parse(&time(hour, 0));
        assert_eq!(With { from, ..with.clone() }.unproven(&bucket).len(), expected);
    }
}

#[test]
fn a_gap_is_reported_and_is_no_contradiction() {
    let (mut trail, mut bucket) = (Trail::new(), Bucket::default());
    trail.hour(&mut bucket, 1);
    trail.pause(3);
    trail.hour(&mut bucket, 1);
    trail.pause(0);
    trail.hour(&mut bucket, 1);
    let verification = With::keys(&trail).verify(&bucket);
    assert_eq!(contradicted(&verification), []);
    assert_eq!(
        lines(&verification)[..5],
        [
            "digest 20240301T010000Z consistent end-of-chain",
            "period 2024-03-01T01:00..2024-03-01T04:00 gap chain-restarts",
            "digest 20240301T050000Z consistent end-of-chain",
            "period 2024-03-01T05:00..2024-03-01T05:00 gap chain-restarts",
            "digest 20240301T060000Z consistent end-of-chain",
        ]
    );
}

#[test]
fn a_stopped_trail_is_reported_if_others_go_on() {
    let mut bucket = Bucket::default();
    let (mut stopped, mut other) = (Trail::new(), Trail { region: "us-east-1", ..Trail::new() });
    (0..2).for_each(|_| drop(stopped.hour(&mut bucket, 1)));
    (0..6).for_each(|_| drop(other.hour(&mut bucket, 1)));
    let late = stopped.log(&mut bucket, 30);
    assert!(late.contains("T0230Z"));
    assert_eq!(
        With::all(&other, &bucket).unproven(&bucket),
        [
            "period 2024-03-01T02:00..2024-03-01T06:00 gap chain-ends",
            "log maineuwest1003 unlisted after-last-digest",
        ]
    );
}

#[test]
fn every_layout_is_recognized() {
    let mut bucket = Bucket::default();
    let mut member = Trail {
        account: "000123456789",
        region: "us-gov-west-1",
        home: "us-gov-east-1",
        name: "my_trail.v1-x",
        prefix: "o-ab12cd34ef/",
        organization: "o-ab12cd34ef/",
        ..Trail::new()
    };
    let mut backfill = Trail { is_backfill: true, ..Trail::new() };
    let mut plain = Trail { name: "main2", ..Trail::new() };
    (0..2).for_each(|_| drop(member.hour(&mut bucket, 1)));
    (0..2).for_each(|_| drop(backfill.hour(&mut bucket, 1)));
    (0..2).for_each(|_| drop(plain.hour(&mut bucket, 1)));
    let verification = With::all(&plain, &bucket).verify(&bucket);
    assert!(lines(&verification).iter().all(|line| line.contains(" proven ")), "{:?}", lines(&verification));
    let chains: Vec<String> = verification
        .chains
        .iter()
        .map(|one| {
            format!(
                "{} {} {} {}",
                one.chain.account, one.chain.trail, one.chain.home_region, one.chain.is_backfill
            )
        })
        .collect();
    assert_eq!(
        chains,
        [
            "000123456789 my_trail.v1-x us-gov-east-1 false",
            "111122223333 main eu-west-1 true",
            "111122223333 main2 eu-west-1 false",
        ]
    );
}

#[test]
fn keys_rotate_with_two_hours_of_margin() {
    let (mut trail, mut bucket) = (Trail::new(), Bucket::default());
    (0..3).for_each(|_| drop(trail.hour(&mut bucket, 0)));
    trail.key = 1;
    (0..2).for_each(|_| drop(trail.hour(&mut bucket, 0)));
    let keys =
        |entries: &[serde_json::Value]| Some(json!({ "publicKeyList": entries }).to_string().into_bytes());
    let side_file = Some(bucket.side_file());
    // The first key ended two hours before its last digest, or three.
    for (end, unproven) in [(1, 0), (0, 1)] {
        let entries = [trail.key_entry(0, -5, end), trail.key_entry(1, 3, 100)];
        let with = With { keys: keys(&entries), side_file: side_file.clone(), from: None };
        assert_eq!(with.unproven(&bucket).len(), unproven, "{end}");
        let verdicts = with.verify(&bucket).verdicts;
        let remarks: Vec<&str> = verdicts.iter().filter_map(|verdict| verdict.detail.as_deref()).collect();
        let outdated = "its signature is right, but the public key was not valid at that time";
        assert_eq!(remarks, vec![outdated; unproven]);
    }
    // Times as numbers, and both files of one key.
    let mut entry = trail.key_entry(0, 0, 0);
    entry["ValidityStartTime"] = json!(1_709_200_000.0);
    entry["ValidityEndTime"] = json!("1709300000");
    let with = With { keys: keys(&[entry]), side_file, from: None };
    let unproven = with.unproven(&bucket);
    assert!(unproven.iter().all(|line| line.contains(" consistent ")), "{unproven:?}");
    assert_eq!(unproven.len(), 2);
}

#[test]
fn a_backfill_key_is_that_of_the_time_when_the_digest_was_made() {
    let (mut trail, mut bucket) = (Trail { is_backfill: true, ..Trail::new() }, Bucket::default());
    trail.hour(&mut bucket, 1);
    let verify = |from, to| {
        let entry = trail.key_entry(0, from, to);
        let keys = Some(json!({ "PublicKeyList": [entry] }).to_string().into_bytes());
        With { keys, ..With::all(&trail, &bucket) }.unproven(&bucket).len()
    };
    assert_eq!(verify(47, 60), 0);
    assert_eq!(verify(0, 10), 2);
}

/// Without the time at which it was made, it is known that it was not made before the end of its period.
#[test]
fn a_key_that_ended_before_the_period_of_a_backfill_digest_proves_nothing() {
    let (mut trail, mut bucket) = (Trail { is_backfill: true, hour: 100, ..Trail::new() }, Bucket::default());
    trail.hour(&mut bucket, 1);
    let early = json!({"signature": signature_of(&bucket, bucket.signatures.keys().next().unwrap()),
        "backfill-generation-timestamp": "2024-03-01T01:00:00Z"});
    for metadata in [json!({"signature": early["signature"]}), early.clone()] {
        bucket.signatures.values_mut().for_each(|signature| *signature = metadata.clone());
        let verify = |from, to| {
            let entry = trail.key_entry(0, from, to);
            let keys = Some(json!({ "PublicKeyList": [entry] }).to_string().into_bytes());
            With { keys, ..With::all(&trail, &bucket) }.unproven(&bucket).len()
        };
        // The digest and its log file.
        assert_eq!((verify(0, 50), verify(90, 110)), (2, 0), "{metadata}");
    }
}

#[test]
fn a_digest_under_the_name_of_another_is_a_mismatch() {
    let (trail, mut bucket, keys) = hours(3);
    let (first, second) = (&keys[0].1, &keys[1].1);
    bucket.swap(first, second);
    assert_eq!(
        With::all(&trail, &bucket).unproven(&bucket),
        ["digest 20240301T020000Z mismatch wrong-place", "digest 20240301T010000Z mismatch wrong-place"]
    );
    // Compressed anew, too.
    for key in [first, second] {
        let content = inflated(&bucket.objects.remove(key).unwrap());
        bucket.objects.insert(key.replace(".gz", ".zst"), zstd::encode_all(&content[..], 1).unwrap());
    }
    let found = With::all(&trail, &bucket).verify(&bucket);
    assert_eq!(contradicted(&found), [Class::Mismatch; 2]);
    // A digest in place of another: the other is absent.
    let (trail, mut bucket, keys) = hours(3);
    let copy = bucket.objects[&keys[0].1].clone();
    bucket.objects.insert(keys[1].1.clone(), copy);
    for with in [With::all(&trail, &bucket), With::nothing()] {
        let found = with.unproven(&bucket);
        assert!(found.contains(&"digest 20240301T020000Z mismatch wrong-place".to_owned()), "{found:?}");
        assert!(found.contains(&"digest 20240301T020000Z absent missing".to_owned()), "{found:?}");
        assert!(!found.contains(&"digest 20240301T010000Z mismatch hash-differs".to_owned()), "{found:?}");
    }
}

#[test]
fn renamed_and_repeated_digests_are_recognized_by_their_content() {
    let (trail, mut bucket, keys) = hours(3);
    bucket.rename(&keys[0].1, "d1.json.gz");
    let copy = bucket.objects[&keys[1].1].clone();
    bucket.objects.insert("copies/d2.json.gz".to_owned(), copy);
    assert_eq!(With::all(&trail, &bucket).unproven(&bucket), Vec::<String>::new());
}

#[test]
fn a_large_digest_is_read_however_it_is_compressed() {
    let (mut trail, mut bucket) = (Trail::new(), Bucket::default());
    let (_, key) = trail.hour(&mut bucket, 200);
    let with = With::all(&trail, &bucket);
    let content = inflated(&bucket.objects.remove(&key).unwrap());
    assert!(content.len() > 64 << 10);
    let compressed = zstd::encode_all(&content[..], 1).unwrap();
    bucket.objects.insert(key.replace(".gz", ".zst"), compressed);
    assert_eq!(with.unproven(&bucket), Vec::<String>::new());
}

#[test]
fn a_contradicted_digest_does_not_extend_what_its_chain_covers() {
    let (trail, mut bucket, keys) = hours(3);
    let mut other = Trail { region: "us-east-1", ..Trail::new() };
    (0..3).for_each(|_| drop(other.hour(&mut bucket, 1)));
    bucket.replace(&keys[1].1, |text| {
        text.replace("\"digestEndTime\":\"2024-03-01T02", "\"digestEndTime\":\"2034-03-01T02")
    });
    let verification = With::all(&trail, &bucket).verify(&bucket);
    let ends = verification.chains.iter().map(|chain| chain.covered.unwrap().1.to_string());
    assert_eq!(ends.collect::<Vec<_>>(), [time(3, 0), time(3, 0)]);
    assert!(!lines(&verification).iter().any(|line| line.ends_with("chain-ends")));
}

#[test]
fn a_forged_branch_is_contradicted_by_the_genuine_one() {
    let (trail, mut bucket, keys) = hours(3);
    let text = String::from_utf8(inflated(&bucket.objects[&keys[1].1])).unwrap();
    let forged = text.replace("20240301T020000Z", "20240301T021500Z");
    let key = keys[1].1.replace("20240301T020000Z", "20240301T021500Z");
    bucket.objects.insert(key, crate::archive::gzip(forged.as_bytes()));
    for with in [With::keys(&trail), With::nothing()] {
        let found = with.unproven(&bucket);
        assert!(found.contains(&"digest 20240301T021500Z mismatch fork".to_owned()), "{found:?}");
    }
}

#[test]
fn two_contents_of_the_newest_digest_contradict_each_other() {
    for count in [1, 3] {
        let (trail, mut bucket, keys) = hours(count);
        let newest = &keys[count - 1].1;
        let genuine = bucket.objects[newest].clone();
        bucket.replace(newest, |text| text.replace("\"newestEventTime\":null", "\"newestEventTime\":1"));
        bucket.objects.insert(format!("other/{newest}"), genuine);
        let found = With::keys(&trail).unproven(&bucket);
        let forks = found.iter().filter(|line| line.ends_with(" mismatch fork")).count();
        assert_eq!(forks, 2, "{found:?}");
        // Its own signature proves the genuine one.
        let found = With::all(&trail, &bucket).unproven(&bucket);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

/// Where a copy has a forged version of a digest.
fn forged_path(number: usize, key: &str) -> String {
    format!("forged/{number}/{}", key.rsplit('/').next().unwrap())
}

/// Adds forged versions of a digest, and for each a forged digest that continues it.
fn forge(bucket: &mut Bucket, digest: &str, next: &str, count: usize) {
    let [digest_text, next_text] =
        [digest, next].map(|key| String::from_utf8(inflated(&bucket.objects[key])).unwrap());
    for number in 0..count {
        let forged = digest_text
            .replace("\"newestEventTime\":null", &format!("\"newestEventTime\":{number}"))
            .into_bytes();
        let hash = firstseen::checksum::Checksum::of(&forged).to_string();
        let mut continued: serde_json::Value = serde_json::from_str(&next_text).unwrap();
        continued["previousDigestHashValue"] = hash.into();
        bucket.objects.insert(forged_path(number, digest), forged);
        bucket.objects.insert(forged_path(number, next), continued.to_string().into_bytes());
    }
}

/// Comparing each of them with each would take a million checks of signatures.
#[test]
fn any_number_of_forged_digests_are_contradicted_and_the_genuine_ones_stay_proven() {
    for count in [1, 20, 1_000] {
        let (trail, mut bucket, keys) = hours(3);
        let genuine = bucket.clone();
        forge(&mut bucket, &keys[1].1, &keys[2].1, count);
        let verification = With::all(&trail, &genuine).verify(&bucket);
        let (proven, others): (Vec<_>, Vec<_>) = verification
            .verdicts
            .iter()
            .partition(|verdict| !verdict.object.as_ref().unwrap().starts_with("forged/"));
        assert!(proven.iter().all(|verdict| verdict.proof == Some(Proof::Proven)), "{proven:?}");
        assert_eq!((proven.len(), others.len()), (9, 2 * count));
        assert!(others.iter().all(|verdict| verdict.class == Class::Mismatch), "{others:?}");
        let is_crowded = |verdict: &&&Verdict| {
            verdict.reason == Reason::Fork
                && verdict.detail.as_ref().is_some_and(|detail| detail.starts_with("one of too many digests"))
        };
        let expected = if count > 15 { count } else { 0 };
        assert!(others.iter().filter(is_crowded).count() >= expected, "{others:?}");
    }
}

#[test]
fn of_too_many_digests_one_that_a_proven_one_states_is_not_contradicted() {
    let (mut trail, mut bucket) = (Trail::new(), Bucket::default());
    // The key of the second digest is not given.
    trail.hour(&mut bucket, 0);
    trail.key = 1;
    let (_, second) = trail.hour(&mut bucket, 0);
    trail.key = 0;
    let (_, third) = trail.hour(&mut bucket, 0);
    trail.hour(&mut bucket, 0);
    forge(&mut bucket, &second, &third, 20);
    let with = With::keys(&trail);
    let verification = with.verify(&bucket);
    let verdict = verification.verdicts.iter().find(|verdict| verdict.object.as_deref() == Some(&second));
    let verdict = verdict.unwrap();
    assert_eq!((verdict.class, verdict.reason), (Class::Verified, Reason::HashMatches), "{verdict:?}");
}

#[test]
fn a_digest_may_be_continued_by_any_number_of_forged_ones() {
    let (trail, mut bucket, keys) = hours(3);
    let signatures = bucket.clone();
    for number in 0..1_000 {
        let text = String::from_utf8(inflated(&bucket.objects[&keys[2].1])).unwrap();
        let forged = text.replace("\"newestEventTime\":null", &format!("\"newestEventTime\":{number}"));
        bucket.objects.insert(forged_path(number, &keys[2].1), forged.into_bytes());
    }
    let verification = With::all(&trail, &signatures).verify(&bucket);
    let count = |class, reason| {
        let is_so = |verdict: &&Verdict| (verdict.class, verdict.reason) == (class, reason);
        verification.verdicts.iter().filter(is_so).count()
    };
    assert_eq!(count(Class::Verified, Reason::SignatureValid), 3);
    assert_eq!(count(Class::Mismatch, Reason::SignatureInvalid), 1_000);
}

#[test]
fn too_many_signatures_of_one_digest_are_left_out_with_a_remark() {
    let (trail, mut bucket, keys) = hours(2);
    let side_file = |first: &Bucket| {
        let others = (0..100)
            .map(|number| json!({"key": keys[1].1, "metadata": {"signature": format!("{number:08x}")}}));
        let genuine =
            first.signatures.iter().map(|(key, metadata)| json!({"key": key, "metadata": metadata}));
        serde_json::to_vec(&genuine.chain(others).collect::<Vec<_>>()).unwrap()
    };
    let with = With { side_file: Some(side_file(&bucket)), ..With::keys(&trail) };
    assert_eq!(with.unproven(&bucket), Vec::<String>::new());
    let remarks = with.verify(&bucket).remarks;
    assert!(remarks[0].starts_with("signatures in side files were left out (69): "), "{remarks:?}");
    // Without the genuine one, the digest is contradicted.
    bucket.signatures.clear();
    let with = With { side_file: Some(side_file(&bucket)), ..With::keys(&trail) };
    let found = with.unproven(&bucket);
    assert!(found.contains(&"digest 20240301T020000Z mismatch signature-invalid".to_owned()), "{found:?}");
}

#[test]
fn a_file_with_the_name_of_a_digest_is_one_or_is_reported() {
    let (trail, mut bucket, keys) = hours(3);
    bucket.objects.insert(keys[1].1.clone(), b"{}".to_vec());
    let found = With::all(&trail, &bucket).unproven(&bucket);
    assert!(found.contains(&"digest 20240301T020000Z mismatch hash-differs".to_owned()), "{found:?}");
    let newest = bucket.objects[&keys[2].1].clone();
    bucket.objects.insert(keys[2].1.clone(), newest[..newest.len() / 2].to_vec());
    let found = With::all(&trail, &bucket).unproven(&bucket);
    assert!(found.contains(&"digest 20240301T030000Z unreadable not-readable".to_owned()), "{found:?}");
}

#[test]
fn digests_that_refer_to_each_other_in_a_circle_are_contradicted() {
    let (trail, mut bucket, keys) = hours(3);
    // The oldest one follows the newest, and another follows itself; times that are none.
    let change = |bucket: &mut Bucket, key: &str, previous: &str| {
        bucket.replace(key, |text| {
            let mut digest: serde_json::Value = serde_json::from_str(text).unwrap();
            digest["previousDigestS3Object"] = previous.into();
            digest["previousDigestHashValue"] = "zz".into();
            digest["digestEndTime"] = "never".into();
            digest.to_string()
        });
    };
    change(&mut bucket, &keys[0].1, &keys[2].1);
    change(&mut bucket, &keys[1].1, &keys[1].1);
    for with in [With::all(&trail, &bucket), With::nothing()] {
        assert!(!contradicted(&with.verify(&bucket)).is_empty());
    }
}

#[test]
fn aggregated_events_are_compared_if_a_digest_lists_them() {
    let (trail, mut bucket, keys) = hours(2);
    let (listed, other) = (&keys[0].0[0], &keys[0].0[1]);
    let aggregated = |key: &str| {
        key.replace("/CloudTrail/", "/CloudTrail-Aggregated/")
            .replace("_CloudTrail_", "_CloudTrail-Aggregated_")
    };
    let copy = bucket.objects[listed].clone();
    bucket.objects.insert(aggregated(other).replace("main", "agg"), copy);
    assert_eq!(With::all(&trail, &bucket).unproven(&bucket), Vec::<String>::new());
}

#[test]
fn a_key_altered_in_its_folders_does_not_hide_a_digest() {
    let (trail, mut bucket, keys) = hours(3);
    bucket.replace(&keys[1].1, |text| {
        text.replace("\"digestS3Object\":\"AWSLogs", "\"digestS3Object\":\"AWSlogs")
    });
    for with in [With::keys(&trail), With::nothing()] {
        let found = with.unproven(&bucket);
        assert!(found.contains(&"digest 20240301T020000Z mismatch hash-differs".to_owned()), "{found:?}");
    }
}
