//! Rows as one JSON document or as JSON lines. Texts keep their characters; JSON escapes what it must.

use std::io::{self, Write};

use serde::Serialize;

use super::FORMAT_VERSION;
use super::summary::CoverageView;
use crate::coverage::Coverage;

/// What every JSON output begins with.
#[derive(Serialize)]
struct Header<'a, S> {
    format_version: u32,
    tool: &'static str,
    tool_version: &'static str,
    settings: &'a S,
}

impl<'a, S> Header<'a, S> {
    fn new(settings: &'a S) -> Self {
        let (tool, tool_version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        Self { format_version: FORMAT_VERSION, tool, tool_version, settings }
    }
}

/// One document with the rows under a name; every row stands on a line of its own, so that the output can be compared
/// line by line.
pub(super) fn write<R: Serialize>(
    (settings, coverage): (&impl Serialize, &Coverage),
    (name, rows): (&str, impl Iterator<Item = R>),
    out: &mut dyn Write,
) -> io::Result<()> {
    let header = serde_json::to_string_pretty(&Header::new(settings))?;
    out.write_all(header.strip_suffix("\n}").unwrap_or(&header).as_bytes())?;
    out.write_all(b",\n  \"coverage\": ")?;
    let coverage = serde_json::to_string_pretty(&CoverageView::new(coverage))?;
    out.write_all(coverage.replace('\n', "\n  ").as_bytes())?;
    write!(out, ",\n  \"{name}\": [")?;
    let mut empty = true;
    for row in rows {
        out.write_all(if empty { b"\n    " } else { b",\n    " })?;
        serde_json::to_writer(&mut *out, &row)?;
        empty = false;
    }
    out.write_all(if empty { b"]\n}\n" } else { b"\n  ]\n}\n" })
}

/// `{"header":…}`, one line per row, `{"coverage":…}`.
pub(super) fn write_lines<R: Serialize>(
    (settings, coverage): (&impl Serialize, &Coverage),
    rows: impl Iterator<Item = R>,
    out: &mut dyn Write,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct First<'a, S> {
        header: Header<'a, S>,
    }
    #[derive(Serialize)]
    struct Last<'a> {
        coverage: CoverageView<'a>,
    }
    line(&First { header: Header::new(settings) }, out)?;
    for row in rows {
        line(&row, out)?;
    }
    line(&Last { coverage: CoverageView::new(coverage) }, out)
}

fn line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
