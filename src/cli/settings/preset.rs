//! `--preset`: the library's presets by name, as settings that all other sources override.

use firstseen::query::{Preset, PresetValues};

use super::super::args::named_arg;
use super::{Settings, setting};

named_arg! {
    /// A preset, or none.
    PresetArg(Preset or "none" => "No preset, even if a file names one") {
        Netflix90 => "Netflix's cloudtrail-anomaly: roles by id, 90 days from their creation, forgotten after 90 days",
        Escu => "Splunk ESCU: successful calls of roles, from 7 days after the archive's start, forgotten after 90 days",
        Elastic10d => "Elastic new terms: successful calls of roles, not seen in the previous 10 days",
        Datadog => "Datadog new values: 7 days to learn, forgotten after 28 days",
        Sumo => "Sumo Logic first seen: 30 days to learn, forgotten after 90 days",
    }
}

impl PresetArg {
    /// The settings of this preset.
    pub(super) fn settings(self) -> anyhow::Result<Settings> {
        let Some(preset) = self.0 else { return Ok(Settings::default()) };
        let mut settings = Settings::default();
        for (key, values) in entries(&preset.values()) {
            settings = settings.or(setting(key, &values).map_err(anyhow::Error::msg)?);
        }
        Ok(settings)
    }
}

/// The values of a preset, as in a file.
fn entries(values: &PresetValues) -> [(&'static str, Vec<String>); 7] {
    let PresetValues { warmup, forget, anchor, principal_key, report, kinds, only_success } = values;
    [
        ("warmup", vec![warmup.to_string()]),
        ("forget", vec![forget.to_string()]),
        ("anchor", vec![anchor.name().to_owned()]),
        ("principal-key", vec![principal_key.name().to_owned()]),
        ("report", report.iter().map(|kind| kind.name().to_owned()).collect()),
        ("principal-kind", kinds.iter().map(|kind| kind.name().to_owned()).collect()),
        ("only-success", vec![only_success.to_string()]),
    ]
}
