//! The coverage of a run: as text at its end, as JSON in its output, and as a file with the list of faults.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::columns::row;
use super::json_line::line;
use super::place::shown_object;
use super::unfinished::{UnfinishedView, unfinished};
use super::{as_it_is, for_terminal};
use crate::coverage::{Coverage, Fault, Position};

/// Coverage under its published names.
#[derive(Serialize)]
pub(super) struct CoverageView<'a> {
    objects: ObjectsView,
    records: RecordsView,
    stored_bytes: u64,
    json_bytes: u64,
    first_event: Option<String>,
    last_event: Option<String>,
    places: Vec<PlaceView<'a>>,
    #[serde(skip_serializing_if = "FoundView::is_empty")]
    found: FoundView<'a>,
    fault_count: u64,
    faults: Vec<FaultView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unfinished: Option<UnfinishedView<'a>>,
}

#[derive(Serialize)]
struct ObjectsView {
    listed: u64,
    read: u64,
    read_in_part: u64,
    skipped: BTreeMap<&'static str, u64>,
    failed: BTreeMap<&'static str, u64>,
    /// Folders of a bucket, not objects: they are in no sum.
    unlisted_folders: BTreeMap<&'static str, u64>,
    /// Files in archives, not objects: they are in no sum, and absent if there are none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    skipped_inside: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct RecordsView {
    total: u64,
    counted: u64,
    duplicates: u64,
    filtered: u64,
    skipped: BTreeMap<&'static str, u64>,
    faulty: BTreeMap<&'static str, u64>,
    /// They are in no sum, and absent if there are none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    remarks: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct PlaceView<'a> {
    account: &'a str,
    region: &'a str,
    objects: u64,
    /// Absent if there are none.
    #[serde(skip_serializing_if = "is_zero")]
    failed: u64,
    records: u64,
    first_day: Option<String>,
    last_day: Option<String>,
    gaps: Vec<[String; 2]>,
}

/// Records found in unknown carriers, by path.
#[derive(Serialize)]
struct FoundView<'a> {
    paths: Vec<PathView<'a>>,
    unlisted: u64,
}

impl FoundView<'_> {
    fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.unlisted == 0
    }

    /// A line of text with the number of records found and their paths.
    fn line(&self) -> String {
        let total = self.unlisted + self.paths.iter().map(|path| path.records).sum::<u64>();
        let shown = self.paths.iter().take(PATHS_SHOWN);
        let shown: Vec<String> =
            shown.map(|view| format!("{} {}", for_terminal(view.path), view.records)).collect();
        let more = if self.paths.len() > PATHS_SHOWN || self.unlisted > 0 { ", …" } else { "" };
        format!("of these in wrappers that are not known: {total} ({}{more})", shown.join(", "))
    }
}

#[derive(Serialize)]
struct PathView<'a> {
    path: &'a str,
    records: u64,
}

row! {
    /// A fault under its published names.
    #[derive(Serialize)]
    pub(super) struct FaultView<'a> {
        kind: &'static str,
        archive: u32,
        object: Cow<'a, str>,
        stored_byte: Option<u64>,
        byte: Option<u64>,
        record: Option<u32>,
        detail: Cow<'a, str>,
    }
}

impl<'a> FaultView<'a> {
    fn new(fault: &'a Fault) -> Self {
        Self::cleaned(fault, as_it_is)
    }

    /// A fault, its texts cleaned by `clean`.
    pub(super) fn cleaned(fault: &'a Fault, clean: fn(&str) -> Cow<'_, str>) -> Self {
        let (mut stored_byte, mut byte, mut record) = (None, None, None);
        match fault.position {
            Position::Whole => {}
            Position::StoredByte(at) => stored_byte = Some(at),
            Position::Byte(at) => byte = Some(at),
            Position::Record(index) => record = Some(index),
        }
        let Fault { archive, object, kind, detail, .. } = fault;
        let (object, detail) = (clean(object), clean(detail));
        Self { kind: kind.name(), archive: *archive, object, stored_byte, byte, record, detail }
    }
}

impl<'a> CoverageView<'a> {
    pub(super) fn new(coverage: &'a Coverage) -> Self {
        Self::with_faults(coverage, usize::MAX)
    }

    /// The coverage with at most this many faults; `fault_count` counts all.
    pub(super) fn with_faults(coverage: &'a Coverage, most: usize) -> Self {
        let (objects, records) = (&coverage.objects, &coverage.records);
        Self {
            objects: ObjectsView {
                listed: objects.listed,
                read: objects.read,
                read_in_part: objects.read_in_part,
                skipped: named(objects.skipped.iter().map(|(reason, count)| (reason.name(), *count))),
                failed: named(objects.failed.iter().map(|(kind, count)| (kind.name(), *count))),
                unlisted_folders: named(
                    objects.unlisted.iter().map(|(reason, count)| (reason.name(), *count)),
                ),
                skipped_inside: named(
                    objects.skipped_inside.iter().map(|(reason, count)| (reason.name(), *count)),
                ),
            },
            records: RecordsView {
                total: records.total,
                counted: records.counted,
                duplicates: records.duplicates,
                filtered: records.filtered,
                skipped: named(records.skipped.iter().map(|(reason, count)| (reason.name(), *count))),
                faulty: named(records.faulty.iter().map(|(kind, count)| (kind.name(), *count))),
                remarks: named(records.remarks.iter().map(|(remark, count)| (remark.name(), *count))),
            },
            stored_bytes: coverage.stored_bytes,
            json_bytes: coverage.json_bytes,
            first_event: coverage.first_event.map(|time| time.to_string()),
            last_event: coverage.last_event.map(|time| time.to_string()),
            places: coverage
                .places
                .iter()
                .map(|((account, region), place)| PlaceView {
                    account,
                    region,
                    objects: place.objects,
                    failed: place.failed,
                    records: place.records,
                    first_day: place.span().map(|(first, _)| first.to_string()),
                    last_day: place.span().map(|(_, last)| last.to_string()),
                    gaps: place.gaps().map(|(from, to)| [from.to_string(), to.to_string()]).collect(),
                })
                .collect(),
            found: FoundView {
                paths: coverage.found.listed().map(|(path, records)| PathView { path, records }).collect(),
                unlisted: coverage.found.unlisted(),
            },
            fault_count: coverage.fault_count,
            faults: coverage.faults.iter().take(most).map(FaultView::new).collect(),
            unfinished: UnfinishedView::new(&coverage.unfinished),
        }
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn named(counts: impl Iterator<Item = (&'static str, u64)>) -> BTreeMap<&'static str, u64> {
    counts.collect()
}

/// Faults shown at the end of a run; the rest are in the output and in `--faults FILE`.
const FAULTS_SHOWN: usize = 5;

/// Paths shown at the end of a run; all listed paths are in the output.
const PATHS_SHOWN: usize = 3;

/// Writes the coverage as text: the two sums, where records were found, and the time span of the events.
///
/// # Errors
/// If writing to `out` fails.
pub fn write_summary(coverage: &Coverage, out: &mut dyn Write) -> io::Result<()> {
    let view = CoverageView::new(coverage);
    let objects = &view.objects;
    let in_part = match objects.read_in_part {
        0 => String::new(),
        count => format!(" ({count} in part)"),
    };
    writeln!(
        out,
        "objects: {} listed = {} read{in_part} + {} skipped{} + {} failed{}",
        objects.listed,
        objects.read,
        objects.skipped.values().sum::<u64>(),
        listed(&objects.skipped),
        objects.failed.values().sum::<u64>(),
        listed(&objects.failed)
    )?;
    if !objects.unlisted_folders.is_empty() {
        let folders: u64 = objects.unlisted_folders.values().sum();
        writeln!(out, "not listed, or only in part: {folders} folders{}", listed(&objects.unlisted_folders))?;
    }
    if !objects.skipped_inside.is_empty() {
        let files: u64 = objects.skipped_inside.values().sum();
        writeln!(out, "left alone in archives: {files} files{}", listed(&objects.skipped_inside))?;
    }
    let records = &view.records;
    writeln!(
        out,
        "records: {} = {} counted + {} duplicates + {} filtered + {} skipped{} + {} faulty{}",
        records.total,
        records.counted,
        records.duplicates,
        records.filtered,
        records.skipped.values().sum::<u64>(),
        listed(&records.skipped),
        records.faulty.values().sum::<u64>(),
        listed(&records.faulty)
    )?;
    if !records.remarks.is_empty() {
        let read: u64 = records.remarks.values().sum();
        writeln!(out, "read with a remark: {read} records{}", listed(&records.remarks))?;
    }
    if !view.found.is_empty() {
        writeln!(out, "{}", view.found.line())?;
    }
    if let (Some(first), Some(last)) = (&view.first_event, &view.last_event) {
        writeln!(out, "events: from {first} to {last}")?;
    }
    Ok(())
}

/// Writes as text how much could not be read, with the first faults, and what a baseline lacks. `archives` are the names of the
/// archives, by number; if there are several, each fault names its own.
///
/// # Errors
/// If writing to `out` fails.
pub fn write_losses(coverage: &Coverage, archives: &[String], out: &mut dyn Write) -> io::Result<()> {
    if coverage.fault_count > 0 {
        writeln!(out, "faults: {} (all of them: --faults FILE)", coverage.fault_count)?;
    }
    for fault in coverage.faults.iter().take(FAULTS_SHOWN) {
        writeln!(out, "  {}", fault_line(fault, archives))?;
    }
    let unfinished = unfinished(&coverage.unfinished);
    unfinished.iter().try_for_each(|what| writeln!(out, "unfinished: {}", for_terminal(what)))
}

/// A fault in a line: its kind, object, position and reason, cleaned.
pub(super) fn fault_line(fault: &Fault, archives: &[String]) -> String {
    let place = match fault.position {
        Position::Whole => String::new(),
        position => format!(", {position}"),
    };
    let (object, detail) =
        (shown_object(archives, fault.archive, &fault.object), for_terminal(&fault.detail));
    format!("{}: {}{place}: {detail}", fault.kind.name(), for_terminal(&object))
}

fn listed(counts: &BTreeMap<&'static str, u64>) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let parts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    format!(" ({})", parts.join(", "))
}

/// Writes every listed fault as one JSON object per line, and a last line if some were only counted.
///
/// # Errors
/// If writing to `out` fails.
pub fn write_faults(coverage: &Coverage, out: &mut dyn Write) -> io::Result<()> {
    for fault in &coverage.faults {
        line(&FaultView::new(fault), out)?;
    }
    match coverage.fault_count - coverage.faults.len() as u64 {
        0 => Ok(()),
        more => writeln!(out, "{{\"more_faults\":{more}}}"),
    }
}
