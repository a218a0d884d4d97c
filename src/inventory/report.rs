//! Parses credential reports: CSV with one line for the root user and each user of an account (IAM User
//! Guide, "Getting credential reports for your AWS account"), without unique ids.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use csv::{ReaderBuilder, StringRecord};

use super::FileProblem;
use super::date::of_text;
use super::node::{MOST_REPORT, MOST_TEXT, MOST_VALUES};
use super::page::{IamAnswer, Page};
use crate::model::IamIdentity;

/// The relevant columns, which are the first of the report.
const COLUMNS: [&str; 3] = ["user", "arn", "user_creation_time"];

/// Whether a text starts like a credential report. A spreadsheet may have changed the delimiter.
pub(super) fn is_one(text: &str) -> bool {
    delimiter(text).is_some()
}

fn delimiter(text: &str) -> Option<u8> {
    let line = text.lines().next()?;
    let names = |sign: char| line.split(sign).map(|name| name.trim().trim_matches('"'));
    let is_it = |sign: &char| COLUMNS.iter().all(|column| names(*sign).any(|name| name == *column));
    [',', ';', '\t'].into_iter().find(is_it).map(|sign| sign as u8)
}

/// Parses all users of a report.
pub(super) fn page(text: &str) -> Result<Page, FileProblem> {
    if text.len() > MOST_REPORT {
        return Err(FileProblem::TooLarge((MOST_REPORT >> 20) as u64));
    }
    let delimiter = delimiter(text).unwrap_or(b',');
    let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let broken = |error: csv::Error| FileProblem::Broken(error.to_string());
    let head = reader.headers().map_err(broken)?.clone();
    let [arn, created] =
        ["arn", "user_creation_time"].map(|column| head.iter().position(|name| name.trim() == column));
    let mut page = Page::new(IamAnswer::Report);
    for line in reader.records() {
        let line = line.map_err(broken)?;
        let cell = |line: &StringRecord, column: Option<usize>| {
            column.and_then(|column| line.get(column)).unwrap_or_default().trim().to_owned()
        };
        let arn = cell(&line, arn);
        match Some(arn).filter(|arn| arn.len() <= MOST_TEXT).and_then(|arn| IamIdentity::of_arn(&arn)) {
            None => page.unnamed += 1,
            Some(_) if page.entries.len() >= MOST_VALUES => return Err(FileProblem::TooMany(MOST_VALUES)),
            Some(identity) => {
                let created = of_text(&cell(&line, created));
                page.undated += usize::from(created.is_err());
                page.entries.push((identity, created.unwrap_or_default()));
            }
        }
    }
    Ok(page)
}

/// Parses a credential report in base64, as printed by version 2 of the CLI, or in plain text, as printed by
/// version 1.
pub(super) fn wrapped_page(content: &str) -> Result<Page, FileProblem> {
    if is_one(content) {
        return page(content);
    }
    let base64: String = content.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let decoded =
        BASE64_STANDARD.decode(base64).map_err(|error| FileProblem::Broken(format!("base64: {error}")))?;
    let text = String::from_utf8_lossy(&decoded);
    if is_one(&text) {
        return page(&text);
    }
    Err(FileProblem::Foreign("its Content is no credential report"))
}
