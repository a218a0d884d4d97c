//! One verdict under its published field names, see `docs/formats.md`.

use std::borrow::Cow;

use serde::Serialize;

use super::VerifyReport;
use crate::report::clean::cleaned;
use crate::report::place::{archive_name, object_uri};
use crate::verify::{Proof, Verdict};

/// One verdict. An absent value is empty or `null`.
#[derive(Serialize)]
pub(super) struct VerdictRow<'a> {
    subject: &'static str,
    class: &'static str,
    proof: Option<&'static str>,
    reason: &'static str,
    object: Option<Cow<'a, str>>,
    archive: Option<u32>,
    archive_name: Option<Cow<'a, str>>,
    object_uri: Option<Cow<'a, str>>,
    time: Option<String>,
    until: Option<String>,
    account: Option<Cow<'a, str>>,
    region: Option<Cow<'a, str>>,
    trail: Option<Cow<'a, str>>,
    home_region: Option<Cow<'a, str>>,
    backfill: Option<bool>,
    stated_in: Option<Cow<'a, str>>,
    stated_sha256: Option<String>,
    sha256: Option<String>,
    detail: Option<Cow<'a, str>>,
}

pub(super) const COLUMNS: [&str; 19] = [
    "subject",
    "class",
    "proof",
    "reason",
    "object",
    "archive",
    "archive_name",
    "object_uri",
    "time",
    "until",
    "account",
    "region",
    "trail",
    "home_region",
    "backfill",
    "stated_in",
    "stated_sha256",
    "sha256",
    "detail",
];

impl<'a> VerdictRow<'a> {
    /// The row of a verdict, its texts cleaned by `clean`.
    pub(super) fn new(
        verdict: &'a Verdict,
        report: &'a VerifyReport<'_>,
        clean: fn(&str) -> Cow<'_, str>,
    ) -> Self {
        let archive = verdict.archive.and_then(|number| archive_name(report.archives, number));
        let uri = archive.zip(verdict.object.as_deref()).and_then(|(name, object)| object_uri(name, object));
        let chains = &report.verification.chains;
        let chain = verdict.chain.and_then(|number| chains.get(number as usize)).map(|one| &one.chain);
        Self {
            subject: verdict.subject.name(),
            class: verdict.class.name(),
            proof: verdict.proof.map(Proof::name),
            reason: verdict.reason.name(),
            object: verdict.object.as_deref().map(clean),
            archive: verdict.archive,
            archive_name: archive.map(clean),
            object_uri: uri.map(|uri| cleaned(Cow::Owned(uri), clean)),
            time: verdict.time.map(|time| time.to_string()),
            until: verdict.until.map(|until| until.to_string()),
            account: chain.map(|chain| clean(&chain.account)),
            region: chain.map(|chain| clean(&chain.region)),
            trail: chain.map(|chain| clean(&chain.trail)),
            home_region: chain.map(|chain| clean(&chain.home_region)),
            backfill: chain.map(|chain| chain.is_backfill),
            stated_in: verdict.stated_in.as_deref().map(clean),
            stated_sha256: verdict.stated.map(|stated| stated.to_string()),
            sha256: verdict.found.map(|found| found.to_string()),
            detail: verdict.detail.as_deref().map(clean),
        }
    }
}
