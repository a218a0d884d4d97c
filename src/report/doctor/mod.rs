//! What `firstseen doctor` says of archives and baselines: as text and as JSON.

mod text;
mod view;

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use super::json;
use crate::coverage::Coverage;
use crate::doctor::Checkup;

/// What was found in one archive or baseline.
#[derive(Debug)]
pub struct Examined {
    /// Its name as given.
    pub name: String,
    /// What it is: `folder`, `file`, `pattern`, `list`, `bucket` or `baseline`.
    pub form: &'static str,
    /// What is in it.
    pub inside: Inside,
    /// What to run next, quoted for a shell.
    pub command: Option<String>,
}

/// What is in an archive or a baseline.
#[derive(Debug)]
pub enum Inside {
    /// An archive, and how its bucket is reached.
    Archive(Box<Checkup>, Option<Access>),
    /// A baseline.
    Baseline(Box<SavedSummary>),
    /// An archive of a configuration file that cannot be opened: the reason, and what to do.
    Unopened {
        /// Why, in words.
        reason: String,
        /// What to do about it.
        todo: &'static str,
    },
}

/// The credentials for a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Access {
    /// Where they come from, in words.
    pub credentials: String,
    /// Their access key id, which is no secret.
    pub access_key: Option<String>,
    /// The account that it belongs to, if the source of the credentials says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

impl fmt::Display for Access {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.credentials)?;
        if let Some(key) = &self.access_key {
            write!(out, "; access key {key}")?;
        }
        self.account.iter().try_for_each(|account| write!(out, " of account {account}"))
    }
}

/// What a baseline has.
#[derive(Debug)]
pub struct SavedSummary {
    /// Names of the archives that it was made of.
    pub archives: Vec<String>,
    /// What was read for it.
    pub coverage: Coverage,
    /// Number of principals.
    pub principals: usize,
    /// Number of behaviours: a principal with an action.
    pub behaviours: usize,
    /// What identifies principals.
    pub principal_key: &'static str,
}

/// A format of this answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoctorFormat {
    /// For people.
    Text,
    /// One document.
    Json,
}

/// All that was found, ready to write.
#[derive(Debug)]
pub struct DoctorReport<'a> {
    /// Archives and baselines in the order in which they were named.
    pub examined: &'a [Examined],
}

/// What was asked for.
#[derive(Serialize)]
struct SettingsView<'a> {
    archives: Vec<&'a str>,
}

impl DoctorReport<'_> {
    /// Writes all of it.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, format: DoctorFormat, out: &mut dyn Write) -> io::Result<()> {
        match format {
            DoctorFormat::Text => text::write(self.examined, out),
            DoctorFormat::Json => {
                let archives = self.examined.iter().map(|examined| &*examined.name).collect();
                let rows = self.examined.iter().map(view::ExaminedView::new);
                json::write_reference(&SettingsView { archives }, ("archives", rows), out)
            }
        }
    }
}
