//! Flags that name a shard of a plan.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use firstseen::plan::{Shard, ShardError};
use firstseen::report::plural;
use firstseen::source::is_stdin;

use super::super::exit::{Hint, UsageError};
use super::super::text_file::read_text;

#[derive(Debug, Args)]
#[command(next_help_heading = "Shards")]
pub(crate) struct ShardArgs {
    /// Read only the objects of this shard, which firstseen plan made, instead of listing archives; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) shard: Option<PathBuf>,
    /// Which shard of FILE, if it has several: its number and its line, counted from 1
    #[arg(long, value_name = "N", requires = "shard", value_parser = clap::value_parser!(u32).range(1..))]
    shard_number: Option<u32>,
}

const HINT: Hint =
    Hint("--shard takes a line that firstseen plan wrote; of a file with several, --shard-number says which");

impl ShardArgs {
    /// Reads the shard, if one is named.
    pub(crate) fn read(&self) -> anyhow::Result<Option<Shard>> {
        let Some(path) = &self.shard else { return Ok(None) };
        let text = if is_stdin(path) {
            std::io::read_to_string(std::io::stdin().lock())
                .context("cannot read standard input")
                .context(HINT)?
        } else {
            read_text(path, HINT)?
        };
        let shown = path.display();
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let count = lines.clone().count();
        let line = match self.shard_number {
            None if count > 1 => {
                let what = format!("'{shown}' has {count} shards");
                return Err(
                    anyhow::Error::new(UsageError(what)).context(Hint("say which with --shard-number"))
                );
            }
            number => lines.nth(number.map_or(0, |number| number as usize - 1)).ok_or_else(|| {
                let shards = plural(count as u64, "shard");
                let what = format!("'{shown}' has {shards}, and no number {}", number.unwrap_or(1));
                anyhow::Error::new(UsageError(what)).context(HINT)
            })?,
        };
        let failed = |error: ShardError| {
            let hint = match error {
                ShardError::Version(_) => Hint("make the plan again with this version of firstseen"),
                _ => HINT,
            };
            anyhow::Error::new(error).context(format!("cannot use the shard of '{shown}'")).context(hint)
        };
        let shard = Shard::parse(line).map_err(failed)?;
        if let Some(number) = self.shard_number {
            check_place(&shard, number, count).map_err(|what| {
                anyhow::Error::new(UsageError(format!("cannot use '{shown}': {what}"))).context(PLAN_HINT)
            })?;
        }
        Ok(Some(shard))
    }
}

const PLAN_HINT: Hint = Hint(
    "give the whole file that firstseen plan wrote, with its lines in their order; a file with one line needs no --shard-number",
);

/// Checks that a shard is the one of this number in a file with so many: a part of a plan is none, nor is one in another order.
///
/// # Errors
/// What is wrong with the file.
fn check_place(shard: &Shard, number: u32, count: usize) -> Result<(), String> {
    if shard.of as usize != count {
        return Err(format!("its plan has {}, and {count} of them are in it", plural(shard.of, "shard")));
    }
    if shard.shard != number {
        return Err(format!("its line {number} is shard {}", shard.shard));
    }
    Ok(())
}
