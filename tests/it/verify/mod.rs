//! `firstseen verify`: cases of tampering, of incomplete copies, and of every layout.

mod changes;
mod command;
mod digests;
mod logs;
#[cfg(feature = "s3")]
mod s3;
mod scan;
mod trail;

use std::path::Path;

use firstseen::scan::{ScanSettings, Silent};
use firstseen::source::Archives;
use firstseen::time::Timestamp;
use firstseen::verify::{Class, Examination, PublicKeys, SideFiles, Verdict, Verification, VerifySettings};

use trail::{Bucket, Trail};

/// What is verified with.
#[derive(Clone, Debug, Default)]
struct With {
    keys: Option<Vec<u8>>,
    side_file: Option<Vec<u8>>,
    from: Option<Timestamp>,
}

impl With {
    /// Nothing but the copy.
    fn nothing() -> Self {
        Self::default()
    }

    /// The keys of a trail.
    fn keys(trail: &Trail) -> Self {
        Self { keys: Some(trail.keys()), ..Self::default() }
    }

    /// The keys of a trail and all signatures.
    fn all(trail: &Trail, bucket: &Bucket) -> Self {
        Self { side_file: Some(bucket.side_file()), ..Self::keys(trail) }
    }

    fn settings(&self) -> VerifySettings {
        let (mut keys, mut side_files) = (PublicKeys::default(), SideFiles::default());
        if let Some(file) = &self.keys {
            let _ = keys.add(file);
        }
        if let Some(file) = &self.side_file {
            side_files.add(file);
        }
        VerifySettings { keys, side_files, from: self.from, threads: 2 }
    }

    fn verify(&self, bucket: &Bucket) -> Verification {
        self.verify_folder(bucket.copy().path())
    }

    fn verify_folder(&self, folder: &Path) -> Verification {
        let archives = Archives::open(&[folder.to_owned()]).unwrap();
        let settings = ScanSettings { threads: 2, ..ScanSettings::default() };
        let examination = Examination::of(&archives, &settings, &Silent).unwrap();
        let verification = examination.verify(&self.settings()).unwrap();
        assert!(verification.coverage.sums_hold(), "{:?}", verification.coverage);
        verification
    }

    /// All verdicts but those on what is proven.
    fn unproven(&self, bucket: &Bucket) -> Vec<String> {
        let all = lines(&self.verify(bucket));
        all.into_iter().filter(|line| !line.contains(" proven ")).collect()
    }
}

/// A verdict as a line: subject, a short name, class or what it is worth, reason.
fn line(verdict: &Verdict) -> String {
    let class = verdict.proof.map_or(verdict.class.name(), firstseen::verify::Proof::name);
    let object = verdict.object.as_deref().unwrap_or_default();
    let name = object.rsplit('/').next().unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(name).trim_end_matches(".json");
    let short = match (verdict.time, verdict.until) {
        (Some(from), Some(until)) => format!("{}..{}", &from.to_string()[..16], &until.to_string()[..16]),
        _ => name.rsplit('_').find(|part| *part != "backfill").unwrap_or_default().to_owned(),
    };
    format!("{} {short} {class} {}", verdict.subject.name(), verdict.reason.name())
}

fn lines(verification: &Verification) -> Vec<String> {
    verification.verdicts.iter().map(line).collect()
}

/// A trail of some hours, with two log files in each.
fn hours(count: usize) -> (Trail, Bucket, Vec<(Vec<String>, String)>) {
    let (mut trail, mut bucket) = (Trail::new(), Bucket::default());
    let keys = (0..count).map(|_| trail.hour(&mut bucket, 2)).collect();
    (trail, bucket, keys)
}

fn contradicted(verification: &Verification) -> Vec<Class> {
    let classes = verification.verdicts.iter().map(|verdict| verdict.class);
    classes.filter(|class| class.is_contradiction()).collect()
}
