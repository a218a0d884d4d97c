//! Rows as one JSON document or as JSON lines. Texts are not cleaned; JSON escapes what it must.

use std::io::{self, Write};

use serde::Serialize;

use super::FORMAT_VERSION;
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
    write!(out, ",\n  \"{name}\": [")?;
    let mut end: &[u8] = b"]";
    for (index, item) in items.enumerate() {
        out.write_all(if index == 0 { b"\n    " } else { b",\n    " })?;
        serde_json::to_writer(&mut *out, &item)?;
        end = b"\n  ]";
    }
    out.write_all(end)
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

/// Writes one value on a line.
pub(super) fn line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
