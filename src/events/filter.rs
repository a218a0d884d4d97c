//! Which events are wanted, and the part of the decision that needs only one record.

use std::borrow::Cow;
use std::collections::HashMap;

use super::text_search::{TextSearch, TooManyTexts};
use crate::event::{AnyRecord, action_name};
use crate::learn::LearntEvent;
use crate::model::{AddressRange, Evidence, ObservedPrincipal, PrincipalKey, Text};
use crate::query::{EventAdmission, Filter, Pattern, Patterns};
use crate::time::Timestamp;

/// Which events are wanted. An empty list wants everything; of each list that is not, one entry must match.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Principal, action, account, Region and so on, as for findings.
    pub base: Filter,
    /// Nothing before this time.
    pub from: Option<Timestamp>,
    /// Nothing after this time.
    pub to: Option<Timestamp>,
    /// Networks that contain the source address.
    pub addresses: Vec<AddressRange>,
    /// Access keys.
    pub access_keys: Vec<Pattern>,
    /// Session names.
    pub sessions: Vec<Pattern>,
    /// User agents, in any case.
    pub user_agents: Vec<Pattern>,
    /// Error codes, error messages or, in a cluster, codes of the status, in any case.
    pub errors: Vec<Pattern>,
    /// Event ids.
    pub event_ids: Vec<Pattern>,
    /// ARNs that the record names besides those of its caller: see [`resources`](crate::decode::resources()). In a cluster the
    /// [object](crate::decode::object_in_cluster()), or the URI with or without its query.
    pub resources: Vec<Pattern>,
    /// Texts that occur anywhere in the record, in any case.
    pub texts: Vec<String>,
}

/// A compiled filter, shared by all workers.
#[derive(Debug)]
pub(super) struct CompiledEventFilter {
    pub(super) admission: EventAdmission,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    addresses: Vec<AddressRange>,
    access_keys: Patterns,
    sessions: Patterns,
    user_agents: Patterns,
    errors: Patterns,
    event_ids: Patterns,
    resources: Patterns,
    texts: Option<TextSearch>,
}

impl EventFilter {
    /// # Errors
    /// If there are too many texts.
    pub(super) fn compile(&self, key: PrincipalKey) -> Result<CompiledEventFilter, TooManyTexts> {
        let exact = |patterns: &[Pattern]| Patterns::new(patterns.to_vec(), true);
        let any_case = |patterns: &[Pattern]| Patterns::new(patterns.to_vec(), false);
        Ok(CompiledEventFilter {
            admission: EventAdmission::new(&self.base, key),
            from: self.from,
            to: self.to,
            addresses: self.addresses.clone(),
            access_keys: exact(&self.access_keys),
            sessions: exact(&self.sessions),
            user_agents: any_case(&self.user_agents),
            errors: any_case(&self.errors),
            event_ids: exact(&self.event_ids),
            resources: exact(&self.resources),
            texts: TextSearch::new(&self.texts)?,
        })
    }
}

/// Decisions that one worker remembers: they recur with the numbers of principals and actions, and with addresses.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    principals: Vec<Option<bool>>,
    actions: Vec<Option<bool>>,
    addresses: HashMap<Box<str>, bool>,
}

/// Up to this many addresses are remembered.
const MOST_ADDRESSES: usize = 1 << 16;

impl CompiledEventFilter {
    /// Whether an event at this time is wanted.
    pub(super) fn admits_time(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| time >= from) && self.to.is_none_or(|to| time <= to)
    }

    /// Whether principal and action of an event may be wanted.
    pub(super) fn may_admit(&self, seen: &LearntEvent<'_>, known: &mut Remembered) -> bool {
        let event = seen.event;
        let action = || self.admission.admits_action(&action_name(event.source, &event.name));
        let principal = || {
            let who = &event.principal;
            self.admission.may_admit(&ObservedPrincipal {
                account: who.account.into(),
                key: (&*who.key).into(),
                kind: who.kind,
                arn: who.arn.as_deref().map(Text::from),
            })
        };
        remembered(&mut known.actions, seen.action.0, action)
            && remembered(&mut known.principals, seen.principal.0, principal)
    }

    /// Whether the record of an event is wanted, except for its [resources](Self::admits_resources).
    pub(super) fn admits_record(
        &self,
        seen: &LearntEvent<'_>,
        evidence: &Evidence<'_>,
        known: &mut Remembered,
    ) -> bool {
        self.admission.admits_call(evidence.region, seen.event.read_only)
            && self.access_keys.admit(evidence.access_key_id)
            && self.sessions.admit(evidence.session_name)
            && self.user_agents.admit(evidence.user_agent)
            && self.event_ids.admit([evidence.event_id])
            && self.admits_error(seen, evidence)
            && self.admits_addresses(evidence, known)
            && self.texts.as_ref().is_none_or(|texts| texts.occurs_in(seen.text))
    }

    /// Whether the caller's address is wanted, or one that it claims to have passed a request on for.
    fn admits_addresses(&self, evidence: &Evidence<'_>, known: &mut Remembered) -> bool {
        let claimed = || evidence.forwarded_for.iter().flat_map(|all| all.split(", "));
        self.admits_address(evidence.source_ip, known)
            || claimed().any(|address| self.admits_address(Some(address), known))
    }

    fn admits_address(&self, address: Option<&str>, known: &mut Remembered) -> bool {
        if self.addresses.is_empty() {
            return true;
        }
        let Some(address) = address else { return false };
        if let Some(is_wanted) = known.addresses.get(address) {
            return *is_wanted;
        }
        let is_wanted = self.addresses.iter().any(|range| range.contains(address));
        if known.addresses.len() >= MOST_ADDRESSES {
            known.addresses.clear();
        }
        known.addresses.insert(address.into(), is_wanted);
        is_wanted
    }

    fn admits_error(&self, seen: &LearntEvent<'_>, evidence: &Evidence<'_>) -> bool {
        let code = evidence.error_code.as_deref();
        let status = match seen.record {
            AnyRecord::Kubernetes(record) if code.is_some() => record.code.map(|code| code.to_string()),
            _ => None,
        };
        self.errors.admit(code.into_iter().chain(status.as_deref()).chain(error_message(seen.record)))
    }

    /// Whether one of the resources that a record names is wanted, or the URI of a request.
    pub(super) fn admits_resources(&self, seen: &LearntEvent<'_>, resources: &[Cow<'_, str>]) -> bool {
        let uri = match seen.record {
            AnyRecord::Kubernetes(record) => record.request_uri,
            AnyRecord::CloudTrail(_) => None,
        };
        let path = uri.and_then(|uri| uri.split_once('?')).map(|(path, _)| path);
        self.resources.admit(resources.iter().map(|named| &**named).chain(uri).chain(path))
    }
}

/// `errorMessage`
pub(super) fn error_message<'r>(record: AnyRecord<'r>) -> Option<&'r str> {
    record.cloudtrail().and_then(|record| record.error_message).filter(|text| !text.is_empty())
}

/// The decision under a number, made once.
fn remembered(known: &mut Vec<Option<bool>>, number: u32, decide: impl FnOnce() -> bool) -> bool {
    let index = number as usize;
    if known.len() <= index {
        known.resize(index + 1, None);
    }
    *known[index].get_or_insert_with(decide)
}
