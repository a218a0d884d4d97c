//! The `scan` command that reports the findings of a setting, ready to copy.

use super::TuneReport;
use super::grid_view::forget_name;
use crate::catalog::DELIVERY_SLACK;
use crate::query::{Calls, FindingKind, Setting, Severity};
use crate::report::flag_for_shell;

/// The whole command for an archive, as words of a command. Every relevant setting is explicit, so no preset, file or default changes the
/// result. The IAM inventory files are left for the user to fill in.
pub(super) fn scan_command(report: &TuneReport<'_>, setting: &Setting, archive: &str) -> String {
    let settings = report.settings;
    let mut words = vec![format!("firstseen scan {archive}")];
    let mut flag = |name: &str, values: &[String]| {
        words.extend(values.iter().map(|value| flag_for_shell(&format!("--{name}"), value)));
    };
    flag("warmup", &[setting.warmup.to_string()]);
    flag("forget", &[forget_name(setting.forget)]);
    flag("anchor", &[setting.anchor.name().to_owned()]);
    flag("principal-key", std::slice::from_ref(&settings.principal_key));
    // Only these findings depend on the setting.
    let is_reported = |kind: &FindingKind| settings.report.iter().any(|it| it == kind.name());
    let mut kinds: Vec<FindingKind> = FindingKind::OF_SIGHTINGS.into_iter().filter(is_reported).collect();
    if setting.forget.is_none() && kinds != [FindingKind::ReturningAction] {
        // Without a forget span nothing returns.
        kinds.retain(|kind| *kind != FindingKind::ReturningAction);
    }
    flag("report", &[kinds.into_iter().map(FindingKind::name).collect::<Vec<_>>().join(",")]);
    for (name, time) in [
        ("from", &settings.from),
        ("to", &settings.to),
        ("read-from", &settings.read_from),
        ("read-to", &settings.read_to),
    ] {
        flag(name, time.as_slice());
    }
    if settings.delivery_slack != DELIVERY_SLACK.to_string() {
        flag("delivery-slack", std::slice::from_ref(&settings.delivery_slack));
    }
    let filter = &settings.filter;
    flag("account", &filter.account);
    flag("region", &filter.region);
    flag("source", &filter.source);
    if !filter.principal_kind.is_empty() {
        flag("principal-kind", &[filter.principal_kind.join(",")]);
    }
    flag("principal", &filter.principal);
    flag("action", &filter.action);
    flag("ignore-action", &filter.ignore_action);
    if setting.calls == Calls::Mutating {
        words.push("--only-mutating".to_owned());
    }
    if settings.min_severity != Severity::default().name() {
        words.push(format!("--min-severity {}", settings.min_severity));
        // Without them less is severe.
        words.extend_from_slice(report.rules);
    }
    if settings.only_success {
        words.push("--only-success".to_owned());
    }
    if let Some(cluster) = &settings.k8s_cluster {
        words.push(flag_for_shell("--k8s-cluster", cluster));
    }
    if settings.k8s_namespace_in_key {
        words.push("--k8s-namespace-in-key".to_owned());
    }
    // The content of the inventory files is known, but not their paths.
    if settings.iam_inventory.is_some() {
        words.push("--iam-inventory INVENTORY".to_owned());
    }
    words.join(" ")
}
