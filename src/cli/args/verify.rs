//! Flags for what digests are verified with.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use firstseen::file;
use firstseen::report::plural;
use firstseen::source::is_s3;
use firstseen::time::Bound;
use firstseen::verify::{PublicKeys, SideFiles, VerifySettings};

use super::super::exit::Hint;
use super::super::output_guard::OutputGuard;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Verification")]
pub(crate) struct ProofArgs {
    /// Check signatures with the public keys in FILE, as written by aws cloudtrail list-public-keys; several files add up
    #[arg(long, value_name = "FILE")]
    pub(crate) public_keys: Vec<PathBuf>,
    /// Read signatures of digests, which S3 keeps in object metadata, from FILE: JSON lines of key and metadata, or one object of
    /// keys and signatures. Side files of --mirror are found without this flag
    #[arg(long, value_name = "FILE")]
    pub(crate) side_file: Vec<PathBuf>,
}

impl ProofArgs {
    /// The long names of those that are given.
    pub(crate) fn keys_named(&self) -> impl Iterator<Item = &'static str> {
        let given = [("public-keys", &self.public_keys), ("side-file", &self.side_file)];
        given.into_iter().filter(|(_, files)| !files.is_empty()).map(|(name, _)| name)
    }

    /// Adds all files to those that no output may replace.
    pub(crate) fn guard(&self, guard: &mut OutputGuard) {
        guard.read_files("public keys", &self.public_keys);
        guard.read_files("side file", &self.side_file);
    }

    /// Reads the public keys. Keys that are left out are named in `warnings`.
    pub(crate) fn keys(&self, warnings: &mut Vec<String>) -> anyhow::Result<PublicKeys> {
        let mut keys = PublicKeys::default();
        for path in &self.public_keys {
            let shown = path.display();
            let cannot = || format!("cannot read the public keys in '{shown}'");
            let hint = Hint("--public-keys takes the output of aws cloudtrail list-public-keys, as JSON");
            let content = file::read_named(path).with_context(cannot).context(hint)?;
            let problems = keys.add(&content).with_context(cannot).context(hint)?;
            warnings.extend(problems.into_iter().map(|problem| format!("'{shown}': {problem}")));
        }
        Ok(keys)
    }

    /// Reads the side files that are named.
    pub(crate) fn side_files(&self, warnings: &mut Vec<String>) -> anyhow::Result<SideFiles> {
        let mut files = SideFiles::default();
        for path in &self.side_file {
            let shown = path.display();
            let hint = Hint("--side-file takes JSON with the keys of digests and their signatures");
            let content =
                file::read_named(path).with_context(|| format!("cannot read '{shown}'")).context(hint)?;
            let (found, unread) = files.add(&content);
            if found == 0 {
                warnings.push(format!("'{shown}' has no signatures of digests"));
            }
            if unread > 0 {
                warnings.push(format!("'{shown}': {} left out: not JSON", plural(unread as u64, "line")));
            }
        }
        Ok(files)
    }

    /// Adds the side files that `--mirror` wrote beside these archives, or in this mirror.
    pub(crate) fn add_mirrors(files: &mut SideFiles, archives: &[PathBuf], mirror: Option<&Path>) {
        let local = archives.iter().filter(|name| !is_s3(name));
        let folders = local.flat_map(|name| [Some(name.as_path()), name.parent()]).chain([mirror]);
        for path in folders.flatten().flat_map(mirror_side_files) {
            // Like the mirror itself, it may be missing.
            if let Ok(content) = file::read_named(&path) {
                files.add(&content);
            }
        }
    }

    /// What is used to verify.
    pub(crate) fn settings(
        keys: PublicKeys,
        side_files: SideFiles,
        from: Option<Bound>,
        threads: usize,
    ) -> VerifySettings {
        VerifySettings { keys, side_files, from: from.map(Bound::start), threads }
    }
}

/// The side files in the folder of a mirror, in order.
fn mirror_side_files(folder: &Path) -> Vec<PathBuf> {
    let side = folder.join(".firstseen-mirror");
    let entries = side.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect();
    files.sort();
    files
}
