//! An archive as it is given: where it is, what it is called, and how it is reached.

use std::path::PathBuf;

use super::{S3Access, shown_name};

/// An archive to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenArchive {
    /// A folder, file, glob or `s3://bucket/prefix`; or `-` for standard input.
    pub location: PathBuf,
    /// What it is called instead of its location. Objects are identified by the name of their archive, so a labelled archive stays
    /// the same archive wherever it is.
    pub label: Option<String>,
    /// Access to its bucket; that of the run if there is none.
    pub access: Option<S3Access>,
    /// The cluster of its Kubernetes audit events that do not name one.
    pub cluster: Option<String>,
    /// Whether other archives are read without it if it cannot be opened. That is a fault then.
    pub may_be_missing: bool,
}

impl GivenArchive {
    /// An archive that is called by its location and reached as all others.
    pub fn at(location: PathBuf) -> Self {
        Self { location, label: None, access: None, cluster: None, may_be_missing: false }
    }

    /// Its name: the label, or the location without parts that do not change its meaning.
    pub fn name(&self) -> String {
        self.label.clone().unwrap_or_else(|| shown_name(&self.location))
    }

    /// The same, without which nothing is read.
    #[must_use]
    pub fn required(self) -> Self {
        Self { may_be_missing: false, ..self }
    }

    /// Its name in messages, which also say where a labelled archive is.
    pub fn described(&self) -> String {
        let location = shown_name(&self.location);
        match &self.label {
            Some(label) if *label != location => format!("{label} ({location})"),
            _ => location,
        }
    }
}

impl From<PathBuf> for GivenArchive {
    fn from(location: PathBuf) -> Self {
        Self::at(location)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_the_name_and_messages_say_where_the_archive_is() {
        let plain = GivenArchive::at("./logs/".into());
        assert_eq!((plain.name(), plain.described()), ("logs".to_owned(), "logs".to_owned()));
        let labelled =
            GivenArchive { label: Some("prod".to_owned()), ..GivenArchive::at("s3://b/p/".into()) };
        assert_eq!(
            (labelled.name(), labelled.described()),
            ("prod".to_owned(), "prod (s3://b/p)".to_owned())
        );
    }
}
