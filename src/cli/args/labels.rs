//! `--labels`: a file of events that are known to belong to incidents.

use std::path::{Path, PathBuf};

use clap::Args;
use firstseen::labels::{parse_labels, unused_in_labels};
use firstseen::query::Label;

use super::super::exit::{Hint, UsageError};
use super::super::text_file::read_text;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Labelled incidents")]
pub(crate) struct LabelArgs {
    /// Instead of the ranking, report at which ranks it has the incidents of a CSV file, in total and by class. The header
    /// names incident, optionally class, and event_id, or time, account, principal and action. Noise is the number of entries
    /// before an incident, and in its own row, that belong to no labelled incident
    #[arg(long, value_name = "FILE", conflicts_with = "top")]
    pub(crate) labels: Option<PathBuf>,
}

impl LabelArgs {
    /// The labels, at least one, and a warning about columns of the file.
    pub(crate) fn read(&self) -> anyhow::Result<Option<(Vec<Label>, Option<String>)>> {
        self.labels.as_deref().map(read_file).transpose()
    }
}

const HINT: Hint = Hint(
    "--labels takes a CSV file with the header incident,class,event_id,time,account,principal,action; an event has an event_id, \
     or a time, a principal and an action; class and account are optional",
);

fn read_file(path: &Path) -> anyhow::Result<(Vec<Label>, Option<String>)> {
    let text = read_text(path, HINT)?;
    let labels = parse_labels(&text).map_err(|problem| {
        anyhow::Error::new(UsageError(format!("{}: {problem}", path.display()))).context(HINT)
    })?;
    Ok((labels, passed_over(path, &unused_in_labels(&text))))
}

/// A warning about columns of a file that mean nothing in it.
pub(super) fn passed_over(path: &Path, columns: &[String]) -> Option<String> {
    const NAMED: usize = 3;
    let (named, others) = columns.split_at(NAMED.min(columns.len()));
    let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
    let (columns, are) = match columns {
        [] => return None,
        [_] => ("column", "means nothing here and is"),
        _ => ("columns", "mean nothing here and are"),
    };
    Some(format!("{}: the {columns} {}{more} {are} passed over", path.display(), named.join(", ")))
}
