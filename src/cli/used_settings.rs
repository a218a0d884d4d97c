//! The settings of a run, as published.

use firstseen::geo::GeoDatabases;
use firstseen::query::{CoverageQuestion, Preset, Question};
use firstseen::report::{CoverageSettings, FilterSettings, UsedGeoDatabase, UsedInventory, UsedSettings};
use firstseen::time::Timestamp;

use super::input::Input;

/// The settings of a run, as published.
pub(crate) fn used_settings(preset: Option<Preset>, question: &Question, input: &Input) -> UsedSettings {
    let settings = &input.settings;
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    UsedSettings {
        warmup: question.warmup.to_string(),
        forget: question.forget.map(|span| span.to_string()),
        anchor: question.anchor.name().to_owned(),
        principal_key: settings.principal_key.name().to_owned(),
        k8s_cluster: settings.cluster.clone(),
        k8s_namespace_in_key: settings.namespace_in_key,
        report: question.report.iter().map(|kind| kind.name().to_owned()).collect(),
        from: time(question.from),
        to: time(question.to),
        read_from: time(settings.window.read_from),
        read_to: time(question.read_to),
        delivery_slack: settings.window.slack.to_string(),
        only_success: question.only_success,
        filter: FilterSettings::new(&question.filter),
        max_object_size: settings.max_object_size,
        rules: input.rules.clone(),
        iam_inventory: UsedInventory::new(&input.baseline.inventory),
        geo_db: Vec::new(),
        all_matches: question.all_matches,
        min_severity: question.min_severity.name().to_owned(),
        sort: question.sort.name().to_owned(),
        preset: preset.map(|preset| preset.name().to_owned()),
    }
}

/// Geolocation databases, as published.
pub(crate) fn used_geo_databases(databases: &GeoDatabases) -> Vec<UsedGeoDatabase> {
    let used = databases.iter().map(|database| UsedGeoDatabase {
        database_type: database.kind().to_owned(),
        built: database.built().to_string(),
        dimensions: database.dimensions().iter().map(|dimension| dimension.name().to_owned()).collect(),
        sha256: database.checksum().to_string(),
    });
    used.collect()
}

/// The settings of `coverage`, as published.
pub(crate) fn used_coverage_settings(question: &CoverageQuestion, input: &Input) -> CoverageSettings {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let settings = &input.settings;
    CoverageSettings {
        from: time(question.from),
        to: time(question.to),
        account: question.accounts.clone(),
        region: question.regions.clone(),
        principal_key: settings.principal_key.name().to_owned(),
        read_from: time(settings.window.read_from),
        read_to: time(settings.window.read_to),
        delivery_slack: settings.window.slack.to_string(),
        max_object_size: settings.max_object_size,
    }
}
