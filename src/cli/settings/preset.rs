//! `--preset`: the library's presets under their names, as settings that everything else wins over.

use clap::ValueEnum;
use firstseen::query::{Preset, PresetValues};

use super::{Settings, setting};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PresetArg {
    /// None, whatever a file says
    None,
    /// Netflix' cloudtrail-anomaly: roles by id, 90 days from their creation, forgotten after 90 days
    #[value(name = "netflix-90")]
    Netflix90,
    /// Splunk ESCU: successful calls of roles, from 7 days after the archive's start, forgotten after 90 days
    Escu,
    /// Elastic new terms: successful calls of roles that the ten days before had not
    #[value(name = "elastic-10d")]
    Elastic10d,
    /// Datadog new values: 7 days to learn, forgotten after 28 days
    Datadog,
    /// Sumo Logic first seen: 30 days to learn, forgotten after 90 days
    Sumo,
}

impl PresetArg {
    /// The preset of this name.
    pub(super) fn preset(self) -> Option<Preset> {
        match self {
            Self::None => None,
            Self::Netflix90 => Some(Preset::Netflix90),
            Self::Escu => Some(Preset::Escu),
            Self::Elastic10d => Some(Preset::Elastic10d),
            Self::Datadog => Some(Preset::Datadog),
            Self::Sumo => Some(Preset::Sumo),
        }
    }

    /// What this preset sets.
    pub(super) fn settings(self) -> anyhow::Result<Settings> {
        let Some(preset) = self.preset() else { return Ok(Settings::default()) };
        let mut settings = Settings::default();
        for (key, values) in entries(&preset.values()) {
            settings = settings.or(setting(key, &values).map_err(anyhow::Error::msg)?);
        }
        Ok(settings)
    }
}

/// The values of a preset as a file would give them.
fn entries(values: &PresetValues) -> [(&'static str, Vec<String>); 7] {
    let PresetValues { warmup, forget, anchor, principal_key, report, kinds, only_success } = values;
    [
        ("warmup", vec![warmup.to_string()]),
        ("forget", vec![forget.to_string()]),
        ("anchor", vec![anchor.name().to_owned()]),
        ("principal-key", vec![principal_key.name().to_owned()]),
        ("report", report.iter().map(|kind| kind.name().to_owned()).collect()),
        ("kind", kinds.iter().map(|kind| kind.name().to_owned()).collect()),
        ("only-success", vec![only_success.to_string()]),
    ]
}
