//! A tuning as one JSON document, with one setting per line. Texts are not cleaned.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::TuneReport;
use super::command::scan_command;
use super::view::{IncidentView, MostSensitiveView, ObservedView, RowView, TradeOffView};
use crate::report::json::{write_field, write_head, write_lines_of};

pub(super) fn write(report: &TuneReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let tuning = report.tuning;
    write_head(&settings(report)?, report.coverage, out)?;
    write_field("observed", &ObservedView::new(tuning), out)?;
    write_field("most_sensitive", &MostSensitiveView::new(tuning), out)?;
    write_lines_of("incidents", tuning.incidents.iter().map(IncidentView::new), out)?;
    write_field("suggestion", &tuning.suggestion.map(|index| RowView::new(&tuning.rows[index])), out)?;
    let command = tuning.suggestion.map(|index| scan_command(report, &tuning.rows[index].setting, "ARCHIVE"));
    write_field("suggestion_command", &command, out)?;
    let trade_off = tuning.trade_off();
    let trade_off = trade_off.iter().map(|choice| TradeOffView::new(choice, tuning));
    write_lines_of("trade_off", trade_off, out)?;
    write_lines_of("rows", tuning.rows.iter().map(RowView::new), out)?;
    out.write_all(b"\n}\n")
}

/// The settings of the run, with the grid in place of a single warmup, forget span and anchor.
fn settings(report: &TuneReport<'_>) -> serde_json::Result<Value> {
    let grid = report.grid;
    let mut settings = serde_json::to_value(report.settings)?;
    if let Some(fields) = settings.as_object_mut() {
        for single in ["warmup", "forget", "anchor", "sort"] {
            fields.remove(single);
        }
    }
    settings["warmups"] = grid.warmups.iter().map(|span| span.to_string()).collect();
    settings["forgets"] = grid.forgets.iter().map(|span| json!(span.map(|span| span.to_string()))).collect();
    settings["anchors"] = grid.anchors.iter().map(|anchor| anchor.name()).collect();
    settings["calls"] = grid.calls.iter().map(|calls| calls.name()).collect();
    Ok(settings)
}
