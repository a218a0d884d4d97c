//! Input without logs, or without events: why, and what to do.

use std::collections::BTreeMap;

use firstseen::coverage::{Coverage, ObjectSkip};
use firstseen::report::plural;

use super::super::exit::Hint;

/// Warns if possible logs were found, but no events. `window` names the flags that may have left them out.
pub(crate) fn no_event(coverage: &Coverage, window: &str) -> Option<String> {
    if coverage.records.counted > 0 {
        return None;
    }
    let outside = outside_window(coverage);
    let why = if coverage.records.filtered > 0 {
        format!("; the input is outside {window}")
    } else if outside > 0 {
        format!("; the input is outside {window}, by more than --delivery-slack")
    } else if coverage.fault_count > 0 {
        "; possible logs could not be read".to_owned()
    } else if coverage.records.total > 0 {
        "; the records are of kinds that are not analysed".to_owned()
    } else {
        "; the logs contain no records".to_owned()
    };
    Some(format!("no CloudTrail or Kubernetes event was found{why}"))
}

/// Objects that were not opened because of when they were delivered.
fn outside_window(coverage: &Coverage) -> u64 {
    let of =
        |counts: &BTreeMap<ObjectSkip, u64>| counts.get(&ObjectSkip::OutsideWindow).copied().unwrap_or(0);
    of(&coverage.objects.skipped) + of(&coverage.objects.unlisted)
}

/// Warns that what was asked for may be in objects that were not opened, if there is none of it in others.
pub(crate) fn not_opened(coverage: &Coverage, found: u64) -> Option<String> {
    let outside = outside_window(coverage);
    (found == 0 && outside > 0 && coverage.records.counted > 0).then(|| {
        let objects = plural(outside, "object");
        format!(
            "logs may come late, and those delivered outside the window were not opened ({objects}): --delivery-slack 30d opens what \
             was delivered up to 30 days before or after it"
        )
    })
}

/// Says that an absence is uncertain, if there were faults.
pub(crate) fn lost(faults: u64) -> String {
    match faults {
        0 => String::new(),
        faults => format!("; but some input could not be read ({})", plural(faults, "fault")),
    }
}

/// Refuses input without possible logs: `0 findings` would be misleading.
///
/// A possible log is anything that was read as a log, even without records, that could not be read, or that is outside the
/// window. Records that identify themselves as something else do not count.
pub(crate) fn refuse_nothing(coverage: &Coverage, archives: &[String]) -> anyhow::Result<()> {
    if coverage.holds_logs() { Ok(()) } else { Err(nothing_found(coverage, archives)) }
}

/// The same; if the archives are those of a baseline, where they were indexed, they may be elsewhere now.
pub(crate) fn refuse_nothing_in(
    coverage: &Coverage,
    archives: &[String],
    is_where_indexed: bool,
) -> anyhow::Result<()> {
    if !is_where_indexed || coverage.holds_logs() {
        return refuse_nothing(coverage, archives);
    }
    let error = anyhow::anyhow!("no logs were found where the baseline was indexed: {}", archives.join(", "));
    Err(error.context(Hint(
        "--archive FOLDER says where its archives are now; of a list of files, the folder in which its paths begin",
    )))
}

/// The error of a run that found no possible log.
pub(crate) fn nothing_found(coverage: &Coverage, archives: &[String]) -> anyhow::Error {
    let shown = |name: &String| match &**name {
        "-" => "standard input".to_owned(),
        name => format!("'{name}'"),
    };
    let names: Vec<String> = archives.iter().map(shown).collect();
    let error = anyhow::anyhow!("no logs were found in {}: {}", names.join(", "), found_instead(coverage));
    error.context(Hint(what_to_do(coverage)))
}

/// What was found instead, counted by reason.
fn found_instead(coverage: &Coverage) -> String {
    let listed = |counts: &mut dyn Iterator<Item = (&'static str, u64)>| {
        counts.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    };
    let (objects, records) = (&coverage.objects, &coverage.records);
    let mut parts = Vec::new();
    let skipped: u64 = objects.skipped.values().sum();
    if skipped > 0 {
        let reasons = listed(&mut objects.skipped.iter().map(|(skip, count)| (skip.name(), *count)));
        parts.push(format!("{} skipped ({reasons})", plural(skipped, "object")));
    }
    let foreign = coverage.foreign_records();
    if foreign > 0 {
        let reasons = listed(&mut records.skipped.iter().map(|(skip, count)| (skip.name(), *count)));
        parts.push(format!("{} skipped ({reasons})", plural(foreign, "record")));
    }
    let unlisted: u64 = objects.unlisted.values().sum();
    if unlisted > 0 {
        let reasons = listed(&mut objects.unlisted.iter().map(|(skip, count)| (skip.name(), *count)));
        parts.push(format!("{} not listed ({reasons})", plural(unlisted, "folder")));
    }
    if parts.is_empty() { "there are no objects".to_owned() } else { parts.join(", ") }
}

/// The hint for the most frequent reason.
fn what_to_do(coverage: &Coverage) -> &'static str {
    let skips = coverage.objects.skipped.iter().chain(&coverage.objects.unlisted);
    match skips.max_by_key(|(_, count)| **count).map(|(skip, _)| skip) {
        Some(ObjectSkip::Digest) => {
            "digests only list log files: name the CloudTrail folder next to CloudTrail-Digest, or the folder above both"
        }
        Some(ObjectSkip::Aggregated) => {
            "summaries contain no individual calls: name the CloudTrail folder next to this one, or the folder above both"
        }
        Some(ObjectSkip::LakeResult | ObjectSkip::Summary) => {
            "these do not contain whole events: select the column eventjson, or read the log files of the trail"
        }
        Some(ObjectSkip::Notice) => {
            "notices only say that objects were delivered: name the bucket or folder that contains these objects"
        }
        Some(ObjectSkip::Empty) => "the input is empty: check the program that should have written it",
        Some(ObjectSkip::NotAFile) => "name log files, or folders that contain them",
        Some(
            ObjectSkip::Config
            | ObjectSkip::LoadBalancer
            | ObjectSkip::FlowLogs
            | ObjectSkip::GuardDuty
            | ObjectSkip::Waf
            | ObjectSkip::OtherService,
        ) => "these are logs of another service: name the folder that contains AWSLogs/ or EKSLogs/",
        _ => {
            "name a folder that contains AWSLogs/ or EKSLogs/, or CloudTrail or Kubernetes audit logs in a format that \
             docs/formats.md lists under 'What is read'; firstseen doctor shows what is in each archive"
        }
    }
}
