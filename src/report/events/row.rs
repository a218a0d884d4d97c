//! The published fields of an event.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::events::Event;
use crate::report::clean::cleaned;
use crate::report::columns::{ColumnKind, Published, published};
use crate::report::place::of_object;
use crate::report::row::{named, outcome};
use crate::time::Timestamp;

published! {
    /// One event under its published field names, see `docs/formats.md`.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[allow(missing_docs, reason = "docs/formats.md describes every field, and a test holds the two together")]
    pub struct EventRow<'a> {
        pub time: Timestamp,
        pub account: Option<Cow<'a, str>>,
        pub principal: Option<Cow<'a, str>>,
        pub principal_kind: &'static str,
        pub action: Cow<'a, str>,
        pub first_sighting: bool,
        pub outcome: &'static str,
        pub error_code: Option<Cow<'a, str>>,
        pub error_message: Option<Cow<'a, str>>,
        pub region: Option<Cow<'a, str>>,
        pub source_ip: Option<Cow<'a, str>>,
        pub user_agent: Option<Cow<'a, str>>,
        pub access_key_id: Option<Cow<'a, str>>,
        pub session_name: Option<Cow<'a, str>>,
        pub read_only: Option<bool>,
        pub resources: Option<Resources<'a>>,
        pub event_id: Option<Cow<'a, str>>,
        pub recipient_account: Option<Cow<'a, str>>,
        pub principal_id: Option<Cow<'a, str>>,
        pub principal_arn: Option<Cow<'a, str>>,
        pub source: &'static str,
        pub impersonated_by: Option<Cow<'a, str>>,
        pub linked_principal: Option<Cow<'a, str>>,
        pub detail: Option<Cow<'a, str>>,
        pub issued: Option<Cow<'a, str>>,
        pub archive: u32,
        pub object: Cow<'a, str>,
        pub record: u32,
        pub archive_name: Option<Cow<'a, str>>,
        pub object_uri: Option<Cow<'a, str>>,
        pub forwarded_for: Option<Cow<'a, str>>,
    }
}

/// ARNs: a list in JSON, one text in CSV.
#[derive(Clone, Debug, PartialEq)]
pub struct Resources<'a> {
    arns: Vec<Cow<'a, str>>,
    form: RowForm,
}

impl Resources<'_> {
    /// The ARNs.
    pub(super) fn arns(&self) -> impl Iterator<Item = &str> {
        self.arns.iter().map(|arn| &**arn)
    }
}

impl Published for Resources<'_> {
    const KIND: ColumnKind = ColumnKind::Text;
}

impl Serialize for Resources<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.form {
            RowForm::Json => serializer.collect_seq(&self.arns),
            RowForm::Csv => serializer.serialize_str(&self.arns.join("; ")),
        }
    }
}

/// How a row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowForm {
    Json,
    Csv,
}

impl<'a> EventRow<'a> {
    /// The row of an event, its texts cleaned by `clean`; `archives` are the names of the archives, by number.
    pub(super) fn new(
        event: &Event<'a>,
        archives: &'a [String],
        clean: fn(&str) -> Cow<'_, str>,
        form: RowForm,
    ) -> Self {
        let (archive, uri) = of_object(archives, event.archive, event.object);
        let arns: Vec<Cow<'a, str>> = event.resources.iter().map(|arn| clean(arn)).collect();
        let evidence = event.evidence;
        Self {
            time: event.time,
            account: named(&event.who.account).map(clean),
            principal: named(&event.who.key).map(clean),
            principal_kind: event.who.kind.name(),
            action: clean(event.action),
            first_sighting: event.is_first_sighting,
            outcome: outcome(event.failed),
            error_code: evidence.error_code.map(clean),
            error_message: event.error_message.map(clean),
            region: evidence.region.map(clean),
            source_ip: evidence.source_ip.map(clean),
            user_agent: evidence.user_agent.map(clean),
            access_key_id: evidence.access_key_id.map(clean),
            session_name: evidence.session_name.map(clean),
            read_only: event.read_only,
            resources: (!arns.is_empty()).then_some(Resources { arns, form }),
            event_id: Some(event.event_id).filter(|id| !id.is_empty()).map(clean),
            recipient_account: event.recipient_account.map(clean),
            principal_id: evidence.principal_id.map(clean),
            principal_arn: event.who.arn.as_deref().map(clean),
            source: event.who.kind.source().name(),
            impersonated_by: evidence.impersonated_by.map(clean),
            linked_principal: event.linked.map(|linked| clean(&linked.key)),
            detail: evidence.detail.map(clean),
            issued: evidence.issued.map(clean),
            archive: event.archive,
            object: clean(event.object),
            record: event.record,
            archive_name: archive.map(clean),
            object_uri: uri.map(|uri| cleaned(Cow::Owned(uri), clean)),
            forwarded_for: evidence.forwarded_for.map(clean),
        }
    }
}

/// A row as a JSON object without absent fields.
pub(super) struct Present<'r, 'a>(pub(super) &'r EventRow<'a>);

impl Serialize for Present<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        self.0.add_present(&[], &mut object)?;
        object.end()
    }
}
