//! `--config`, `--weights` and `--known`: reads settings, constants and assets from files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use firstseen::config::{ConfigError, Document, Entry, parse_known, parse_weights};
use firstseen::query::{KnownAssets, Weights};

use super::super::exit::Hint;
use super::super::program;
use super::super::text_file::read_text;
use super::Settings;
use super::archive_table::archives_of;
use super::settable::{settable, why_not};
use super::setting::{check, in_file, is_setting, setting, unknown};

const HINT: Hint = Hint(
    "keys are long flags of scan, triage and the other commands that take --config, without --; docs/firstseen.toml lists them all",
);

/// The hint for a wrong description of an archive.
const TABLE_HINT: Hint = Hint(
    "[[archive]] takes path, or bucket and prefix, and label, k8s-cluster, aws-partition and flags that say how a bucket is reached; docs/settings.md has an example",
);

/// A configuration file.
#[derive(Clone, Debug)]
pub(crate) struct ConfigFile {
    path: PathBuf,
    /// Its content, once it was read.
    document: Option<Arc<Document>>,
    /// The keys that became flags of the command.
    flags: Arc<[String]>,
}

impl ConfigFile {
    /// A file that is not yet read.
    pub(super) fn named(path: PathBuf) -> Self {
        Self { path, document: None, flags: Arc::default() }
    }

    /// The same file, of which these keys became flags of the command.
    pub(super) fn with_flags(self, keys: Vec<String>) -> Self {
        Self { flags: keys.into(), ..self }
    }

    /// Whether a flag of the command was set by this file.
    pub(super) fn sets(&self, key: &str) -> bool {
        self.flags.iter().any(|flag| flag == key)
    }

    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// The folder that its paths are relative to.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Reads it, unless it was read: a pipe can be read once.
    pub(super) fn read(self) -> anyhow::Result<Self> {
        if self.document.is_some() {
            return Ok(self);
        }
        let hint = Hint("--config takes a TOML file; docs/firstseen.toml is an example");
        let document = Document::parse(&read_text(&self.path, hint)?);
        let document = document.map_err(|wrong| in_file(&wrong, &self.path, HINT))?;
        Ok(Self { document: Some(document.into()), ..self })
    }

    /// The keys of the file, which are known and have values that their flags take.
    pub(super) fn entries(&self) -> anyhow::Result<&[Entry]> {
        let entries = self.document.as_ref().map_or(&[][..], |document| &document.entries);
        settings_of(entries).map_err(|wrong| in_file(&wrong, &self.path, HINT))?;
        Ok(entries)
    }

    /// The settings of the file.
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        let document = self.clone().read()?.document.unwrap_or_default();
        let refused = |hint| move |wrong: ConfigError| in_file(&wrong, &self.path, hint);
        let mut settings = settings_of(&document.entries).map_err(refused(HINT))?;
        settings.place_files_in(self.folder());
        settings.archives = archives_of(&self.path, &document.archives).map_err(refused(TABLE_HINT))?;
        Ok(settings)
    }
}

/// The settings of these keys. Flags that are no [`Settings`] are checked and left out.
fn settings_of(entries: &[Entry]) -> Result<Settings, ConfigError> {
    let program = program();
    let mut settings = Settings::default();
    for Entry { key, values, line } in entries {
        let wrong = |reason| ConfigError { line: *line, reason };
        if is_setting(key) {
            settings = settings.or(setting(key, values).map_err(wrong)?);
            continue;
        }
        if let Some(why) = why_not(key) {
            return Err(wrong(format!("'{key}' cannot be set in a file: {why}")));
        }
        let names = || settable(&program).filter_map(|(_, flag)| flag.get_long());
        if !names().any(|name| name == *key) {
            return Err(wrong(unknown(key, names())));
        }
        let commands = settable(&program).filter(|(_, flag)| flag.get_long() == Some(key));
        check(commands.map(|(command, _)| command), key, values).map_err(wrong)?;
    }
    Ok(settings)
}

/// Reads the constants of a score from a TOML file of numbers by name; the others keep their defaults.
pub(crate) fn read_weights(path: &Path) -> anyhow::Result<Weights> {
    let hint = Hint(
        "--weights takes a TOML file with lines such as history = 0.5; docs/ranking.md lists the constants",
    );
    parse_weights(&read_text(path, hint)?).map_err(|wrong| in_file(&wrong, path, hint))
}

/// Reads the user's own list of assets from a TOML file of lists.
pub(crate) fn read_known(path: &Path) -> anyhow::Result<KnownAssets> {
    let hint = Hint(
        "--known takes a TOML file with the lists networks, principals, roles, actions and rules; docs/ranking.md has an example",
    );
    parse_known(&read_text(path, hint)?).map_err(|wrong| in_file(&wrong, path, hint))
}

impl Settings {
    /// Makes relative paths relative to the folder of the configuration file.
    fn place_files_in(&mut self, folder: &Path) {
        for file in &mut self.filters.whom.ignore_file {
            let placed: PathBuf = folder.join(&file);
            *file = placed;
        }
        for file in &mut self.learning.iam_inventory {
            let placed: PathBuf = folder.join(&file);
            *file = placed;
        }
        for file in &mut self.geo.geo_db {
            let placed: PathBuf = folder.join(&file);
            *file = placed;
        }
        self.s3.place_mirror_in(folder);
    }
}

/// Parses the text of a file, without its archives.
#[cfg(test)]
pub(super) fn parse(text: &str) -> Result<Settings, ConfigError> {
    settings_of(&Document::parse(text)?.entries)
}
