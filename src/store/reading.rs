//! Reads table columns as the required types, and reports what does not fit.

use std::borrow::Cow;
use std::collections::HashMap;

use parquet::data_type::ByteArray;

use super::error::Flaw;
use super::table::Table;
use crate::model::{SharedTexts, Text};
use crate::time::{Day, Timestamp};

/// Texts of a column.
pub(super) struct Texts {
    name: Cow<'static, str>,
    values: Vec<Option<ByteArray>>,
}

impl Texts {
    pub(super) fn get(&self, row: usize) -> Result<Option<&str>, Flaw> {
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| Flaw::value(&self.name));
        self.values[row].as_ref().map(|value| text(value.data())).transpose()
    }

    pub(super) fn needed(&self, row: usize) -> Result<&str, Flaw> {
        self.get(row)?.ok_or_else(|| Flaw::value(&self.name))
    }

    pub(super) fn boxed(&self, row: usize) -> Result<Option<Box<str>>, Flaw> {
        Ok(self.get(row)?.map(Box::from))
    }
}

impl Table {
    pub(super) fn text_column(&self, name: impl Into<Cow<'static, str>>) -> Result<Texts, Flaw> {
        let name = name.into();
        Ok(Texts { values: self.texts(&name)?, name })
    }

    /// A column of numbers without gaps that fit the wanted type.
    pub(super) fn numbers<N: TryFrom<i64>>(&self, name: &str) -> Result<Vec<N>, Flaw> {
        let fit = |number: Option<i64>| {
            number.and_then(|number| N::try_from(number).ok()).ok_or_else(|| Flaw::value(name))
        };
        self.longs(name)?.into_iter().map(fit).collect()
    }

    /// A column of non-negative sizes and positions.
    pub(super) fn places(&self, name: &str) -> Result<Vec<Option<u64>>, Flaw> {
        let place = |at: i64| u64::try_from(at).map_err(|_| Flaw::value(name));
        self.longs(name)?.into_iter().map(|at| at.map(place).transpose()).collect()
    }

    pub(super) fn times(&self, name: &str) -> Result<Vec<Option<Timestamp>>, Flaw> {
        Ok(self.longs(name)?.into_iter().map(|micros| micros.map(Timestamp::from_micros)).collect())
    }

    pub(super) fn days(&self, name: &str) -> Result<Vec<Day>, Flaw> {
        let days = self.ints(name)?.into_iter();
        days.map(|day| day.map(Day::from_number).ok_or_else(|| Flaw::value(name))).collect()
    }

    /// A column of booleans without gaps.
    pub(super) fn truths(&self, name: &str) -> Result<Vec<bool>, Flaw> {
        self.flags(name)?.into_iter().map(|flag| flag.ok_or_else(|| Flaw::value(name))).collect()
    }
}

/// Paths of objects and texts of evidence, each stored once.
#[derive(Default)]
pub(super) struct Paths {
    pub(super) paths: HashMap<Box<str>, Text>,
    pub(super) texts: SharedTexts,
}

/// The shared path equal to this one.
pub(super) fn path(paths: &mut HashMap<Box<str>, Text>, path: &str) -> Text {
    if let Some(known) = paths.get(path) {
        return known.clone();
    }
    let shared: Text = path.into();
    paths.insert(path.into(), shared.clone());
    shared
}
