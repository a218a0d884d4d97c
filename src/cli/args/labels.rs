//! `--labels`: a file of events that are known to belong to incidents.

use std::path::{Path, PathBuf};

use clap::Args;
use firstseen::labels::parse_labels;
use firstseen::query::Label;

use super::super::exit::{Hint, UsageError};
use super::super::text_file::read_text;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Labelled incidents")]
pub(crate) struct LabelArgs {
    /// Instead of the ranking, report where it has the incidents of a CSV file, in total and by class. The header names
    /// incident, optionally class, and event_id, or time, account, principal and action. Noise is the number of places before
    /// an incident, and in its own row, that no labelled incident needs
    #[arg(long, value_name = "FILE", conflicts_with = "top")]
    pub(crate) labels: Option<PathBuf>,
}

impl LabelArgs {
    /// The labels, at least one.
    pub(crate) fn read(&self) -> anyhow::Result<Option<Vec<Label>>> {
        self.labels.as_deref().map(read_file).transpose()
    }
}

const HINT: Hint = Hint(
    "--labels takes a CSV file with the header incident,class,event_id,time,account,principal,action; an event has an event_id, \
     or a time, a principal and an action; class and account are optional",
);

fn read_file(path: &Path) -> anyhow::Result<Vec<Label>> {
    parse_labels(&read_text(path, HINT)?).map_err(|problem| {
        anyhow::Error::new(UsageError(format!("{}: {problem}", path.display()))).context(HINT)
    })
}
