//! Which single events a filter wants: as far as known while they are read, and exactly once everything was read.

use std::borrow::Cow;

use super::compiled_filter::CompiledFilter;
use super::globs::Globs;
use super::{Filter, Pattern};
use crate::baseline::may_be_resolved;
use crate::model::{LogSource, ObservedPrincipal, PrincipalKey};

/// A filter of events, compiled.
#[derive(Debug)]
pub struct EventAdmission {
    admission: CompiledFilter<'static>,
    key: PrincipalKey,
}

impl EventAdmission {
    /// Compiles a filter for events learnt with this principal key.
    pub fn new(filter: &Filter, key: PrincipalKey) -> Self {
        Self { admission: CompiledFilter::new(Cow::Owned(filter.clone())), key }
    }

    /// Whether events of a principal may be wanted, as its records so far describe it. The meaning of a bare name is known only
    /// at the end, as are the kind, the ARN behind another key, and the identity behind a user of a cluster.
    pub fn may_admit(&self, who: &ObservedPrincipal) -> bool {
        let may_be_named = || {
            self.key != PrincipalKey::Arn
                || may_be_resolved(who, self.key)
                || who.kind.source() == LogSource::Kubernetes
                || self.admission.admits_name(who)
        };
        self.admission.may_admit_kind_and_account(who) && may_be_named()
    }

    /// Whether events of a principal are wanted, by itself or by the CloudTrail principal behind it.
    pub fn admits(&self, who: &ObservedPrincipal, linked: Option<&ObservedPrincipal>) -> bool {
        let is_named =
            || self.admission.admits_name(who) || linked.is_some_and(|who| self.admission.admits_name(who));
        self.admission.admits_kind_and_account(who) && is_named()
    }

    /// Whether events with this action are wanted.
    pub fn admits_action(&self, action: &str) -> bool {
        self.admission.admits_action(action)
    }

    /// Whether an event is wanted, by the Region and read-only flag in its record.
    pub fn admits_call(&self, region: Option<&str>, read_only: Option<bool>) -> bool {
        self.admission.admits_call(region, read_only)
    }
}

/// Globs over one kind of text, indexed. Without any globs every text is wanted.
///
/// ```
/// use firstseen::query::Patterns;
///
/// let agents = Patterns::new(vec!["*kali*".parse().unwrap()], false);
/// assert!(agents.admit(["aws-cli/2.15 Linux/5.10.0-Kali7"]));
/// assert!(!agents.admit(["aws-cli/2.15"]) && !agents.admit([]));
/// assert!(!Patterns::new(vec!["*".parse().unwrap()], false).admit([""]));
/// assert!(Patterns::default().admit([]));
/// ```
#[derive(Debug, Default)]
pub struct Patterns {
    patterns: Vec<Pattern>,
    globs: Globs,
    case_sensitive: bool,
}

impl Patterns {
    /// Globs that must match a whole text.
    pub fn new(patterns: Vec<Pattern>, case_sensitive: bool) -> Self {
        Self { globs: Globs::new(&patterns), patterns, case_sensitive }
    }

    /// Whether one of these texts is wanted. An empty text is none.
    pub fn admit<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        let matches =
            |text: &str| !text.is_empty() && self.globs.any(&self.patterns, &[text], self.case_sensitive);
        self.patterns.is_empty() || texts.into_iter().any(matches)
    }
}
