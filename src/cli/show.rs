//! `firstseen show`: the records that findings point to.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use firstseen::checksum::Checksum;
use firstseen::coverage::Coverage;
use firstseen::report::{ShownFormat, ShownReport, for_terminal, write_faults};
use firstseen::scan::{ReopenError, ScanSettings};
use firstseen::show::{BaselinePlaces, KnownPlace, Place, Searched, ShownRecord, Wanted, recover, search};
use firstseen::source::{ArchiveError, Archives, S3Settings, Traffic, is_stdin};
use firstseen::store::{Saved, proven_files};

use super::args::{ByExtension, ReadingArgs, RunArgs, S3Args, SourceArgs};
use super::exit::{Hint, RunStatus, UsageError, scan_error, store_error};
use super::output_guard::OutputGuard;
use super::progress::Bar;
use super::run_summary::RunSummary;
use super::warnings::refuse_nothing;

/// Show the records that findings point to, by event id or place, and whether their objects have changed
///
/// With a baseline, only the objects that hold the records are read, and compared with the checksums that they had when they were
/// indexed. A baseline knows the places of its evidence: the first sightings, first successes, and matches of rules. Other events are
/// found by reading the archive, if --archive names it. Secrets such as session tokens are masked.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Event ids, or places of records, as findings name them in object and record: OBJECT#RECORD; - reads them from standard
    /// input, one per line
    #[arg(value_name = "EVENT-ID|OBJECT#RECORD", required = true)]
    wanted: Vec<String>,
    /// Show session tokens, passwords, private keys and other secrets
    #[arg(long)]
    unmask: bool,
    /// Write the records as delivered, without their places
    #[arg(long, conflicts_with = "format", help_heading = "Output")]
    raw: bool,
    /// Format of the records [default: by the extension of FILE, else text]
    #[arg(long, short, value_enum, help_heading = "Output")]
    format: Option<ShowFormatArg>,
    /// Write the records to FILE, which appears only once it is complete [default: stdout]
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    s3: S3Args,
}

/// A format of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ShowFormatArg {
    /// One value per line
    Jsonl,
    /// Human-readable
    Text,
}

impl ByExtension for ShowFormatArg {
    fn extensions(&self) -> &'static [&'static str] {
        match self {
            Self::Jsonl => &["jsonl", "ndjson"],
            Self::Text => &["txt"],
        }
    }
}

/// What was found.
#[derive(Default)]
struct Answer {
    /// The records, in the order in which they were asked for; `None` for what was not found.
    records: Vec<Option<ShownRecord>>,
    /// What was not found, one sentence each.
    missing: Vec<String>,
    /// If an archive was read.
    coverage: Option<Coverage>,
    traffic: Option<Traffic>,
    archives: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &ShowArgs) -> anyhow::Result<RunStatus> {
    let mut guard = OutputGuard::new();
    let names = args.source.archives(&mut guard, &args.s3)?;
    let format = args.format()?;
    let output = guard.open("--output", args.output.as_deref())?;
    let faults = args.run.faults(&mut guard)?;
    let wanted = args.wanted()?;
    let settings = args.reading.settings(&args.run)?;
    let answer = match args.source.is_saved() {
        true => args.by_baseline(&names, &wanted, settings)?,
        false => args.in_archive(&names, &wanted, &settings)?,
    };
    let records: Vec<ShownRecord> = answer.records.into_iter().flatten().collect();
    if records.is_empty() {
        let what = answer.missing.join("; ");
        return Err(anyhow::anyhow!(what).context(Hint(
            "findings name events by event_id, and records by object and record; firstseen show --help says where both are looked for",
        )));
    }
    let report = ShownReport { records: &records, archives: &answer.archives, unmask: args.unmask };
    let format = match format {
        ShownFormat::Raw { .. } => ShownFormat::Raw { is_for_terminal: output.is_terminal() },
        format => format,
    };
    let mut secrets = 0;
    output.write(|out| {
        secrets = report.write(format, out)?;
        Ok(())
    })?;
    let warnings = [answer.missing, changes(&records)].concat();
    let is_complete = warnings.is_empty();
    let note = match secrets {
        0 => None,
        1 => Some("1 secret is masked (--unmask shows it)".to_owned()),
        _ => Some(format!("{secrets} secrets are masked (--unmask shows them)")),
    };
    let coverage = answer.coverage.unwrap_or_default();
    let status = match answer.archives.is_empty() || coverage.objects.listed == 0 {
        // Only single objects were read: there is no archive to account for.
        true => {
            if let Some(faults) = faults {
                faults.write(|out| write_faults(&coverage, out))?;
            }
            end_of_recovery(&warnings, note.as_deref(), args.run.quiet)?
        }
        false => RunSummary {
            traffic: answer.traffic,
            archives: &answer.archives,
            note,
            warnings,
            ..RunSummary::new(&coverage, faults)
        }
        .end(args.run.quiet)?,
    };
    Ok(if is_complete { status } else { RunStatus::WithFaults })
}

/// Warnings about objects that have changed, and about records of one event that differ.
fn changes(records: &[ShownRecord]) -> Vec<String> {
    let changed: BTreeSet<&str> = records
        .iter()
        .filter(|record| record.is_unchanged() == Some(false))
        .map(|record| &*record.place.object)
        .collect();
    let changed = changed.iter().map(|object| {
        format!("'{object}' is not the object that was indexed: its SHA-256 is another, so it was replaced or changed")
    });
    let differing =
        records.iter().filter(|record| record.copies.iter().any(|copy| copy.is_same == Some(false)));
    let differing = differing.map(|record| {
        let Place { object, record, .. } = &record.place;
        format!("the event of {object} record {record} is in other places with other content")
    });
    changed.chain(differing).collect()
}

/// Writes warnings and a note on stderr.
fn end_of_recovery(warnings: &[String], note: Option<&str>, quiet: bool) -> anyhow::Result<RunStatus> {
    let mut stderr = io::stderr().lock();
    if let Some(note) = note.filter(|_| !quiet) {
        writeln!(stderr, "{note}")?;
    }
    for warning in warnings {
        writeln!(stderr, "warning: {}", for_terminal(warning))?;
    }
    Ok(RunStatus::Complete)
}

impl ShowArgs {
    fn format(&self) -> anyhow::Result<ShownFormat> {
        if self.raw {
            return Ok(ShownFormat::Raw { is_for_terminal: false });
        }
        Ok(match ShowFormatArg::of_output(self.format, self.output.as_deref())? {
            ShowFormatArg::Text => ShownFormat::Text,
            ShowFormatArg::Jsonl => ShownFormat::JsonLines,
        })
    }

    /// What is wanted; `-` is read from standard input.
    fn wanted(&self) -> anyhow::Result<Vec<Wanted>> {
        let mut texts: Vec<String> = Vec::new();
        for text in &self.wanted {
            if text != "-" {
                texts.push(text.clone());
                continue;
            }
            if is_stdin(self.source.name()) || self.wanted.iter().filter(|text| *text == "-").count() > 1 {
                let what = "standard input can be read only once: it is the archive, or the list of events";
                return Err(UsageError(what.to_owned()).into());
            }
            let read =
                io::read_to_string(io::stdin()).context("cannot read event ids from standard input")?;
            texts.extend(read.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
        }
        let wanted: Vec<Wanted> = texts
            .iter()
            .map(|text| text.parse().map_err(|error| UsageError(format!("'{text}': {error}"))))
            .collect::<Result<_, _>>()?;
        if wanted.is_empty() {
            return Err(UsageError("standard input names no event".to_owned()).into());
        }
        Ok(wanted)
    }

    /// Opens archives.
    ///
    /// # Errors
    /// If the flags for S3 are wrong; then, if an archive cannot be opened.
    fn open(
        &self,
        names: &[PathBuf],
        settings: &ScanSettings,
    ) -> anyhow::Result<Result<Archives, ArchiveError>> {
        let s3 = S3Settings { max_object_size: settings.max_object_size, ..self.s3.settings(names)? };
        Ok(Archives::open_with(names, &s3).map(|archives| archives.passing_over(proven_files)))
    }

    /// Looks in an archive.
    fn in_archive(
        &self,
        names: &[PathBuf],
        wanted: &[Wanted],
        settings: &ScanSettings,
    ) -> anyhow::Result<Answer> {
        let archives = self.open(names, settings)?;
        let archives = archives.map_err(|error| scan_error(error.into()))?;
        let mut lookup = Lookup::new(wanted.len());
        for (number, wanted) in wanted.iter().enumerate() {
            match wanted {
                Wanted::Event(id) => lookup.unknown.push((number, id.clone())),
                Wanted::Record { object, record } => {
                    let known =
                        KnownPlace { object: object.clone(), record: *record, ..KnownPlace::default() };
                    lookup.known.push((number, known));
                }
            }
        }
        self.look_up(lookup, &archives, settings)
    }

    /// Looks where a baseline says.
    fn by_baseline(
        &self,
        names: &[PathBuf],
        wanted: &[Wanted],
        settings: ScanSettings,
    ) -> anyhow::Result<Answer> {
        let saved = Saved::open(self.source.name()).map_err(store_error)?;
        let scope = saved.scope();
        let max_object_size = self.reading.max_object_size().unwrap_or(scope.max_object_size);
        let settings = ScanSettings { max_object_size, ..settings };
        let places = places(&saved, wanted)?;
        let mut lookup = Lookup::new(wanted.len());
        for (number, wanted) in wanted.iter().enumerate() {
            match wanted {
                Wanted::Event(id) => match places.event(id) {
                    Some(known) if !self.source.names_archives() => lookup.known.push((number, known)),
                    Some(known) => lookup.known.push((number, known.elsewhere())),
                    None => lookup.unknown.push((number, id.clone())),
                },
                Wanted::Record { object, record } => {
                    let indexed = places.checksums(object);
                    let (object, record) = (object.clone(), *record);
                    let known = KnownPlace { object, record, indexed, ..KnownPlace::default() };
                    lookup.known.push((number, known));
                }
            }
        }
        if !self.source.names_archives() {
            lookup.missing = std::mem::take(&mut lookup.unknown)
                .into_iter()
                .map(|(_, id)| {
                    format!(
                        "the baseline does not know where event '{id}' is: it keeps the places of evidence only; --archive ARCHIVE looks for it"
                    )
                })
                .collect();
        }
        if lookup.known.is_empty() && lookup.unknown.is_empty() {
            return Ok(Answer { missing: lookup.missing, ..Answer::default() });
        }
        let archives = self.open(names, &settings)?.map_err(|error| match !self.source.names_archives() {
            true => anyhow::Error::new(error).context(Hint(
                "the archive is not where it was indexed: say where it is now with --archive ARCHIVE",
            )),
            false => scan_error(error.into()),
        })?;
        self.look_up(lookup, &archives, &settings)
    }

    /// Looks for records in archives.
    fn look_up(
        &self,
        lookup: Lookup,
        archives: &Archives,
        settings: &ScanSettings,
    ) -> anyhow::Result<Answer> {
        let Lookup { known, unknown, mut missing, mut records } = lookup;
        let progress = Bar::new(self.run.quiet)?;
        let places: Vec<KnownPlace> = known.iter().map(|(_, place)| place.clone()).collect();
        let recovered = recover(archives, settings, &places, &progress);
        let ids: Vec<&str> = unknown.iter().map(|(_, id)| &**id).collect();
        let searched = match (&recovered, ids.is_empty()) {
            (Ok(_), false) => Some(search(archives, settings, &ids, &progress)),
            _ => None,
        };
        progress.clear();
        for ((number, place), recovered) in known.iter().zip(recovered.map_err(scan_error)?) {
            match recovered {
                Ok(record) => records[*number] = Some(record),
                Err(error) => missing.push(said(&error, place, archives)),
            }
        }
        let mut coverage = None;
        if let Some(searched) = searched {
            let Searched { records: found, coverage: read } = searched.map_err(scan_error)?;
            refuse_nothing(&read, archives.names())?;
            let lost = match read.fault_count {
                0 => String::new(),
                faults => format!(", but some input could not be read ({faults} faults)"),
            };
            for ((number, id), record) in unknown.iter().zip(found) {
                match record {
                    Some(record) => records[*number] = Some(record),
                    None => missing.push(format!("no record has the event id '{id}'{lost}")),
                }
            }
            coverage = Some(read);
        }
        Ok(Answer {
            records,
            missing,
            coverage,
            traffic: archives.traffic(),
            archives: archives.names().to_vec(),
        })
    }
}

/// What is looked for, each with its number among everything wanted.
struct Lookup {
    known: Vec<(usize, KnownPlace)>,
    unknown: Vec<(usize, String)>,
    missing: Vec<String>,
    records: Vec<Option<ShownRecord>>,
}

impl Lookup {
    fn new(wanted: usize) -> Self {
        Self { known: Vec::new(), unknown: Vec::new(), missing: Vec::new(), records: vec![None; wanted] }
    }
}

/// What a baseline knows of the places of events, and of its objects.
fn places(saved: &Saved, wanted: &[Wanted]) -> anyhow::Result<BaselinePlaces> {
    let ids: Vec<&str> = wanted
        .iter()
        .filter_map(|wanted| match wanted {
            Wanted::Event(id) => Some(&**id),
            Wanted::Record { .. } => None,
        })
        .collect();
    let objects = saved.objects().map_err(store_error)?;
    let checksums = objects.iter().filter_map(|object| Some((&*object.path, object.checksum?)));
    let checksums: Vec<(&str, Checksum)> = checksums.collect();
    if ids.is_empty() {
        return Ok(BaselinePlaces::new(ids, [], checksums));
    }
    let (baseline, _) = saved.baseline().map_err(store_error)?;
    Ok(BaselinePlaces::new(ids, baseline.sightings(), checksums))
}

/// An error of a single record, in words.
fn said(error: &ReopenError, place: &KnownPlace, archives: &Archives) -> String {
    let is_known = place.event_id.is_some() || !place.indexed.is_empty();
    match error {
        // Nothing says that it was another one.
        ReopenError::Changed { object, reason } if !is_known => format!("'{object}': {reason}"),
        ReopenError::Gone { object } => {
            format!("'{}' has no object '{object}'", archives.names().join("', '"))
        }
        other => other.to_string(),
    }
}
