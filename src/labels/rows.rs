//! A CSV text → its header, and its rows with their lines.

use csv::{Reader, ReaderBuilder, StringRecord, Trim};

use super::LabelError;
use crate::line::line_of;
use crate::names::{did_you_mean, nearest};

/// A table with a header.
pub(super) struct Rows<'t> {
    text: &'t str,
    reader: Reader<&'t [u8]>,
    pub(super) header: StringRecord,
}

impl<'t> Rows<'t> {
    pub(super) fn of(text: &'t str) -> Result<Self, LabelError> {
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = ReaderBuilder::new().flexible(true).trim(Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| LabelError::new(error.to_string()))?.clone();
        refuse_other_separator(&header)?;
        Ok(Self { text, reader, header })
    }

    /// Where the header has a column with one of these names.
    pub(super) fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.header.iter().position(|one| one == *name))
    }

    /// The names in the header that no column of `known` has, each of which can have several names; of two columns with one meaning that of the
    /// second.
    pub(super) fn unused(&self, known: &[&[&str]]) -> Vec<String> {
        let used: Vec<usize> = known.iter().filter_map(|names| self.column(names)).collect();
        let header = self.header.iter().enumerate();
        let unused = header.filter(|(place, name)| !used.contains(place) && !name.is_empty());
        unused.map(|(_, name)| name.to_owned()).collect()
    }

    /// Refuses a name in the header that resembles that of a column of `known` which is not there: without it the rows would mean
    /// something else.
    pub(super) fn refuse_misspelt(&self, known: &[&[&str]]) -> Result<(), LabelError> {
        let absent = || known.iter().filter(|names| self.column(names).is_none()).copied().flatten().copied();
        for name in self.unused(known) {
            if let Some(similar) = nearest(&name.to_lowercase(), absent()) {
                let what = format!("the header has no column '{name}'{}", did_you_mean(Some(similar)));
                return Err(LabelError::new(what));
            }
        }
        Ok(())
    }

    /// Reads each row as `read` does; the first error ends it, and gets the line of its row.
    pub(super) fn map<T>(
        mut self,
        read: impl Fn(&StringRecord) -> Result<T, LabelError>,
    ) -> Result<Vec<T>, LabelError> {
        let text = self.text;
        let row = |record: Result<StringRecord, csv::Error>| {
            let record = record.map_err(|error| LabelError::new(error.to_string()))?;
            read(&record).map_err(|error| LabelError { line: Some(line(text, &record)), ..error })
        };
        self.reader.records().map(row).collect()
    }
}

/// Refuses a header of one column that contains the separator of other tables: every table here has at least two columns.
fn refuse_other_separator(header: &StringRecord) -> Result<(), LabelError> {
    let Some(only) = header.get(0).filter(|_| header.len() == 1) else { return Ok(()) };
    let others = [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")];
    match others.into_iter().find(|(separator, _)| only.contains(*separator)) {
        Some((_, found)) => {
            Err(LabelError::new(format!("its columns are separated by {found}; write commas instead")))
        }
        None => Ok(()),
    }
}

/// The line on which a row begins, counted from 1. The position that the reader knows may be before the end of the line above, and before
/// blank lines.
fn line(text: &str, record: &StringRecord) -> usize {
    let before = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
    let ends = text.bytes().skip(before).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    line_of(text, before + ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_line_on_which_it_begins() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["\u{feff}a,b", "1,2", "", "", "\"x", "y\",3", "4,5"].join(end);
            let rows = Rows::of(&text).unwrap();
            let first = |wanted: &'static str| {
                let refuse = |record: &StringRecord| match &record[0] {
                    one if one.starts_with(wanted) => Err(LabelError::new("found")),
                    _ => Ok(()),
                };
                Rows::of(&text).unwrap().map(refuse).unwrap_err().line
            };
            assert_eq!(rows.column(&["c", "b"]), Some(1));
            assert_eq!(["1", "x", "4"].map(first), [Some(2), Some(5), Some(7)], "{end:?}");
        }
    }
}
