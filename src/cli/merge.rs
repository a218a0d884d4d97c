//! `firstseen merge`: merges baselines into one.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use firstseen::report::{for_terminal, plural, write_faults, write_losses, write_summary};
use firstseen::store::{BaselineContents, BaselineFolder, MergeError, Saved};

use super::cluster::partly_named;
use super::exit::{Hint, OVERLAP, RunStatus, store_error};
use super::input::merged;
use super::messages::messages;
use super::output_guard::OutputGuard;

/// Merge baselines of accounts, months or machines into one
///
/// The result is as if all their objects had been indexed at once. Of a plan, give the baselines of all shards: which are missing is said here, and by everything that
/// is asked of the result.
#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// Baselines made by index
    #[arg(required = true, value_name = "BASELINE")]
    baselines: Vec<PathBuf>,
    /// New folder for the merged baseline; it appears only once it is complete
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,
    /// Also merge baselines whose index ended early, and which lack some of their objects
    #[arg(long)]
    unfinished: bool,
    /// Write every fault to FILE, as JSON lines
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// No summary on stderr; warnings and faults are still printed
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the command.
pub(crate) fn run(args: &MergeArgs) -> anyhow::Result<RunStatus> {
    let mut guard = OutputGuard::new();
    args.baselines.iter().for_each(|baseline| guard.read_archive(baseline));
    guard.take("--output", &args.output, true)?;
    let faults = guard.open_if_named("--faults", args.faults.as_deref())?;
    let place = BaselineFolder::take(&args.output).map_err(store_error)?;
    if place.open().map_err(store_error)?.is_some() {
        let error = anyhow::anyhow!("'{}' already exists", args.output.display());
        return Err(error
            .context(Hint("merge makes a new baseline: name another --output, or remove this one first")));
    }
    if !args.unfinished {
        args.baselines.iter().try_for_each(|path| refuse_unfinished(path))?;
    }
    let stored = merged(args.baselines.iter().map(|path| Saved::open(path)));
    let stored = stored.map_err(|error| args.name_overlap(error))?;
    place.save(&stored).map_err(store_error)?;
    if let Some(faults) = faults {
        faults.write(|out| write_faults(&stored.coverage, out))?;
    }
    if !args.quiet {
        let mut stderr = messages();
        writeln!(stderr, "{} merged", plural(args.baselines.len() as u64, "baseline"))?;
        write_summary(&stored.coverage, &mut stderr)?;
    }
    write_losses(&stored.coverage, &stored.archives, &mut messages())?;
    for warning in repeated(&stored).into_iter().chain(partly_named(&stored.baseline, &stored.archives)) {
        writeln!(messages(), "warning: {}", for_terminal(&warning))?;
    }
    Ok(if stored.coverage.is_complete() { RunStatus::Complete } else { RunStatus::WithFaults })
}

impl MergeArgs {
    /// Adds to the error of an object that is in two baselines which two these are.
    fn name_overlap(&self, error: anyhow::Error) -> anyhow::Error {
        let Some(MergeError::Overlap(path)) = error.downcast_ref() else { return error };
        let has_it = |baseline: &&PathBuf| {
            let objects = Saved::open(baseline).and_then(|saved| saved.objects());
            objects.is_ok_and(|objects| objects.iter().any(|object| *object.path == **path))
        };
        let both: Vec<String> = self
            .baselines
            .iter()
            .filter(has_it)
            .take(2)
            .map(|path| format!("'{}'", path.display()))
            .collect();
        match &both[..] {
            [one, other] => {
                anyhow::anyhow!("{one} and {other} have an object in common: '{path}'").context(Hint(OVERLAP))
            }
            _ => error,
        }
    }
}

/// Refuses a baseline whose index ended early: the result would look like that of all its objects.
fn refuse_unfinished(path: &Path) -> anyhow::Result<()> {
    let saved = Saved::open(path).map_err(store_error)?;
    let unread = saved.unfinished().map_err(store_error)?.unread_objects();
    if unread == 0 {
        return Ok(());
    }
    let error = anyhow::anyhow!(
        "'{}' is unfinished: {} listed for it {} not read, because index ended early",
        path.display(),
        plural(unread, "object"),
        if unread == 1 { "was" } else { "were" }
    );
    Err(error.context(Hint(
        "run the same firstseen index again, which goes on from there, and then merge; --unfinished merges what there is",
    )))
}

/// Warns of what is in several archives: that may be one archive under two names.
fn repeated(stored: &BaselineContents) -> Option<String> {
    let (count, path) = stored.repeated_deliveries()?;
    let files = plural(count, "log file");
    let are = if count == 1 { "is" } else { "are" };
    Some(format!(
        "{files} {are} in more than one archive, '{path}' among them: their records count once, those without an event id once for \
         each archive"
    ))
}
