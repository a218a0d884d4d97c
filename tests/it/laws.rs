//! Properties of any archive.

use firstseen::baseline::Baseline;
use firstseen::coverage::Coverage;
use firstseen::learn::{LearnSettings, Learnt};
use firstseen::query::{
    Anchor, Filter, Finding, FindingKind, Question, Rarity, first_seen, first_seen_with_warmup_effect,
};
use firstseen::report::{Format, Report, UsedSettings};
use firstseen::time::Span;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive::{Archive, gzip, log_path, question, record, settings, with, wrapped};
use crate::naive::{self, Plain};

/// A record with few possible values, so behaviours repeat.
pub(crate) fn any_record() -> impl Strategy<Value = Value> {
    (0..40i64, 0..4u8, 0..4u8, 0..3u8, any::<bool>(), 0..30u8).prop_map(
        |(day, user, action, account, failed, id)| {
            let time = firstseen::time::Timestamp::from_seconds(1_704_067_200 + day * 43_200).to_string();
            let user = ["eva", "bob", "zoe", "jo"][usize::from(user)];
            let action =
                ["s3:GetObject", "iam:CreateUser", "iam:ListUsers", "ec2:RunInstances"][usize::from(action)];
            let mut record = record(&time, user, action);
            record["userIdentity"]["accountId"] =
                json!(["111122223333", "000123456789", "444455556666"][usize::from(account)]);
            // Sometimes missing, sometimes shared with another record.
            let event_id = if id == 0 {
                "ABSENT".to_owned()
            } else {
                format!("id-{day}-{user}-{action}-{account}-{failed}")
            };
            let code = if failed { json!("AccessDenied") } else { json!(null) };
            let mut changes =
                json!({"eventID": event_id, "errorCode": code, "readOnly": action == "iam:ListUsers"});
            if action == "iam:CreateUser" {
                let made =
                    format!("arn:aws:iam::111122223333:user/{}", if user == "eva" { "bob" } else { "zoe" });
                changes["responseElements"] = json!({"user": {"arn": made, "userId": "AIDAMADE"}});
            }
            with(record, changes)
        },
    )
}

/// Objects of an archive: delivery day (`None` for a name without a date) and records.
pub(crate) fn any_objects() -> impl Strategy<Value = Vec<(Option<u8>, Vec<Value>)>> {
    prop::collection::vec((prop::option::of(0..28u8), prop::collection::vec(any_record(), 0..6)), 1..8)
}

pub(crate) fn path(number: usize, day: Option<u8>) -> String {
    match day {
        Some(day) => log_path(&format!("202403{:02}T0412", day + 1), &format!("unique{number}")),
        None => format!("export-{number}.json"),
    }
}

pub(crate) fn archive(objects: &[(Option<u8>, Vec<Value>)]) -> Archive {
    objects.iter().enumerate().fold(Archive::new(), |archive, (number, (day, records))| {
        let bytes = wrapped(records);
        archive.object(&path(number, *day), &if number % 2 == 0 { gzip(&bytes) } else { bytes })
    })
}

pub(crate) fn written(ingested: &Learnt, question: &Question) -> Vec<u8> {
    let findings = first_seen(&ingested.baseline, question);
    let settings = UsedSettings::default();
    let mut out = Vec::new();
    Report { settings: &settings, coverage: &ingested.coverage, archives: &[], findings: &findings }
        .write(Format::Json, &mut out)
        .unwrap();
    out
}

fn line(finding: &Finding<'_>) -> String {
    let Rarity { first_for_account, other_principals, .. } = finding.rarity.unwrap();
    format!(
        "{} {} {} {} {} {} {first_for_account} {other_principals}",
        finding.time,
        finding.principal(),
        finding.action,
        finding.evidence.unwrap().event_id,
        finding.evidence.unwrap().object,
        finding.evidence.unwrap().record,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn findings_equal_those_of_the_naive_model(
        objects in any_objects(), warmup in 0..20u32, only_success in any::<bool>()
    ) {
        let events: Vec<Plain> = objects
            .iter()
            .enumerate()
            .flat_map(|(number, (day, records))| {
                let path = path(number, *day);
                records.iter().enumerate().map(move |(index, record)| Plain::new(record, &path, index))
            })
            .collect();
        let ingested = archive(&objects).ingest(&settings());
        let asked = Question { only_success, ..question(warmup) };
        let found: Vec<String> = first_seen(&ingested.baseline, &asked).iter().map(line).collect();
        prop_assert_eq!(found, naive::first_seen(&events, i64::from(warmup), only_success));
        let counted: u64 = ingested.baseline.behaviours.iter().map(|behaviour| behaviour.count()).sum();
        prop_assert_eq!(counted, ingested.coverage.records.counted);
        // Without delivery days, every record is compared with every other.
        if objects.iter().all(|(day, _)| day.is_none()) {
            prop_assert_eq!(counted as usize, naive::distinct(&events));
        }
    }

    #[test]
    fn the_warmup_effect_counts_what_a_shorter_warmup_adds(
        objects in any_objects(), warmup in 0..25u32, forget in prop::option::of(1..9u32), archive_anchor in any::<bool>(),
        action in prop::option::of(Just("iam:*")), kinds in 1..=3_usize
    ) {
        let baseline = archive(&objects).ingest(&settings()).baseline;
        let asked = Question {
            forget: forget.map(Span::days),
            anchor: if archive_anchor { Anchor::Archive } else { Anchor::Created },
            report: FindingKind::OF_SIGHTINGS[..kinds].to_vec(),
            filter: Filter { actions: action.iter().map(|action| action.parse().unwrap()).collect(), ..Filter::default() },
            ..question(warmup)
        };
        let (found, waiting) = first_seen_with_warmup_effect(&baseline, &asked);
        let with = |warmup| first_seen(&baseline, &Question { warmup, ..asked.clone() }).len() as u64;
        prop_assert_eq!(found.len() as u64, with(asked.warmup));
        prop_assert_eq!(waiting.all, with(Span::default()));
        prop_assert_eq!(waiting.hidden, waiting.all - found.len() as u64);
        prop_assert_eq!(waiting.with_shorter, with(waiting.shorter));
        prop_assert!(waiting.of_young <= waiting.hidden && waiting.young <= waiting.principals);
        if waiting.is_too_short() && asked.anchor == Anchor::Archive {
            prop_assert!(found.is_empty() && waiting.is_misleading());
        }
    }

    #[test]
    fn output_is_the_same_for_any_number_of_threads(objects in any_objects()) {
        let archive = archive(&objects);
        let with_threads = |threads| written(&archive.ingest(&LearnSettings { threads, ..settings() }), &question(3));
        let one = with_threads(1);
        prop_assert_eq!(&one, &with_threads(2));
        prop_assert_eq!(&one, &with_threads(8));
    }

    #[test]
    fn merge_is_commutative_and_associative(parts in prop::collection::vec(any_objects(), 3)) {
        let baselines: Vec<Baseline> = parts.iter().map(|objects| archive(objects).ingest(&settings()).baseline).collect();
        let [a, b, c] = [0, 1, 2].map(|index: usize| baselines[index].clone());
        let merge = |left: &Baseline, right: &Baseline| left.clone().merge(right.clone()).baseline;
        let left = merge(&merge(&a, &b), &c);
        prop_assert_eq!(&left, &merge(&a, &merge(&b, &c)));
        prop_assert_eq!(&left, &merge(&merge(&c, &b), &a));
        prop_assert_eq!(&left, &merge(&left, &Baseline::default()));
    }

    #[test]
    fn coverage_sums_hold_for_any_mix_of_good_and_broken_objects(
        objects in any_objects(), cut in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>(),
        noise in prop::collection::vec(any::<u8>(), 0..200), by in 1..=255u8
    ) {
        let mut broken = archive(&objects);
        for (number, (_, records)) in objects.iter().enumerate() {
            let plain = wrapped(records);
            let stored = gzip(&plain);
            let mut flipped = plain.clone();
            flipped[flip.index(plain.len())] ^= by;
            let mut flipped_gzip = stored.clone();
            flipped_gzip[flip.index(stored.len())] ^= by;
            broken = broken
                .object(&format!("cut-{number}.json"), &plain[..cut.index(plain.len())])
                .object(&format!("cut-{number}.json.gz"), &stored[..cut.index(stored.len())])
                .object(&format!("flipped-{number}.json"), &flipped)
                .object(&format!("flipped-{number}.json.gz"), &flipped_gzip)
                .object(&format!("noise-{number}.json"), &noise);
        }
        // `ingest` of the test archive asserts the sums.
        let Coverage { objects: counts, fault_count, .. } = broken.ingest(&settings()).coverage;
        prop_assert_eq!(counts.listed as usize, objects.len() * 6);
        prop_assert!(fault_count > 0 || (counts.failed.is_empty() && counts.read_in_part == 0));
    }
}
