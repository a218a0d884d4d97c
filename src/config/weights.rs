//! `--weights`: constants of the score, as numbers by name.

use super::ConfigError;
use super::toml_text::{number, table};
use crate::line::line_of;
use crate::names::{did_you_mean, nearest, shortened};
use crate::query::{WeightError, Weights};

/// Parses the text of a file of constants; those that it lacks keep their defaults.
///
/// ```
/// use firstseen::config::parse_weights;
///
/// assert_eq!(parse_weights("history = 0.5")?.history, 0.5);
/// assert_eq!(parse_weights("\nhistory = 'x'").unwrap_err().line, 2);
/// # Ok::<(), firstseen::config::ConfigError>(())
/// ```
///
/// # Errors
/// If it is not TOML, or a constant is unknown or has a value that is not allowed.
pub fn parse_weights(text: &str) -> Result<Weights, ConfigError> {
    let mut weights = Weights::default();
    for (key, value) in table(text)?.get_ref() {
        let wrong = |reason| ConfigError { line: line_of(text, key.span().start), reason };
        let name = key.get_ref();
        let Some(number) = number(value.get_ref()) else {
            return Err(wrong(format!("'{}' takes a number", shortened(name))));
        };
        weights.set(name, number).map_err(|error| {
            let similar = matches!(error, WeightError::Unknown(_))
                .then(|| nearest(name, Weights::NAMES.iter().copied()));
            wrong(format!("{error}{}", did_you_mean(similar.flatten())))
        })?;
    }
    Ok(weights)
}
