//! Classes of actions: which ones change permissions, give credentials, blind logs, and so on.
//!
//! A class is decided from the name of an action alone, and from whether the call only read: by a table of IAM's actions with their
//! access levels and by lists (`table.rs`), and by rules over services and the words of names (`rules.rs`). So actions that the table
//! does not know have classes, too. `docs/ranking.md` describes the classes.

mod aliases;
mod kubernetes;
mod matcher;
mod rules;
mod table;
mod words;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::names::{named, nearest};

use aliases::ApiName;
use matcher::Call;
use table::{ActionTable, KnownAction};

pub use table::AccessLevel;

named! {
    /// What an action can do to an account's security. An action has at most one class.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Class {
        /// Changes who may do what.
        Permissions = "permissions",
        /// Creates, replaces or returns a secret, or begins a session.
        Credentials = "credentials",
        /// Stops, deletes, narrows or redirects logs, alarms or detectors.
        Logging = "logging",
        /// Makes a resource reachable from outside, or lets its data leave.
        Exposure = "exposure",
        /// Runs code with somebody's rights, or uses the account's capacity.
        Execution = "execution",
        /// Deletes data or what serves it, or prevents its recovery.
        Destruction = "destruction",
        /// Reads about identities, secrets, detection or the account as a whole.
        Reconnaissance = "reconnaissance",
    }
}

/// Everything that is known of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionDescription {
    /// Its name in IAM's spelling (`iam:CreateUser`), or as given if the table does not have it.
    pub name: String,
    /// Its access level, if the table has it.
    pub level: Option<AccessLevel>,
    /// Its class, if it has one.
    pub class: Option<Class>,
    /// What decided: the list, the level, or the service and the words of the name, and why.
    pub reason: Cow<'static, str>,
    /// Whether the table has it, or a rule names it as it is.
    pub is_known: bool,
}

/// The class of an action named as in findings: `iam.amazonaws.com:CreateUser`, or `create core/pods/exec` in a cluster.
///
/// Whether the call only read is said by the record (`read_only`), else by the access level, else by the verb.
///
/// ```
/// use firstseen::actions::{Class, class_of};
///
/// assert_eq!(class_of("cloudtrail.amazonaws.com:StopLogging", Some(false)), Some(Class::Logging));
/// assert_eq!(class_of("iam.amazonaws.com:ListUsers", None), Some(Class::Reconnaissance));
/// assert_eq!(class_of("ec2.amazonaws.com:DescribeInstances", Some(true)), None);
/// ```
pub fn class_of(action: &str, read_only: Option<bool>) -> Option<Class> {
    if kubernetes::is_kubernetes(action) {
        return kubernetes::decide(action).map(|(class, _)| class);
    }
    Call::new(action, ActionTable::get(), read_only).decide().map(|decision| decision.class())?
}

/// The service of an action: `iam.amazonaws.com` of `iam.amazonaws.com:CreateUser`; in a cluster the API group, `core` of
/// `get core/pods in shop`.
pub fn service_of(action: &str) -> &str {
    match action.split_once(' ') {
        Some((_, resource)) => resource.split('/').next().unwrap_or(resource),
        None => action.split_once(':').map_or(action, |(service, _)| service),
    }
}

/// The name of an event without the version of the API that Lambda and CloudFront put behind it, if it has one.
///
/// ```
/// use firstseen::actions::unversioned;
///
/// assert_eq!(unversioned("UpdateFunctionCode20150331v2"), Some("UpdateFunctionCode"));
/// assert_eq!(unversioned("CreateDistribution2020_05_31"), Some("CreateDistribution"));
/// assert_eq!(unversioned("ListObjectsV2"), None);
/// assert_eq!(unversioned("get core/pods in shop20240331"), None);
/// ```
pub fn unversioned(name: &str) -> Option<&str> {
    // What ends an action of a cluster is the name of a resource or a namespace.
    let bare = (!name.contains(' ')).then(|| aliases::without_version(name))?;
    (bare.len() < name.len()).then_some(bare)
}

/// An action without the domain of its service: `iam:CreateUser` of `iam.amazonaws.com:CreateUser`.
///
/// ```
/// use firstseen::actions::short_name;
///
/// assert_eq!(short_name("iam.amazonaws.com:CreateUser"), "iam:CreateUser");
/// assert_eq!(short_name("get core/pods in shop"), "get core/pods in shop");
/// ```
pub fn short_name(action: &str) -> String {
    action.replacen(".amazonaws.com:", ":", 1)
}

/// Everything known of an action: `iam.amazonaws.com:CreateUser`, `iam:CreateUser`, or `create core/pods/exec` in a cluster.
pub fn describe(action: &str) -> ActionDescription {
    if kubernetes::is_kubernetes(action) {
        let decided = kubernetes::decide(action);
        return ActionDescription {
            name: action.to_owned(),
            level: None,
            class: decided.map(|(class, _)| class),
            reason: decided.map_or(NO_RULE, |(_, reason)| reason).into(),
            is_known: decided.is_some(),
        };
    }
    let call = Call::new(action, ActionTable::get(), None);
    let decision = call.decide();
    ActionDescription {
        name: call.iam_name(),
        level: call.level(),
        class: decision.as_ref().and_then(|decision| decision.class()),
        is_known: call.is_known() || decision.as_ref().is_some_and(|decision| decision.is_exact()),
        reason: decision.map_or(NO_RULE.into(), |decision| decision.reason(&call)),
    }
}

const NO_RULE: &str = "no rule matches";

/// The names of all known actions: IAM's, sorted by service and access level, then CloudTrail's where they differ.
pub fn known_names() -> impl Iterator<Item = String> {
    let names = ActionTable::get().actions().iter().map(KnownAction::full_name);
    let events = rules::EVENTS.iter().map(|(service, name, ..)| (*service, *name));
    names.chain(aliases::event_names().chain(events).map(|(service, name)| format!("{service}:{name}")))
}

/// The known action that a misspelt name resembles, in IAM's spelling: with its service if `name` has one. `None` for a name that is not
/// misspelt.
pub fn similar_action(name: &str) -> Option<String> {
    let name = match name.split_once(':') {
        Some(_) => {
            let ApiName { service, name } = ApiName::new(name);
            format!("{service}:{name}")
        }
        None => name.to_owned(),
    };
    let comparable = |full: String| match full.split_once(':') {
        Some((_, bare)) if !name.contains(':') => bare.to_owned(),
        _ => full,
    };
    let spellings: BTreeMap<String, String> =
        known_names().map(comparable).map(|known| (known.to_ascii_lowercase(), known)).collect();
    let near = nearest(&name.to_ascii_lowercase(), spellings.keys().map(String::as_str))?;
    spellings.get(near).filter(|similar| **similar != name).cloned()
}

#[cfg(test)]
mod tests;
