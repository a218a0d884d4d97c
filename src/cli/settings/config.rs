//! `--config`, `--weights` and `--known`: reads settings, constants and assets from TOML files. The only place that knows TOML.

use std::path::{Path, PathBuf};

use firstseen::query::{KnownAssetError, KnownAssets, WeightError, Weights};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::exit::Hint;
use super::super::text_file::read_text;
use super::Settings;
use super::setting::{SettingError, did_you_mean, setting, similar};

const HINT: Hint =
    Hint("keys are long flags of 'firstseen scan --help' without --; docs/firstseen.toml lists them all");

/// Reads a configuration file. Paths in it are relative to its folder.
pub(super) fn read(path: &Path) -> anyhow::Result<Settings> {
    let text = read_text(path, Hint("--config takes a TOML file; docs/firstseen.toml is an example"))?;
    let mut settings = parse(&text).map_err(|wrong| wrong.in_file(path, HINT))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    settings.place_files_in(folder);
    Ok(settings)
}

/// Parses the text of a file.
pub(super) fn parse(text: &str) -> Result<Settings, SettingError> {
    let mut settings = Settings::default();
    for (key, value) in table(text)?.get_ref() {
        let wrong = |reason| SettingError { line: line_of(text, key.span().start), reason };
        let name = key.get_ref();
        let Some(values) = texts(value.get_ref()) else {
            return Err(wrong(format!(
                "'{name}' takes a string, a number, true or false, or a list of strings"
            )));
        };
        settings = settings.or(setting(name, &values).map_err(wrong)?);
    }
    Ok(settings)
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
            let similar = matches!(error, WeightError::Unknown(_)).then(|| similar(name, Weights::NAMES));
            wrong(format!("{error}{}", similar.flatten().map_or(String::new(), did_you_mean)))
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
            let similar = similar(name, KnownAssets::LISTS).map_or(String::new(), did_you_mean);
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
