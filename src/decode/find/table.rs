//! Tables with events in their cells: results of CloudTrail Lake and Athena, exports of search engines and consoles.
//!
//! Lake writes a comment line first ("# Execution Time: …") and calls the column `eventjson`; an Athena query
//! over raw lines can use any name; spreadsheets in many European locales separate cells with `;`. So the
//! cells decide, not the names: a cell that begins like JSON is examined. In columns known to hold events, an
//! object that looks like a record is one; in others, it needs all required fields. Tables of single fields
//! are recognised ([`TableKind::Fields`]) but not read, and neither are rows of single fields without an event: their structs are printed ambiguously, and the
//! summary exported by the console does not name the principal.

use super::envelope;
use super::origin::{self, CarrierOrigin};
use super::rebuilt;
use super::sink::Sink;
use super::traces::{self, TraceKind};
use crate::coverage::{FaultKind, ObjectSkip, Position};
use crate::decode::record::walk;
use crate::decode::{DecodeFault, FoundRecord};

/// Names of columns that hold whole events, in lower case.
pub(in crate::decode) const EVENT_COLUMNS: [&str; 6] =
    ["eventjson", "event_json", "cloudtrailevent", "cloudtrail_event", "_raw", "@message"];

/// Columns with quoted requests or responses: they contain no events.
pub(in crate::decode) const QUOTING_COLUMNS: [&str; 6] = [
    "requestparameters",
    "responseelements",
    "additionaleventdata",
    "serviceeventdetails",
    "requestobject",
    "responseobject",
];

/// Characters that separate cells.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The length of the beginning that is searched for a cell with JSON, and of a header.
const GLIMPSE: usize = 1 << 20;

/// The memory for a cell of a row without its text: its end, in a list that grows by doubling.
const OF_A_CELL: u64 = 16;

/// The layout of a table with events.
#[derive(Debug)]
pub(in crate::decode) struct Table {
    delimiter: u8,
    /// Whether quotes in cells are escaped with backslashes, not doubled.
    has_backslashes: bool,
    /// Columns that are known to hold events.
    events: Vec<usize>,
    /// Columns that are not examined.
    quoting: Vec<usize>,
    /// Columns that may say where the events of a row are from, with their names.
    origins: Vec<(usize, String)>,
    /// Why rows without events are not read, if other columns hold single fields of events.
    pub(super) fields: Option<ObjectSkip>,
    /// What such a row is.
    trace: TraceKind,
    /// The members of an audit event that the columns are, if rows are such events.
    members: Vec<(usize, &'static str)>,
}

/// The kind of a table.
#[derive(Debug)]
pub(in crate::decode) enum TableKind {
    /// Cells hold events.
    Events(Table),
    /// Cells hold single fields of events.
    Fields {
        /// The reason to skip it.
        kind: ObjectSkip,
        /// What its rows are.
        trace: TraceKind,
        /// Whether it has no rows.
        is_empty: bool,
    },
}

/// The kind of table that a text is.
pub(in crate::decode) fn table_kind(text: &str) -> Option<TableKind> {
    let text = without_comments(text);
    let head = &text[..walk::floor(text, GLIMPSE)];
    let header = head.lines().next()?;
    let cell = json_cell(head);
    let fields = fields(header, head);
    let known = DELIMITERS.into_iter().find_map(|delimiter| {
        let events = columns(header, delimiter, &EVENT_COLUMNS);
        (!events.is_empty()).then_some((delimiter, events))
    });
    match (known, cell) {
        (Some((delimiter, events)), cell) => {
            let has_backslashes = cell.is_some_and(|cell| cell.has_backslashes);
            let quoting = columns(header, delimiter, &QUOTING_COLUMNS);
            let (origins, members) = (origins(header, delimiter), members(header, delimiter));
            let trace = trace_of(header);
            let table =
                Table { delimiter, has_backslashes, events, quoting, origins, fields, trace, members };
            Some(TableKind::Events(table))
        }
        (None, Some(cell)) => {
            let delimiter = cell.delimiter.unwrap_or_else(|| delimiter_of(header));
            let quoting = columns(header, delimiter, &QUOTING_COLUMNS);
            let (has_backslashes, events) = (cell.has_backslashes, Vec::new());
            let (origins, members) = (origins(header, delimiter), members(header, delimiter));
            let trace = trace_of(header);
            let table =
                Table { delimiter, has_backslashes, events, quoting, origins, fields, trace, members };
            Some(TableKind::Events(table))
        }
        (None, None) => {
            let delimiter = char::from(delimiter_of(header));
            let has_row = || text.lines().skip(1).any(|line| line.contains(delimiter));
            fields.map(|kind| TableKind::Fields { kind, trace: trace_of(header), is_empty: !has_row() })
        }
    }
}

/// What a row of a table of single fields is.
fn trace_of(header: &str) -> TraceKind {
    let header = header.to_ascii_lowercase();
    match () {
        () if header.contains("protopayload") => TraceKind::Gke,
        () if header.contains("requesturi") => TraceKind::AuditColumns,
        () => TraceKind::Columns,
    }
}

/// The columns of a header that have one of these names.
fn columns(header: &str, delimiter: u8, wanted: &[&str]) -> Vec<usize> {
    let is_wanted = |name: &str| {
        let name = normalized(name);
        wanted.contains(&&*name) || wanted.contains(&&*name.replace('_', ""))
    };
    let names = header.split(char::from(delimiter)).enumerate();
    names.filter(|(_, name)| is_wanted(name)).map(|(number, _)| number).collect()
}

/// The columns of a header that may say where the events of a row are from.
fn origins(header: &str, delimiter: u8) -> Vec<(usize, String)> {
    let telling = names(header, delimiter).filter(|(_, name)| origin::may_tell(name));
    telling.map(|(number, name)| (number, name.to_owned())).collect()
}

/// The names in a header as they are written, each with the number of its column.
fn names(header: &str, delimiter: u8) -> impl Iterator<Item = (usize, &str)> {
    let cells = header.trim_start_matches('\u{feff}').split(char::from(delimiter));
    cells.map(|name| name.trim().trim_matches('"')).enumerate()
}

/// The columns of a header that are members of an audit event, if each row is one.
fn members(header: &str, delimiter: u8) -> Vec<(usize, &'static str)> {
    let member = |(number, name)| Some((number, rebuilt::member_of_column(name)?));
    let members: Vec<_> = names(header, delimiter).filter_map(member).collect();
    let has = |member: &str| members.iter().any(|(_, known)| *known == member);
    if has("auditID") && has("requestURI") && has("user") { members } else { Vec::new() }
}

/// The first quoted cell that begins like JSON.
struct JsonCell {
    /// The separator before it, unless it is at the start of its line.
    delimiter: Option<u8>,
    has_backslashes: bool,
}

fn json_cell(text: &str) -> Option<JsonCell> {
    let bytes = text.as_bytes();
    let mut ends = memchr::memmem::find_iter(bytes, "}\"").map(|end| end + 2).peekable();
    let mut at = 0;
    while let Some(open) = memchr::memchr2(b'{', b'[', &bytes[at..]) {
        let open = at + open;
        let behind = text[open..].trim_start_matches(['{', '[', ' ', '\n', '\r']);
        // Of brackets that follow each other, the first decides.
        at = text.len() - behind.len();
        while ends.next_if(|end| *end < at + 2).is_some() {}
        let delimiter_behind =
            |end: &usize| bytes.get(*end).copied().filter(|byte| DELIMITERS.contains(byte));
        let cell = cell_at(&text[..open], behind, || ends.peek().and_then(delimiter_behind));
        if cell.is_some() {
            return cell;
        }
    }
    None
}

/// The cell that begins at a bracket, if it does: what is before the bracket, what is behind it, and the delimiter behind the end of the cell.
fn cell_at(before: &str, behind: &str, delimiter: impl FnOnce() -> Option<u8>) -> Option<JsonCell> {
    let before = before.trim_end_matches([' ', '[']).strip_suffix('"')?;
    let has_backslashes = behind.starts_with("\\\"");
    if !has_backslashes && !behind.starts_with("\"\"") {
        return None;
    }
    match before.as_bytes().last() {
        None | Some(b'\n') => {
            let delimiter = delimiter();
            // A line that is one JSON string is not a table.
            let is_alone = has_backslashes && delimiter.is_none();
            (!is_alone).then_some(JsonCell { delimiter, has_backslashes })
        }
        Some(byte) if DELIMITERS.contains(byte) => Some(JsonCell { delimiter: Some(*byte), has_backslashes }),
        Some(_) => None,
    }
}

/// The separator between the names of a header.
fn delimiter_of(header: &str) -> u8 {
    let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    DELIMITERS.into_iter().rev().max_by_key(count).unwrap_or(b',')
}

/// The reason to skip a table whose header names single fields of events (CloudTrail User Guide, "Supported schema for event record fields" and
/// "Downloading events"), or of requests to clusters.
fn fields(header: &str, text: &str) -> Option<ObjectSkip> {
    let delimiter = delimiter_of(header);
    let names = || header.split(char::from(delimiter));
    let has = |name: &str| names().any(|column| traces::ends_like(column.trim_matches(['"', ' ']), name));
    let is_of_calls = has("eventname") && (has("eventtime") || has("eventsource"));
    let is_of_requests = has("requesturi") && (has("auditid") || has("userusername"));
    let is_of_google =
        has("protopayloadmethodname") && memchr::memmem::find(text.as_bytes(), b"k8s.io").is_some();
    if names().nth(1).is_none() || !(is_of_calls || is_of_requests || is_of_google) {
        return None;
    }
    Some(if header.contains("vent name") { ObjectSkip::Summary } else { ObjectSkip::LakeResult })
}

/// Visits every record of a table.
pub(in crate::decode) fn records<V: FnMut(FoundRecord<'_>)>(
    text: &str,
    table: &Table,
    sink: &mut Sink<'_, '_, V>,
) {
    let cells = memchr::memchr_iter(table.delimiter, text.as_bytes()).count() as u64;
    // They may all be in one row.
    let _cells = sink.ceiling.reserve_copy(cells.saturating_mul(OF_A_CELL));
    let mut builder = csv::ReaderBuilder::new();
    builder.flexible(true).has_headers(false).delimiter(table.delimiter);
    if table.has_backslashes {
        builder.double_quote(false).escape(Some(b'\\'));
    }
    let rows = builder.from_reader(without_comments(text).as_bytes());
    for (number, row) in rows.into_records().enumerate() {
        let at = row.as_ref().ok().and_then(|row| row.position()).map_or(0, |at| at.byte());
        let (records, faults) = (sink.contents.records, sink.contents.fault_marks());
        match row {
            Ok(row) => {
                sink.within_origin(table.origin(&row), |sink| table.visit_row(&row, at as usize, sink));
            }
            Err(error) => sink.contents.faults.push(DecodeFault {
                kind: FaultKind::RecordBroken,
                position: Position::Byte(at),
                inner: None,
                detail: error.to_string(),
            }),
        }
        if sink.contents.records == records && number > 0 {
            sink.count_other(table.fields.unwrap_or(ObjectSkip::OtherJson));
            if table.fields.is_some() && sink.contents.fault_marks() == faults {
                sink.contents.add_trace(table.trace, at as usize);
            }
        }
    }
}

impl Table {
    /// Where the events of a row are from, as other cells say.
    fn origin(&self, row: &csv::StringRecord) -> Option<CarrierOrigin> {
        let cells = self.origins.iter().filter_map(|(column, name)| Some((name, row.get(*column)?)));
        cells.map(|(name, cell)| origin::of_cell(name, cell)).fold(None, CarrierOrigin::better)
    }

    /// Visits every record of a row. The same event in two cells counts once.
    fn visit_row<V: FnMut(FoundRecord<'_>)>(
        &self,
        row: &csv::StringRecord,
        at: usize,
        sink: &mut Sink<'_, '_, V>,
    ) {
        let cells = row.iter().enumerate().filter(|(column, _)| !self.quoting.contains(column));
        let members =
            self.members.iter().filter_map(|(column, member)| Some((*member, row.get(*column)?.into())));
        if !self.members.is_empty()
            && let Some(event) = rebuilt::of_cells(members)
        {
            sink.text(&event, at, false);
            return;
        }
        let mut watched = sink.watch_copies();
        for (column, cell) in cells {
            let is_known = self.events.contains(&column);
            let is_json = cell.trim_start().starts_with(['{', '[']);
            match envelope::classify_text(cell) {
                _ if is_known && is_json => {
                    sink.text(cell, at, false);
                }
                Some(envelope::TextKind::Base64) => {
                    sink.with_member("|base64", |sink| sink.base64(cell, at));
                }
                Some(_) => {
                    sink.with_member(&format!("column {}", column + 1), |sink| sink.text(cell, at, true));
                }
                None => {}
            }
            sink.end_member(&mut watched);
        }
        sink.end_copies(watched);
    }
}

/// The text from the first line that is not a comment.
fn without_comments(text: &str) -> &str {
    let mut rest = text;
    while rest.starts_with('#') {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest
}

/// The name of a column without quotes and blanks, in lower case.
fn normalized(name: &str) -> String {
    name.trim().trim_matches('"').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use crate::coverage::ObjectSkip;
    use crate::decode::{Decoder, Verdict};

    fn read(text: &str) -> (String, Verdict, usize) {
        let mut names = Vec::new();
        let decoded = Decoder::new(1 << 20).decode(text.as_bytes(), |found| {
            assert_eq!(found.index_in_object as usize, names.len());
            names.push(found.record.unwrap().cloudtrail().unwrap().event_name.unwrap_or("-").to_owned());
        });
        (names.join(" "), decoded.verdict, decoded.faults.len())
    }

    #[test]
    fn events_in_a_column_are_read() {
        let (a, b) = (r#""{""eventName"":""A"",""x"":""1,2\n""}""#, r#""{""eventName"":""B""}""#);
        for text in [
            format!("eventjson\n{a}\n{b}\n"),
            format!(
                "# Execution Time: x Query Statement: SELECT eventJson\neventTime,eventJson\nt,{a}\nt,{b}\n"
            ),
            format!("\"time\",\"EVENTJSON\",\"x\"\r\n\"t\",{a},\"\"\r\n\"t\",{b},\"\"\r\n"),
        ] {
            assert_eq!(read(&text), ("A B".to_owned(), Verdict::Records, 0), "{text}");
        }
        let cut = read(&format!("eventjson\n{a}\n\"{{\"\"eventName\"\":\"\"B"));
        assert_eq!((cut.0.as_str(), cut.2), ("A", 1));
    }

    /// Each of them was searched back and forth from every bracket.
    #[test]
    fn many_brackets_take_linear_time() {
        let length = 1 << 20;
        for text in [
            format!("a{}", "[".repeat(length)),
            format!("a\"{}", "{".repeat(length)),
            format!("a {}", " [".repeat(length / 2)),
            format!("a\n{}", "\"{\\\"x\n".repeat(length / 6)),
            format!("a\n{}", "\"{\\\"x}\"x\n".repeat(length / 9)),
        ] {
            assert!(super::json_cell(&text).is_none());
        }
    }

    /// The same, from each bracket by itself.
    fn plain_json_cell(text: &str) -> Option<(Option<u8>, bool)> {
        text.match_indices(['{', '[']).find_map(|(open, _)| {
            let behind = text[open..].trim_start_matches(['{', '[', ' ', '\n', '\r']);
            let end = behind.find("}\"").map_or("", |end| &behind[end + 2..]);
            let delimiter = || end.bytes().next().filter(|byte| super::DELIMITERS.contains(byte));
            super::cell_at(&text[..open], behind, delimiter)
                .map(|cell| (cell.delimiter, cell.has_backslashes))
        })
    }

    proptest! {
        #[test]
        fn the_first_of_brackets_that_follow_each_other_decides(
            tokens in vec(select(&["{", "[", "\"", "\\\"", "\"\"", "}\"", " ", "\n", ",", ";", "a"][..]), 0..14),
        ) {
            let text = tokens.concat();
            let found = super::json_cell(&text).map(|cell| (cell.delimiter, cell.has_backslashes));
            prop_assert_eq!(found, plain_json_cell(&text));
        }
    }

    #[test]
    fn a_summary_is_recognized_and_other_tables_are_not_json() {
        let summary =
            "Event name,Event time,User name,Event source\nConsoleLogin,2024-01-01,x,signin.amazonaws.com\n";
        assert_eq!(read(summary).1, Verdict::Other(ObjectSkip::Summary));
        assert_eq!(read("a,b\n1,2\n").1, Verdict::NotJson);
    }
}
