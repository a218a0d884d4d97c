//! `--known`: the user's own list of assets, as lists by name.

use toml::de::DeValue;

use super::ConfigError;
use super::toml_text::table;
use crate::line::line_of;
use crate::names::{did_you_mean, nearest, shortened};
use crate::query::{KnownAssetError, KnownAssets};

/// Parses the text of a file of assets.
///
/// ```
/// use firstseen::config::parse_known;
///
/// assert_eq!(parse_known("networks = ['203.0.113.0/24']\nroles = ['*/break-glass']")?.counts().count(), 2);
/// # Ok::<(), firstseen::config::ConfigError>(())
/// ```
///
/// # Errors
/// If it is not TOML, or a list is unknown or has an entry of another form.
pub fn parse_known(text: &str) -> Result<KnownAssets, ConfigError> {
    let mut known = KnownAssets::default();
    for (key, value) in table(text)?.get_ref() {
        let wrong = |byte, reason| ConfigError { line: line_of(text, byte), reason };
        let name = key.get_ref();
        if !KnownAssets::LISTS.contains(&&**name) {
            let error = KnownAssetError::Unknown(shortened(name).into_owned());
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
