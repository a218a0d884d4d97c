//! A filter compiled for matching many findings.

use std::borrow::Cow;
use std::collections::HashSet;

use super::filter::{action_names, principal_names};
use super::globs::Globs;
use super::{Filter, Finding};
use crate::model::{ObservedPrincipal, PrincipalKind};

/// A filter with indexes: matching time does not grow with the number of its values.
#[derive(Debug)]
pub(super) struct CompiledFilter<'f> {
    filter: Cow<'f, Filter>,
    accounts: HashSet<Box<str>>,
    principals: Globs,
    actions: Globs,
    ignored: Globs,
}

impl Filter {
    /// Whether a finding is wanted. To filter all findings of one baseline, use [`first_seen`](fn@super::first_seen).
    pub fn admits(&self, finding: &Finding<'_>) -> bool {
        CompiledFilter::new(Cow::Borrowed(self)).admits(finding)
    }
}

impl<'f> CompiledFilter<'f> {
    pub(super) fn new(filter: Cow<'f, Filter>) -> Self {
        Self {
            accounts: filter.accounts.iter().map(|account| account.as_str().into()).collect(),
            principals: Globs::new(&filter.principals),
            actions: Globs::new(&filter.actions),
            ignored: Globs::new(&filter.ignored_actions),
            filter,
        }
    }

    /// Whether a finding is wanted.
    pub(super) fn admits(&self, finding: &Finding<'_>) -> bool {
        (self.admits_principal(finding.who) || self.admits_linked(finding))
            && self.admits_action(finding.action)
            && self.admits_call(finding.region(), finding.read_only)
    }

    /// Whether the filter wants the CloudTrail principal behind that of a finding.
    pub(super) fn admits_linked(&self, finding: &Finding<'_>) -> bool {
        finding.linked.is_some_and(|linked| self.is_called(linked))
            && self.admits_kind_and_account(finding.who)
    }

    /// Whether any findings of a principal are wanted.
    pub(super) fn admits_principal(&self, who: &ObservedPrincipal) -> bool {
        self.admits_kind_and_account(who) && self.admits_name(who)
    }

    /// Whether principals with this name are wanted, of any kind.
    pub(super) fn admits_name(&self, who: &ObservedPrincipal) -> bool {
        self.filter.principals.is_empty() || self.is_called(who)
    }

    fn is_called(&self, who: &ObservedPrincipal) -> bool {
        self.principals.any(&self.filter.principals, &principal_names(who), true)
    }

    /// Whether principals like this are wanted, regardless of name.
    pub(super) fn admits_kind_and_account(&self, who: &ObservedPrincipal) -> bool {
        self.is_of(who, |kind| *kind == who.kind)
    }

    /// As [`Self::admits_kind_and_account`], while later records may still change the kind to one that sorts first.
    pub(super) fn may_admit_kind_and_account(&self, who: &ObservedPrincipal) -> bool {
        self.is_of(who, |kind| *kind <= who.kind)
    }

    fn is_of(&self, who: &ObservedPrincipal, is_kind: impl Fn(&PrincipalKind) -> bool) -> bool {
        let Filter { kinds, sources, .. } = &*self.filter;
        (kinds.is_empty() || kinds.iter().any(is_kind))
            && (sources.is_empty() || sources.contains(&who.kind.source()))
            && (self.accounts.is_empty() || self.accounts.contains(&*who.account))
    }

    /// Whether an action is wanted.
    pub(super) fn admits_action(&self, action: &str) -> bool {
        let Filter { actions, ignored_actions, .. } = &*self.filter;
        if actions.is_empty() && ignored_actions.is_empty() {
            return true;
        }
        let names = action_names(action);
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        (actions.is_empty() || self.actions.any(actions, &names, false))
            && !self.ignored.any(ignored_actions, &names, false)
    }

    /// Whether a sighting is wanted, by the region and read-only flag in its record.
    pub(super) fn admits_call(&self, region: Option<&str>, read_only: Option<bool>) -> bool {
        let Filter { regions, only_mutating, .. } = &*self.filter;
        (regions.is_empty() || regions.iter().any(|wanted| Some(wanted.as_str()) == region))
            && !(*only_mutating && read_only == Some(true))
    }
}
