//! CSV that holds events: answers of CloudTrail Lake and Athena with the event as JSON in a column.
//!
//! Lake writes a comment line first ("# Execution Time: …") and calls the column `eventjson`; an Athena query over raw lines
//! calls it what the query says. The event history of the console exports a summary: a few fields of each event, in words
//! of its own. That is recognised and left alone, since nothing in it tells who it really was.

use super::container::{self, Contents};
use super::scanner::Habits;
use super::{DecodeFault, FoundRecord};
use crate::coverage::{FaultKind, ObjectSkip, Position};

/// Names of columns that hold whole events, in lower case.
const EVENT_COLUMNS: [&str; 6] =
    ["eventjson", "event_json", "cloudtrailevent", "cloudtrail_event", "_raw", "@message"];

/// Columns of the summary that the console exports (CloudTrail User Guide, "Downloading events").
const SUMMARY_COLUMNS: [&str; 2] = ["event name", "event time"];

/// Columns that a table of single fields has (CloudTrail User Guide, "Supported schema for event record fields").
const FIELD_COLUMNS: [&str; 2] = ["eventname", "eventtime"];

/// What a text is, if its first line names columns known here.
pub(super) enum Table {
    /// Events, in the column of this number.
    Events(usize),
    /// A summary.
    Summary,
    /// Columns of Lake or Athena without the event as such: structs are printed there in a form that cannot be read for sure.
    Columns,
}

/// What the text is as a table.
pub(super) fn table(text: &str) -> Option<Table> {
    let header = without_comments(text).lines().next()?;
    if !header.contains(',') && !EVENT_COLUMNS.contains(&plain(header).as_str()) {
        return None;
    }
    let names: Vec<String> = header.split(',').map(plain).collect();
    if let Some(column) = names.iter().position(|name| EVENT_COLUMNS.contains(&name.as_str())) {
        return Some(Table::Events(column));
    }
    let has = |columns: &[&str; 2]| columns.iter().all(|column| names.iter().any(|name| name == column));
    if has(&SUMMARY_COLUMNS) { Some(Table::Summary) } else { has(&FIELD_COLUMNS).then_some(Table::Columns) }
}

/// Visits every record of a table, which lies in `depth` wrappers and whose events are in one column.
pub(super) fn records(
    text: &str,
    column: usize,
    depth: u32,
    habits: &mut Habits,
    mut visit: impl FnMut(FoundRecord<'_>),
) -> Contents {
    let mut contents = Contents::default();
    let rows = csv::ReaderBuilder::new().flexible(true).from_reader(without_comments(text).as_bytes());
    for row in rows.into_records() {
        let position =
            Position::Byte(row.as_ref().ok().and_then(|row| row.position()).map_or(0, |at| at.byte()));
        let fault = |detail: &str| DecodeFault {
            kind: FaultKind::RecordBroken,
            position,
            inner: None,
            detail: detail.to_owned(),
        };
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                contents.faults.push(fault(&error.to_string()));
                continue;
            }
        };
        let Some(event) = row.get(column).filter(|event| event.trim_start().starts_with('{')) else {
            contents.others += 1;
            contents.other.get_or_insert(ObjectSkip::OtherJson);
            continue;
        };
        let first = contents.records;
        let found = container::records(event, depth + 1, habits, |found| {
            let index = first + found.index;
            visit(FoundRecord { index, number: index, ..found });
        });
        contents.records += found.records;
        contents.others += found.others;
        contents.faults.extend(found.faults.into_iter().map(|fault| DecodeFault { position, ..fault }));
    }
    contents
}

/// The text from its first line on that is no comment.
fn without_comments(text: &str) -> &str {
    let mut rest = text;
    while rest.starts_with('#') {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest
}

/// The name of a column without quotes and blanks, in lower case.
fn plain(name: &str) -> String {
    name.trim().trim_matches('"').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use crate::coverage::ObjectSkip;
    use crate::decode::{Decoder, Verdict};

    fn read(text: &str) -> (String, Verdict, usize) {
        let mut names = Vec::new();
        let decoded = Decoder::new(1 << 20).decode(text.as_bytes(), |found| {
            assert_eq!(found.number as usize, names.len());
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

    #[test]
    fn a_summary_is_named_and_other_tables_are_none() {
        let summary =
            "Event name,Event time,User name,Event source\nConsoleLogin,2024-01-01,x,signin.amazonaws.com\n";
        assert_eq!(read(summary).1, Verdict::Other(ObjectSkip::Summary));
        assert_eq!(read("a,b\n1,2\n").1, Verdict::NotJson);
    }
}
