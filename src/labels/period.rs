//! Incidents as periods and, optionally, who acted in them.

use csv::StringRecord;

use super::LabelError;
use super::event::{parse_labels, unused_in_labels};
use super::rows::Rows;
use crate::query::{IncidentPart, Keep, KnownIncident, Label, LabelledEvent, Pattern};
use crate::time::{Bound, Timestamp};

/// Parses an incident as `FROM..TO`, or `FROM..TO,GLOB` with a glob for its principal. Its name is the text.
///
/// ```
/// use firstseen::labels::parse_incident;
///
/// let incident = parse_incident("2024-03-01..2024-03-02,*/deploy").unwrap();
/// assert_eq!(incident.principal().unwrap().as_str(), "*/deploy");
/// ```
///
/// # Errors
/// What is wrong, if it has another form or ends before it begins.
pub fn parse_incident(text: &str) -> Result<KnownIncident, String> {
    let (window, principal) = match text.split_once(',') {
        Some((window, glob)) => (window, Some(glob)),
        None => (text, None),
    };
    let (from, to) = window.split_once("..").ok_or("write FROM..TO, such as 2024-03-01..2024-03-02")?;
    incident(text, from, to, principal)
}

/// Parses a file of incidents: rows with the columns `from` and `to`, and optionally `principal` and `name`, or else labels as
/// [`parse_labels`] takes them, whose events have a time and a principal. Each row is one incident; those with the same name are not joined.
/// There is at least one.
///
/// ```
/// use firstseen::labels::parse_incidents;
///
/// let incidents = parse_incidents("from,to,name\n2024-03-01,2024-03-02,break-in\n")?;
/// assert_eq!(incidents[0].name, "break-in");
/// # Ok::<(), firstseen::labels::LabelError>(())
/// ```
///
/// # Errors
/// If the header lacks or misspells a column, a row is malformed, or there are no rows.
pub fn parse_incidents(text: &str) -> Result<Vec<KnownIncident>, LabelError> {
    let rows = Rows::of(text)?;
    if has_labels(&rows) {
        return parse_labels(text)?.iter().map(of_label).collect();
    }
    let missing = || {
        LabelError::new(
            "the header must name from and to, and may name principal and name; or, as for triage --labels, name incident, time, \
             principal and action",
        )
    };
    let [from, to, principal, name] = COLUMNS.map(|names| rows.column(names));
    let (from, to) = (from.ok_or_else(missing)?, to.ok_or_else(missing)?);
    rows.refuse_misspelt(&COLUMNS)?;
    let incidents = rows.map(|record: &StringRecord| {
        let cell = |column: Option<usize>| column.and_then(|column| record.get(column)).unwrap_or_default();
        let (from, to) = (cell(Some(from)), cell(Some(to)));
        let name = match cell(name) {
            "" => format!("{from}..{to}"),
            name => name.to_owned(),
        };
        incident(&name, from, to, Some(cell(principal))).map_err(LabelError::new)
    })?;
    if incidents.is_empty() { Err(LabelError::new("it has no incidents")) } else { Ok(incidents) }
}

/// The columns of a file of [incidents](parse_incidents) that are none of those which it can have.
///
/// ```
/// use firstseen::labels::unused_in_incidents;
///
/// assert_eq!(unused_in_incidents("from,to,account\n2024-03-01,2024-03-02,1\n"), ["account"]);
/// ```
pub fn unused_in_incidents(text: &str) -> Vec<String> {
    let Ok(rows) = Rows::of(text) else { return Vec::new() };
    if has_labels(&rows) { unused_in_labels(text) } else { rows.unused(&COLUMNS) }
}

/// The names of each column.
const COLUMNS: [&[&str]; 4] = [&["from"], &["to"], &["principal"], &["name"]];

/// Whether rows are labels rather than periods.
fn has_labels(rows: &Rows<'_>) -> bool {
    let has = |names: &[&str]| rows.column(names).is_some();
    !has(&["from"]) && !has(&["to"]) && has(&["incident", "attack"])
}

/// Parses an incident. A missing or empty principal means any principal.
fn incident(name: &str, from: &str, to: &str, principal: Option<&str>) -> Result<KnownIncident, String> {
    let bound = |text: &str| text.trim().parse::<Bound>().map_err(|error| error.to_string());
    let (from, to) = (bound(from)?.start(), bound(to)?.end());
    if from > to {
        return Err("the incident ends before it begins".to_owned());
    }
    let glob = principal.map(str::trim).filter(|glob| !glob.is_empty());
    let principal = glob.map(str::parse::<Pattern>).transpose().map_err(|error| error.to_string())?;
    Ok(of_part(name, IncidentPart { from, to, account: None, principal }))
}

fn of_part(name: &str, part: IncidentPart) -> KnownIncident {
    KnownIncident { name: name.to_owned(), parts: vec![part], keep: Keep::default() }
}

/// The incident of a labelled event: its second, and its principal.
fn of_label(label: &Label) -> Result<KnownIncident, LabelError> {
    let Label { incident, event: LabelledEvent { time, account, principal, .. }, .. } = label;
    let (Some(time), Some(principal)) = (time, principal) else {
        return Err(LabelError::new(format!(
            "incident {incident}: an event has no time or no principal; tune finds events by these, and only firstseen triage \
             --labels by event_id"
        )));
    };
    let literal: String = principal.chars().map(literal).collect();
    let pattern = literal.parse::<Pattern>().map_err(|error| LabelError::new(error.to_string()))?;
    let to =
        Timestamp::from_micros(time.micros().saturating_add(SECOND - 1 - time.micros().rem_euclid(SECOND)));
    let part = IncidentPart { from: *time, to, account: account.clone(), principal: Some(pattern) };
    Ok(of_part(incident, part))
}

/// A second, in microseconds: labels may lack the fraction that records have.
const SECOND: i64 = 1_000_000;

/// A glob that matches this character alone.
fn literal(sign: char) -> String {
    match sign {
        '*' | '?' | '[' => format!("[{sign}]"),
        sign => sign.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_is_a_window_with_an_optional_principal() {
        let both = parse_incident("2024-03-01..2024-03-02T10:00:00Z,arn:aws:*,x").unwrap();
        assert_eq!(
            [both.from(), both.to()].map(|time| time.unwrap().to_string()),
            ["2024-03-01T00:00:00Z", "2024-03-02T10:00:00Z"]
        );
        assert_eq!(both.principal().unwrap().as_str(), "arn:aws:*,x");
        assert!(parse_incident("2024-03-01..2024-03-01").unwrap().principal().is_none());
        for text in ["", "2024-03-01", "2024-03-02..2024-03-01", "2024-03-01..2024-03-01,[", "..", "a..b"] {
            assert!(parse_incident(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_label_is_its_second_its_account_and_exactly_its_principal() {
        let rows = "a,2024-03-01T10:00:00Z,1,k[8s]*,c\nb,2024-03-01T10:00:00.25Z,,x,c\n";
        let incidents = parse_incidents(&format!("incident,time,account,principal,action\n{rows}")).unwrap();
        let [a, b] = &incidents[..] else { panic!("{incidents:?}") };
        let [a, b] = [a, b].map(|incident| &incident.parts[0]);
        assert_eq!(a.account.as_deref(), Some("1"));
        assert_eq!(a.principal.as_ref().unwrap().as_str(), "k[[]8s][*]");
        assert_eq!(a.to.to_string(), "2024-03-01T10:00:00.999999Z");
        assert_eq!(
            (b.from.to_string(), b.to.to_string()),
            ("2024-03-01T10:00:00.25Z".to_owned(), "2024-03-01T10:00:00.999999Z".to_owned())
        );
    }

    #[test]
    fn incident_columns_are_found_by_name() {
        let incidents =
            parse_incidents("name,to, from\nbreak-in,2024-03-02,2024-03-01\n,2024-03-05,2024-03-05\n")
                .unwrap();
        let names: Vec<&str> = incidents.iter().map(|incident| incident.name.as_str()).collect();
        assert_eq!(names, ["break-in", "2024-03-05..2024-03-05"]);
        assert!(incidents.iter().all(|incident| incident.principal().is_none()));
        let error = |text: &str| parse_incidents(text).unwrap_err().to_string();
        assert!(error("from,until\n").contains("header"));
        let with_semicolons = error("from;to;name\n2024-03-01;2024-03-02;x\n");
        assert_eq!(with_semicolons, "its columns are separated by semicolons; write commas instead");
        assert!(error("from,until\n").contains("incident, time, principal and action"));
        assert_eq!(error("from,to\n"), "it has no incidents");
        let row = "\n2024-03-01,2024-03-02,x\n";
        for misspelt in ["principle", "Principal", "nam"] {
            let error = error(&format!("from,to,{misspelt}{row}"));
            assert!(
                error.starts_with(&format!("the header has no column '{misspelt}'; did you mean")),
                "{error}"
            );
        }
        // Those that mean nothing are named, and those that are there twice.
        let header = "from,to,principal,ticket,principal,,account";
        assert_eq!(parse_incidents(&format!("{header}{row}")).unwrap().len(), 1);
        assert_eq!(unused_in_incidents(&format!("{header}{row}")), ["ticket", "principal", "account"]);
        assert_eq!(unused_in_incidents("attack,eventTime,principal,action,acount\n"), ["acount"]);
        let error = error("from,to,principal\n2024-03-01,2024-03-02,\n2024-03-01,soon,\n");
        assert!(error.starts_with("line 3: 'soon' is not a time"), "{error}");
    }
}
