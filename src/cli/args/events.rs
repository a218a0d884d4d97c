//! Flags for events: filters beyond those of findings, and formats.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};
use firstseen::config::list_lines;
use firstseen::events::EventFilter;
use firstseen::query::Question;
use firstseen::report::EventFormat;

use super::super::exit::{Hint, UsageError};
use super::super::settings::FileArgs;
use super::super::text_file::read_text;
use super::format::extension;
use super::output::RunArgs;
use super::{ByExtension, EMPTY_VALUE};

/// Filters of events. Each takes a value, or `@FILE` with one value per line.
#[derive(Clone, Debug, Default, Args)]
#[command(
    next_help_heading = "Filters of events (each repeatable; @FILE has one value per line, lines that start with # \
                         are comments; @@ stands for a leading @)"
)]
pub(crate) struct EventFilterArgs {
    /// Only events from this address or network, such as 203.0.113.0/24; in a cluster also those that claim it (forwarded_for)
    #[arg(long, value_name = "CIDR|@FILE")]
    ip: Vec<String>,
    /// Only events signed with this access key, or in a cluster made with this token: 'JTI=…'
    #[arg(long, value_name = "GLOB|@FILE")]
    access_key: Vec<String>,
    /// Only events of this session: the session name of a role, or the pod that uses a service account
    #[arg(long, value_name = "GLOB|@FILE")]
    session: Vec<String>,
    /// Only events whose whole user agent matches, in any case: '*kali*'
    #[arg(long, value_name = "GLOB|@FILE")]
    user_agent: Vec<String>,
    /// Only failed calls whose error code, or whole error message, matches, in any case: AccessDenied, 'Client.*', 403
    #[arg(long, value_name = "GLOB|@FILE")]
    error: Vec<String>,
    /// Only events with this id
    #[arg(long, value_name = "GLOB|@FILE")]
    event_id: Vec<String>,
    /// Only events whose record names a matching ARN in resources, requestParameters or responseElements; in a cluster those for a
    /// matching object, such as 'kube-system/*', or URI
    #[arg(long, value_name = "GLOB|@FILE")]
    resource: Vec<String>,
    /// Only events whose record contains this text anywhere, in any case
    #[arg(long, value_name = "TEXT|@FILE")]
    text: Vec<String>,
}

impl EventFilterArgs {
    /// The files of all lists.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let Self { ip, access_key, session, user_agent, error, event_id, resource, text } = self;
        let all = [ip, access_key, session, user_agent, error, event_id, resource, text];
        all.into_iter().flatten().filter_map(|value| file_of(value)).map(PathBuf::from).collect()
    }

    /// The filter; `question` has the part that findings have, too.
    ///
    /// # Errors
    /// If a value or the line of a file is malformed (wrong usage), or a file cannot be read.
    pub(crate) fn filter(&self, question: &Question) -> anyhow::Result<EventFilter> {
        Ok(EventFilter {
            base: question.filter.clone(),
            from: question.from,
            to: question.to,
            addresses: values("--ip", &self.ip)?,
            access_keys: values("--access-key", &self.access_key)?,
            sessions: values("--session", &self.session)?,
            user_agents: values("--user-agent", &self.user_agent)?,
            errors: values("--error", &self.error)?,
            event_ids: values("--event-id", &self.event_id)?,
            resources: values("--resource", &self.resource)?,
            texts: values("--text", &self.text)?,
        })
    }
}

/// The file that a value names.
fn file_of(value: &str) -> Option<&str> {
    value.strip_prefix('@').filter(|rest| !rest.starts_with('@'))
}

/// The values of a flag, with those of its files.
fn values<T: FromStr<Err: Display>>(flag: &str, given: &[String]) -> anyhow::Result<Vec<T>> {
    let mut all = Vec::new();
    let mut add = |text: &str, place: &dyn Fn() -> String| {
        let refused = |reason: &dyn Display| UsageError(format!("{}: {reason}", place()));
        if text.is_empty() {
            return Err(refused(&EMPTY_VALUE));
        }
        all.push(text.parse().map_err(|error| refused(&error))?);
        Ok(())
    };
    for value in given {
        let Some(file) = file_of(value) else {
            add(value.strip_prefix('@').unwrap_or(value), &|| flag.to_owned())?;
            continue;
        };
        let text = read_text(Path::new(file), Hint("@FILE names a text file with one value per line"))?;
        for (number, line) in list_lines(&text) {
            add(line, &|| format!("{flag}: {file}, line {number}"))?;
        }
    }
    if all.is_empty() && !given.is_empty() {
        return Err(UsageError(format!("{flag}: the list names nothing to look for")).into());
    }
    Ok(all)
}

/// A format of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EventFormatArg {
    /// For spreadsheets
    Csv,
    /// One document
    Json,
    /// One value per line
    Jsonl,
    /// A timeline, one line per event
    Text,
    /// One file with typed columns, sorted by time, for DuckDB, Spark, pandas and Athena
    Parquet,
}

impl ByExtension for EventFormatArg {
    fn extensions(&self) -> &'static [&'static str] {
        match self {
            Self::Csv => &["csv"],
            Self::Json => &["json"],
            Self::Jsonl => &["jsonl", "ndjson"],
            Self::Text => &["txt"],
            Self::Parquet => &["parquet"],
        }
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct EventOutputArgs {
    /// Format of the events [default: by the extension of FILE, else text]
    #[arg(long, short, value_enum, conflicts_with = "raw")]
    format: Option<EventFormatArg>,
    /// Write the records themselves, as delivered, one JSON object per line
    #[arg(long)]
    raw: bool,
    /// Write Parquet files to the new or empty folder DIR, by account and day: account=ID/day=DATE/events.parquet
    #[arg(long, requires = "output", conflicts_with_all = ["raw", "csv_raw"])]
    partition: bool,
    /// Write the events to FILE, which appears only once it is complete [default: stdout]
    #[arg(long, short, value_name = "FILE|DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Write CSV values unchanged, including invisible characters and formulas that a spreadsheet would run
    #[arg(long)]
    csv_raw: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

impl EventOutputArgs {
    /// Whether to write files by account and day. Of `--partition` and another format than Parquet, the one of the command line counts if the other
    /// is of a configuration file.
    ///
    /// # Errors
    /// If both are of the command line (wrong usage).
    pub(crate) fn partitions(&self, files: &FileArgs) -> anyhow::Result<bool> {
        match self.format.filter(|format| *format != EventFormatArg::Parquet) {
            None => Ok(self.partition),
            Some(_) if files.sets("format") => Ok(self.partition),
            Some(_) if !self.partition || files.sets("partition") => Ok(false),
            Some(_) => {
                let what = "--partition writes Parquet files, but --format names another format".to_owned();
                Err(anyhow::Error::new(UsageError(what)).context(Hint("leave one of them out")))
            }
        }
    }

    /// `--raw` or `--format`, else by the extension of the output; of files by account and day Parquet.
    pub(crate) fn format(&self, partitions: bool) -> anyhow::Result<EventFormat> {
        if self.raw {
            return match extension(self.output.as_deref()) {
                Some(other @ ("csv" | "parquet")) => Err(UsageError(format!(
                    "--raw writes records as JSON, one per line, but the extension '.{other}' is of another format"
                ))
                .into()),
                _ => Ok(EventFormat::Records { is_for_terminal: false }),
            };
        }
        if partitions {
            return Ok(EventFormat::Parquet);
        }
        Ok(match EventFormatArg::of_output(self.format, self.output.as_deref())? {
            EventFormatArg::Csv if self.csv_raw => EventFormat::RawCsv,
            EventFormatArg::Csv => EventFormat::Csv,
            EventFormatArg::Json => EventFormat::Json,
            EventFormatArg::Jsonl => EventFormat::JsonLines,
            EventFormatArg::Text => EventFormat::Text,
            EventFormatArg::Parquet => EventFormat::Parquet,
        })
    }
}
