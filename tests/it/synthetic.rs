//! Synthetic archives: the same plan gives the same archive, and planted actions are found.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use firstseen::learn::learn;
use firstseen::query::{FindingKind, Question, first_seen};
use firstseen::scan::Silent;
use firstseen::source::Archives;
use firstseen::synth::{PLANTED_AFTER_DAYS, Plan, synthesize};
use tempfile::TempDir;

use crate::archive::{question, settings};

/// The plan of `fixtures/small-archive`: `firstseen synth fixtures/small-archive --gb 0.0004 --days 90 --seed 7`.
const FIXTURE: Plan = Plan { bytes: 400_000, seed: 7, days: 90 };

/// The inflated content of every file in a folder: compressed bytes may differ between versions of the
/// compressor.
fn contents(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let walk = walk(root);
    walk.into_iter()
        .map(|path| {
            let bytes = fs::read(&path).unwrap();
            let mut plain = Vec::new();
            if bytes.starts_with(&[0x1f, 0x8b]) {
                std::io::copy(&mut flate2::read::GzDecoder::new(bytes.as_slice()), &mut plain).unwrap();
            } else {
                plain = bytes;
            }
            (path.strip_prefix(root).unwrap().to_owned(), plain)
        })
        .collect()
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn the_fixture_matches_its_plan() {
    let folder = TempDir::new().unwrap();
    let made = folder.path().join("made");
    synthesize(&made, &FIXTURE).unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/small-archive");
    assert!(contents(&made) == contents(&fixture));
}

#[test]
fn every_planted_action_is_found_with_its_evidence() {
    for seed in 1..4 {
        let folder = TempDir::new().unwrap();
        let out = folder.path().join("archive");
        synthesize(&out, &Plan { bytes: 2_000_000, seed, days: 120 }).unwrap();
        let archives = Archives::open(std::slice::from_ref(&out)).unwrap();
        let ingested = learn(&archives, &settings(), &Silent).unwrap();
        assert!(ingested.coverage.records.duplicates > 0);
        // The principal of a planted action may be first seen hours after the start of the archive.
        let asked =
            Question { report: FindingKind::OF_SIGHTINGS.to_vec(), ..question(PLANTED_AFTER_DAYS - 1) };
        let found: BTreeSet<String> = first_seen(&ingested.baseline, &asked)
            .iter()
            .map(|finding| {
                let evidence = finding.evidence.unwrap();
                [
                    finding.kind.name(),
                    &finding.time.to_string(),
                    finding.account(),
                    finding.principal(),
                    finding.action,
                    &evidence.event_id.text(),
                    &evidence.object,
                ]
                .join(",")
            })
            .collect();
        let truth = fs::read_to_string(out.join("ground-truth.csv")).unwrap();
        assert_eq!(truth.lines().count(), 10);
        for planted in truth.lines().skip(1) {
            assert!(found.contains(planted), "not found: {planted}");
        }
    }
}
