//! Where a ranking has labelled incidents: shares in total and by class, and each incident.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::TriageReport;
use crate::query::{LABEL_NOISES, LABEL_RANKS, LabelReport, LabelShares, LabelledIncident};
use crate::report::count::{counted, grouped};
use crate::report::width::width;
use crate::report::{Format, as_it_is, csv, for_spreadsheet, for_terminal, json};

/// Where a ranking has labelled incidents, ready to write.
#[derive(Debug)]
pub struct LabelledReport<'a> {
    /// The ranking.
    pub ranking: &'a TriageReport<'a>,
    /// Its comparison with the labels.
    pub labels: &'a LabelReport,
}

/// A labelled incident under its published field names, see `docs/formats.md`.
#[derive(Serialize)]
struct IncidentRow<'a> {
    incident: Cow<'a, str>,
    class: Option<Cow<'a, str>>,
    events: u64,
    rank: Option<u64>,
    noise: Option<u64>,
}

const COLUMNS: [&str; 5] = ["incident", "class", "events", "rank", "noise"];

/// Shares of the labelled incidents of a class; of all, if it has none.
#[derive(Serialize)]
struct SharesRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    incidents: u64,
    found: u64,
    median_rank: Option<f64>,
    median_noise: Option<f64>,
    #[serde(serialize_with = "by_limit")]
    rank_share: Vec<(u64, f64)>,
    #[serde(serialize_with = "by_limit")]
    noise_share: Vec<(u64, f64)>,
}

/// A line of JSON lines.
#[derive(Serialize)]
#[serde(untagged)]
enum Row<'a> {
    Shares(SharesRow<'a>),
    Incident(IncidentRow<'a>),
}

/// Shares by the limit that they are about, as an object: `{"12": 0.4, "20": 0.5}`.
fn by_limit<S: Serializer>(shares: &[(u64, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(shares.iter().map(|(limit, share)| (limit.to_string(), share)))
}

impl<'a> IncidentRow<'a> {
    fn new(incident: &'a LabelledIncident, clean: fn(&str) -> Cow<'_, str>) -> Self {
        Self {
            incident: clean(&incident.name),
            class: incident.class.as_deref().map(clean),
            events: incident.events,
            rank: incident.rank,
            noise: incident.noise,
        }
    }
}

impl<'a> SharesRow<'a> {
    fn new(class: Option<&'a str>, shares: &LabelShares) -> Self {
        let rounded = |count: u64| (share(count, shares) * 1_000.0).round() / 1_000.0;
        let of = |limits: [u64; 3], counts: [u64; 3]| limits.into_iter().zip(counts.map(rounded)).collect();
        Self {
            class,
            incidents: shares.incidents,
            found: shares.found,
            median_rank: shares.median_rank,
            median_noise: shares.median_noise,
            rank_share: of(LABEL_RANKS, shares.by_rank),
            noise_share: of(LABEL_NOISES, shares.by_noise),
        }
    }
}

/// A number of incidents as a share of all.
fn share(count: u64, shares: &LabelShares) -> f64 {
    count as f64 / shares.incidents.max(1) as f64
}

impl LabelledReport<'_> {
    /// Writes the whole report.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        let incidents = |clean: fn(&str) -> Cow<'_, str>| {
            self.by_rank().into_iter().map(move |incident| IncidentRow::new(incident, clean))
        };
        let shares = || self.shares().map(|(class, shares)| SharesRow::new(class, shares));
        let (settings, coverage) = (self.ranking.settings()?, self.ranking.coverage);
        match format {
            Format::Text => self.write_text(out),
            Format::Csv => csv::write(&COLUMNS, incidents(for_spreadsheet), out),
            Format::RawCsv => csv::write(&COLUMNS, incidents(as_it_is), out),
            Format::Json => {
                json::write_head(&settings, coverage, out)?;
                json::write_lines_of("shares", shares(), out)?;
                json::write_lines_of("incidents", incidents(as_it_is), out)?;
                out.write_all(b"\n}\n")
            }
            Format::JsonLines => {
                let rows = shares().map(Row::Shares).chain(incidents(as_it_is).map(Row::Incident));
                json::write_lines((&settings, coverage), rows, out)
            }
        }
    }

    /// The shares of all incidents, and those of each class.
    fn shares(&self) -> impl Iterator<Item = (Option<&str>, &LabelShares)> {
        let classes = self.labels.classes.iter().map(|(class, shares)| (Some(&**class), shares));
        [(None, &self.labels.all)].into_iter().chain(classes)
    }

    /// The labelled incidents, the best rank first, and those that were not found last.
    fn by_rank(&self) -> Vec<&LabelledIncident> {
        let mut incidents: Vec<&LabelledIncident> = self.labels.incidents.iter().collect();
        incidents.sort_by_key(|incident| (incident.rank.unwrap_or(u64::MAX), &incident.name));
        incidents
    }

    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let places: usize = self.ranking.triage.incidents.iter().map(|incident| incident.places()).sum();
        let all = &self.labels.all;
        writeln!(
            out,
            "{} of {} found among {} of the ranking",
            grouped(all.found),
            counted(all.incidents, "labelled incident"),
            counted(places as u64, "place")
        )?;
        writeln!(out)?;
        self.write_table(out)?;
        writeln!(out)?;
        for incident in self.by_rank() {
            writeln!(out, "{}", for_terminal(&line(incident)))?;
        }
        writeln!(out)?;
        writeln!(
            out,
            "noise: places before an incident, and in its own row, that no labelled incident needs; incidents that were not \
             found count as last"
        )
    }

    /// The shares as a table: one line for all incidents and one for each class.
    fn write_table(&self, out: &mut dyn Write) -> io::Result<()> {
        let ranks = LABEL_RANKS.iter().map(|rank| format!("top {rank}"));
        let noises = LABEL_NOISES.iter().map(|noise| format!("noise ≤{noise}"));
        let head = ["class", "incidents", "found"].map(str::to_owned).into_iter().chain(ranks).chain(noises);
        let head = head.chain(["median rank", "median noise"].map(str::to_owned)).collect();
        let rows: Vec<Vec<String>> =
            [head].into_iter().chain(self.shares().map(|(class, shares)| cells(class, shares))).collect();
        let widest = |column: usize| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0);
        let widths: Vec<usize> = (0..rows[0].len()).map(widest).collect();
        for row in &rows {
            let pad = |column: usize| " ".repeat(widths[column] - width(&row[column]));
            let mut text = format!("{}{}", row[0], pad(0));
            for (column, cell) in row.iter().enumerate().skip(1) {
                text.push_str(&format!("  {}{cell}", pad(column)));
            }
            writeln!(out, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

/// A line of the table. The median of incidents of which most were not found is empty.
fn cells(class: Option<&str>, shares: &LabelShares) -> Vec<String> {
    let percent = |count: u64| format!("{:.0}%", share(count, shares) * 100.0);
    let median = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let name = class.map_or(Cow::Borrowed("all"), for_terminal).into_owned();
    let counts = [shares.incidents, shares.found].map(grouped);
    let shown = shares.by_rank.into_iter().chain(shares.by_noise).map(percent);
    let medians = [shares.median_rank, shares.median_noise].map(median);
    [name].into_iter().chain(counts).chain(shown).chain(medians).collect()
}

/// A labelled incident: `rank 3, noise 0: incident 7 (chain, 12 events)`.
fn line(incident: &LabelledIncident) -> String {
    let class = incident.class.as_ref().map_or(String::new(), |class| format!("{class}, "));
    let what = format!("incident {} ({class}{})", incident.name, counted(incident.events, "event"));
    match incident.rank.zip(incident.noise) {
        Some((rank, noise)) => format!("rank {}, noise {}: {what}", grouped(rank), grouped(noise)),
        None => format!("not found: {what}"),
    }
}
