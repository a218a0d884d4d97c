//! Traced credentials in words.

use std::collections::BTreeMap;

use crate::actions::{Class, class_of, short_name};
use crate::model::{Arn, Text, is_temporary_key, last_part};
use crate::report::plural;
use crate::report::row::{NOT_NAMED, named};
use crate::time::Timestamp;
use crate::trace::{
    ActionUse, ClusterUse, Contradiction, Credential, Holder, Issuance, IssuedKey, KeyStatus, Names, Origin,
    OwnerCreation, Session, TraceRow, Use,
};

/// How many actions and networks of a credential are named.
const NAMED: usize = 6;

/// The published name of an origin.
pub(super) const fn origin_name(origin: &Origin) -> &'static str {
    match origin {
        Origin::LongTermKey => "long-term-key",
        Origin::SignIn => "sign-in",
        Origin::Service(_) => "service",
        Origin::Federated => "federated",
        Origin::OtherAccount => "other-account",
        Origin::UnknownCaller => "unknown-caller",
        Origin::Instance(_) => "instance",
        Origin::NotIssuedHere => "not-issued-here",
        Origin::Circular => "circular",
    }
}

/// Why a credential is the first of its tree.
pub(super) fn origin(row: &TraceRow) -> Option<String> {
    let by = || row.issuance.as_ref().map_or(String::new(), |issuance| holder(&issuance.caller));
    Some(match row.origin.as_ref()? {
        Origin::LongTermKey => "long-term key: these logs do not show who issued it".to_owned(),
        Origin::SignIn => {
            "no record in this archive says how this identity got its password or session".to_owned()
        }
        Origin::Service(service) => format!("issued by the service {service}"),
        Origin::Federated => format!("issued to {}, whom an identity provider vouched for", by()),
        Origin::OtherAccount => {
            format!("issued to {}, whose own log or credential is not in this archive", by())
        }
        Origin::UnknownCaller => format!("issued by {}, with a credential that is not in this archive", by()),
        Origin::Instance(instance) => {
            format!("credentials of instance {instance}: these logs do not show who issued them")
        }
        Origin::NotIssuedHere => "these logs do not show who issued it".to_owned(),
        Origin::Circular => {
            "records say that it was issued with a credential that it issued itself".to_owned()
        }
    })
}

/// A credential, and whose it is.
pub(super) fn credential(row: &TraceRow) -> String {
    let id = row.credential.id();
    let whose = row.used.as_ref().map(|used| holder(&used.holder));
    let issued_to = || row.issuance.as_ref().and_then(issued_to);
    let unknown = || match row.used_in_clusters.as_ref().and_then(|used| used.users.kept.first()) {
        Some(user) => user.to_string(),
        None => NOT_NAMED.to_owned(),
    };
    match &row.credential {
        Credential::Key(_) if is_temporary_key(id) => {
            format!("session {id} of {}", whose.or_else(issued_to).unwrap_or_else(unknown))
        }
        Credential::Key(_) => format!("key {id} of {}", whose.or_else(issued_to).unwrap_or_else(unknown)),
        Credential::SignIn(_) => {
            let who = row.issuance.as_ref().map_or_else(unknown, |issuance| holder(&issuance.caller));
            format!("sign-in of {who}")
        }
        Credential::Password(_) => format!("password of {}", issued_to().unwrap_or_else(unknown)),
    }
}

/// For whom a credential was issued.
fn issued_to(issuance: &Issuance) -> Option<String> {
    let to = issuance.issued_to.as_deref()?;
    match (Arn::parse(to), to.strip_prefix("user/")) {
        (_, Some(user)) => Some(format!("user {user} (account {})", issuance.account)),
        (Some(arn), None) => Some(match arn.assumed_role() {
            Some((role, session)) => {
                format!("role {} (account {}), session {session}", last_part(role), arn.account)
            }
            None => to.to_owned(),
        }),
        (None, None) => Some(to.to_owned()),
    }
}

/// Who holds a credential or called.
fn holder(holder: &Holder) -> String {
    let who = &holder.who;
    let name = named(&who.key).unwrap_or(NOT_NAMED);
    let account = Arn::of_principal(name).map_or("", |arn| arn.account);
    let account = match named(&who.account) {
        Some(known) if known != account => format!(" (account {known})"),
        _ => String::new(),
    };
    let session = holder.session.as_ref().filter(|session| !name.ends_with(session.as_str()));
    let session = session.map_or(String::new(), |session| format!(", session {session}"));
    format!("{} {name}{account}{session}", who.kind.name())
}

/// Who created the user for whom a credential is, or another user of that name.
pub(super) fn owner_created(created: &OwnerCreation) -> String {
    let creation = created.event();
    let user = creation.issued_to.as_deref().map_or(NOT_NAMED, last_part);
    let by = done_by(creation);
    match created {
        OwnerCreation::Owner(_) => format!("user {user} was created {by}"),
        OwnerCreation::Namesake(_, id) => {
            format!("another user of the name {user}, with the id {id}, was created {by}")
        }
    }
}

/// When an event was, and who made it with which key.
fn done_by(event: &Issuance) -> String {
    let key = event.caller_key.as_ref().map_or(String::new(), |key| format!(", with key {key}"));
    format!("{} by {}{key}", issuance(event), holder(&event.caller))
}

/// A change of the status of a key.
pub(super) fn status_change(status: KeyStatus, event: &Issuance) -> String {
    let what = match status {
        KeyStatus::Inactive => "made inactive",
        KeyStatus::Active => "made active",
        KeyStatus::Deleted => "deleted",
    };
    format!("{what} {}", done_by(event))
}

/// The last changes of the status of a key that are named, and that there were more.
pub(super) fn status_changes(
    row: &TraceRow,
) -> (impl Iterator<Item = (KeyStatus, &Issuance)>, Option<String>) {
    let changes = &row.status_changes;
    let earlier = changes.iter().len().saturating_sub(NAMED);
    let more = (earlier > 0).then(|| {
        let at_least = if changes.has_more { "at least " } else { "" };
        format!("{at_least}{} of its status before", plural(earlier as u64, "change"))
    });
    (changes.iter().skip(earlier), more)
}

/// That a long-term key was neither deleted nor made inactive, as far as the logs tell.
pub(super) fn not_ended(row: &TraceRow) -> Option<&'static str> {
    let Credential::Key(id) = &row.credential else { return None };
    let is_open = !is_temporary_key(id) && row.status_changes.iter().len() == 0;
    is_open.then_some("these logs do not show that it was deleted or made inactive")
}

/// The keys that were issued to the user of one that was not, if there are any.
pub(super) fn issued_instead(row: &TraceRow) -> Option<String> {
    let shown = |issued: &IssuedKey| format!("{} at {}", issued.key, issued.time);
    Some(match &row.issued_instead[..] {
        [] => return None,
        [only] => format!("the only key issued to a user of this name is another: {}", shown(only)),
        all => {
            let mut keys: Vec<String> = all.iter().take(NAMED).map(shown).collect();
            if all.len() > NAMED {
                keys.push(format!("and {} more", all.len() - NAMED));
            }
            format!("the keys issued to a user of this name are others: {}", keys.join(", "))
        }
    })
}

/// What a record says of the session of a key, if it says anything.
pub(super) fn session(used: &Use) -> Option<String> {
    let Session { created, has_mfa } = used.session;
    let created = created.map(|created| format!("created {created}"));
    let mfa = has_mfa.map(|has_mfa| if has_mfa { "with MFA" } else { "without MFA" }.to_owned());
    let words: Vec<String> = created.into_iter().chain(mfa).collect();
    (!words.is_empty()).then(|| format!("session {}", words.join(", ")))
}

/// A contradiction between the use of a credential and the events that issued and ended it.
pub(super) fn contradicts(row: &TraceRow, contradiction: &Contradiction) -> String {
    let issued = row.issuance.as_ref().map_or(String::new(), |issuance| issuance.event.time.to_string());
    let what = match contradiction {
        Contradiction::UsedBeforeIssued => format!("it was used before it was issued at {issued}"),
        Contradiction::CreatedBeforeIssued(created) => {
            format!("its session was created at {created}, but it was issued at {issued}")
        }
        Contradiction::UsedAfterDeletion(deleted) => format!("it was used after it was deleted at {deleted}"),
        Contradiction::UsedWhileInactive(inactive) => {
            format!("it was used after it was made inactive at {inactive}, and not active again")
        }
        Contradiction::UsedAfterExpiry(expires) => format!("it was used after it had expired at {expires}"),
        Contradiction::UsedByAnother(arn) => {
            let to = row.issuance.as_ref().and_then(issued_to).unwrap_or_else(|| NOT_NAMED.to_owned());
            format!("it was issued for {to}, but used by {arn}")
        }
        Contradiction::UsedBySeveral(one, other) => format!("it was used by {one} and by {other}"),
    };
    format!("CONTRADICTION: {what}")
}

/// The event that issued a credential: time and action.
pub(super) fn issuance(issuance: &Issuance) -> String {
    format!("{} {}", issuance.event.time, short_name(&issuance.action))
}

/// How many more credentials one issued, if any.
pub(super) fn more_issued(left_out: u64) -> Option<String> {
    match left_out {
        0 => None,
        1 => Some("issued 1 more credential, which is not shown".to_owned()),
        more => Some(format!("issued {more} more credentials, which are not shown")),
    }
}

/// What was done with a credential: time, counts, networks and actions.
pub(super) fn uses(used: &Use) -> String {
    let console = if used.is_from_console { ", in the console" } else { "" };
    let calls = counted(used.counts(), "call");
    let time = span(used.first.time, used.last);
    format!("{time}: {calls}{}{console}: {}", from(&used.networks), actions(&used.actions))
}

/// The same of what was done in clusters.
pub(super) fn cluster_uses(used: &ClusterUse) -> String {
    let requests = counted(used.counts(), "request");
    let time = span(used.first.time, used.last);
    let clusters = listed(", in ", &used.clusters);
    let users = listed(", as ", &used.users);
    format!("{time}: {requests}{}{clusters}{users}: {}", from(&used.networks), actions(&used.actions))
}

/// A number of uses, and of failed ones.
fn counted(counts: ActionUse, what: &str) -> String {
    let errors = if counts.errors > 0 { format!(", {} failed", counts.errors) } else { String::new() };
    format!("{}{errors}", plural(counts.count, what))
}

/// The first and the last time.
fn span(first: Timestamp, last: Timestamp) -> String {
    if first == last { last.to_string() } else { format!("{first} to {last}") }
}

/// Where uses came from.
fn from(networks: &Names) -> String {
    listed(", from ", networks)
}

/// The first names after a word; nothing if there are none.
fn listed(word: &str, names: &Names) -> String {
    let named: Vec<&str> = names.kept.iter().take(NAMED).map(|name| &**name).collect();
    let others = if names.kept.len() > NAMED || names.has_more { " and others" } else { "" };
    if named.is_empty() { String::new() } else { format!("{word}{}{others}", named.join(", ")) }
}

/// The first actions: those that have a class but reconnaissance, then reconnaissance, then all others; the most frequent first.
fn actions(actions: &BTreeMap<Text, ActionUse>) -> String {
    let mut all: Vec<_> = actions.iter().collect();
    all.sort_by_cached_key(|(name, sum)| {
        let importance = match class_of(name, None) {
            Some(Class::Reconnaissance) => 1,
            Some(_) => 0,
            None => 2,
        };
        (importance, std::cmp::Reverse(sum.count), *name)
    });
    let named = all.iter().take(NAMED).map(|(name, sum)| match sum.count {
        1 => short_name(name),
        count => format!("{} {count}", short_name(name)),
    });
    let mut words: Vec<String> = named.collect();
    match all.len().saturating_sub(NAMED) {
        0 => {}
        1 => words.push("and 1 more action".to_owned()),
        more => words.push(format!("and {more} more actions")),
    }
    words.join(", ")
}
