//! `firstseen show`: the records that findings point to.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::builder::Resettable;
use clap::{Args, ValueEnum};
use firstseen::checksum::Checksum;
use firstseen::coverage::Coverage;
use firstseen::report::{ShownFormat, ShownReport};
use firstseen::scan::{ReopenError, ScanSettings};
use firstseen::show::{
    BaselinePlaces, KnownPlace, Place, Recovered, Searched, ShownRecord, Wanted, join_copies, named_objects,
    recover, search,
};
use firstseen::source::{Traffic, is_s3};

use super::args::{ByExtension, RunArgs, Source, SourceArgs};
use super::exit::{Hint, RunStatus, UsageError, scan_error, store_error};
use super::indexed::{Listed, gone, too_few};
use super::output_guard::OutputGuard;
use super::progress::Bar;
use super::run_summary::RunSummary;
use super::warnings::{lost, refuse_nothing_in};

/// Show the records that findings point to, by event id or place
///
/// Says whether their objects have changed. With a baseline, only the objects that hold the records are read, and compared with the checksums that they had when they were
/// indexed. A baseline knows the places of its evidence: the first sightings, first successes, and matches of rules. Other events are
/// found by reading the archive, if --archive names it. Secrets such as session tokens are masked.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Event ids, or places of records, as findings name them in object and record: OBJECT#RECORD; - reads them from standard
    /// input, one per line, as they are or as cells of a CSV file
    #[arg(value_name = "EVENT-ID|OBJECT#RECORD", required_unless_present = "config", help_heading = Resettable::Reset)]
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
    /// The records, in the order in which they were asked for: of an id one for each event with it, none if there is none.
    records: Vec<Vec<ShownRecord>>,
    /// What was not found, one sentence each.
    missing: Vec<String>,
    /// What was read.
    coverage: Coverage,
    /// Whether an archive was read in full, not only the objects of some records.
    is_of_archive: bool,
    traffic: Option<Traffic>,
    archives: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &ShowArgs) -> anyhow::Result<RunStatus> {
    let mut guard = OutputGuard::new();
    let (sources, wanted) = args.sources_and_wanted();
    let source = args.source.source(&sources, &mut guard)?;
    let format = args.format()?;
    let output = guard.open("--output", args.output.as_deref())?;
    let faults = args.run.faults(&mut guard)?;
    let wanted = args.wanted(source.word.as_ref(), wanted)?;
    let settings = source.settings(&args.run)?;
    let answer = args.look_up(&source, Lookup::new(&source, &wanted)?, &settings)?;
    let Answer { records, missing, coverage, is_of_archive, traffic, archives } = answer;
    let missing = once(missing);
    let records: Vec<ShownRecord> = records.into_iter().flatten().collect();
    let mut note = None;
    if !records.is_empty() {
        let report = ShownReport { records: &records, archives: &archives, unmask: args.unmask };
        let format = match format {
            ShownFormat::Raw { .. } => ShownFormat::Raw { is_for_terminal: output.is_terminal() },
            format => format,
        };
        output.write(|out| {
            note = masked_note(report.write(format, out)?);
            Ok(())
        })?;
    }
    let warnings = match records.is_empty() {
        // They are the error.
        true => Vec::new(),
        false => once([&missing[..], &changes(&records)].concat()),
    };
    let is_complete = warnings.is_empty();
    let summary = RunSummary {
        is_of_single_objects: !is_of_archive,
        traffic,
        archives: &archives,
        note,
        warnings,
        ..RunSummary::new(&coverage, faults)
    };
    let status = summary.end(args.run.quiet)?;
    if records.is_empty() {
        return Err(anyhow::anyhow!(missing.join("; ")).context(Hint(
            "write an event id (event_id of a finding), or OBJECT#RECORD (its object and record); for all events of a key: firstseen events with --access-key",
        )));
    }
    Ok(match is_complete {
        true if !is_of_archive => RunStatus::Complete,
        true => status,
        false => RunStatus::WithFaults,
    })
}

/// A line without the quotes of a CSV cell, as tools that take a column out of a table write it.
fn of_cell(line: &str) -> String {
    let inner = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let is_cell = |inner: &&str| !inner.replace("\"\"", "").contains('"');
    inner.filter(is_cell).map_or_else(|| line.to_owned(), |inner| inner.replace("\"\"", "\""))
}

/// Texts without those that were there before, in their order.
fn once(mut texts: Vec<String>) -> Vec<String> {
    let mut said = BTreeSet::new();
    texts.retain(|text| said.insert(text.clone()));
    texts
}

/// Says how many secrets are masked.
fn masked_note(secrets: usize) -> Option<String> {
    match secrets {
        0 => None,
        1 => Some("1 secret is masked (--unmask shows it)".to_owned()),
        _ => Some(format!("{secrets} secrets are masked (--unmask shows them)")),
    }
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
    let differing = records.iter().filter(|record| record.has_other_content).map(|record| {
        let Place { object, record, .. } = &record.place;
        format!("the event of {object} record {record} is in other places with other content")
    });
    changed.chain(differing).collect()
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

    /// The archives after the first one, and what is wanted: all from the first word on that is no folder, file or bucket. The last word
    /// is always wanted.
    fn sources_and_wanted(&self) -> (Vec<PathBuf>, &[String]) {
        let is_archive =
            |word: &&String| !word.contains('#') && (is_s3(word.as_ref()) || Path::new(word).exists());
        let most = self.wanted.len().saturating_sub(1);
        let sources: Vec<PathBuf> =
            self.wanted.iter().take(most).take_while(is_archive).map(PathBuf::from).collect();
        let wanted = self.wanted.get(sources.len()..).unwrap_or_default();
        (sources, wanted)
    }

    /// What is wanted, `first` before the rest; `-` is read from standard input.
    fn wanted(&self, first: Option<&String>, rest: &[String]) -> anyhow::Result<Vec<Wanted>> {
        let mut texts: Vec<String> = first.into_iter().cloned().collect();
        if texts.is_empty() && rest.is_empty() {
            return Err(UsageError("name an event id, or the place of a record".to_owned()).into());
        }
        for text in rest {
            if text != "-" {
                texts.push(text.clone());
                continue;
            }
            if self.source.is_stdin() || rest.iter().filter(|text| *text == "-").count() > 1 {
                let what = "standard input can be read only once: it is the archive, or the list of events";
                return Err(UsageError(what.to_owned()).into());
            }
            let read =
                io::read_to_string(io::stdin()).context("cannot read event ids from standard input")?;
            // A name may begin or end with a blank.
            texts.extend(read.lines().map(of_cell).filter(|line| !line.trim().is_empty()));
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

    /// Looks for records in archives, which are not opened if none can be there.
    fn look_up(&self, source: &Source, lookup: Lookup, settings: &ScanSettings) -> anyhow::Result<Answer> {
        let Lookup { asked, known, unknown, mut missing, places: indexed } = lookup;
        if known.is_empty() && unknown.is_empty() {
            return Ok(Answer { missing, ..Answer::default() });
        }
        let archives = source.open(settings)?;
        let progress = Bar::new(self.run.quiet)?;
        let places: Vec<KnownPlace> = known.iter().map(|(_, place)| place.clone()).collect();
        let recovered = recover(&archives, settings, (&places, &indexed), &progress);
        let ids: Vec<&str> = unknown.iter().map(|(_, id)| &**id).collect();
        let searched = match (&recovered, ids.is_empty()) {
            (Ok(_), false) => Some(search(&archives, settings, &ids, &progress)),
            _ => None,
        };
        progress.clear();
        let Recovered { records: recovered, mut coverage } = recovered.map_err(scan_error)?;
        let mut records = vec![Vec::new(); asked];
        for ((number, _), recovered) in known.iter().zip(recovered) {
            match recovered {
                Ok(record) => records[*number].push(record),
                Err(error) => missing.push(said(&error, &indexed, archives.names())),
            }
        }
        let mut records: Vec<Vec<ShownRecord>> = records.into_iter().map(join_copies).collect();
        let is_of_archive = searched.is_some();
        if let Some(searched) = searched {
            let Searched { records: found, listed, coverage: read } = searched.map_err(scan_error)?;
            refuse_nothing_in(&read, archives.names(), source.is_where_indexed())?;
            let lost = lost(read.fault_count);
            for ((number, id), found) in unknown.iter().zip(found) {
                if found.is_empty() {
                    missing.push(format!("no record has the event id '{id}'{lost}"));
                }
                records[*number] = found;
            }
            // It includes the objects of known places.
            coverage = read;
            if let Some(saved) = source.saved.as_ref().filter(|_| !missing.is_empty()) {
                let (window, is_elsewhere) = (&settings.window, source.is_elsewhere);
                let listed =
                    Listed { objects: &listed, coverage: &coverage, window, late: None, is_elsewhere };
                missing.extend(gone(saved, &listed)?);
            }
        }
        if let Some(saved) = source.saved.as_ref().filter(|_| !missing.is_empty()) {
            missing.extend(too_few(saved, archives.names()));
        }
        let (traffic, archives) = (archives.traffic(), archives.names().to_vec());
        Ok(Answer { records, missing, coverage, is_of_archive, traffic, archives })
    }
}

/// What is looked for, each with its number among everything wanted.
#[derive(Default)]
struct Lookup {
    /// How many things are wanted.
    asked: usize,
    known: Vec<(usize, KnownPlace)>,
    unknown: Vec<(usize, String)>,
    missing: Vec<String>,
    /// What the baseline knows.
    places: BaselinePlaces,
}

impl Lookup {
    /// Events are looked for at the places that a baseline knows, if it is one, else in the archives.
    fn new(source: &Source, wanted: &[Wanted]) -> anyhow::Result<Self> {
        let (asked, places) = (wanted.len(), places(source, wanted)?);
        let mut lookup = Self { asked, places, ..Self::default() };
        for (number, wanted) in wanted.iter().enumerate() {
            match wanted {
                Wanted::Event(id) => {
                    let places = lookup.places.events(id);
                    if !places.is_empty() {
                        lookup.known.extend(places.into_iter().map(|place| (number, place)));
                    } else if source.saved.is_none() || source.is_elsewhere {
                        lookup.unknown.push((number, id.clone()));
                    } else {
                        lookup.missing.push(format!(
                            "the baseline does not know where event '{id}' is: it keeps the places of evidence only; --archive ARCHIVE looks for it"
                        ));
                    }
                }
                Wanted::Record { object, record } => {
                    let (object, record) = (object.clone(), *record);
                    lookup.known.push((number, KnownPlace { object, record, ..KnownPlace::default() }));
                }
            }
        }
        Ok(lookup)
    }
}

/// What a baseline knows of the places of events, and of its objects.
fn places(source: &Source, wanted: &[Wanted]) -> anyhow::Result<BaselinePlaces> {
    let Some(saved) = &source.saved else { return Ok(BaselinePlaces::default()) };
    let ids = wanted.iter().filter_map(|wanted| match wanted {
        Wanted::Event(id) => Some(&**id),
        Wanted::Record { .. } => None,
    });
    let ids: Vec<&str> = ids.collect();
    let objects = source.indexed()?;
    Ok(match ids.is_empty() {
        true => BaselinePlaces::new(ids, [], objects),
        false => BaselinePlaces::new(ids, saved.baseline().map_err(store_error)?.0.sightings(), objects),
    })
}

/// An error of a single record, in words, with what a baseline knows of its object.
fn said(error: &ReopenError, indexed: &BaselinePlaces, archives: &[String]) -> String {
    let checksums = |object: &str| -> Vec<Checksum> {
        named_objects(archives, object)
            .flat_map(|(archive, object)| indexed.objects.of(archive, object))
            .collect()
    };
    match error {
        ReopenError::Gone { object } => {
            let archives = archives.join("', '");
            match checksums(object).is_empty() {
                true => format!("'{archives}' has no object '{object}'"),
                false => format!("'{object}' was indexed, but '{archives}' no longer has it"),
            }
        }
        ReopenError::NoRecord { object, checksum: Some(now), .. } => match &checksums(object)[..] {
            [] => error.to_string(),
            known if known.contains(now) => format!("{error}: the object is as it was indexed"),
            _ => format!("{error}, and is not the object that was indexed: its SHA-256 is another"),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_a_table_is_read_without_its_quotes() {
        let cells = [
            ("\"\"", ""),
            ("\"a,b\"", "a,b"),
            ("\"a \"\"b\"\"\"", "a \"b\""),
            ("\"\"\"a\"\"\"", "\"a\""),
            ("a", "a"),
            ("\"", "\""),
            ("\"a\"b\"", "\"a\"b\""),
            ("\"a", "\"a"),
        ];
        for (line, text) in cells {
            assert_eq!(of_cell(line), text, "{line}");
        }
    }
}
