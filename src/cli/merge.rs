//! `firstseen merge`: merges baselines into one.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use firstseen::report::{for_terminal, plural, write_losses, write_summary};
use firstseen::store::{BaselineContents, BaselineFolder, Saved};

use super::exit::{Hint, RunStatus, store_error};
use super::input::merged;
use super::messages::messages;
use super::output_guard::OutputGuard;

/// Merge baselines of accounts, months or machines into one
///
/// The result is as if all their objects had been indexed at once.
#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// Baselines made by index
    #[arg(required = true, num_args = 2.., value_name = "BASELINE")]
    baselines: Vec<PathBuf>,
    /// New folder for the merged baseline; it appears only once it is complete
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,
    /// No summary on stderr; warnings and faults are still printed
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the command.
pub(crate) fn run(args: &MergeArgs) -> anyhow::Result<RunStatus> {
    let mut guard = OutputGuard::new();
    args.baselines.iter().for_each(|baseline| guard.read_archive(baseline));
    guard.take("--output", &args.output, true)?;
    let place = BaselineFolder::take(&args.output).map_err(store_error)?;
    if place.open().map_err(store_error)?.is_some() {
        let error = anyhow::anyhow!("'{}' already exists", args.output.display());
        return Err(error
            .context(Hint("merge makes a new baseline: name another --output, or remove this one first")));
    }
    let stored = merged(args.baselines.iter().map(|path| Saved::open(path)))?;
    place.save(&stored).map_err(store_error)?;
    if !args.quiet {
        let mut stderr = messages();
        writeln!(stderr, "{} baselines merged", args.baselines.len())?;
        write_summary(&stored.coverage, &mut stderr)?;
    }
    write_losses(&stored.coverage, &stored.archives, &mut messages())?;
    if let Some(warning) = repeated(&stored) {
        writeln!(messages(), "warning: {}", for_terminal(&warning))?;
    }
    Ok(if stored.coverage.fault_count == 0 { RunStatus::Complete } else { RunStatus::WithFaults })
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
