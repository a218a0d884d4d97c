//! Writes records: with their places, laid out for people; as delivered; or as JSON lines.

mod layout;

use std::io::{self, Write};

use serde::Serialize;
use serde::de::IgnoredAny;

use super::clean::{for_json_in_terminal, for_terminal};
use super::json::write_reference_lines;
use super::json_line::write_without_line_ends;
use super::place::{of_object, shown_object};
use crate::secrets::{Masked, masked};
use crate::show::{EventCopy, Place, ShownRecord};
use layout::{compact, laid_out};

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownFormat {
    /// For people: each with its place and the state of its object, its JSON laid out.
    Text,
    /// As delivered, each followed by a line end.
    Raw {
        /// Whether invisible characters are escaped.
        is_for_terminal: bool,
    },
    /// One JSON object per line.
    JsonLines,
}

/// Records, ready to write.
#[derive(Debug)]
pub struct ShownReport<'a> {
    /// The records, in the order in which they were asked for.
    pub records: &'a [ShownRecord],
    /// Names of the archives as given, by number.
    pub archives: &'a [String],
    /// Whether secrets are shown.
    pub unmask: bool,
}

impl ShownReport<'_> {
    /// Writes all records. Returns the number of secrets that were masked.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, format: ShownFormat, out: &mut dyn Write) -> io::Result<usize> {
        if format == ShownFormat::JsonLines {
            #[derive(Serialize)]
            struct Settings {
                unmask: bool,
            }
            write_reference_lines(&Settings { unmask: self.unmask }, std::iter::empty::<()>(), out)?;
        }
        let mut secrets = 0;
        for (number, record) in self.records.iter().enumerate() {
            let Masked { text, count } = match self.unmask {
                true => Masked { text: record.text.as_str().into(), count: 0 },
                false => masked(&record.text),
            };
            secrets += count;
            match format {
                ShownFormat::Text => {
                    if number > 0 {
                        writeln!(out)?;
                    }
                    self.write_text(record, &text, out)?;
                }
                ShownFormat::Raw { is_for_terminal } => write_raw(&text, is_for_terminal, out)?,
                ShownFormat::JsonLines => self.write_line(record, (&text, count), out)?,
            }
        }
        Ok(secrets)
    }

    fn write_text(&self, record: &ShownRecord, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let Place { archive, object, record: number } = &record.place;
        let object = shown_object(self.archives, *archive, object);
        writeln!(out, "{} record {number}", for_terminal(&object))?;
        if let Some(now) = record.checksum {
            match record.is_unchanged() {
                None => writeln!(out, "    the object has SHA-256 {now}")?,
                Some(true) => writeln!(out, "    the object is as it was indexed: SHA-256 {now}")?,
                Some(false) => {
                    let indexed: Vec<String> = record.indexed.iter().map(ToString::to_string).collect();
                    let indexed = indexed.join(" or ");
                    writeln!(
                        out,
                        "    the object has CHANGED: SHA-256 {now}, when it was indexed {indexed}"
                    )?;
                }
            }
        }
        for copy in &record.copies {
            let Place { archive, object, record } = &copy.place;
            let object = shown_object(self.archives, *archive, object);
            let other = if copy.is_same == Some(false) { ", with OTHER content" } else { "" };
            writeln!(out, "    also in {} record {record}{other}", for_terminal(&object))?;
        }
        if record.more_copies > 0 {
            writeln!(out, "    and in {} more places", record.more_copies)?;
        }
        if record.has_other_content && record.copies.iter().all(|copy| copy.is_same != Some(false)) {
            writeln!(out, "    some of these have OTHER content")?;
        }
        writeln!(out, "{}", laid_out(text))
    }

    fn write_line(
        &self,
        record: &ShownRecord,
        (text, masked): (&str, usize),
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let Place { archive, object, record: number } = &record.place;
        let (name, object_uri) = of_object(self.archives, *archive, object);
        let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
        let line = ShownLine {
            archive: *archive,
            archive_name: name,
            object,
            object_uri,
            record: *number,
            object_sha256: record.checksum.map(|checksum| checksum.to_string()),
            object_unchanged: record.is_unchanged(),
            indexed_sha256: record.indexed.iter().map(ToString::to_string).collect(),
            copies: record.copies.iter().map(CopyLine::new).collect(),
            more_copies: record.more_copies,
            copies_differ: record.has_other_content,
            masked,
            text: (!is_json).then_some(text),
        };
        let line = serde_json::to_string(&line)?;
        let open = line.strip_suffix('}').unwrap_or(&line);
        let event = if is_json { compact(text) } else { "null".to_owned() };
        write_without_line_ends(&format!("{open},\"event\":{event}}}\n"), out)
    }
}

/// A record as a JSON line, except its JSON.
#[derive(Serialize)]
struct ShownLine<'a> {
    archive: u32,
    archive_name: Option<&'a str>,
    object: &'a str,
    object_uri: Option<String>,
    record: u32,
    object_sha256: Option<String>,
    object_unchanged: Option<bool>,
    indexed_sha256: Vec<String>,
    copies: Vec<CopyLine<'a>>,
    more_copies: u64,
    copies_differ: bool,
    masked: usize,
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct CopyLine<'a> {
    archive: Option<u32>,
    object: &'a str,
    record: u32,
    same_content: Option<bool>,
}

impl<'a> CopyLine<'a> {
    fn new(copy: &'a EventCopy) -> Self {
        let Place { archive, object, record } = &copy.place;
        let archive = Some(*archive).filter(|archive| *archive > 0);
        Self { archive, object, record: *record, same_content: copy.is_same }
    }
}

fn write_raw(text: &str, is_for_terminal: bool, out: &mut dyn Write) -> io::Result<()> {
    if !is_for_terminal {
        out.write_all(text.as_bytes())?;
        return out.write_all(b"\n");
    }
    // Line ends and tabs are white space between tokens.
    text.lines().try_for_each(|line| {
        let parts: Vec<_> = line.split('\t').map(for_json_in_terminal).collect();
        writeln!(out, "{}", parts.join("\t"))
    })
}
