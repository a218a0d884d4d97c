//! `--labels`: a file of events that are known to belong to incidents.

use std::path::{Path, PathBuf};

use clap::Args;
use csv::StringRecord;
use firstseen::query::{Label, LabelledEvent};
use firstseen::time::Timestamp;

use super::super::exit::{Hint, UsageError};
use super::super::text_file::{csv_reader, read_text};

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Labelled incidents")]
pub(crate) struct LabelArgs {
    /// Instead of the ranking, report where it has the incidents of a CSV file, in total and by class. The header names
    /// incident, optionally class, and event_id, or time, account, principal and action. Noise is the number of places before
    /// an incident, and in its own row, that no labelled incident needs
    #[arg(long, value_name = "FILE", conflicts_with = "top")]
    pub(crate) labels: Option<PathBuf>,
}

impl LabelArgs {
    /// The labels, at least one.
    pub(crate) fn read(&self) -> anyhow::Result<Option<Vec<Label>>> {
        self.labels.as_deref().map(read_file).transpose()
    }
}

const HINT: Hint = Hint(
    "--labels takes a CSV file with the header incident,class,event_id,time,account,principal,action; an event has an event_id, \
     or a time, a principal and an action; class and account are optional",
);

fn read_file(path: &Path) -> anyhow::Result<Vec<Label>> {
    parse(&read_text(path, HINT)?).map_err(|problem| {
        anyhow::Error::new(UsageError(format!("{}: {problem}", path.display()))).context(HINT)
    })
}

/// Where the header has each column.
struct Columns {
    incident: usize,
    class: Option<usize>,
    event_id: Option<usize>,
    time: Option<usize>,
    account: Option<usize>,
    principal: Option<usize>,
    action: Option<usize>,
}

impl Columns {
    fn new(header: &StringRecord) -> Result<Self, String> {
        let column =
            |names: &[&str]| names.iter().find_map(|name| header.iter().position(|one| one == *name));
        let incident = column(&["incident", "attack"]).ok_or("the header must name incident (or attack)")?;
        let columns = Self {
            incident,
            class: column(&["class"]),
            event_id: column(&["event_id", "eventID"]),
            time: column(&["time", "eventTime"]),
            account: column(&["account"]),
            principal: column(&["principal"]),
            action: column(&["action"]),
        };
        let has_calls = columns.time.is_some() && columns.principal.is_some() && columns.action.is_some();
        if columns.event_id.is_none() && !has_calls {
            return Err(
                "the header must name event_id (or eventID), or time, principal and action".to_owned()
            );
        }
        Ok(columns)
    }

    fn label(&self, record: &StringRecord) -> Result<Label, String> {
        let cell = |column: Option<usize>| {
            record.get(column?).filter(|cell| !cell.is_empty()).map(ToOwned::to_owned)
        };
        let incident = cell(Some(self.incident)).ok_or(", column incident: it is empty")?;
        let time = cell(self.time).map(|text| {
            let parsed = Timestamp::parse_any_form(&text).map(|(time, _)| time);
            parsed.ok_or(format!(", column time: '{text}' is not a time such as 2024-03-01T10:00:00Z"))
        });
        let (of_key, principal) = cell(self.principal).map_or((None, None), |key| account_and_key(&key));
        let event = LabelledEvent {
            id: cell(self.event_id),
            time: time.transpose()?,
            account: cell(self.account).or(of_key),
            principal,
            action: cell(self.action),
        };
        if event.id.is_none() && (event.time.is_none() || event.principal.is_none() || event.action.is_none())
        {
            return Err(": it needs an event_id, or a time, a principal and an action".to_owned());
        }
        Ok(Label { incident, class: cell(self.class), event })
    }
}

/// A principal as `111122223333|key` or as its key alone.
fn account_and_key(text: &str) -> (Option<String>, Option<String>) {
    let is_account = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('|').filter(|(account, _)| is_account(account)) {
        Some((account, key)) => (Some(account.to_owned()), Some(key.to_owned())),
        None => (None, Some(text.to_owned())),
    }
}

/// Parses labels from CSV, by column names.
pub(super) fn parse(text: &str) -> Result<Vec<Label>, String> {
    let mut reader = csv_reader(text);
    let columns = Columns::new(reader.headers().map_err(|error| error.to_string())?)?;
    let mut labels = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        labels.push(columns.label(&record).map_err(|problem| format!("line {line}{problem}"))?);
    }
    if labels.is_empty() { Err("it has no labels".to_owned()) } else { Ok(labels) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_in_any_order() {
        let labels = parse(
            "action,attack,note,principal,eventTime,eventID\n\
             iam:CreateUser,7,x,111122223333|arn:aws:iam::111122223333:user/jo,2024-03-01T10:00:00Z,\n\
             ,8,,,,e1\n",
        )
        .unwrap();
        let LabelledEvent { id, time, account, principal, action } = &labels[0].event;
        assert_eq!((id, time.unwrap().to_string().as_str()), (&None, "2024-03-01T10:00:00Z"));
        assert_eq!(account.as_deref(), Some("111122223333"));
        assert_eq!(principal.as_deref(), Some("arn:aws:iam::111122223333:user/jo"));
        assert_eq!(action.as_deref(), Some("iam:CreateUser"));
        assert_eq!((labels[1].incident.as_str(), labels[1].event.id.as_deref()), ("8", Some("e1")));
        assert_eq!(labels[1].class, None);
    }

    #[test]
    fn the_column_of_the_account_counts_before_that_of_the_principal() {
        let labels =
            parse("incident,time,account,principal,action\na,2024-03-01T10:00:00Z,2,1|k,b\n").unwrap();
        assert_eq!(labels[0].event.account.as_deref(), Some("2"));
    }

    #[test]
    fn errors_name_line_and_column() {
        let error = |text: &str| parse(text).unwrap_err();
        assert!(error("event_id\ne\n").starts_with("the header must name incident"));
        assert!(error("incident,time\na,b\n").starts_with("the header must name event_id"));
        assert_eq!(error("incident,event_id\n"), "it has no labels");
        assert_eq!(error("incident,event_id\na,b\n,c\n"), "line 3, column incident: it is empty");
        let late = error("incident,event_id,time\na,b,soon\n");
        assert!(late.starts_with("line 2, column time: 'soon' is not a time"), "{late}");
        assert!(error("incident,event_id\na,\n").starts_with("line 2: it needs an event_id"));
    }
}
