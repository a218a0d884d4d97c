//! Findings as one JSON document or as JSON lines. Texts keep their characters; JSON escapes what it must.

use std::io::{self, Write};

use serde::Serialize;

use super::summary::CoverageView;
use super::{FORMAT_VERSION, Report, Row, UsedSettings};

/// What every JSON output begins with.
#[derive(Serialize)]
struct Header<'a> {
    format_version: u32,
    tool: &'static str,
    tool_version: &'static str,
    settings: &'a UsedSettings,
}

impl<'a> Header<'a> {
    fn new(settings: &'a UsedSettings) -> Self {
        let (tool, tool_version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        Self { format_version: FORMAT_VERSION, tool, tool_version, settings }
    }
}

/// One document; every finding stands on a line of its own, so that the output can be compared line by line.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let header = serde_json::to_string_pretty(&Header::new(report.settings))?;
    out.write_all(header.strip_suffix("\n}").unwrap_or(&header).as_bytes())?;
    out.write_all(b",\n  \"coverage\": ")?;
    let coverage = serde_json::to_string_pretty(&CoverageView::new(report.coverage))?;
    out.write_all(coverage.replace('\n', "\n  ").as_bytes())?;
    out.write_all(b",\n  \"findings\": [")?;
    for (index, finding) in report.findings.iter().enumerate() {
        out.write_all(if index == 0 { b"\n    " } else { b",\n    " })?;
        serde_json::to_writer(&mut *out, &Row::new(finding, |text| text.into()))?;
    }
    out.write_all(if report.findings.is_empty() { b"]\n}\n" } else { b"\n  ]\n}\n" })
}

/// `{"header":…}`, one line per finding, `{"coverage":…}`.
pub(super) fn write_lines(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct First<'a> {
        header: Header<'a>,
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
