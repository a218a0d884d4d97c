//! By which credential each credential was issued.
//!
//! The access key of the issuing call proves it. Where a record has none, time and identity decide: a sign-in comes before the keys of its
//! console session, a password before the sign-in. Such links are marked as inferred.

use std::collections::HashMap;

use super::facts::{Facts, Use};
use super::issuance::{OWN_PASSWORD, account_and_permission_set};
use super::timeline::{Step, Timeline};
use super::{Credential, Holder, Issuance, Origin, Via};
use crate::model::{Arn, PrincipalKind, Text, is_temporary_key};
use crate::time::{Span, Timestamp};

/// How long a session can last: of a role, and of the console (STS API Reference, AssumeRole; AWS Management Console, "sessions").
const SESSION: Span = Span::hours(12);

/// How long after the portal was asked for a role its session begins.
const PORTAL: Span = Span::minutes(15);

/// The credential before another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) parent: Credential,
    /// Whether it follows from time and identity only.
    pub(super) is_inferred: bool,
}

/// The credential before each credential, and those after it.
#[derive(Debug, Default)]
pub(super) struct Links {
    before: HashMap<Credential, Link>,
    after: HashMap<Credential, Vec<Credential>>,
    /// Credentials whose link was dropped, since they issued each other.
    circular: Vec<Credential>,
}

/// Who used an access key, and from when on.
#[derive(Debug)]
struct KeyUser<'f> {
    key: Credential,
    holder: &'f Holder,
    first: Timestamp,
    /// When the session was created, if a record says so.
    created: Option<Timestamp>,
    is_from_console: bool,
}

/// What leads from a record without an access key to a credential.
#[derive(Debug, Default)]
struct Indexes<'f> {
    /// Keys of sessions by the ARN of the session.
    sessions: Timeline<'f>,
    /// Console sign-ins by the ARN of the identity.
    sign_ins: Timeline<'f>,
    /// Those of roles and federated users that do not say when the session was created: that may have been long before.
    undated_sign_ins: Timeline<'f>,
    /// Passwords by account and user name, and when they were deleted.
    passwords: Timeline<'f>,
    /// Calls of the portal by account and permission set.
    portals: Timeline<'f>,
    /// Keys by the unique id, with its session, of whoever used them.
    ids: Timeline<'f>,
}

/// When a session was used, and when it was created, if a record says so.
#[derive(Clone, Copy, Debug)]
struct SessionTimes {
    used: Timestamp,
    created: Option<Timestamp>,
}

/// A credential that counts from this time on.
const fn step<'f>(credential: &'f Credential, time: Timestamp) -> Step<'f> {
    Step { from: time, logged: time, credential: Some(credential) }
}

/// The step, if `time` is not longer after it than `within`.
fn recent(step: Option<Step<'_>>, time: Timestamp, within: Span) -> Option<Step<'_>> {
    step.filter(|step| time.micros_since(step.logged) <= within.micros())
}

/// The step that led to a session, at most the length of a session before its use.
fn begin_of<'f>(timeline: &Timeline<'f>, arn: &str, times: SessionTimes) -> Option<Step<'f>> {
    let begin = match times.created {
        Some(created) => timeline.nearest((arn, ""), created, times.used),
        None => timeline.last((arn, ""), times.used),
    };
    recent(begin, times.used, SESSION)
}

impl<'f> Indexes<'f> {
    fn new(facts: &'f Facts) -> Self {
        let mut indexes = Self::default();
        for (credential, issuance) in &facts.issued {
            let now = step(credential, issuance.event.time);
            let to = issuance.issued_to.as_deref();
            match (credential, &issuance.via) {
                (Credential::SignIn(_), Via::Portal(account, set)) => {
                    indexes.portals.add((account, set), now);
                }
                (Credential::SignIn(_), _) => {
                    to.into_iter().for_each(|to| indexes.add_sign_in(to, issuance, now));
                }
                (Credential::Key(_), _) => {
                    let session = to.filter(|to| Arn::parse(to).is_some_and(|arn| arn.service == "sts"));
                    session.into_iter().for_each(|to| indexes.sessions.add((to, ""), now));
                }
                (Credential::Password(_), _) => {
                    // Whoever changes the own password has signed in before.
                    let is_own = issuance.action.rsplit(':').next() == Some(OWN_PASSWORD);
                    let from = if is_own { now.from.plus(Span::of_micros(1_000_000)) } else { now.from };
                    let user = to.and_then(|to| to.strip_prefix("user/"));
                    let named = user.map(|user| (&*issuance.account, user));
                    named.into_iter().for_each(|user| indexes.passwords.add(user, Step { from, ..now }));
                }
            }
        }
        for (account, user, time) in &facts.ended_passwords {
            indexes.passwords.add((account, user), Step { from: *time, logged: *time, credential: None });
        }
        indexes
    }

    /// Adds a sign-in, which counts from when its session was created.
    fn add_sign_in(&mut self, arn: &'f str, issuance: &Issuance, now: Step<'f>) {
        self.sign_ins.add((arn, ""), Step { from: issuance.caller_session.unwrap_or(now.from), ..now });
        let is_at_once = matches!(issuance.caller.who.kind, PrincipalKind::User | PrincipalKind::Root)
            || matches!(issuance.via, Via::Switch(_));
        if !is_at_once && issuance.caller_session.is_none() {
            self.undated_sign_ins.add((arn, ""), now);
        }
    }

    fn add_users(&mut self, users: &'f [KeyUser<'f>]) {
        for user in users {
            if let Some(id) = &user.holder.principal_id {
                self.ids.add((id, ""), step(&user.key, user.first));
            }
        }
        let Self { sessions, sign_ins, undated_sign_ins, passwords, portals, ids } = self;
        for timeline in [sessions, sign_ins, undated_sign_ins, passwords, portals, ids] {
            timeline.sort();
        }
    }

    /// The credential before one that an event issued.
    fn before(&self, credential: &Credential, issuance: &Issuance) -> Option<Link> {
        if let Some(key) =
            issuance.caller_key.as_ref().filter(|_| !matches!(credential, Credential::SignIn(_)))
        {
            return Some(Link { parent: Credential::Key(key.clone()), is_inferred: false });
        }
        let (used, caller) = (issuance.event.time, &issuance.caller);
        let times = SessionTimes { used, created: issuance.caller_session };
        let of_arn = |arn: &Text, times: SessionTimes| {
            begin_of(&self.sign_ins, arn, times).or_else(|| begin_of(&self.sessions, arn, times))
        };
        let found = match (credential, &issuance.via) {
            // The times in the record are those of the role.
            (Credential::SignIn(_), Via::Switch(from)) => of_arn(from, SessionTimes { used, created: None }),
            (Credential::SignIn(_), _) => {
                let user = user_of(caller);
                let password = user.and_then(|user| self.passwords.last(user, used));
                let password = password.filter(|step| step.credential.is_some());
                password.or_else(|| begin_of(&self.sessions, caller.arn.as_deref()?, times))
            }
            (_, Via::Portal(account, set)) => recent(self.portals.last((account, set), used), used, PORTAL),
            _ if caller.who.kind == PrincipalKind::Account => {
                let id = caller.principal_id.as_deref()?;
                let known = self.ids.last((id, ""), used);
                if id.contains(':') { recent(known, used, SESSION) } else { known }
            }
            _ => caller.arn.as_ref().and_then(|arn| of_arn(arn, times)),
        };
        inferred(found)
    }

    /// The credential before the key of a session whose issuing event is not in the archive: a sign-in of the same identity, if the
    /// session may be one of the console, or the key that the session was opened with, or the portal.
    fn before_session(&self, user: &KeyUser<'_>, may_be_console: bool) -> Option<Link> {
        let arn = user.holder.arn.as_deref()?;
        let times = SessionTimes { used: user.first, created: user.created };
        let undated = || recent(self.undated_sign_ins.last((arn, ""), user.first), user.first, SESSION);
        let signed_in = || begin_of(&self.sign_ins, arn, times).or_else(undated);
        let known = may_be_console.then(signed_in).flatten();
        let known = known.or_else(|| begin_of(&self.sessions, arn, times));
        // Of a session that was opened in the portal just before, what is much older is another one.
        let is_newer =
            |portal: &Step<'_>| known.is_none_or(|known| known.logged.plus(PORTAL) < portal.logged);
        inferred(self.portal(arn, times).filter(is_newer).or(known))
    }

    /// The call of the portal that led to a session of a role of Identity Center.
    fn portal(&self, arn: &str, times: SessionTimes) -> Option<Step<'f>> {
        let name = account_and_permission_set(arn)?;
        match times.created {
            Some(created) => recent(self.portals.nearest(name, created, times.used), created, PORTAL),
            None => recent(self.portals.last(name, times.used), times.used, PORTAL),
        }
    }
}

/// A link that follows from identity and time.
fn inferred(step: Option<Step<'_>>) -> Option<Link> {
    Some(Link { parent: step?.credential?.clone(), is_inferred: true })
}

/// Account and name of an IAM user.
fn user_of(holder: &Holder) -> Option<(&str, &str)> {
    let arn = Arn::parse(holder.arn.as_deref()?)?;
    Some((arn.account, arn.iam_name("user")?))
}

impl Links {
    pub(super) fn new<'f>(facts: &'f Facts) -> Self {
        let user = |(key, used): (&Text, &'f Use)| KeyUser {
            key: Credential::Key(key.clone()),
            holder: &used.holder,
            first: used.first.time,
            created: used.session.created,
            is_from_console: used.is_from_console,
        };
        let users: Vec<KeyUser<'_>> = facts.uses.iter().map(user).collect();
        let mut indexes = Indexes::new(facts);
        indexes.add_users(&users);
        let mut before: HashMap<Credential, Link> = HashMap::new();
        for (credential, issuance) in &facts.issued {
            let link = indexes.before(credential, issuance);
            before.extend(link.map(|link| (credential.clone(), link)));
        }
        for user in users.iter().filter(|user| is_temporary_key(user.key.id())) {
            if !facts.issued.contains_key(&user.key) {
                // Old records do not say it of any session.
                let may_be_console = user.is_from_console || !facts.tells_console;
                let link = indexes.before_session(user, may_be_console);
                before.extend(link.map(|link| (user.key.clone(), link)));
            }
        }
        // One that a record claims is a circle.
        before.retain(|credential, link| !link.is_inferred || *credential != link.parent);
        let circular = break_circles(&mut before);
        let mut after: HashMap<Credential, Vec<Credential>> = HashMap::new();
        for (credential, link) in &before {
            after.entry(link.parent.clone()).or_default().push(credential.clone());
        }
        after.values_mut().for_each(|issued| issued.sort_by_cached_key(|one| (facts.time(one), one.clone())));
        Self { before, after, circular }
    }

    /// The credential before this one.
    pub(super) fn before(&self, credential: &Credential) -> Option<&Link> {
        self.before.get(credential)
    }

    /// The credentials that this one issued, by time.
    pub(super) fn after(&self, credential: &Credential) -> &[Credential] {
        self.after.get(credential).map_or(&[], Vec::as_slice)
    }

    /// Why this credential, which has none before it, is the first.
    pub(super) fn origin(&self, facts: &Facts, credential: &Credential) -> Origin {
        if self.circular.binary_search(credential).is_ok() {
            return Origin::Circular;
        }
        match (facts.issued.get(credential), facts.uses.get(credential.id())) {
            (Some(_), _) if matches!(credential, Credential::SignIn(_)) => Origin::SignIn,
            (Some(issuance), _) => origin_of_caller(&issuance.caller),
            (None, Some(used)) if is_temporary_key(credential.id()) => match &used.holder.session {
                Some(session) if session.starts_with("i-") => Origin::Instance(session.clone()),
                _ => Origin::NotIssuedHere,
            },
            (None, _) if is_temporary_key(credential.id()) => Origin::NotIssuedHere,
            (None, _) => Origin::LongTermKey,
        }
    }
}

fn origin_of_caller(caller: &Holder) -> Origin {
    match (caller.who.kind, &caller.service) {
        (PrincipalKind::Service, Some(service)) => Origin::Service(service.clone()),
        (PrincipalKind::Federated, _) => Origin::Federated,
        (PrincipalKind::Account, _) => Origin::OtherAccount,
        _ => Origin::UnknownCaller,
    }
}

/// Drops a link of each circle: an inferred one, which the others contradict, else that of the smallest credential. Returns these last ones,
/// sorted.
fn break_circles(before: &mut HashMap<Credential, Link>) -> Vec<Credential> {
    let mut circular = Vec::new();
    for circle in circles(before) {
        let inferred = circle.iter().filter(|credential| before[*credential].is_inferred).min();
        let Some(dropped) = inferred.or(circle.iter().min()).cloned() else { continue };
        if before.remove(&dropped).is_some_and(|link| !link.is_inferred) {
            circular.push(dropped);
        }
    }
    circular.sort();
    circular
}

/// The credentials of each circle. A credential has one link, so it is in one circle at most.
fn circles(before: &HashMap<Credential, Link>) -> Vec<Vec<Credential>> {
    // The number of the walk in which a credential was met.
    let mut met: HashMap<&Credential, usize> = HashMap::new();
    let mut circles = Vec::new();
    for (walk, start) in before.keys().enumerate() {
        let mut at = start;
        let mut is_new_circle = false;
        loop {
            match met.get(at) {
                Some(earlier) if *earlier == walk => {
                    is_new_circle = true;
                    break;
                }
                Some(_) => break,
                None => {}
            }
            met.insert(at, walk);
            match before.get(at) {
                Some(link) => at = &link.parent,
                None => break,
            }
        }
        if is_new_circle {
            let mut circle = vec![at.clone()];
            let mut next = &before[at].parent;
            while next != at {
                circle.push(next.clone());
                next = &before[next].parent;
            }
            circles.push(circle);
        }
    }
    circles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Credential {
        Credential::Key(Text::from(name))
    }

    #[test]
    fn circles_are_broken_at_their_smallest_credential() {
        let edges =
            [("c", "b"), ("b", "a"), ("a", "c"), ("x", "a"), ("y", "x"), ("q", "p"), ("p", "q"), ("m", "n")];
        let link = |parent| Link { parent: key(parent), is_inferred: false };
        let mut before: HashMap<Credential, Link> =
            edges.iter().map(|(one, parent)| (key(one), link(parent))).collect();
        assert_eq!(break_circles(&mut before), [key("a"), key("p")]);
        assert_eq!(before.len(), edges.len() - 2);
        assert_eq!(break_circles(&mut before), []);
    }

    #[test]
    fn what_is_proven_breaks_what_is_only_inferred() {
        let link = |parent, is_inferred| Link { parent: key(parent), is_inferred };
        let proven = [("new", link("old", false)), ("newer", link("new", false))];
        let inferred = [("old", link("newer", true))];
        let links = || proven.iter().map(|(one, link)| (key(one), link.clone()));
        let mut before: HashMap<Credential, Link> =
            links().chain(inferred.map(|(one, link)| (key(one), link))).collect();
        assert_eq!(break_circles(&mut before), []);
        assert_eq!(before, links().collect());
    }
}
