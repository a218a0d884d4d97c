//! `firstseen trace`: where credentials came from and went.

use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{Args, ValueEnum};
use firstseen::model::{identity_in_cluster, is_of_cluster};
use firstseen::report::{TraceFormat, TraceReport, flag_for_shell};
use firstseen::trace::{TraceLimits, TraceQuestion, Traced, trace};

use super::args::{ByExtension, RunArgs, SourceArgs, given, may_be_source, refuse_empty};
use super::exit::{Hint, OwnedHint, RunStatus, UsageError, scan_error};
use super::indexed::{Listed, not_read};
use super::output_guard::OutputGuard;
use super::progress::Bar;
use super::run_summary::RunSummary;
use super::warnings::{lost, refuse_nothing_in};

/// Trace credentials: who issued them, and what was done with them
///
/// Goes back to the first key, sign-in or service, and on to all that was issued. Follows AssumeRole in all forms and across accounts,
/// GetSessionToken, GetFederationToken, CreateAccessKey, CreateLoginProfile, ChangePassword, console sign-ins, roles of instances, web identities and IAM Identity Center. Everything is read from the records, so a baseline is not
/// enough: with one, its archives are read.
#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// An access key id; a session by its ARN, AROA…:session or name; an event by its id; or a principal by its ARN, unique id or name
    #[arg(value_name = "KEY|SESSION|EVENT|PRINCIPAL", required_unless_present = "config", help_heading = Resettable::Reset)]
    wanted: Option<String>,
    /// With several archives, the rest of them, and what is traced.
    #[arg(hide = true)]
    more: Vec<String>,
    /// Trace only credentials of this account, if a name is given in several (repeatable)
    #[arg(long, value_delimiter = ',', value_name = "ID,…", help_heading = "Filters")]
    account: Vec<String>,
    /// How many levels below a traced credential to show
    #[arg(long, value_name = "LEVELS", default_value_t = 16, help_heading = "Output")]
    depth: u32,
    /// How many credentials to show
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Output")]
    limit: u32,
    /// Format of the answer [default: by the extension of FILE, else text]
    #[arg(long, short, value_enum, help_heading = "Output")]
    format: Option<TraceFormatArg>,
    /// Write the answer to FILE, which appears only once it is complete [default: stdout]
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    #[command(flatten)]
    run: RunArgs,
}

/// A format of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TraceFormatArg {
    /// One document
    Json,
    /// One value per line
    Jsonl,
    /// A flowchart of Mermaid
    Mermaid,
    /// Human-readable
    Text,
}

/// Runs the command.
pub(crate) fn run(args: &TraceArgs) -> anyhow::Result<RunStatus> {
    let mut guard = OutputGuard::new();
    let (sources, wanted) = args.sources_and_wanted()?;
    let source = args.source.source(&sources, &mut guard)?;
    let format = args.format()?;
    let output = guard.open("--output", args.output.as_deref())?;
    let faults = args.run.faults(&mut guard)?;
    let wanted = match (&source.word, wanted) {
        (Some(word), None) => word,
        (None, Some(wanted)) => wanted,
        (Some(word), Some(_)) => return Err(no_archive(word)),
        (None, None) => "",
    };
    if wanted.is_empty() {
        return Err(UsageError("name an access key, a session, an event or a principal".to_owned()).into());
    }
    let accounts = given(args.account.clone(), source.accounts.clone());
    refuse_empty("--account", accounts.iter().map(String::as_str))?;
    let settings = source.settings(&args.run)?;
    let archives = source.open(&settings)?;
    let indexed = source.indexed()?;
    let limits = TraceLimits { depth: args.depth, rows: args.limit as usize };
    let progress = Bar::new(args.run.quiet)?;
    let question = TraceQuestion { wanted, accounts: &accounts, limits };
    let traced = trace(&archives, &settings, &question, &indexed, &progress);
    progress.clear();
    let traced = traced.map_err(scan_error)?;
    refuse_nothing_in(&traced.coverage, archives.names(), source.is_where_indexed())?;
    let listed = Listed {
        objects: &traced.listed,
        coverage: &traced.coverage,
        window: &settings.window,
        late: None,
        is_elsewhere: source.is_elsewhere,
    };
    let missing = not_read(source.saved.as_ref(), archives.names(), &listed)?;
    if traced.matched == 0 {
        return Err(nothing(&question, &traced, &missing));
    }
    let report = TraceReport { question: &question, traced: &traced, archives: archives.names() };
    output.write(|out| report.write(format, out))?;
    let is_as_indexed = traced.changed.is_empty() && missing.is_empty();
    let warnings: Vec<String> =
        [changed(&traced), contradicted(&traced)].into_iter().flatten().chain(missing).collect();
    let status = RunSummary {
        traffic: archives.traffic(),
        accounts: archives.accounts(),
        archives: archives.names(),
        warnings,
        ..RunSummary::new(&traced.coverage, faults)
    }
    .end(args.run.quiet)?;
    Ok(if is_as_indexed { status } else { RunStatus::WithFaults })
}

/// The error if more than one thing is to be traced.
fn no_archive(word: &str) -> anyhow::Error {
    UsageError(format!("'{word}' is no archive, and trace looks for one thing at a time")).into()
}

/// Warns of objects that have changed since the baseline read them.
fn changed(traced: &Traced) -> Option<String> {
    const NAMED: usize = 3;
    let (_, first) = traced.changed.first()?;
    let named: Vec<String> = traced.changed.iter().take(NAMED).map(|(_, path)| format!("'{path}'")).collect();
    let named = named.join(", ");
    Some(match traced.changed.len() {
        1 => format!("'{first}' is not the object that was indexed: its SHA-256 is another"),
        all if all <= NAMED => {
            format!("{named} are not the objects that were indexed: their SHA-256 is another")
        }
        all => format!(
            "{named} and {} more are not the objects that were indexed: their SHA-256 is another",
            all - NAMED
        ),
    })
}

/// Warns of contradictions, which are said with their credentials.
fn contradicted(traced: &Traced) -> Option<String> {
    let count = traced.rows.iter().filter(|row| !row.contradictions.is_empty()).count();
    let what = "records that contradict each other: one is forged, wrong or missing";
    (count > 0).then(|| match count {
        1 => format!("1 credential has {what}"),
        _ => format!("{count} credentials have {what}"),
    })
}

impl ByExtension for TraceFormatArg {
    fn extensions(&self) -> &'static [&'static str] {
        match self {
            Self::Json => &["json"],
            Self::Jsonl => &["jsonl", "ndjson"],
            Self::Mermaid => &["mmd", "mermaid"],
            Self::Text => &["txt"],
        }
    }
}

impl TraceArgs {
    /// The archives after the first one, and what is traced: the last word.
    fn sources_and_wanted(&self) -> anyhow::Result<(Vec<PathBuf>, Option<&String>)> {
        let words: Vec<&String> = self.wanted.iter().chain(&self.more).collect();
        let Some((wanted, archives)) = words.split_last() else { return Ok((Vec::new(), None)) };
        let archives = archives.iter().map(|name| match may_be_source(name.as_ref()) {
            true => Ok(PathBuf::from(name)),
            false => Err(no_archive(name)),
        });
        Ok((archives.collect::<Result<_, _>>()?, Some(wanted)))
    }

    fn format(&self) -> anyhow::Result<TraceFormat> {
        Ok(match TraceFormatArg::of_output(self.format, self.output.as_deref())? {
            TraceFormatArg::Text => TraceFormat::Text,
            TraceFormatArg::Json => TraceFormat::Json,
            TraceFormatArg::Jsonl => TraceFormat::JsonLines,
            TraceFormatArg::Mermaid => TraceFormat::Mermaid,
        })
    }
}

/// The flag of `events` that finds what is traced, if it is something of a cluster: a request, a credential or a user.
fn shown_by(wanted: &str, traced: &Traced) -> Option<&'static str> {
    if traced.is_request_to_cluster {
        return Some("--event-id");
    }
    if is_of_cluster(wanted) {
        return Some("--access-key");
    }
    let is_user = identity_in_cluster(wanted).is_some() || wanted.starts_with("system:");
    is_user.then_some("--principal")
}

/// The error if nothing matches.
fn nothing(question: &TraceQuestion<'_>, traced: &Traced, missing: &[String]) -> anyhow::Error {
    let is_event = traced.is_event_without_credential;
    let missing = missing.iter().map(|what| format!("; {what}"));
    let lost: String = std::iter::once(lost(traced.coverage.fault_count)).chain(missing).collect();
    let TraceQuestion { wanted, accounts, .. } = question;
    let of_accounts = match accounts {
        [] => String::new(),
        accounts => format!(" in the accounts of --account ({})", accounts.join(", ")),
    };
    if let Some(flag) = shown_by(wanted, traced) {
        let what = match is_event {
            true => format!("the event '{wanted}' used and issued no access key of AWS{of_accounts}{lost}"),
            false => format!("'{wanted}' used no access key of AWS in the archive{of_accounts}{lost}"),
        };
        let command = format!("firstseen events SRC {}", flag_for_shell(flag, wanted));
        return anyhow::anyhow!(what).context(OwnedHint(format!(
            "trace follows credentials of AWS, not those of clusters; what was done is shown by {command}"
        )));
    }
    let what = match is_event {
        true => format!("the event '{wanted}' used and issued no credential{of_accounts}{lost}"),
        false => format!("nothing in the archive used or issued '{wanted}'{of_accounts}{lost}"),
    };
    anyhow::anyhow!(what).context(Hint(
        "name an access key id (access_key_id of a finding), the ARN or name of a session, user or role, or an event id; firstseen \
         events with --text finds every event that mentions something",
    ))
}
