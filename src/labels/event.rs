//! Events that are known to belong to incidents.

use csv::StringRecord;

use super::LabelError;
use super::rows::Rows;
use crate::query::{Label, LabelledEvent};
use crate::time::Timestamp;

/// The names of each column.
const COLUMNS: [&[&str]; 7] = [
    &["incident", "attack"],
    &["class"],
    &["event_id", "eventID"],
    &["time", "eventTime"],
    &["account"],
    &["principal"],
    &["action"],
];

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
    fn new(rows: &Rows<'_>) -> Result<Self, LabelError> {
        let missing = || LabelError::new("the header must name incident (or attack)");
        let [incident, class, event_id, time, account, principal, action] =
            COLUMNS.map(|names| rows.column(names));
        let incident = incident.ok_or_else(missing)?;
        let columns = Self { incident, class, event_id, time, account, principal, action };
        let has_calls = columns.time.is_some() && columns.principal.is_some() && columns.action.is_some();
        if columns.event_id.is_none() && !has_calls {
            let what = "the header must name event_id (or eventID), or time, principal and action";
            return Err(LabelError::new(what));
        }
        Ok(columns)
    }

    fn label(&self, record: &StringRecord) -> Result<Label, LabelError> {
        let cell = |column: Option<usize>| {
            record.get(column?).filter(|cell| !cell.is_empty()).map(ToOwned::to_owned)
        };
        let in_column = |column, reason| LabelError { column: Some(column), ..LabelError::new(reason) };
        let incident =
            cell(Some(self.incident)).ok_or_else(|| in_column("incident", "it is empty".to_owned()))?;
        let time = cell(self.time).map(|text| {
            let parsed = Timestamp::parse_any_form(&text).map(|(time, _)| time);
            let reason = || format!("'{text}' is not a time such as 2024-03-01T10:00:00Z");
            parsed.ok_or_else(|| in_column("time", reason()))
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
            return Err(LabelError::new("it needs an event_id, or a time, a principal and an action"));
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

/// Parses labelled events; at least one. The header names `incident` (or `attack`), optionally `class`, and `event_id` (or
/// `eventID`), or `time` (or `eventTime`), `account`, `principal` and `action`.
///
/// ```
/// use firstseen::labels::parse_labels;
///
/// let labels = parse_labels("incident,event_id\nbreak-in,e1\n")?;
/// assert_eq!((labels[0].incident.as_str(), labels[0].event.id.as_deref()), ("break-in", Some("e1")));
/// # Ok::<(), firstseen::labels::LabelError>(())
/// ```
///
/// # Errors
/// If the header lacks a column, a row lacks a value that it needs or has a malformed time, or there are no rows.
pub fn parse_labels(text: &str) -> Result<Vec<Label>, LabelError> {
    let rows = Rows::of(text)?;
    let columns = Columns::new(&rows)?;
    let labels = rows.map(|record| columns.label(record))?;
    if labels.is_empty() { Err(LabelError::new("it has no labels")) } else { Ok(labels) }
}

/// The columns of a file of [labelled events](parse_labels) that are none of those which it can have.
///
/// ```
/// use firstseen::labels::unused_in_labels;
///
/// assert_eq!(unused_in_labels("incident,event_id,note\nbreak-in,e1,x\n"), ["note"]);
/// ```
pub fn unused_in_labels(text: &str) -> Vec<String> {
    Rows::of(text).map(|rows| rows.unused(&COLUMNS)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_in_any_order() {
        let labels = parse_labels(
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
            parse_labels("incident,time,account,principal,action\na,2024-03-01T10:00:00Z,2,1|k,b\n").unwrap();
        assert_eq!(labels[0].event.account.as_deref(), Some("2"));
    }

    #[test]
    fn errors_name_line_and_column() {
        let error = |text: &str| parse_labels(text).unwrap_err().to_string();
        assert!(error("event_id\ne\n").starts_with("the header must name incident"));
        assert!(error("incident,time\na,b\n").starts_with("the header must name event_id"));
        let with_tabs = error("incident\tevent_id\na\tb\n");
        assert_eq!(with_tabs, "its columns are separated by tabs; write commas instead");
        assert_eq!(error("incident,event_id\n"), "it has no labels");
        assert_eq!(error("incident,event_id\na,b\n,c\n"), "line 3, column incident: it is empty");
        let late = error("incident,event_id,time\na,b,soon\n");
        assert!(late.starts_with("line 2, column time: 'soon' is not a time"), "{late}");
        assert!(error("incident,event_id\na,\n").starts_with("line 2: it needs an event_id"));
    }
}
