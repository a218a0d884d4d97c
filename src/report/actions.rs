//! Classes of actions: what `firstseen actions` prints.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::{Format, as_it_is, csv, for_spreadsheet, for_terminal, json, plural};
use crate::actions::{AccessLevel, ActionDescription, Class};

/// Descriptions of actions, ready to write.
#[derive(Debug)]
pub struct ActionsReport<'a> {
    /// The names that were asked for.
    pub names: &'a [String],
    /// The class that was asked for.
    pub class: Option<Class>,
    /// The actions, in order.
    pub actions: &'a [ActionDescription],
}

/// What was asked for.
#[derive(Serialize)]
struct SettingsView<'a> {
    names: &'a [String],
    class: Option<&'static str>,
}

/// One action under its published field names, see `docs/formats.md`.
#[derive(Serialize)]
struct ActionRow<'a> {
    action: Cow<'a, str>,
    class: Option<&'static str>,
    access_level: Option<&'static str>,
    reason: &'a str,
}

const COLUMNS: &[&str] = &["action", "class", "access_level", "reason"];

impl<'a> ActionRow<'a> {
    fn new(action: &'a ActionDescription, clean: fn(&str) -> Cow<'_, str>) -> Self {
        Self {
            action: clean(&action.name),
            class: action.class.map(Class::name),
            access_level: action.level.map(AccessLevel::name),
            reason: &action.reason,
        }
    }
}

impl ActionsReport<'_> {
    /// Writes all of them.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        let rows = |clean| self.actions.iter().map(move |action| ActionRow::new(action, clean));
        let settings = SettingsView { names: self.names, class: self.class.map(Class::name) };
        match format {
            Format::Text => self.write_text(out),
            Format::Csv => csv::write(COLUMNS, rows(for_spreadsheet), out),
            Format::RawCsv => csv::write(COLUMNS, rows(as_it_is), out),
            Format::Json => json::write_reference(&settings, ("actions", rows(as_it_is)), out),
            Format::JsonLines => json::write_reference_lines(&settings, rows(as_it_is), out),
        }
    }

    /// Class, access level, name, and below it the reason.
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for action in self.actions {
            let class = action.class.map_or("", Class::name);
            let level = action.level.map_or("", AccessLevel::name);
            writeln!(out, "{class:<14}  {level:<22}  {}", for_terminal(&action.name))?;
            writeln!(out, "    {}", for_terminal(&action.reason))?;
        }
        writeln!(out, "{}", plural(self.actions.len() as u64, "action"))
    }
}
