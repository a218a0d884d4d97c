//! The published fields: see `docs/formats.md`. What does not apply is absent.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Access, Examined, Inside, SavedSummary};
use crate::coverage::ObjectSkip;
use crate::doctor::{Checkup, Layout, Remark, SAMPLE, SampledObject};
use crate::report::unfinished::UnfinishedView;

#[derive(Serialize)]
pub(super) struct ExaminedView<'a> {
    name: &'a str,
    form: &'static str,
    #[serde(flatten)]
    inside: InsideView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_command: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum InsideView<'a> {
    Archive(Box<ArchiveView<'a>>),
    Baseline(BaselineView<'a>),
    Unopened { error: &'a str, todo: &'static str },
}

#[derive(Serialize)]
struct ArchiveView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<&'a Access>,
    layouts: BTreeMap<&'static str, u64>,
    accounts: Vec<&'a str>,
    regions: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_delivery: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_delivery: Option<String>,
    objects: u64,
    stored_bytes: u64,
    skipped: BTreeMap<&'static str, u64>,
    unlisted_folders: BTreeMap<&'static str, u64>,
    has_digests: bool,
    sample_limit: usize,
    sample: Vec<SampleView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<EstimateView>,
    remarks: Vec<RemarkView<'a>>,
}

#[derive(Serialize)]
struct SampleView<'a> {
    object: &'a str,
    content: &'static str,
    is_log: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a str>,
    cloudtrail_records: u64,
    kubernetes_records: u64,
}

#[derive(Serialize)]
struct EstimateView {
    json_bytes: u64,
    records: u64,
    cpu_seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_seconds: Option<u64>,
    memory_bytes: u64,
}

#[derive(Serialize)]
struct RemarkView<'a> {
    kind: &'static str,
    what: &'a str,
    todo: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    lines: &'a [String],
}

#[derive(Serialize)]
struct BaselineView<'a> {
    made_of: &'a [String],
    principal_key: &'static str,
    principals: usize,
    behaviours: usize,
    objects: u64,
    events: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_event: Option<String>,
    fault_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unfinished: Option<UnfinishedView<'a>>,
}

impl<'a> ExaminedView<'a> {
    pub(super) fn new(examined: &'a Examined) -> Self {
        let inside = match &examined.inside {
            Inside::Archive(checkup, access) => {
                InsideView::Archive(Box::new(ArchiveView::new(checkup, access.as_ref())))
            }
            Inside::Baseline(saved) => InsideView::Baseline(BaselineView::new(saved)),
            Inside::Unopened { reason, todo } => InsideView::Unopened { error: reason, todo },
        };
        Self { name: &examined.name, form: examined.form, inside, next_command: examined.command.as_deref() }
    }
}

impl<'a> ArchiveView<'a> {
    fn new(checkup: &'a Checkup, access: Option<&'a Access>) -> Self {
        let Checkup { seen, sample, estimate, remarks, .. } = checkup;
        let names = |skips: &BTreeMap<ObjectSkip, u64>| {
            skips.iter().map(|(skip, count)| (skip.name(), *count)).collect()
        };
        Self {
            access,
            layouts: seen.layouts.iter().map(|(layout, count)| (Layout::name(*layout), *count)).collect(),
            accounts: seen.accounts.iter().map(|name| &**name).collect(),
            regions: seen.regions.iter().map(|name| &**name).collect(),
            first_delivery: seen.delivered.map(|[first, _]| first.to_string()),
            last_delivery: seen.delivered.map(|[_, last]| last.to_string()),
            objects: seen.objects,
            stored_bytes: seen.bytes,
            skipped: names(&seen.skipped),
            unlisted_folders: names(&seen.unlisted),
            has_digests: checkup.has_digests(),
            sample_limit: SAMPLE,
            sample: sample.objects.iter().map(SampleView::new).collect(),
            estimate: estimate.map(|estimate| EstimateView {
                json_bytes: estimate.json_bytes,
                records: estimate.records,
                cpu_seconds: estimate.cpu_seconds,
                request_seconds: access.map(|_| estimate.request_seconds),
                memory_bytes: estimate.memory_bytes,
            }),
            remarks: remarks.iter().map(RemarkView::new).collect(),
        }
    }
}

impl<'a> SampleView<'a> {
    fn new(object: &'a SampledObject) -> Self {
        Self {
            object: &object.path,
            content: object.content.name(),
            is_log: object.content.is_log(),
            fault: object.fault.as_deref(),
            cloudtrail_records: object.cloudtrail,
            kubernetes_records: object.kubernetes,
        }
    }
}

impl<'a> RemarkView<'a> {
    fn new(remark: &'a Remark) -> Self {
        let Remark { kind, what, todo, lines } = remark;
        Self { kind: kind.name(), what, todo, lines }
    }
}

impl<'a> BaselineView<'a> {
    fn new(saved: &'a SavedSummary) -> Self {
        let SavedSummary { archives, coverage, principals, behaviours, principal_key } = saved;
        Self {
            made_of: archives,
            principal_key,
            principals: *principals,
            behaviours: *behaviours,
            objects: coverage.objects.read,
            events: coverage.records.counted,
            first_event: coverage.first_event.map(|time| time.to_string()),
            last_event: coverage.last_event.map(|time| time.to_string()),
            fault_count: coverage.fault_count,
            unfinished: UnfinishedView::new(&coverage.unfinished),
        }
    }
}
