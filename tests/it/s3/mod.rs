//! Archives in S3: a bucket gives the same answer as its folder, despite network failures.

mod access;
mod archives;
mod commands;
mod doctor;
mod listing;
mod mirror;
mod network;
pub(crate) mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use firstseen::synth::{Plan, synthesize};
use tempfile::TempDir;

use crate::program::{program, without_archive};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/small-archive");

/// A folder of buckets; `logs` holds a copy of the fixture.
struct Buckets(TempDir);

impl Buckets {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        copy(Path::new(FIXTURE), &folder.path().join("logs"));
        Self(folder)
    }

    fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("logs")).unwrap();
        Self(folder)
    }

    /// A synthetic archive of several hundred objects.
    fn synthetic() -> Self {
        let buckets = Self::empty();
        let made = buckets.root().join("made");
        synthesize(&made, &Plan { bytes: 12 << 20, seed: 7, days: 60 }).unwrap();
        fs::remove_dir(buckets.logs()).unwrap();
        fs::rename(made, buckets.logs()).unwrap();
        buckets
    }

    /// The keys of the logs, in order.
    fn log_keys(&self) -> Vec<String> {
        let below =
            |path: String| path.strip_prefix(&format!("{}/", self.logs().display())).unwrap().to_owned();
        let is_log = |key: &String| key.contains("/CloudTrail/") && key.contains("_CloudTrail_");
        files(&self.logs()).into_iter().map(below).filter(is_log).collect()
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    /// The folder behind the bucket.
    fn logs(&self) -> PathBuf {
        self.root().join("logs")
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// All files below a folder, in order.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path.to_str().unwrap().to_owned()) }
    }
    found.sort();
    found
}

/// All findings as CSV, without the archive and URI, which differ between a bucket and its folder.
fn scan(command: &mut Command, archive: &str, more: &[&str]) -> Output {
    let mut output = scan_whole(command, archive, more);
    output.stdout = without_archive(&output.stdout).into_bytes();
    output
}

/// All findings as CSV.
fn scan_whole(command: &mut Command, archive: &str, more: &[&str]) -> Output {
    command.args(["scan", archive, "--warmup", "0d", "--format", "csv"]).args(more).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The findings of the folder behind a bucket.
fn expected(folder: &Path) -> Vec<u8> {
    let output = scan(&mut program(), folder.to_str().unwrap(), &[]);
    assert!(output.stdout.len() > 1_000);
    output.stdout
}
