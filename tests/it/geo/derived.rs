//! First-seen autonomous systems and countries, computed from the networks of a baseline.

use firstseen::baseline::Baseline;
use firstseen::geo::first_address;
use firstseen::model::{Dimension, Dimensions, PrincipalKey};
use firstseen::query::{FindingKind, Question, first_seen};
use firstseen::store::{BaselineContents, BaselineFolder, Records};
use proptest::prelude::*;
use serde_json::Value;

use super::{example, open};
use crate::archive::question;
use crate::dimensions::{all, any_objects, naive, shown, values};
use crate::laws::archive;

const DERIVED: [Dimension; 2] = [Dimension::Asn, Dimension::Country];

/// The baseline with the values of both dimensions, by the example.
fn derived(mut baseline: Baseline) -> Baseline {
    let databases = open(&[example().bytes()]).unwrap();
    let networks = baseline.values.iter().filter(|value| value.dimension == Dimension::Network);
    let addresses: Vec<_> = networks.filter_map(|value| first_address(&value.value)).collect();
    let locations = databases.locate(addresses).unwrap();
    for dimension in DERIVED {
        baseline.derive_values(dimension, |network| {
            locations.of(first_address(network)?)?.value(dimension).cloned()
        });
    }
    baseline
}

/// The values of a record, by its network.
fn derived_values(record: &Value) -> Vec<(&'static str, String)> {
    let network = values(record).into_iter().find(|(kind, _)| *kind == "new-network");
    let (number, country) = match network.as_ref().map(|(_, network)| &**network) {
        Some("198.51.100.0/24") => ("AS64500", "DE"),
        Some("203.0.113.0/24") => ("AS64501", "DE"),
        Some("2001:db8:7::/48") => ("AS64500", "US"),
        other => {
            assert_eq!(other, None);
            return Vec::new();
        }
    };
    vec![("new-asn", number.to_owned()), ("new-country", country.to_owned())]
}

fn asked(days: u32) -> Question {
    Question { report: DERIVED.map(FindingKind::of_dimension).to_vec(), ..question(days) }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn the_naive_model_finds_the_same_values(
        objects in any_objects(), days in 0..20u32, only_success in any::<bool>()
    ) {
        let baseline = derived(archive(&objects).ingest(&all()).baseline);
        let found = first_seen(&baseline, &Question { only_success, ..asked(days) });
        prop_assert_eq!(shown(&found), naive(&objects, days, only_success, derived_values));
    }

    #[test]
    fn a_value_sums_up_the_networks_it_is_derived_from(objects in any_objects()) {
        let learnt = archive(&objects).ingest(&all()).baseline;
        let baseline = derived(learnt.clone());
        prop_assert!(baseline.values.is_sorted_by(|left, right| left.key() < right.key()));
        let of = |dimension| baseline.values.iter().filter(move |value| value.dimension == dimension);
        let networks: Vec<_> = of(Dimension::Network).collect();
        for dimension in DERIVED {
            let (count, last) = (of(dimension).map(|value| value.count).sum::<u64>(), of(dimension).map(|value| value.last).max());
            prop_assert_eq!(count, networks.iter().map(|value| value.count).sum::<u64>());
            prop_assert_eq!(last, networks.iter().map(|value| value.last).max());
        }
        // Deriving again changes nothing, and neither does joining principals before or after.
        prop_assert_eq!(&derived(baseline.clone()).values, &baseline.values);
        let joined = derived(learnt.resolved(PrincipalKey::Id)).values;
        prop_assert_eq!(joined, baseline.resolved(PrincipalKey::Id).values);
    }

    #[test]
    fn a_saved_baseline_has_no_derived_values_and_gives_the_same_answer(objects in any_objects()) {
        let learnt = archive(&objects).ingest(&all());
        let expected = derived(learnt.baseline.clone());
        let folder = tempfile::tempdir().unwrap();
        let place = BaselineFolder::take(&folder.path().join("a.baseline")).unwrap();
        let contents = BaselineContents {
            learning: all().scope(),
            archives: vec!["a".to_owned()],
            baseline: expected.clone(),
            coverage: learnt.coverage,
            objects: Vec::new(),
            records: Records::default(),
        };
        place.save(&contents).unwrap();
        let saved = place.open().unwrap().unwrap().baseline().unwrap().0;
        prop_assert_eq!(&saved.values, &learnt.baseline.values);
        let saved = derived(saved);
        prop_assert_eq!(first_seen(&saved, &asked(0)), first_seen(&expected, &asked(0)));
    }
}

#[test]
fn learnt_dimensions_are_not_derived() {
    let objects = [(None, vec![crate::archive::record("2024-03-09T04:12:33Z", "eva", "s3:GetObject")])];
    let mut baseline = archive(&objects).ingest(&all()).baseline;
    let before = baseline.values.clone();
    for dimension in Dimensions::ALL.iter() {
        baseline.derive_values(dimension, |_| Some("x".into()));
    }
    assert_eq!(baseline.values, before);
}
