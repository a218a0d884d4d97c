//! `firstseen doctor`: a look at archives before anything else.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use firstseen::baseline::Baseline;
use firstseen::doctor::{Checkup, Next, RemarkKind, Subject, examine};
use firstseen::report::{DoctorFormat, DoctorReport, Examined, Inside, SavedSummary, path_for_shell};
use firstseen::scan::{ScanError, ScanSettings};
use firstseen::source::{
    AccessKey, ArchiveError, Archives, FileList, GivenArchive, S3Settings, is_s3, is_stdin,
};
use firstseen::store::{Saved, proven_files};
use firstseen::time::Span;

use super::access::requester;
use super::args::{ArchiveArgs, ByExtension, S3Args};
use super::exit::{Hint, RunStatus, UsageError, archive_hint, scan_error, store_error};
use super::progress::Bar;
use super::saved_name::is_saved;
use super::settings::{FileArgs, Settings};
use super::threads;

/// Look at an archive first: what it is, and what to run next
///
/// Lists everything, but opens only a sample: at most 16 objects of each archive, and of those larger than 64 MiB only the beginning. Says
/// what kind of archive it is, its accounts, Regions, days and size, what it holds besides logs, what a scan will cost, and what is wrong or missing.
///
/// Exit status: 0 everything that was tried could be read; 1 no answer; 2 wrong usage; 3 answered, but some of it could not be listed or
/// read.
#[derive(Debug, Args)]
#[command(mut_arg("names", |names| names.help(ARCHIVES_HELP)), mut_arg("mirror", |mirror| mirror.help(MIRROR_HELP)))]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    archives: ArchiveArgs,
    #[command(flatten)]
    files: FileArgs,
    /// Format of the answer [default: by the extension of FILE, else text]
    #[arg(long, short, value_enum, help_heading = "Output")]
    format: Option<DoctorFormatArg>,
    /// Write the answer to FILE, which appears only once it is complete [default: stdout]
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Number of threads, at most 512 [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512), help_heading = "Run")]
    threads: Option<u16>,
    /// No progress on stderr
    #[arg(long, short, help_heading = "Run")]
    quiet: bool,
    #[command(flatten)]
    s3: S3Args,
}

const ARCHIVES_HELP: &str =
    "Folders, files, globs or s3://bucket/prefix that may hold logs; or baselines made by index";

/// Doctor keeps no objects.
const MIRROR_HELP: &str = "Put --mirror DIR into the command to run next; doctor itself keeps nothing";

/// A format of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DoctorFormatArg {
    /// Human-readable
    Text,
    /// One document
    Json,
}

impl ByExtension for DoctorFormatArg {
    fn extensions(&self) -> &'static [&'static str] {
        match self {
            Self::Text => &["txt"],
            Self::Json => &["json"],
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &DoctorArgs) -> anyhow::Result<RunStatus> {
    let flags = Settings { s3: args.s3.clone(), ..Settings::default() };
    let wanted = flags.or(args.files.read(None)?);
    let archives = args.archives.and(&wanted.archives, &wanted.s3)?;
    let names = archives.names();
    if names.iter().any(|name| is_stdin(name)) || archives.list_files().iter().any(|name| is_stdin(name)) {
        let what = "standard input can be read only once, so doctor would leave nothing for the next command";
        let hint = Hint("write it to a file, and name that");
        return Err(anyhow::Error::new(UsageError(what.to_owned())).context(hint));
    }
    let lists = archives.lists()?;
    let mut guard = wanted.guard(&args.files, &archives, &lists)?;
    let format = match DoctorFormatArg::of_output(args.format, args.output.as_deref())? {
        DoctorFormatArg::Text => DoctorFormat::Text,
        DoctorFormatArg::Json => DoctorFormat::Json,
    };
    let output = guard.open("--output", args.output.as_deref())?;
    let doctor = Doctor { args, archives: &archives, s3: &wanted.s3 };
    let mut examined = Vec::new();
    let mut unopened = None;
    for archive in archives.given(&wanted.s3)? {
        examined.push(match is_saved(&archive.location) {
            true => of_baseline(&archive.location)?,
            false => match doctor.of_archive(&archive)? {
                Ok(examined) => examined,
                Err(error) => {
                    let one = doctor.not_opened(&archive, &error);
                    unopened = Some(error);
                    one
                }
            },
        });
    }
    if !lists.is_empty() {
        examined.push(doctor.of_lists(&lists)?);
    }
    let is_opened = |one: &Examined| !matches!(one.inside, Inside::Unopened { .. });
    if let Some(error) = unopened.filter(|_| !examined.iter().any(is_opened)) {
        return Err(scan_error(error.into()));
    }
    output.write(|out| DoctorReport { examined: &examined }.write(format, out))?;
    let is_lost = |one: &Examined| match &one.inside {
        Inside::Archive(checkup, _) => {
            let lost = [RemarkKind::Unreadable, RemarkKind::Unlisted];
            checkup.remarks.iter().any(|remark| lost.contains(&remark.kind))
        }
        Inside::Baseline(_) => false,
        Inside::Unopened { .. } => true,
    };
    Ok(if examined.iter().any(is_lost) { RunStatus::WithFaults } else { RunStatus::Complete })
}

/// What a baseline has.
fn of_baseline(name: &Path) -> anyhow::Result<Examined> {
    let saved = Saved::open(name).map_err(store_error)?;
    let (baseline, coverage) = saved.baseline().map_err(store_error)?;
    let key = saved.scope().principal_key;
    let Baseline { principals, behaviours, .. } = baseline.resolved(key);
    let shown = name.display().to_string();
    Ok(Examined {
        command: Some(format!("firstseen triage {}", path_for_shell(&shown))),
        name: shown,
        form: "baseline",
        inside: Inside::Baseline(Box::new(SavedSummary {
            archives: saved.archives().to_vec(),
            coverage,
            principals: principals.len(),
            behaviours: behaviours.len(),
            principal_key: key.name(),
        })),
    })
}

/// What is asked, with the settings of a file.
struct Doctor<'a> {
    args: &'a DoctorArgs,
    archives: &'a ArchiveArgs,
    s3: &'a S3Args,
}

impl Doctor<'_> {
    /// Examines an archive. The inner error is of one that may be missing.
    fn of_archive(&self, archive: &GivenArchive) -> anyhow::Result<Result<Examined, ArchiveError>> {
        let name = &*archive.location;
        let shown = name.display().to_string();
        let place = match is_s3(name) {
            true => shown.clone(),
            false => std::path::absolute(name).map_or(shown.clone(), |path| path.display().to_string()),
        };
        let form = form(name);
        // Objects of a single file and of a pattern have paths that begin elsewhere.
        let place = if matches!(form, "bucket" | "folder") { place } else { String::new() };
        let s3 = S3Settings { mirror: None, ..self.s3.settings(self.archives.names())? };
        let archives = Archives::open_all(std::slice::from_ref(archive), &[], &s3);
        let subject = Subject { name: &shown, place: &place, is_bucket: is_s3(name) };
        let (checkup, access_key) = match self.examine(archives, &subject)? {
            Ok(examined) => examined,
            Err(ScanError::Archive(error)) if archive.may_be_missing && error.is_of_one_archive() => {
                return Ok(Err(error));
            }
            Err(error) => return Err(scan_error(error)),
        };
        let access = archive.access.as_ref().unwrap_or(&s3.access);
        let access = subject.is_bucket.then(|| requester(access, access_key));
        let words = self.archives.configuration_of(archive);
        let words = words.unwrap_or_else(|| path_for_shell(&shown).into_owned());
        let command = self.command(&checkup.next, &words, name);
        Ok(Ok(Examined { name: shown, form, inside: Inside::Archive(Box::new(checkup), access), command }))
    }

    /// What is said of an archive that cannot be opened.
    fn not_opened(&self, archive: &GivenArchive, error: &ArchiveError) -> Examined {
        let inside = Inside::Unopened { reason: error.in_full(), todo: archive_hint(error) };
        let (name, form) = (archive.location.display().to_string(), form(&archive.location));
        Examined { name, form, inside, command: None }
    }

    fn of_lists(&self, lists: &[FileList]) -> anyhow::Result<Examined> {
        let shown = self.archives.list_files().iter().map(|list| list.display().to_string());
        let shown = shown.collect::<Vec<_>>().join(", ");
        let subject = Subject { name: &shown, place: "", is_bucket: false };
        let archives = Archives::open_all(&[], lists, &S3Settings::default());
        let (checkup, _) = self.examine(archives, &subject)?.map_err(scan_error)?;
        let words = self.archives.list_words();
        let command = self.command(&checkup.next, &words, Path::new("list"));
        Ok(Examined { name: shown, form: "list", inside: Inside::Archive(Box::new(checkup), None), command })
    }

    /// Examines an archive; returns the access key with which it was reached, too.
    fn examine(
        &self,
        archives: Result<Archives, ArchiveError>,
        subject: &Subject<'_>,
    ) -> anyhow::Result<Result<(Checkup, Option<AccessKey>), ScanError>> {
        let progress = Bar::new(self.args.quiet)?;
        let settings = ScanSettings { threads: threads(self.args.threads), ..ScanSettings::default() };
        let examined = archives.map_err(ScanError::from).and_then(|archives| {
            let archives = archives.passing_over(proven_files);
            let checkup = examine(&archives, subject, &settings, &progress)?;
            Ok((checkup, archives.access_key()))
        });
        progress.clear();
        Ok(examined)
    }

    /// The command to run next. `words` name the archive.
    fn command(&self, next: &Next, words: &str, name: &Path) -> Option<String> {
        let s3 = if is_s3(name) { self.s3.access.words() } else { String::new() };
        let warmup = |warmup: &Option<Span>| warmup.map_or(String::new(), |span| format!(" --warmup {span}"));
        Some(match next {
            Next::Triage { warmup: shorter } => format!("firstseen triage {words}{}{s3}", warmup(shorter)),
            Next::Index { warmup: shorter } => {
                let saved = path_for_shell(&baseline_name(name)).into_owned();
                let mirror = self.s3.mirror.as_ref().filter(|_| is_s3(name));
                let mirror =
                    mirror.map(|folder| format!(" --mirror {}", path_for_shell(&folder.to_string_lossy())));
                let mirror = mirror.unwrap_or_default();
                let triage = format!("firstseen triage {saved}{}", warmup(shorter));
                format!("firstseen index {words}{s3}{mirror} -o {saved} && {triage}")
            }
            Next::Doctor { place } => format!("firstseen doctor {}{s3}", path_for_shell(place)),
            Next::Nothing => return None,
        })
    }
}

/// What an archive is, by its name.
fn form(name: &Path) -> &'static str {
    match name {
        name if is_s3(name) => "bucket",
        name if name.is_dir() => "folder",
        name if name.exists() => "file",
        _ => "pattern",
    }
}

/// A name for the baseline of an archive: that of its last folder that is not one of CloudTrail's.
fn baseline_name(name: &Path) -> String {
    let shown = name.to_string_lossy();
    let parts = shown.rsplit('/').filter(|part| !matches!(*part, "" | "." | ".." | "AWSLogs" | "s3:"));
    let stem = parts.into_iter().next().unwrap_or("case").replace(['*', '?', '[', ']'], "_");
    format!("{stem}.baseline")
}
