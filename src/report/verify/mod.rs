//! Verdicts on digests and log files: as text, CSV, JSON and JSON lines.

mod row;
mod text;
mod words;

use std::io::{self, Write};

use serde::Serialize;

use super::{Format, as_it_is, csv, for_spreadsheet, json, json_line};
use crate::verify::{ChainSummary, Class, Proof, Subject, Verification};
use row::VerdictRow;

/// An answer about the integrity of archives, ready to write.
#[derive(Debug)]
pub struct VerifyReport<'a> {
    /// Names of the archives as given, by number.
    pub archives: &'a [String],
    /// The verdicts.
    pub verification: &'a Verification,
    /// `--from`, as given.
    pub from: Option<String>,
}

/// The settings of a run.
#[derive(Serialize)]
struct SettingsView<'a> {
    archives: &'a [String],
    public_keys: usize,
    from: Option<&'a str>,
}

/// The totals.
#[derive(Serialize)]
struct SummaryView<'a> {
    contradicted: bool,
    counts: Vec<CountView>,
    chains: Vec<ChainView<'a>>,
    remarks: &'a [String],
    fault_count: u64,
}

/// A number of verdicts.
#[derive(Serialize)]
struct CountView {
    subject: &'static str,
    class: &'static str,
    proof: Option<&'static str>,
    count: u64,
}

/// A chain of digests.
#[derive(Serialize)]
struct ChainView<'a> {
    account: &'a str,
    region: &'a str,
    trail: &'a str,
    home_region: &'a str,
    backfill: bool,
    digests: u64,
    proven: u64,
    covered_from: Option<String>,
    covered_to: Option<String>,
}

impl<'a> ChainView<'a> {
    fn new(ChainSummary { chain, digests, proven, covered }: &'a ChainSummary) -> Self {
        Self {
            account: &chain.account,
            region: &chain.region,
            trail: &chain.trail,
            home_region: &chain.home_region,
            backfill: chain.is_backfill,
            digests: *digests,
            proven: *proven,
            covered_from: covered.map(|(from, _)| from.to_string()),
            covered_to: covered.map(|(_, to)| to.to_string()),
        }
    }
}

impl VerifyReport<'_> {
    /// Writes the whole report.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        let rows = |clean| {
            let verdicts = self.verification.verdicts.iter();
            verdicts.map(move |verdict| VerdictRow::new(verdict, self, clean))
        };
        match format {
            Format::Text => text::write(self, out),
            Format::Csv => csv::write(&row::COLUMNS, rows(for_spreadsheet), out),
            Format::RawCsv => csv::write(&row::COLUMNS, rows(as_it_is), out),
            Format::Json => {
                json::write_header(&self.settings(), out)?;
                json::write_field("summary", &self.summary(), out)?;
                json::write_lines_of("verdicts", rows(as_it_is), out)?;
                out.write_all(b"\n}\n")
            }
            Format::JsonLines => {
                #[derive(Serialize)]
                struct SummaryLine<'a> {
                    summary: SummaryView<'a>,
                }
                json::write_reference_lines(&self.settings(), rows(as_it_is), out)?;
                json_line::line(&SummaryLine { summary: self.summary() }, out)
            }
        }
    }

    fn settings(&self) -> SettingsView<'_> {
        let (archives, public_keys) = (self.archives, self.verification.keys);
        SettingsView { archives, public_keys, from: self.from.as_deref() }
    }

    fn summary(&self) -> SummaryView<'_> {
        let count = |((subject, class, proof), count): (&(Subject, Class, Option<Proof>), &u64)| CountView {
            subject: subject.name(),
            class: class.name(),
            proof: proof.map(Proof::name),
            count: *count,
        };
        SummaryView {
            contradicted: self.verification.is_contradicted(),
            counts: self.verification.counts.iter().map(count).collect(),
            chains: self.verification.chains.iter().map(ChainView::new).collect(),
            remarks: &self.verification.remarks,
            fault_count: self.verification.coverage.fault_count,
        }
    }
}
