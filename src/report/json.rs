//! Findings as one JSON document or as JSON lines. Texts keep their characters; JSON escapes what it must.

use std::io::{self, Write};

use serde::Serialize;

use super::summary::CoverageView;
use super::{FORMAT_VERSION, Report, Row, UsedSettings};
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

/// One document; every finding stands on a line of its own, so that the output can be compared line by line.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    write_head(report.settings, report.coverage, out)?;
    write_lines_of(
        "findings",
        report.findings.iter().map(|finding| Row::new(finding, |text| text.into())),
        out,
    )?;
    out.write_all(b"\n}\n")
}

/// The begin of a document: header and coverage, without the end of the line.
pub(super) fn write_head(
    settings: &impl Serialize,
    coverage: &Coverage,
    out: &mut dyn Write,
) -> io::Result<()> {
    let header = serde_json::to_string_pretty(&Header::new(settings))?;
    out.write_all(header.strip_suffix("\n}").unwrap_or(&header).as_bytes())?;
    write_field("coverage", &CoverageView::new(coverage), out)
}

/// One more field of a document.
pub(super) fn write_field(name: &str, value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    write!(out, ",\n  \"{name}\": ")?;
    out.write_all(serde_json::to_string_pretty(value)?.replace('\n', "\n  ").as_bytes())
}

/// One more field of a document: a list with one item a line.
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

/// `{"header":…}`, one line per finding, `{"coverage":…}`.
pub(super) fn write_lines(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct First<'a> {
        header: Header<'a, UsedSettings>,
    }
    #[derive(Serialize)]
    struct Last<'a> {
        coverage: CoverageView<'a>,
    }
    let mut line = |value: &dyn Fn(&mut dyn Write) -> serde_json::Result<()>| -> io::Result<()> {
        value(out)?;
        out.write_all(b"\n")
    };
    line(&|out| serde_json::to_writer(out, &First { header: Header::new(report.settings) }))?;
    for finding in report.findings {
        line(&|out| serde_json::to_writer(out, &Row::new(finding, |text| text.into())))?;
    }
    line(&|out| serde_json::to_writer(out, &Last { coverage: CoverageView::new(report.coverage) }))
}
