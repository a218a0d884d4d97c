//! What a case has beside its answers: how it was made, and what was read.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::columns::{Row, row};
use super::{csv, for_spreadsheet, json};
use crate::catalog::ObjectEntry;
use crate::checksum::Checksum;
use crate::time::Timestamp;

/// How the answers of a case were made.
#[derive(Debug)]
pub struct CaseRun<'a, S> {
    /// The settings of the run.
    pub settings: &'a S,
    /// The command, quoted for a shell.
    pub command_line: &'a str,
    /// Names of the archives as given, by number.
    pub archives: &'a [String],
    /// The files besides archives that the run read.
    pub inputs: &'a [CaseInput],
}

/// A file besides archives that a run read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseInput {
    /// What it is for the run: `rules`.
    pub role: &'static str,
    /// Its name as given, or below the folder as given.
    pub name: String,
    /// Checksum of its content; none if it is a pipe, which cannot be read again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The copy in the case, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
}

/// An archive, as published in a case.
#[derive(Serialize)]
struct CaseArchive<'a> {
    number: usize,
    name: &'a str,
}

impl<S: Serialize> CaseRun<'_, S> {
    /// Writes one JSON document.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let archives = (1..).zip(self.archives).map(|(number, name)| CaseArchive { number, name });
        json::write_header(self.settings, out)?;
        json::write_field("command_line", &self.command_line, out)?;
        json::write_lines_of("archives", archives, out)?;
        json::write_lines_of("inputs", self.inputs.iter(), out)?;
        out.write_all(b"\n}\n")
    }
}

row! {
    /// A listed object and what became of it.
    #[derive(Serialize)]
    struct ObjectRow<'a> {
        archive: u32,
        object: Cow<'a, str>,
        delivered: Option<Timestamp>,
        account: Option<Cow<'a, str>>,
        region: Option<Cow<'a, str>>,
        size: Option<u64>,
        sha256: Option<String>,
        outcome: &'static str,
        reason: Option<&'static str>,
        records: u64,
        faults: u64,
    }
}

/// Writes every listed object as CSV, in delivery order. Checksums are those of the stored bytes; what was not opened has none.
///
/// # Errors
/// If writing to `out` fails.
pub fn write_objects(objects: &[ObjectEntry], out: &mut dyn Write) -> io::Result<()> {
    csv::write(&ObjectRow::names(), objects.iter().map(object_row), out)
}

fn object_row(object: &ObjectEntry) -> ObjectRow<'_> {
    let (outcome, reason) = object.outcome.names();
    ObjectRow {
        archive: object.archive,
        object: for_spreadsheet(&object.path),
        delivered: object.delivered,
        account: object.account.as_deref().map(for_spreadsheet),
        region: object.region.as_deref().map(for_spreadsheet),
        size: object.size,
        sha256: object.checksum.map(|checksum| checksum.to_string()),
        outcome,
        reason,
        records: object.records,
        faults: object.faults,
    }
}

/// Writes the checksums of the objects of an archive, by its number, for `sha256sum -c` in the archive's folder. `name` gives the bytes of
/// the name of an object from its path.
///
/// # Errors
/// If writing to `out` fails.
pub fn write_object_checksums<'o>(
    objects: &'o [ObjectEntry],
    archive: u32,
    name: &dyn Fn(&'o str) -> Cow<'o, [u8]>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for object in objects.iter().filter(|object| object.archive == archive) {
        if let Some(checksum) = &object.checksum {
            write_checksum(checksum, &name(&object.path), out)?;
        }
    }
    Ok(())
}

/// Writes a line as `sha256sum` does: names with a backslash or a line end are escaped, and the line begins with a backslash.
fn write_checksum(checksum: &Checksum, name: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let is_escaped = name.iter().any(|byte| b"\\\n\r".contains(byte));
    write!(out, "{}{checksum}  ", if is_escaped { "\\" } else { "" })?;
    for byte in name {
        match byte {
            b'\\' => out.write_all(br"\\")?,
            b'\n' => out.write_all(br"\n")?,
            b'\r' => out.write_all(br"\r")?,
            byte => out.write_all(&[*byte])?,
        }
    }
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_sha256sum_does() {
        let checksum = Checksum::of(b"");
        let line = |name: &str| {
            let mut out = Vec::new();
            write_checksum(&checksum, name.as_bytes(), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(line("a b.json"), format!("{checksum}  a b.json\n"));
        assert_eq!(line("a\nb\\c\r"), format!("\\{checksum}  a\\nb\\\\c\\r\n"));
    }
}
