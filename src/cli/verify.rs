//! `firstseen verify`: compares log files with CloudTrail's digests.

use std::io::Write;

use clap::Args;
use firstseen::report::{VerifyReport, for_terminal, plural, write_faults, write_losses};
use firstseen::scan::{DEFAULT_MAX_OBJECT_SIZE, ScanError, ScanSettings};
use firstseen::source::{Archives, FileList, S3Settings};
use firstseen::store::proven_files;
use firstseen::time::Bound;
use firstseen::verify::{Class, Examination, Reason, Verdict, Verification, VerifyError, VerifySettings};

use super::args::{AnswerOutputArgs, ArchiveArgs, ProofArgs, RunArgs, S3Args};
use super::exit::{Hint, RunStatus, UsageError, scan_error};
use super::messages::messages;
use super::output_guard::OutputGuard;
use super::progress::Bar;
use super::run_summary::{write_denied, write_traffic};
use super::saved_name::is_saved;
use super::settings::FileArgs;
use super::threads;

/// A baseline has no digests.
const ARCHIVES_HELP: &str = "Folders, files, globs or s3://bucket/prefix with log files and their digests (CloudTrail and CloudTrail-Digest folders)";

/// Verify log files with CloudTrail's digests, offline
///
/// Compares hashes and signatures, and finds what is missing or was added.
///
/// Exit status: 0 nothing contradicts the digests; 1 no answer, or there are no digests; 2 wrong usage; 3 something differs from the
/// digests, is absent, or could not be read.
#[derive(Debug, Args)]
#[command(mut_arg("names", |names| names.help(ARCHIVES_HELP)))]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    archives: ArchiveArgs,
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    proof: ProofArgs,
    /// The copy begins here: digests and log files delivered before it need not be there
    #[arg(long, value_name = "TIME", help_heading = "Verification")]
    from: Option<Bound>,
    #[command(flatten)]
    s3: S3Args,
    #[command(flatten)]
    output: AnswerOutputArgs,
    #[command(flatten)]
    run: RunArgs,
}

/// Runs the command.
pub(crate) fn run(args: &VerifyArgs) -> anyhow::Result<RunStatus> {
    let files = args.files.read(None)?;
    let s3 = args.s3.clone().or(files.s3);
    let named = args.archives.and(&files.archives, &s3)?;
    let names = named.names();
    if let Some(saved) = names.iter().find(|name| is_saved(name)) {
        let what = format!("'{}' is a baseline, which has neither log files nor digests", saved.display());
        return Err(anyhow::Error::new(UsageError(what)).context(Hint("name the archives it was made from")));
    }
    let lists = named.lists()?;
    let mut guard = OutputGuard::new();
    guard.read_archives(&named, &lists);
    guard.read_files("settings", args.files.files());
    args.proof.guard(&mut guard);
    guard.take_mirror(&s3, names)?;
    let output = guard.open("--output", args.output.output.as_deref())?;
    let format = args.output.format()?;
    let faults = args.run.faults(&mut guard)?;
    let verifying =
        Verifying { proof: &args.proof, s3: &s3, run: &args.run, from: args.from, is_before_scan: false };
    let Verified { verification, archives, mut warnings, traffic } = verifying.verify(&named, &lists)?;
    let from = args.from.map(|from| from.start().to_string());
    let report = VerifyReport { archives: &archives, verification: &verification, from };
    output.write(|out| report.write(format, out))?;
    if let Some(faults) = faults {
        faults.write(|out| write_faults(&verification.coverage, out))?;
    }
    let mut stderr = messages();
    if let Some(traffic) = traffic.filter(|_| !args.run.quiet) {
        write_traffic(&traffic, &mut stderr)?;
    }
    write_losses(&verification.coverage, &archives, &mut stderr)?;
    write_denied(&verification.coverage, &mut stderr)?;
    warnings.extend(verification.remarks.iter().cloned());
    warnings.extend(unlisted(&verification));
    for warning in &warnings {
        writeln!(stderr, "warning: {}", for_terminal(warning))?;
    }
    let is_fine = !verification.is_contradicted() && verification.coverage.fault_count == 0;
    Ok(if is_fine { RunStatus::Complete } else { RunStatus::WithFaults })
}

/// A warning about log files that no digest lists, which do not change the exit status.
fn unlisted(verification: &Verification) -> Option<String> {
    let unlisted = verification.counts.iter().filter(|((_, class, _), _)| *class == Class::Unlisted);
    let count: u64 = unlisted.map(|(_, count)| count).sum();
    let files = plural(count, "log file");
    let is_unread = |verdict: &&Verdict| verdict.reason == Reason::DigestUnreadable;
    let unread = match verification.verdicts.iter().filter(is_unread).count() {
        0 => String::new(),
        unread if unread as u64 == count => ", since digests could not be read".to_owned(),
        unread => format!(", {unread} of them since digests could not be read"),
    };
    (count > 0).then(|| {
        format!("no digest lists {files}{unread}: nothing shows whether CloudTrail wrote the content")
    })
}

/// How archives are verified.
pub(crate) struct Verifying<'a> {
    pub(crate) proof: &'a ProofArgs,
    pub(crate) s3: &'a S3Args,
    pub(crate) run: &'a RunArgs,
    pub(crate) from: Option<Bound>,
    /// Whether the same archives are scanned afterwards, so that their bytes are compared with those that are verified.
    pub(crate) is_before_scan: bool,
}

/// An answer, and what was learnt on the way.
pub(crate) struct Verified {
    pub(crate) verification: Verification,
    /// Names of the archives, in the order of their numbers.
    pub(crate) archives: Vec<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) traffic: Option<firstseen::source::Traffic>,
}

impl Verifying<'_> {
    /// Reads the archives and verifies them.
    pub(crate) fn verify(&self, named: &ArchiveArgs, lists: &[FileList]) -> anyhow::Result<Verified> {
        let mut warnings = Vec::new();
        let keys = self.proof.keys(&mut warnings)?;
        let mut side_files = self.proof.side_files(&mut warnings)?;
        let settings = ScanSettings {
            threads: threads(self.run.threads),
            checksums: self.is_before_scan,
            ..ScanSettings::default()
        };
        let s3 = S3Settings {
            max_object_size: DEFAULT_MAX_OBJECT_SIZE,
            lists_digests: true,
            ..self.s3.settings(named.names())?
        };
        let given = named.given(self.s3)?;
        let progress = Bar::new(self.run.quiet)?;
        let examined = Archives::open_all(&given, lists, &s3).map_err(ScanError::from).and_then(|archives| {
            let archives = archives.passing_over(proven_files);
            let examination = Examination::of(&archives, &settings, &progress)?;
            Ok((examination, archives.names().to_vec(), archives.traffic()))
        });
        progress.clear();
        let (examination, archives, traffic) = examined.map_err(scan_error)?;
        // Only now: this run may have added to the mirror.
        ProofArgs::add_mirrors(&mut side_files, named.names(), self.s3.mirror.as_deref());
        let settings: VerifySettings = ProofArgs::settings(keys, side_files, self.from, settings.threads);
        let verification = examination.verify(&settings).map_err(verify_error)?;
        Ok(Verified { verification, archives, warnings, traffic })
    }
}

/// Adds a hint to an error of verifying.
fn verify_error(error: VerifyError) -> anyhow::Error {
    match error {
        VerifyError::NoDigests => anyhow::Error::new(error).context(Hint(
            "digests are beside the log files, in AWSLogs/ACCOUNT/CloudTrail-Digest: copy them, too (aws s3 sync); if there are none, \
             log file validation was not switched on for the trail",
        )),
        VerifyError::Scan(error) => scan_error(error),
    }
}
