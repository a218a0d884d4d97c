//! Reads table columns as the required types, and reports what does not fit.

use std::borrow::Cow;
use std::collections::HashMap;

use parquet::data_type::ByteArray;

use super::error::TableError;
use super::table::Table;
use crate::model::{SharedTexts, Text};
use crate::time::{Day, Timestamp};

/// Texts of a column.
pub(super) struct TextColumn {
    name: Cow<'static, str>,
    values: Vec<Option<ByteArray>>,
}

impl TextColumn {
    pub(super) fn get(&self, row: usize) -> Result<Option<&str>, TableError> {
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| TableError::value(&self.name));
        self.values[row].as_ref().map(|value| text(value.data())).transpose()
    }

    pub(super) fn needed(&self, row: usize) -> Result<&str, TableError> {
        self.get(row)?.ok_or_else(|| TableError::value(&self.name))
    }

    pub(super) fn boxed(&self, row: usize) -> Result<Option<Box<str>>, TableError> {
        Ok(self.get(row)?.map(Box::from))
    }
}

impl Table {
    pub(super) fn text_column(&self, name: impl Into<Cow<'static, str>>) -> Result<TextColumn, TableError> {
        let name = name.into();
        Ok(TextColumn { values: self.texts(&name)?, name })
    }

    /// A column of numbers without gaps that fit the wanted type.
    pub(super) fn numbers<N: TryFrom<i64>>(&self, name: &str) -> Result<Vec<N>, TableError> {
        let fit = |number: Option<i64>| {
            number.and_then(|number| N::try_from(number).ok()).ok_or_else(|| TableError::value(name))
        };
        self.longs(name)?.into_iter().map(fit).collect()
    }

    /// A column of non-negative sizes and positions.
    pub(super) fn places(&self, name: &str) -> Result<Vec<Option<u64>>, TableError> {
        let place = |at: i64| u64::try_from(at).map_err(|_| TableError::value(name));
        self.longs(name)?.into_iter().map(|at| at.map(place).transpose()).collect()
    }

    pub(super) fn times(&self, name: &str) -> Result<Vec<Option<Timestamp>>, TableError> {
        Ok(self.longs(name)?.into_iter().map(|micros| micros.map(Timestamp::from_micros)).collect())
    }

    pub(super) fn days(&self, name: &str) -> Result<Vec<Day>, TableError> {
        let days = self.ints(name)?.into_iter();
        days.map(|day| day.map(Day::from_number).ok_or_else(|| TableError::value(name))).collect()
    }

    /// A column of booleans without gaps.
    pub(super) fn truths(&self, name: &str) -> Result<Vec<bool>, TableError> {
        self.flags(name)?.into_iter().map(|flag| flag.ok_or_else(|| TableError::value(name))).collect()
    }
}

/// Paths of objects and texts of evidence, each stored once.
#[derive(Default)]
pub(super) struct SharedPaths {
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
