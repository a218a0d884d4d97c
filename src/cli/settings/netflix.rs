//! `--netflix-config`: the settings that the configuration of Netflix's `cloudtrail-anomaly` stands for.

use std::path::Path;

use firstseen::config::{ConfigError, NetflixConfig};

use super::super::exit::Hint;
use super::super::text_file::read_text;
use super::Settings;
use super::setting::{in_file, setting};

const HINT: Hint = Hint(
    "roleAction takes dayThreshold, a number of days, and IgnoredActionsNotify, a list of eventSource:eventName",
);

/// Reads a configuration file.
pub(super) fn read(path: &Path) -> anyhow::Result<Settings> {
    let hint = Hint("--netflix-config takes the YAML file that cloudtrail-anomaly takes with --config");
    parse(&read_text(path, hint)?).map_err(|wrong| in_file(&wrong, path, HINT))
}

/// Parses the text of a file.
pub(super) fn parse(text: &str) -> Result<Settings, ConfigError> {
    let NetflixConfig { day_threshold, ignored_actions, line } = NetflixConfig::parse(text)?;
    let days = format!("{day_threshold}d");
    let entries = [
        ("preset", vec!["netflix-90".to_owned()]),
        ("warmup", vec![days.clone()]),
        ("forget", vec![days]),
        ("ignore-action", ignored_actions),
    ];
    let mut settings = Settings::default();
    for (key, values) in entries {
        settings = settings.or(setting(key, &values).map_err(|reason| ConfigError { line, reason })?);
    }
    Ok(settings)
}
