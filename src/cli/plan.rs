//! `firstseen plan`: divides archives into shards for several machines.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use firstseen::index::{LeftOut, leave_out};
use firstseen::plan::{Plan, PlanInput, ShardCount, divide};
use firstseen::report::{AccessReport, Format, for_terminal, plural, size, write_losses};
use firstseen::scan::{ScanError, list};
use firstseen::source::{Archives, FileList, Listing, S3Settings, is_stdin};
use firstseen::store::Saved;

use super::access;
use super::args::{ArchiveArgs, ByExtension, ReadingArgs, RunArgs, S3Args, byte_count};
use super::exit::{Hint, RunStatus, UsageError, scan_error, store_error};
use super::input::open_archives;
use super::messages::messages;
use super::output::Output;
use super::output_guard::OutputGuard;
use super::progress::Bar;
use super::saved_name::is_saved;
use super::settings::FileArgs;

/// Divide archives into shards, so that several machines can index them
///
/// Writes one line of JSON for each shard. The archives are listed once. firstseen index --shard reads a shard, and firstseen merge joins the baselines; the result is, byte for
/// byte, what one machine makes. Shards are periods of delivery: a day is divided only if it costs more than a whole shard.
#[derive(Debug, Args)]
#[command(mut_arg("names", |names| names.help("Folders, files, globs or s3://bucket/prefix with log objects")))]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    archives: ArchiveArgs,
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    size: SizeArgs,
    /// Leave out the objects that this baseline has, so that merging the baselines of all shards into it adds what is new
    #[arg(long, value_name = "BASELINE", conflicts_with = "check", help_heading = "Shards")]
    not_in: Option<PathBuf>,
    /// Format of the answer of --check [default: by the extension of FILE, else text]
    #[arg(long, short, value_enum, conflicts_with_all = ["shards", "shard_bytes"], help_heading = "Output")]
    format: Option<CheckFormatArg>,
    /// Write the shards, or the answer of --check, to FILE, which appears only once it is complete [default: stdout]
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    s3: S3Args,
}

/// A format of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CheckFormatArg {
    /// One document
    Json,
    /// Human-readable
    Text,
}

impl ByExtension for CheckFormatArg {
    fn extensions(&self) -> &'static [&'static str] {
        match self {
            Self::Json => &["json"],
            Self::Text => &["txt"],
        }
    }
}

/// How large shards are.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
#[command(next_help_heading = "Shards")]
struct SizeArgs {
    /// At most this many shards, of about the same cost; fewer if there are not as many objects
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    shards: Option<u32>,
    /// Shards of about this cost: their bytes as stored, and 100 kB for each object, since a request takes as long as that
    /// [units: K, M, G]
    #[arg(long, value_name = "BYTES", value_parser = byte_count)]
    shard_bytes: Option<u64>,
    /// Make no plan, but say for each archive whether it can be listed and its newest log read, or which permission is missing; the exit
    /// status is 3 if one cannot be read
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub(crate) fn run(args: &PlanArgs) -> anyhow::Result<RunStatus> {
    let files = args.files.read(None)?;
    let s3 = args.s3.clone().or(files.s3);
    let named = args.archives.and(&files.archives, &s3)?;
    if let Some(saved) = named.names().iter().find(|name| is_saved(name)) {
        let what = format!("'{}' is a baseline, and a plan is made of archives", saved.display());
        return Err(UsageError(what).into());
    }
    let lists = named.lists()?;
    let (output, faults) = args.guard((&named, &lists), &s3)?;
    if args.size.check {
        return args.check((&named, &lists), &s3, output);
    }
    if named.names().iter().any(|name| is_stdin(name)) {
        let what = "a plan names objects for other runs, and standard input can be read only here".to_owned();
        return Err(
            anyhow::Error::new(UsageError(what)).context(Hint("firstseen index - reads standard input"))
        );
    }
    let known = args.known()?;
    let reading = args.reading.clone().or(&files.learning);
    let reading = match &known {
        Some((name, known)) => reading.like(name, known.scope())?,
        None => reading,
    };
    let settings = reading.settings(&args.run)?;
    let archives = open_archives((&named.given(&s3)?, &lists), settings.max_object_size, &s3)?;
    let progress = Bar::new(args.run.quiet)?;
    let listing = list(&archives, &settings, &progress);
    progress.clear();
    let mut listing = listing.map_err(|error: ScanError| scan_error(error))?;
    let about_known = known.as_ref().map(|(_, known)| about_known(known, archives.names())).transpose()?;
    let left_out = known.map(|(_, known)| leave_out_known(&mut listing, &archives, &known)).transpose()?;
    let (window, max_object_size) = (settings.window, settings.max_object_size);
    let planned: Plan<'_> =
        divide(&archives, PlanInput { window, max_object_size, listing }, args.size.count());
    let mut bytes = 0;
    output.write(|out| {
        planned.iter().try_for_each(|shard| {
            bytes += shard.bytes;
            writeln!(out, "{}", shard.line())
        })
    })?;
    let coverage = planned.coverage();
    if let Some(faults) = faults {
        faults.write(|out| firstseen::report::write_faults(coverage, out))?;
    }
    let mut stderr = messages();
    if !args.run.quiet {
        writeln!(stderr, "{}", described(&planned, bytes, left_out))?;
    }
    let unread = left_out.map_or(0, |left_out| left_out.unread);
    if unread > 0 {
        writeln!(
            stderr,
            "warning: {} that could not be read before left out: firstseen index tries again to read them, a plan does not",
            plural(unread, "object"),
        )?;
    }
    for warning in about_known.into_iter().flatten() {
        writeln!(stderr, "warning: {}", for_terminal(&warning))?;
    }
    write_losses(coverage, archives.names(), &mut stderr)?;
    Ok(if coverage.fault_count == 0 { RunStatus::Complete } else { RunStatus::WithFaults })
}

/// What is in a plan, with the bytes of its objects as stored, and what is not, in words.
fn described(planned: &Plan<'_>, bytes: u64, left_out: Option<LeftOut>) -> String {
    let (objects, shards) =
        (plural(planned.objects() as u64, "object"), plural(planned.shards() as u64, "shard"));
    let known =
        left_out.map_or(String::new(), |left_out| format!("; {} already in the baseline", left_out.known));
    format!("{objects} with {} in {shards}{known}", size(bytes))
}

/// Warnings about the baseline of `--not-in`, if these archives were listed.
fn about_known(known: &Saved, listed: &[String]) -> anyhow::Result<Vec<String>> {
    let is_unfinished = !known.unfinished().map_err(store_error)?.is_empty();
    let unfinished = is_unfinished.then(|| {
        "the baseline of --not-in is unfinished, and says so also when it has all of these shards, until firstseen index has listed its \
         archives once more"
            .to_owned()
    });
    Ok(unfinished.into_iter().chain(none_known(known.archives(), listed)).collect())
}

/// Warns if a baseline has none of the archives that were listed: the same one under another name is read again.
fn none_known(known: &[String], listed: &[String]) -> Option<String> {
    if known.is_empty() || listed.iter().any(|name| known.contains(name)) {
        return None;
    }
    Some(format!(
        "the baseline of --not-in has none of these archives, so that nothing is left out; it has '{}'{}: name an archive as it was named then",
        known[0],
        if known.len() > 1 { format!(" and {} more", known.len() - 1) } else { String::new() }
    ))
}

/// Leaves out of a listing what a baseline has.
fn leave_out_known(listing: &mut Listing, archives: &Archives, known: &Saved) -> anyhow::Result<LeftOut> {
    let objects = known.objects().map_err(store_error)?;
    let coverage = known.coverage().map_err(store_error)?;
    Ok(leave_out(listing, archives, (known.archives(), &objects, &coverage)))
}

impl PlanArgs {
    /// Opens `--output` and the file of `--faults`, which are no inputs.
    fn guard(
        &self,
        (named, lists): (&ArchiveArgs, &[FileList]),
        s3: &S3Args,
    ) -> anyhow::Result<(Output, Option<Output>)> {
        let mut guard = OutputGuard::new();
        guard.read_archives(named, lists);
        guard.read_files("settings", self.files.files());
        self.not_in.iter().for_each(|baseline| guard.read_archive(baseline));
        guard.take_mirror(s3, named.names())?;
        let output = guard.open("--output", self.output.as_deref())?;
        Ok((output, self.run.faults(&mut guard)?))
    }

    /// The baseline of `--not-in`, with its name.
    fn known(&self) -> anyhow::Result<Option<(&Path, Saved)>> {
        let Some(name) = &self.not_in else { return Ok(None) };
        Ok(Some((name, Saved::open(name).map_err(store_error)?)))
    }

    /// Answers whether the archives can be read.
    fn check(
        &self,
        (named, lists): (&ArchiveArgs, &[FileList]),
        s3: &S3Args,
        output: Output,
    ) -> anyhow::Result<RunStatus> {
        if !lists.is_empty() || named.names().iter().any(|name| is_stdin(name)) {
            let what = "--check lists archives, and a list of files or standard input is none".to_owned();
            return Err(UsageError(what).into());
        }
        let format = match CheckFormatArg::of_output(self.format, self.output.as_deref())? {
            CheckFormatArg::Json => Format::Json,
            CheckFormatArg::Text => Format::Text,
        };
        // Nobody waits for a store that is busy or gone; and nothing is kept.
        let settings = S3Settings { outage: CHECK_OUTAGE, mirror: None, ..s3.settings(named.names())? };
        let rows = access::check(&named.given(s3)?, &settings);
        let report = AccessReport { rows: &rows };
        output.write(|out| report.write(format, out))?;
        let can_all_be_read = report.readable() == rows.len() as u64;
        Ok(if can_all_be_read { RunStatus::Complete } else { RunStatus::WithFaults })
    }
}

/// How long a check repeats a request.
const CHECK_OUTAGE: Duration = Duration::from_secs(10);

impl SizeArgs {
    /// Into how many shards to divide; the group has exactly one of them.
    fn count(&self) -> ShardCount {
        match (self.shards, self.shard_bytes) {
            (Some(shards), _) => ShardCount::Exactly(shards),
            (None, bytes) => ShardCount::ByCost(bytes.unwrap_or(u64::MAX)),
        }
    }
}
