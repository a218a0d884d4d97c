//! A traced credential under its published field names: see `docs/formats.md`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::row::named;
use super::words::origin_name;
use crate::model::Text;
use crate::time::Timestamp;
use crate::trace::{
    ActionUse, ClusterUse, Contradiction, EventPlace, Holder, Issuance, KeyStatus, Names, Origin,
    OwnerCreation, TraceRow, Use,
};

#[derive(Serialize)]
pub(super) struct CredentialView<'a> {
    credential: &'a str,
    credential_kind: &'static str,
    depth: u32,
    parent: Option<&'a str>,
    parent_kind: Option<&'static str>,
    parent_is_inferred: bool,
    traced: bool,
    origin: Option<&'static str>,
    origin_name: Option<&'a str>,
    issued: Option<IssuedView<'a>>,
    owner_created: Option<IssuedView<'a>>,
    namesake_created: Option<NamesakeView<'a>>,
    issued_instead: Vec<&'a str>,
    status_changes: Vec<StatusView<'a>>,
    more_status_changes: bool,
    used: Option<UseView<'a>>,
    used_in_clusters: Option<ClusterUseView<'a>>,
    contradictions: Vec<&'static str>,
    left_out: u64,
}

#[derive(Serialize)]
struct PlaceView<'a> {
    time: String,
    event_id: Option<&'a str>,
    archive: u32,
    object: &'a str,
    record: u32,
}

#[derive(Serialize)]
struct HolderView<'a> {
    account: Option<&'a str>,
    principal: Option<&'a str>,
    principal_kind: &'static str,
    arn: Option<&'a str>,
    principal_id: Option<&'a str>,
    session_name: Option<&'a str>,
    invoked_by: Option<&'a str>,
}

#[derive(Serialize)]
struct IssuedView<'a> {
    #[serde(flatten)]
    place: PlaceView<'a>,
    action: &'a str,
    log_account: Option<&'a str>,
    issued_to: Option<&'a str>,
    expires: Option<String>,
    access_key_id: Option<&'a str>,
    by: HolderView<'a>,
}

/// The event that created another user of the same name, and the id of that user.
#[derive(Serialize)]
struct NamesakeView<'a> {
    #[serde(flatten)]
    created: IssuedView<'a>,
    principal_id: &'a str,
}

/// The event that changed the status of a key.
#[derive(Serialize)]
struct StatusView<'a> {
    status: &'static str,
    #[serde(flatten)]
    place: PlaceView<'a>,
    action: &'a str,
    log_account: Option<&'a str>,
    access_key_id: Option<&'a str>,
    by: HolderView<'a>,
}

#[derive(Serialize)]
struct UseView<'a> {
    by: HolderView<'a>,
    #[serde(flatten)]
    activity: ActivityView<'a>,
    arns: Vec<&'a str>,
    console: bool,
    session_created: Option<String>,
    mfa: Option<bool>,
}

#[derive(Serialize)]
struct ClusterUseView<'a> {
    #[serde(flatten)]
    activity: ActivityView<'a>,
    clusters: Vec<&'a str>,
    users: Vec<&'a str>,
}

/// What was done with a key, when and from where.
#[derive(Serialize)]
struct ActivityView<'a> {
    first: PlaceView<'a>,
    last: String,
    count: u64,
    errors: u64,
    actions: Vec<ActionView<'a>>,
    networks: Vec<&'a str>,
    more_networks: bool,
}

#[derive(Serialize)]
struct ActionView<'a> {
    action: &'a str,
    count: u64,
    errors: u64,
}

impl<'a> CredentialView<'a> {
    pub(super) fn new(row: &'a TraceRow) -> Self {
        let origin_text = row.origin.as_ref().and_then(|origin| match origin {
            Origin::Service(name) | Origin::Instance(name) => Some(&**name),
            _ => None,
        });
        Self {
            credential: row.credential.id(),
            credential_kind: row.credential.kind(),
            depth: row.depth,
            parent: row.parent.as_ref().map(|parent| &**parent.id()),
            parent_kind: row.parent.as_ref().map(|parent| parent.kind()),
            parent_is_inferred: row.is_inferred,
            traced: row.is_traced,
            origin: row.origin.as_ref().map(origin_name),
            origin_name: origin_text,
            issued: row.issuance.as_ref().map(issued_view),
            owner_created: match &row.owner_created {
                Some(OwnerCreation::Owner(creation)) => Some(issued_view(creation)),
                _ => None,
            },
            namesake_created: match &row.owner_created {
                Some(OwnerCreation::Namesake(creation, id)) => {
                    Some(NamesakeView { created: issued_view(creation), principal_id: id })
                }
                _ => None,
            },
            issued_instead: row.issued_instead.iter().map(|issued| &*issued.key).collect(),
            status_changes: row.status_changes.iter().map(status_view).collect(),
            more_status_changes: row.status_changes.has_more,
            used: row.used.as_ref().map(use_view),
            used_in_clusters: row.used_in_clusters.as_ref().map(cluster_use_view),
            contradictions: row.contradictions.iter().map(Contradiction::name).collect(),
            left_out: row.left_out,
        }
    }
}

fn issued_view(issuance: &Issuance) -> IssuedView<'_> {
    IssuedView {
        place: place_view(&issuance.event),
        action: &issuance.action,
        log_account: log_account(issuance),
        issued_to: issuance.issued_to.as_deref(),
        expires: issuance.expires.map(|expires| expires.to_string()),
        access_key_id: issuance.caller_key.as_deref(),
        by: holder_view(&issuance.caller),
    }
}

/// The account whose log has an event.
fn log_account(event: &Issuance) -> Option<&str> {
    Some(&*event.account).filter(|account| !account.is_empty())
}

fn status_view<'a>((status, event): (KeyStatus, &'a Issuance)) -> StatusView<'a> {
    StatusView {
        status: status.name(),
        place: place_view(&event.event),
        action: &event.action,
        log_account: log_account(event),
        access_key_id: event.caller_key.as_deref(),
        by: holder_view(&event.caller),
    }
}

fn cluster_use_view(used: &ClusterUse) -> ClusterUseView<'_> {
    ClusterUseView {
        activity: activity_view((&used.first, used.last), used.counts(), &used.actions, &used.networks),
        clusters: kept(&used.clusters),
        users: kept(&used.users),
    }
}

fn activity_view<'a>(
    (first, last): (&'a EventPlace, Timestamp),
    counts: ActionUse,
    actions: &'a BTreeMap<Text, ActionUse>,
    networks: &'a Names,
) -> ActivityView<'a> {
    let action =
        |(action, sum): (&'a Text, &ActionUse)| ActionView { action, count: sum.count, errors: sum.errors };
    ActivityView {
        first: place_view(first),
        last: last.to_string(),
        count: counts.count,
        errors: counts.errors,
        actions: actions.iter().map(action).collect(),
        networks: kept(networks),
        more_networks: networks.has_more,
    }
}

fn kept(names: &Names) -> Vec<&str> {
    names.kept.iter().map(|name| &**name).collect()
}

fn use_view(used: &Use) -> UseView<'_> {
    UseView {
        by: holder_view(&used.holder),
        activity: activity_view((&used.first, used.last), used.counts(), &used.actions, &used.networks),
        arns: kept(&used.arns),
        console: used.is_from_console,
        session_created: used.session.created.map(|created| created.to_string()),
        mfa: used.session.has_mfa,
    }
}

fn place_view(event: &EventPlace) -> PlaceView<'_> {
    PlaceView {
        time: event.time.to_string(),
        event_id: Some(&*event.event_id).filter(|id| !id.is_empty()),
        archive: event.archive,
        object: &event.object,
        record: event.record,
    }
}

fn holder_view(holder: &Holder) -> HolderView<'_> {
    HolderView {
        account: named(&holder.who.account),
        principal: named(&holder.who.key),
        principal_kind: holder.who.kind.name(),
        arn: holder.arn.as_deref(),
        principal_id: holder.principal_id.as_deref(),
        session_name: holder.session.as_deref(),
        invoked_by: holder.service.as_deref(),
    }
}
