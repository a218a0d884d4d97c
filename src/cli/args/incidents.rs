//! Flags that name incidents, and the file that lists them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use firstseen::labels::{LabelError, parse_incident, parse_incidents, unused_in_incidents};
use firstseen::query::{Keep, KnownIncident};

use super::super::exit::{Hint, UsageError};
use super::super::settings::FileArgs;
use super::super::text_file::read_text;
use super::labels::passed_over;

#[derive(Debug, Args)]
#[command(next_help_heading = "Incidents that should be reported")]
pub(crate) struct IncidentArgs {
    /// Period of an incident and, optionally, a glob for its principal, as with --principal:
    /// 2024-03-01..2024-03-02,'*/deploy'. A day counts to its end (repeatable)
    #[arg(long, value_name = "FROM..TO[,GLOB]")]
    incident: Vec<IncidentArg>,
    /// CSV file of incidents with the header from,to,principal,name; principal and name are optional, and rows with one name are one
    /// incident. Or a file of triage --labels whose events have a time, a principal and an action (repeatable)
    #[arg(long, value_name = "FILE")]
    incidents: Vec<PathBuf>,
    /// How many findings of each incident, or what share of them, a setting must report to be suggested: 5, or 80% [default: 1]
    #[arg(long, value_name = "N|N%")]
    keep: Option<KeepArg>,
}

/// How many findings of an incident must be reported.
#[derive(Clone, Copy, Debug)]
struct KeepArg(Keep);

impl FromStr for KeepArg {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const HOW: &str = "write a number of findings from 1, such as 5, or a share from 1% to 100%";
        let keep = match text.strip_suffix('%') {
            Some(percent) => {
                percent.parse().ok().filter(|percent| (1..=100).contains(percent)).map(Keep::Percent)
            }
            None => text.parse().ok().filter(|count| *count > 0).map(Keep::Count),
        };
        keep.map(Self).ok_or(HOW)
    }
}

/// An incident on the command line.
#[derive(Clone, Debug)]
struct IncidentArg(KnownIncident);

impl FromStr for IncidentArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_incident(text).map(Self)
    }
}

impl IncidentArgs {
    /// The files that list incidents.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.incidents
    }

    /// All incidents, first those of the command line, then those of the files; and warnings about columns of these. `settings` may say what
    /// to keep of incidents also if there are none.
    pub(crate) fn read(&self, settings: &FileArgs) -> anyhow::Result<(Vec<KnownIncident>, Vec<String>)> {
        let mut incidents: Vec<KnownIncident> = self.incident.iter().map(|arg| arg.0.clone()).collect();
        let mut warnings = Vec::new();
        for file in &self.incidents {
            incidents.extend(read_file(file, &mut warnings)?);
        }
        if let Some(KeepArg(keep)) = self.keep {
            if incidents.is_empty() && !settings.sets("keep") {
                let what = "--keep says what to keep of incidents, and none is named".to_owned();
                return Err(anyhow::Error::new(UsageError(what))
                    .context(Hint("name them with --incident or --incidents")));
            }
            incidents.iter_mut().for_each(|incident| incident.keep = keep);
        }
        Ok((grouped(incidents), warnings))
    }
}

/// Joins incidents with the same name, in the order of their first parts.
fn grouped(incidents: Vec<KnownIncident>) -> Vec<KnownIncident> {
    let mut place: HashMap<String, usize> = HashMap::new();
    let mut joined: Vec<KnownIncident> = Vec::new();
    for incident in incidents {
        match place.get(&incident.name) {
            Some(index) => joined[*index].parts.extend(incident.parts),
            None => {
                place.insert(incident.name.clone(), joined.len());
                joined.push(incident);
            }
        }
    }
    joined
}

fn read_file(path: &Path, warnings: &mut Vec<String>) -> anyhow::Result<Vec<KnownIncident>> {
    let hint = Hint(
        "--incidents takes a CSV file with the header from,to,principal,name, or one of firstseen triage --labels with the columns \
         incident, time, principal and action",
    );
    let refused = |problem: LabelError| {
        anyhow::Error::new(UsageError(format!("{}: {problem}", path.display()))).context(hint)
    };
    let text = read_text(path, hint)?;
    let incidents = parse_incidents(&text).map_err(refused)?;
    warnings.extend(passed_over(path, &unused_in_incidents(&text)));
    Ok(incidents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_keep_is_a_number_or_a_share() {
        let parse = |text: &str| text.parse::<KeepArg>().map(|arg| arg.0);
        assert_eq!(parse("5"), Ok(Keep::Count(5)));
        assert_eq!(parse("80%"), Ok(Keep::Percent(80)));
        for text in ["", "0", "0%", "101%", "-1", "half", "5 %"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn incidents_with_one_name_are_one_of_several_parts() {
        let rows = "a,2024-03-01,2024-03-01\nb,2024-03-01,2024-03-01\na,2024-03-02,2024-03-02\n";
        let joined = grouped(parse_incidents(&format!("name,from,to\n{rows}")).unwrap());
        let parts: Vec<(&str, usize)> =
            joined.iter().map(|incident| (&*incident.name, incident.parts.len())).collect();
        assert_eq!(parts, [("a", 2), ("b", 1)]);
    }
}
