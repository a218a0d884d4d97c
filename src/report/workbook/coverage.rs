//! The sheets that every workbook has: what was read, where, what could not be read, and the settings.

use std::borrow::Cow;
use std::io;

use serde::Serialize;
use serde_json::Value;

use super::Book;
use crate::coverage::Coverage;
use crate::report::columns::row;
use crate::report::for_terminal;
use crate::report::summary::{CoverageView, FaultView};
use crate::time::Day;

row! {
    /// A line of the sheet `coverage`: a text or a number, which has a column of its own.
    #[derive(Serialize)]
    struct Sum {
        what: String,
        text: Option<String>,
        number: Option<f64>,
    }
}

row! {
    /// A line of the sheet `settings`.
    #[derive(Serialize)]
    struct Setting {
        setting: String,
        text: Option<String>,
        number: Option<f64>,
    }
}

row! {
    /// An account and a Region with what was read of them.
    #[derive(Serialize)]
    struct Place<'a> {
        account: Cow<'a, str>,
        region: Cow<'a, str>,
        objects: u64,
        failed: u64,
        records: u64,
        first_day: Option<Day>,
        last_day: Option<Day>,
        gaps: String,
    }
}

/// A value with its name: a text or a number.
struct Named {
    name: String,
    text: Option<String>,
    number: Option<f64>,
}

/// Adds the sheets `coverage`, `places` and `faults`.
pub(in crate::report) fn add_coverage(book: &mut Book, coverage: &Coverage) -> io::Result<()> {
    let mut view = serde_json::to_value(CoverageView::with_faults(coverage, 0))?;
    if let Some(fields) = view.as_object_mut() {
        // They have sheets of their own.
        fields.remove("places");
        fields.remove("faults");
    }
    let sums = named(&view).into_iter().map(|Named { name, text, number }| Sum { what: name, text, number });
    book.add("coverage", sums)?;
    let places = coverage.places.iter().map(|((account, region), place)| Place {
        account: for_terminal(account),
        region: for_terminal(region),
        objects: place.objects,
        failed: place.failed,
        records: place.records,
        first_day: place.span().map(|(first, _)| first),
        last_day: place.span().map(|(_, last)| last),
        gaps: place.gaps().map(|(from, to)| format!("{from} to {to}")).collect::<Vec<_>>().join("; "),
    });
    book.add("places", places)?;
    book.add("faults", coverage.faults.iter().map(|fault| FaultView::cleaned(fault, for_terminal)))
}

/// Adds the sheet `settings`.
pub(in crate::report) fn add_settings(book: &mut Book, settings: &Value) -> io::Result<()> {
    let settings = named(settings).into_iter();
    book.add("settings", settings.map(|Named { name, text, number }| Setting { setting: name, text, number }))
}

/// The values of a document in lines; the name of a value is its path. Absent values have no line.
fn named(document: &Value) -> Vec<Named> {
    let mut lines = Vec::new();
    add_named(String::new(), document, &mut lines);
    lines
}

/// Documents here are our own and flat: settings and sums.
fn add_named(name: String, value: &Value, lines: &mut Vec<Named>) {
    let below = |key: &str| match &*name {
        "" => for_terminal(key).into_owned(),
        name => format!("{name} {}", for_terminal(key)),
    };
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| add_named(below(key), value, lines));
        }
        Value::Array(items) => {
            items.iter().for_each(|item| add_named(name.clone(), item, lines));
        }
        Value::Number(number) => lines.push(Named { name, text: None, number: number.as_f64() }),
        Value::String(text) => {
            lines.push(Named { name, text: Some(for_terminal(text).into_owned()), number: None });
        }
        Value::Bool(flag) => lines.push(Named { name, text: Some(flag.to_string()), number: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_becomes_lines_of_names_and_values() {
        let document =
            json!({"objects": {"read": 3, "skipped": {"digest": 1}}, "report": ["a", "b"], "to": null});
        let lines: Vec<String> = named(&document)
            .into_iter()
            .map(|line| format!("{}: {:?} {:?}", line.name, line.text, line.number))
            .collect();
        assert_eq!(
            lines,
            [
                "objects read: None Some(3.0)",
                "objects skipped digest: None Some(1.0)",
                "report: Some(\"a\") None",
                "report: Some(\"b\") None",
            ]
        );
    }
}
