//! What a check of access found: whether each archive can be listed and read, as text and JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::{Format, for_terminal, json, plural};

/// What a check found of one archive. The fields are published, see `docs/formats.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessRow {
    /// The name of the archive.
    pub archive: String,
    /// Where it is.
    pub location: String,
    /// Who asks, if it is in a bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Whether it can be listed.
    pub can_list: bool,
    /// Whether the object could be read.
    pub can_read: bool,
    /// The object that was tried, if one was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// What is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<AccessProblem>,
}

/// Why an archive cannot be read, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessProblem {
    /// The reason, with the response of the store.
    pub error: String,
    /// The permission that is missing, as an IAM action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// The ARN that it is needed for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// What to do next.
    pub advice: String,
}

/// The answer of a check, ready to write.
#[derive(Debug)]
pub struct AccessReport<'a> {
    /// One row for each archive.
    pub rows: &'a [AccessRow],
}

impl AccessReport<'_> {
    /// Writes text, or JSON for all other formats.
    ///
    /// # Errors
    /// If writing to `out` fails.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        if format != Format::Text {
            return json::write_reference(&json::NoSettings {}, ("archives", self.rows.iter()), out);
        }
        for row in self.rows {
            row.write_text(out)?;
        }
        let (all, readable) = (self.rows.len() as u64, self.readable());
        writeln!(out, "{}: {readable} can be read, {} cannot", plural(all, "archive"), all - readable)
    }

    /// How many archives can be read.
    pub fn readable(&self) -> u64 {
        self.rows.iter().filter(|row| row.can_read).count() as u64
    }
}

impl AccessRow {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { archive, location, identity, can_list, object, problem, .. } = self;
        match archive == location {
            true => writeln!(out, "{}", for_terminal(archive))?,
            false => writeln!(out, "{} ({})", for_terminal(archive), for_terminal(location))?,
        }
        if let Some(identity) = identity {
            writeln!(out, "  as    {}", for_terminal(identity))?;
        }
        writeln!(out, "  list  {}", if *can_list { "yes" } else { "no" })?;
        match (object, problem) {
            (Some(object), None) => writeln!(out, "  read  yes: {}", for_terminal(object))?,
            (Some(object), Some(_)) => writeln!(out, "  read  no: {}", for_terminal(object))?,
            (None, _) => writeln!(out, "  read  not tried")?,
        }
        problem.as_ref().map_or(Ok(()), |problem| problem.write_text(out))
    }
}

impl AccessProblem {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { error, permission, resource, advice } = self;
        writeln!(out, "        {}", for_terminal(error))?;
        if let Some(permission) = permission {
            write!(out, "  needs {}", for_terminal(permission))?;
            match resource {
                Some(resource) => writeln!(out, " on {}", for_terminal(resource))?,
                None => writeln!(out)?,
            }
        }
        writeln!(out, "  hint  {}", for_terminal(advice))
    }
}
