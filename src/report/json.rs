//! Rows as one JSON document or as JSON lines. Texts are not cleaned; JSON escapes what it must.

use std::io::{self, Write};

use serde::Serialize;

use super::FORMAT_VERSION;
use super::json_line::line;
use super::summary::CoverageView;
use crate::coverage::Coverage;

/// The start of every JSON output.
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

/// Writes one document with the rows under a name.
pub(super) fn write<R: Serialize>(
    (settings, coverage): (&impl Serialize, &Coverage),
    (name, rows): (&str, impl Iterator<Item = R>),
    out: &mut dyn Write,
) -> io::Result<()> {
    write_head(settings, coverage, out)?;
    write_lines_of(name, rows, out)?;
    out.write_all(b"\n}\n")
}

/// Writes one document with rows that do not come from logs, so that it has no coverage.
pub(super) fn write_reference<R: Serialize>(
    settings: &impl Serialize,
    (name, rows): (&str, impl Iterator<Item = R>),
    out: &mut dyn Write,
) -> io::Result<()> {
    write_header(settings, out)?;
    write_lines_of(name, rows, out)?;
    out.write_all(b"\n}\n")
}

/// The settings of an answer that has none: nothing that was asked for changes it.
#[derive(Serialize)]
pub(super) struct NoSettings {}

/// Writes the start of a document: header and coverage, without a line end.
pub(super) fn write_head(
    settings: &impl Serialize,
    coverage: &Coverage,
    out: &mut dyn Write,
) -> io::Result<()> {
    write_header(settings, out)?;
    write_field("coverage", &CoverageView::new(coverage), out)
}

/// Writes the header of a document, without a line end.
pub(super) fn write_header(settings: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let header = serde_json::to_string_pretty(&Header::new(settings))?;
    out.write_all(header.strip_suffix("\n}").unwrap_or(&header).as_bytes())
}

/// Writes another field of a document.
pub(super) fn write_field(name: &str, value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    write!(out, ",\n  \"{name}\": ")?;
    out.write_all(serde_json::to_string_pretty(value)?.replace('\n', "\n  ").as_bytes())
}

/// Writes another field of a document, which is a list. Every item is on its own line, so outputs can be
/// compared line by line.
pub(super) fn write_lines_of(
    name: &str,
    items: impl Iterator<Item = impl Serialize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut list = List::begin(name, out)?;
    for item in items {
        list.add(&item, out)?;
    }
    list.end(out)
}

/// Another field of a document, which is a list, while it is written: see [`write_lines_of`].
pub(super) struct List {
    is_empty: bool,
}

impl List {
    pub(super) fn begin(name: &str, out: &mut dyn Write) -> io::Result<Self> {
        write!(out, ",\n  \"{name}\": [")?;
        Ok(Self { is_empty: true })
    }

    /// Writes the next item.
    pub(super) fn add(&mut self, item: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.is_empty { b"\n    " } else { b",\n    " })?;
        self.is_empty = false;
        Ok(serde_json::to_writer(out, item)?)
    }

    pub(super) fn end(self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.is_empty { b"]" } else { b"\n  ]" })
    }
}

/// Writes `{"header":…}`, one line per row, and `{"coverage":…}`.
pub(super) fn write_lines<R: Serialize>(
    (settings, coverage): (&impl Serialize, &Coverage),
    rows: impl Iterator<Item = R>,
    out: &mut dyn Write,
) -> io::Result<()> {
    write_reference_lines(settings, rows, out)?;
    line(&CoverageLine { coverage: CoverageView::new(coverage) }, out)
}

/// Writes `{"header":…}`, the lines of `rows`, and `{"coverage":…}`.
pub(super) fn write_lines_by(
    (settings, coverage): (&impl Serialize, &Coverage),
    rows: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    out: &mut dyn Write,
) -> io::Result<()> {
    write_reference_lines(settings, std::iter::empty::<()>(), out)?;
    rows(out)?;
    line(&CoverageLine { coverage: CoverageView::new(coverage) }, out)
}

/// The last of the lines.
#[derive(Serialize)]
struct CoverageLine<'a> {
    coverage: CoverageView<'a>,
}

/// Writes `{"header":…}`, and one line per row.
pub(super) fn write_reference_lines<R: Serialize>(
    settings: &impl Serialize,
    mut rows: impl Iterator<Item = R>,
    out: &mut dyn Write,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct HeaderLine<'a, S> {
        header: Header<'a, S>,
    }
    line(&HeaderLine { header: Header::new(settings) }, out)?;
    rows.try_for_each(|row| line(&row, out))
}
