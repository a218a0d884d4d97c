//! `firstseen scan`: reads archives and reports what was new.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use firstseen::event::{PrincipalKey, PrincipalKind};
use firstseen::ingest::{DEFAULT_MAX_OBJECT_SIZE, IngestError, IngestSettings, Ingested, ingest};
use firstseen::query::{Anchor, Filter, FindingKind, Pattern, Question, first_seen};
use firstseen::report::{Format, Report, UsedSettings, write_faults, write_summary};
use firstseen::source::{Archives, DeliveryWindow};
use firstseen::time::{Bound, Span};

use super::exit::{Answer, Hint, UsageError, ingest_error};
use super::output::Output;
use super::progress::Bar;
use super::threads;

/// Read archives and report what every principal did for the first time after its warmup
#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// Folders, files or globs that hold log objects
    #[arg(required = true, value_name = "ARCHIVE")]
    archives: Vec<PathBuf>,

    #[command(flatten)]
    question: QuestionArgs,
    #[command(flatten)]
    learning: LearningArgs,
    #[command(flatten)]
    filters: FilterArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "What is new")]
struct QuestionArgs {
    /// How long a principal must have been known before its new actions are reported [units: s, m, h, d, w]
    #[arg(long, value_name = "SPAN", default_value = "30d")]
    warmup: Span,
    /// Where the warmup clock of a principal starts
    #[arg(long, value_enum, default_value_t = AnchorArg::Principal)]
    anchor: AnchorArg,
    /// Which kinds of findings
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,…",
          default_values_t = [FindingArg::NewAction, FindingArg::NewPrincipal])]
    report: Vec<FindingArg>,
    /// Count only successful calls: a behaviour begins with its first success. Limits learning
    #[arg(long)]
    only_success: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "What is learnt from")]
struct LearningArgs {
    /// What makes two events the deeds of one principal
    #[arg(long, value_enum, default_value_t = KeyArg::Arn)]
    principal_key: KeyArg,
    /// Learn from no event before this time: 2024-03-01 or 2024-03-01T10:00:00Z. Limits learning
    #[arg(long, value_name = "TIME")]
    since: Option<Bound>,
    /// Learn from no event after this time; a day counts to its end. Limits learning
    #[arg(long, value_name = "TIME")]
    until: Option<Bound>,
    /// Do not open objects delivered further outside --since and --until than this
    #[arg(long, value_name = "SPAN", default_value = "2d")]
    delivery_slack: Span,
    /// Inflate no object to more than this many bytes [units: K, M, G]
    #[arg(long, value_name = "BYTES", default_value = "4G", value_parser = byte_count)]
    max_object_size: u64,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "What is reported (these limit reporting, never learning)")]
struct FilterArgs {
    /// Report nothing before this time
    #[arg(long, value_name = "TIME")]
    from: Option<Bound>,
    /// Report nothing after this time; a day counts to its end. Implies --until, which limits learning
    #[arg(long, value_name = "TIME")]
    to: Option<Bound>,
    /// Only principals of this account (repeatable)
    #[arg(long, value_name = "ID")]
    account: Vec<String>,
    /// Only first sightings in this region (repeatable)
    #[arg(long, value_name = "REGION")]
    region: Vec<String>,
    /// Only this kind of principal (repeatable)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,…")]
    kind: Vec<KindArg>,
    /// Only principals whose key, or its part behind the last slash, matches (repeatable)
    #[arg(long, value_name = "GLOB")]
    principal: Vec<Pattern>,
    /// Only matching actions, such as 'iam:*' or 'iam.amazonaws.com:Create*' (repeatable)
    #[arg(long, value_name = "GLOB")]
    action: Vec<Pattern>,
    /// Learn these actions, but do not report them (repeatable)
    #[arg(long, value_name = "GLOB")]
    ignore_action: Vec<Pattern>,
    /// File with one --ignore-action glob a line; # begins a comment
    #[arg(long, value_name = "FILE")]
    ignore_file: Vec<PathBuf>,
    /// Leave out calls that say they only read
    #[arg(long)]
    only_mutating: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
struct OutputArgs {
    /// Format of the findings [default: by the ending of FILE, else text]
    #[arg(long, short, value_enum)]
    format: Option<FormatArg>,
    /// Write the findings to FILE, which appears only when it is complete [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// With CSV: leave cells alone that a spreadsheet would run as a formula
    #[arg(long)]
    csv_raw: bool,
    /// Write everything that could not be read to FILE, one JSON object a line
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Number of threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// No progress and no summary on stderr
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AnchorArg {
    /// At its first sighting
    Principal,
    /// At the first event of the archive
    Archive,
    /// At its CreateRole or CreateUser record, if the archive holds one, else at its first sighting
    Created,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FindingArg {
    /// A principal's first use of an action, after its warmup
    NewAction,
    /// A principal's first appearance, when the archive is older than the warmup
    NewPrincipal,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KeyArg {
    /// ARN of the role or user
    Arn,
    /// Unique id (AROA…, AIDA…): a re-created role is a new principal
    Id,
    /// Full session ARN
    Session,
    /// Access key id
    AccessKey,
    /// As arn, but Identity Center sessions by permission set and user, whatever the role's suffix
    SsoUser,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindArg {
    Root,
    User,
    SsoRole,
    ServiceLinkedRole,
    Role,
    Federated,
    Service,
    Account,
    Anonymous,
    Unknown,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArg {
    Csv,
    Json,
    Jsonl,
    Text,
}

/// Runs the command.
pub(crate) fn run(args: &ScanArgs) -> anyhow::Result<Answer> {
    let question = args.question()?;
    let settings = args.ingest_settings();
    let output = Output::open(args.output.output.as_deref())?;
    let faults = args.output.faults.as_deref().map(|path| Output::open(Some(path))).transpose()?;
    let Ingested { baseline, coverage } = read(args, &settings)?;
    let findings = first_seen(&baseline, &question);
    let used = args.used_settings(&question, &settings);
    let report = Report { settings: &used, coverage: &coverage, findings: &findings };
    output.write(|out| report.write(args.format(), out))?;
    if let Some(faults) = faults {
        faults.write(|out| write_faults(&coverage, out))?;
    }
    if !args.output.quiet {
        let mut stderr = io::stderr().lock();
        write_summary(&coverage, &mut stderr)?;
        write_limits(&used, &mut stderr)?;
        if coverage.records.counted == 0 {
            writeln!(stderr, "warning: not a single CloudTrail event was found")?;
        }
    }
    Ok(if coverage.fault_count == 0 { Answer::Complete } else { Answer::WithFaults })
}

/// Says what was not learnt from on purpose.
fn write_limits(used: &UsedSettings, out: &mut dyn Write) -> io::Result<()> {
    if let Some(since) = &used.since {
        writeln!(out, "learnt from nothing before {since}: what is older counts as new (--since)")?;
    }
    if let Some(until) = &used.until {
        writeln!(out, "learnt from nothing after {until} (--until, --to)")?;
    }
    if used.only_success {
        writeln!(out, "learnt from successful calls only (--only-success)")?;
    }
    Ok(())
}

fn read(args: &ScanArgs, settings: &IngestSettings) -> anyhow::Result<Ingested> {
    let progress = Bar::new(args.output.quiet)?;
    let archives = Archives::open(&args.archives).map_err(IngestError::from);
    let ingested = archives.and_then(|archives| ingest(&archives, settings, &progress));
    progress.clear();
    ingested.map_err(ingest_error)
}

impl ScanArgs {
    fn question(&self) -> anyhow::Result<Question> {
        let filters = &self.filters;
        for (name, from, to) in [
            ("--from, --to", filters.from, filters.to),
            ("--since, --until", self.learning.since, self.learning.until),
        ] {
            if let (Some(from), Some(to)) = (from, to)
                && from.start() > to.end()
            {
                return Err(UsageError(format!("{name}: the window ends before it begins")).into());
            }
        }
        Ok(Question {
            warmup: self.question.warmup,
            anchor: match self.question.anchor {
                AnchorArg::Principal => Anchor::Principal,
                AnchorArg::Archive => Anchor::Archive,
                AnchorArg::Created => Anchor::Created,
            },
            report: self.question.report.iter().map(|kind| kind.kind()).collect(),
            from: filters.from.map(Bound::start),
            to: filters.to.map(Bound::end),
            only_success: self.question.only_success,
            filter: self.filter()?,
        })
    }

    fn filter(&self) -> anyhow::Result<Filter> {
        let filters = &self.filters;
        let mut ignored_actions = filters.ignore_action.clone();
        for file in &filters.ignore_file {
            ignored_actions.extend(read_patterns(file)?);
        }
        Ok(Filter {
            accounts: filters.account.clone(),
            regions: filters.region.clone(),
            kinds: filters.kind.iter().map(|kind| kind.kind()).collect(),
            principals: filters.principal.clone(),
            actions: filters.action.clone(),
            ignored_actions,
            only_mutating: filters.only_mutating,
        })
    }

    fn ingest_settings(&self) -> IngestSettings {
        IngestSettings {
            threads: threads(self.output.threads),
            window: DeliveryWindow {
                since: self.learning.since.map(Bound::start),
                until: self.learning.until.or(self.filters.to).map(Bound::end),
                slack: self.learning.delivery_slack,
            },
            principal_key: match self.learning.principal_key {
                KeyArg::Arn => PrincipalKey::Arn,
                KeyArg::Id => PrincipalKey::Id,
                KeyArg::Session => PrincipalKey::Session,
                KeyArg::AccessKey => PrincipalKey::AccessKey,
                KeyArg::SsoUser => PrincipalKey::SsoUser,
            },
            max_object_size: self.learning.max_object_size,
        }
    }

    /// `--format`, else what the output's name ends with, else text.
    fn format(&self) -> Format {
        let extension = self.output.output.as_deref().and_then(Path::extension).and_then(|end| end.to_str());
        let format = self.output.format.unwrap_or(match extension {
            Some("csv") => FormatArg::Csv,
            Some("json") => FormatArg::Json,
            Some("jsonl" | "ndjson") => FormatArg::Jsonl,
            _ => FormatArg::Text,
        });
        match format {
            FormatArg::Csv if self.output.csv_raw => Format::RawCsv,
            FormatArg::Csv => Format::Csv,
            FormatArg::Json => Format::Json,
            FormatArg::Jsonl => Format::JsonLines,
            FormatArg::Text => Format::Text,
        }
    }

    fn used_settings(&self, question: &Question, settings: &IngestSettings) -> UsedSettings {
        let filter = &question.filter;
        let texts =
            |patterns: &[Pattern]| patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect();
        UsedSettings {
            warmup: question.warmup.to_string(),
            anchor: value_name(self.question.anchor),
            principal_key: value_name(self.learning.principal_key),
            report: question.report.iter().map(|kind| kind.name().to_owned()).collect(),
            from: question.from.map(|time| time.to_string()),
            to: question.to.map(|time| time.to_string()),
            since: settings.window.since.map(|time| time.to_string()),
            until: settings.window.until.map(|time| time.to_string()),
            delivery_slack: settings.window.slack.to_string(),
            only_success: question.only_success,
            only_mutating: filter.only_mutating,
            account: filter.accounts.clone(),
            region: filter.regions.clone(),
            kind: filter.kinds.iter().map(|kind| kind.name().to_owned()).collect(),
            principal: texts(&filter.principals),
            action: texts(&filter.actions),
            ignore_action: texts(&filter.ignored_actions),
            max_object_size: settings.max_object_size,
        }
    }
}

impl FindingArg {
    fn kind(self) -> FindingKind {
        match self {
            Self::NewAction => FindingKind::NewAction,
            Self::NewPrincipal => FindingKind::NewPrincipal,
        }
    }
}

impl KindArg {
    fn kind(self) -> PrincipalKind {
        match self {
            Self::Root => PrincipalKind::Root,
            Self::User => PrincipalKind::User,
            Self::SsoRole => PrincipalKind::SsoRole,
            Self::ServiceLinkedRole => PrincipalKind::ServiceLinkedRole,
            Self::Role => PrincipalKind::Role,
            Self::Federated => PrincipalKind::Federated,
            Self::Service => PrincipalKind::Service,
            Self::Account => PrincipalKind::Account,
            Self::Anonymous => PrincipalKind::Anonymous,
            Self::Unknown => PrincipalKind::Unknown,
        }
    }
}

fn value_name(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
}

/// The globs of a file, one a line; blank lines and lines with `#` are passed over.
fn read_patterns(path: &Path) -> anyhow::Result<Vec<Pattern>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read '{}'", path.display()))
        .context(Hint("--ignore-file takes a text file with one glob a line"))?;
    text.lines()
        .map(str::trim)
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            line.parse().map_err(|error| {
                UsageError(format!("{}, line {}: {error}", path.display(), number + 1)).into()
            })
        })
        .collect()
}

/// `4096`, `64K`, `512M`, `4G`.
pub(crate) fn byte_count(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "K" | "KB" => 1 << 10,
        "M" | "MB" => 1 << 20,
        "G" | "GB" => 1 << 30,
        _ => return Err("write a number and K, M or G".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "write a number and K, M or G".to_owned())?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or_else(|| "out of range".to_owned())
}

const _: () = assert!(DEFAULT_MAX_OBJECT_SIZE == 4 << 30, "the default in --help");
