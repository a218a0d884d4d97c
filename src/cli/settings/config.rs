//! `--config`, `--weights` and `--known`: reads settings, constants and assets from TOML files. The only place that knows TOML.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use firstseen::names::nearest;
use firstseen::query::{KnownAssetError, KnownAssets, WeightError, Weights};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::super::args::ConfiguredArchive;
use super::super::exit::{Hint, did_you_mean};
use super::super::program;
use super::super::text_file::read_text;
use super::Settings;
use super::archive_table::{TableKey, archive_of, check_names};
use super::settable::{settable, why_not};
use super::setting::{SettingError, check, is_setting, setting, unknown};

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
    text: Option<Arc<str>>,
    /// The keys that became flags of the command.
    flags: Arc<[String]>,
}

/// A key with its values, as a flag would take them.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) values: Vec<String>,
    line: usize,
}

impl ConfigFile {
    /// A file that is not yet read.
    pub(super) fn named(path: PathBuf) -> Self {
        Self { path, text: None, flags: Arc::default() }
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
        if self.text.is_some() {
            return Ok(self);
        }
        let hint = Hint("--config takes a TOML file; docs/firstseen.toml is an example");
        let text = read_text(&self.path, hint)?;
        Ok(Self { text: Some(text.into()), ..self })
    }

    /// The keys of the file, which are known and have values that their flags take.
    pub(super) fn entries(&self) -> anyhow::Result<Vec<Entry>> {
        let text = self.text.as_deref().unwrap_or_default();
        parse(text).and_then(|_| entries(text)).map_err(|wrong| wrong.in_file(&self.path, HINT))
    }

    /// The settings of the file.
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        let file = self.clone().read()?;
        let text = file.text.as_deref().unwrap_or_default();
        let mut settings = parse(text).map_err(|wrong| wrong.in_file(&self.path, HINT))?;
        settings.place_files_in(self.folder());
        settings.archives =
            archives(text, &self.path).map_err(|wrong| wrong.in_file(&self.path, TABLE_HINT))?;
        Ok(settings)
    }
}

/// Parses the text of a file. Flags that are no [`Settings`] are checked and left out.
pub(super) fn parse(text: &str) -> Result<Settings, SettingError> {
    let program = program();
    let mut settings = Settings::default();
    for Entry { key, values, line } in entries(text)? {
        let wrong = |reason| SettingError { line, reason };
        if is_setting(&key) {
            settings = settings.or(setting(&key, &values).map_err(wrong)?);
            continue;
        }
        if let Some(why) = why_not(&key) {
            return Err(wrong(format!("'{key}' cannot be set in a file: {why}")));
        }
        let names = || settable(&program).filter_map(|(_, flag)| flag.get_long());
        if !names().any(|name| name == key) {
            return Err(wrong(unknown(&key, names())));
        }
        let commands = settable(&program).filter(|(_, flag)| flag.get_long() == Some(&key));
        check(commands.map(|(command, _)| command), &key, &values).map_err(wrong)?;
    }
    Ok(settings)
}

fn entries(text: &str) -> Result<Vec<Entry>, SettingError> {
    let table = table(text)?;
    let entry = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
        let line = line_of(text, key.span().start);
        let key = key.get_ref().to_string();
        let reason = || match &*key {
            "archive" => "an archive is a table with two brackets, [[archive]]".to_owned(),
            _ => format!("'{key}' takes a string, a number, true or false, or a list of strings"),
        };
        let values = texts(value.get_ref()).ok_or_else(|| SettingError { line, reason: reason() })?;
        Ok(Entry { key, values, line })
    };
    table.get_ref().iter().filter(|(key, value)| !is_of_archives(key, value)).map(entry).collect()
}

/// Whether a key has tables that describe archives.
fn is_of_archives(key: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) -> bool {
    let are_tables = match value.get_ref() {
        DeValue::Array(values) => {
            !values.is_empty() && values.iter().all(|value| matches!(value.get_ref(), DeValue::Table(_)))
        }
        _ => false,
    };
    key.get_ref() == "archive" && are_tables
}

/// The archives that the text of a file describes.
pub(super) fn archives(text: &str, path: &Path) -> Result<Vec<ConfiguredArchive>, SettingError> {
    let table = table(text)?;
    let tables = table.get_ref().iter().filter(|(key, value)| is_of_archives(key, value));
    let tables = tables.filter_map(|(_, value)| value.get_ref().as_array()).flatten();
    let read = |table: &Spanned<DeValue<'_>>| {
        let keys = table.get_ref().as_table().into_iter().flat_map(DeTable::iter);
        let keys = keys.map(|(key, value)| TableKey {
            name: key.get_ref().to_string(),
            values: texts(value.get_ref()),
            line: line_of(text, key.span().start),
        });
        archive_of(path, line_of(text, table.span().start), &keys.collect::<Vec<_>>())
    };
    let archives: Vec<ConfiguredArchive> = tables.map(read).collect::<Result<_, _>>()?;
    check_names(&archives)?;
    Ok(archives)
}

/// Reads the constants of a score from a TOML file of numbers by name; the others keep their defaults.
pub(crate) fn read_weights(path: &Path) -> anyhow::Result<Weights> {
    let hint = Hint(
        "--weights takes a TOML file with lines such as history = 0.5; docs/ranking.md lists the constants",
    );
    parse_weights(&read_text(path, hint)?).map_err(|wrong| wrong.in_file(path, hint))
}

/// Parses the text of a file of constants.
pub(super) fn parse_weights(text: &str) -> Result<Weights, SettingError> {
    let mut weights = Weights::default();
    for (key, value) in table(text)?.get_ref() {
        let wrong = |reason| SettingError { line: line_of(text, key.span().start), reason };
        let name = key.get_ref();
        let Some(number) = number(value.get_ref()) else {
            return Err(wrong(format!("'{name}' takes a number")));
        };
        weights.set(name, number).map_err(|error| {
            let similar = matches!(error, WeightError::Unknown(_))
                .then(|| nearest(name, Weights::NAMES.iter().copied()));
            wrong(format!("{error}{}", did_you_mean(similar.flatten())))
        })?;
    }
    Ok(weights)
}

/// Reads the user's own list of assets from a TOML file of lists.
pub(crate) fn read_known(path: &Path) -> anyhow::Result<KnownAssets> {
    let hint = Hint(
        "--known takes a TOML file with the lists networks, principals, roles, actions and rules; docs/ranking.md has an example",
    );
    parse_known(&read_text(path, hint)?).map_err(|wrong| wrong.in_file(path, hint))
}

/// Parses the text of a list of assets.
pub(super) fn parse_known(text: &str) -> Result<KnownAssets, SettingError> {
    let mut known = KnownAssets::default();
    for (key, value) in table(text)?.get_ref() {
        let wrong = |byte, reason| SettingError { line: line_of(text, byte), reason };
        let name = key.get_ref();
        if !KnownAssets::LISTS.contains(&&**name) {
            let error = KnownAssetError::Unknown(name.to_string());
            let similar = did_you_mean(nearest(name, KnownAssets::LISTS.iter().copied()));
            return Err(wrong(key.span().start, format!("{error}{similar}")));
        }
        let not_texts = |byte| wrong(byte, format!("'{name}' takes a list of strings"));
        let DeValue::Array(entries) = value.get_ref() else { return Err(not_texts(key.span().start)) };
        for entry in entries {
            let start = entry.span().start;
            let DeValue::String(text) = entry.get_ref() else { return Err(not_texts(start)) };
            known.add(name, text).map_err(|error| wrong(start, format!("'{name}': {error}")))?;
        }
    }
    Ok(known)
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number as f64)
        }
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => None,
    }
}

/// The line of a byte, counted from 1.
fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

fn table(text: &str) -> Result<Spanned<DeTable<'_>>, SettingError> {
    DeTable::parse(text).map_err(|error| SettingError {
        line: line_of(text, error.span().map_or(0, |span| span.start)),
        reason: error.message().to_owned(),
    })
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
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
        }
        DeValue::Float(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
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
        if let Some(mirror) = &mut self.s3.mirror {
            *mirror = folder.join(&*mirror);
        }
    }
}
