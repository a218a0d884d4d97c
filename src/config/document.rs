//! `--config`: a file of settings, as keys with values. Which keys there are, and which values they take, the flags decide.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::ConfigError;
use super::toml_text::{table, whole_number};
use crate::line::Lines;
use crate::names::shortened;

/// A file of settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The keys of the run, sorted.
    pub entries: Vec<Entry>,
    /// The `[[archive]]` tables, in order.
    pub archives: Vec<ArchiveTable>,
}

/// A key with its values, as a flag would take them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// One, or those of a list.
    pub values: Vec<String>,
    /// The line of the key, counted from 1.
    pub line: usize,
}

/// A table that describes an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveTable {
    /// Its first line, counted from 1.
    pub line: usize,
    /// Its keys, sorted.
    pub keys: Vec<TableKey>,
}

/// A key of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableKey {
    /// The key.
    pub name: String,
    /// As a flag would take them; `None` if it is something else, such as a table.
    pub values: Option<Vec<String>>,
    /// The line of the key, counted from 1.
    pub line: usize,
}

impl Document {
    /// Parses the text of a file.
    ///
    /// # Errors
    /// If it is not TOML, or a key of the run has a value that no flag could take.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let table = table(text)?;
        let lines = Lines::of(text);
        let mut document = Self::default();
        for (key, value) in table.get_ref() {
            match archive_tables(key, value) {
                Some(tables) => {
                    document.archives.extend(tables.into_iter().map(|table| archive(&lines, table)));
                }
                None => document.entries.push(entry(&lines, key, value)?),
            }
        }
        Ok(document)
    }
}

type Key<'t> = Spanned<DeString<'t>>;
type Value<'t> = Spanned<DeValue<'t>>;

/// The tables of a key that describes archives.
fn archive_tables<'v, 't>(key: &Key<'t>, value: &'v Value<'t>) -> Option<Vec<&'v Value<'t>>> {
    let values =
        value.get_ref().as_array().filter(|values| key.get_ref() == "archive" && !values.is_empty())?;
    values.iter().all(|value| value.get_ref().is_table()).then(|| values.iter().collect())
}

fn archive(lines: &Lines, table: &Value<'_>) -> ArchiveTable {
    let keys = table.get_ref().as_table().into_iter().flat_map(DeTable::iter);
    let keys = keys.map(|(key, value)| TableKey {
        name: key.get_ref().to_string(),
        values: texts(value.get_ref()),
        line: lines.line(key.span().start),
    });
    ArchiveTable { line: lines.line(table.span().start), keys: keys.collect() }
}

fn entry(lines: &Lines, key: &Key<'_>, value: &Value<'_>) -> Result<Entry, ConfigError> {
    let line = lines.line(key.span().start);
    let key = key.get_ref().to_string();
    let reason = || match &*key {
        "archive" => "an archive is a table with two brackets, [[archive]]".to_owned(),
        key => no_values(key),
    };
    match texts(value.get_ref()) {
        Some(values) => Ok(Entry { key, values, line }),
        None => Err(ConfigError { line, reason: reason() }),
    }
}

impl TableKey {
    /// Its values.
    ///
    /// # Errors
    /// If no flag could take them.
    pub fn values(&self) -> Result<&[String], ConfigError> {
        let wrong = || ConfigError { line: self.line, reason: no_values(&self.name) };
        self.values.as_deref().ok_or_else(wrong)
    }
}

fn no_values(key: &str) -> String {
    format!("'{}' takes a string, a number, true or false, or a list of strings", shortened(key))
}

/// A value as a flag would take it; a list becomes several values.
fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::Array(values) => values.iter().map(|value| one_text(value.get_ref())).collect(),
        value => one_text(value).map(|text| vec![text]),
    }
}

fn one_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Integer(_) => whole_number(value).map(|number| number.to_string()),
        DeValue::Float(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_as_flags_would_take_them() {
        let text = "a = 2024-03-01\nb = 0x10\nc = [true, 'x']\nd = []\n'e f' = -1\n";
        let document = Document::parse(text).unwrap();
        let entries: Vec<(&str, Vec<&str>, usize)> = document
            .entries
            .iter()
            .map(|entry| (&*entry.key, entry.values.iter().map(String::as_str).collect(), entry.line))
            .collect();
        assert_eq!(
            entries,
            [
                ("a", vec!["2024-03-01"], 1),
                ("b", vec!["16"], 2),
                ("c", vec!["true", "x"], 3),
                ("d", vec![], 4),
                ("e f", vec!["-1"], 5)
            ]
        );
    }

    #[test]
    fn what_no_flag_could_take_is_refused_unless_it_is_of_an_archive() {
        for value in ["1.5", "{x = 1}", "[[1]]", "[{x = 1}]", "99999999999999999999"] {
            let wrong = Document::parse(&format!("\na = {value}")).unwrap_err();
            assert_eq!(wrong, ConfigError { line: 2, reason: no_values("a") }, "{value}");
            let document = Document::parse(&format!("[[archive]]\na = {value}")).unwrap();
            let key = &document.archives[0].keys[0];
            assert_eq!(key.values(), Err(ConfigError { line: 2, reason: no_values("a") }), "{value}");
        }
        for text in ["[archive]\na = 1", "archive = 1.5", "archive = [{a = 1}, 'b']"] {
            let wrong = Document::parse(text).unwrap_err();
            assert_eq!(wrong.reason, "an archive is a table with two brackets, [[archive]]", "{text}");
        }
    }

    #[test]
    fn every_key_has_its_line() {
        let text: String = (0..500).map(|number| format!("k{number} = '''\r\n'''\r\n")).collect();
        let document = Document::parse(&(text + "[[archive]]\nb = 1\n")).unwrap();
        for entry in &document.entries {
            let number: usize = entry.key[1..].parse().unwrap();
            assert_eq!(entry.line, 1 + 2 * number, "{}", entry.key);
        }
        assert_eq!((document.archives[0].line, document.archives[0].keys[0].line), (1001, 1002));
    }

    proptest! {
        /// Whatever texts a file has, they are read as they were.
        #[test]
        fn any_texts_are_read_as_they_were_written(values in prop::collection::vec(any::<String>(), 0..5)) {
            let written: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            let text = format!("a = [{}]\n[[archive]]\nb = [{0}]\n", written.join(", "));
            let document = Document::parse(&text).unwrap();
            prop_assert_eq!(&document.entries[0].values, &values);
            prop_assert_eq!(document.archives[0].keys[0].values(), Ok(&values[..]));
        }
    }

    /// A basic string of TOML.
    fn quoted(value: &str) -> String {
        let escaped = value.chars().map(|sign| match sign {
            '"' | '\\' => format!("\\{sign}"),
            sign if sign.is_control() => format!("\\U{:08X}", u32::from(sign)),
            sign => sign.to_string(),
        });
        format!("\"{}\"", escaped.collect::<String>())
    }
}
