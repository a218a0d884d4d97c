//! Links users of Kubernetes clusters to CloudTrail principals.
//!
//! The access key that signed the token request is the most reliable link, then the unique IAM id; both are in the evidence
//! of first sightings on either side. The third link is the cluster's ARN: it lacks the path, but a role's name is unique in
//! its account regardless of path.

use std::collections::HashMap;

use crate::baseline::Baseline;
use crate::model::{Arn, LogSource, ObservedPrincipal, Sighting};

/// CloudTrail principals by access key, unique id and role name.
#[derive(Debug, Default)]
pub struct CloudTrailLinks<'b> {
    keys: HashMap<&'b str, &'b ObservedPrincipal>,
    ids: HashMap<&'b str, &'b ObservedPrincipal>,
    names: HashMap<(&'b str, &'b str), &'b ObservedPrincipal>,
}

impl<'b> CloudTrailLinks<'b> {
    /// The links of a [resolved](Baseline::resolved) baseline; empty if it has no records of clusters.
    pub fn new(baseline: &'b Baseline) -> Self {
        let mut links = Self::default();
        if !baseline.principals.iter().any(|who| who.kind.source() == LogSource::Kubernetes) {
            return links;
        }
        for behaviour in &baseline.behaviours {
            let who = &baseline.principals[behaviour.principal as usize];
            if who.kind.source() == LogSource::Kubernetes {
                continue;
            }
            // If there are several principals, the first in sorted order, regardless of the order of behaviours.
            for sighting in [Some(&behaviour.first), behaviour.first_success.as_ref()].into_iter().flatten() {
                if let Some(key) = sighting.access_key_id() {
                    links.keys.entry(key).or_insert(who);
                }
                if let Some(id) = sighting.principal_id() {
                    links.ids.entry(id).or_insert(who);
                }
            }
            if let Some(name) = role_name(who) {
                links.names.entry((&who.account, name)).or_insert(who);
            }
        }
        links
    }

    /// The principal behind a sighting in a cluster, if known.
    pub(super) fn find(&self, who: &ObservedPrincipal, sighting: &Sighting) -> Option<&'b ObservedPrincipal> {
        let texts = [sighting.access_key_id(), sighting.principal_id(), sighting.impersonated_by()];
        self.find_by(who, texts)
    }

    /// The same for the access key, unique id and real user in the evidence of an event.
    pub fn find_by(
        &self,
        who: &ObservedPrincipal,
        [access_key_id, principal_id, impersonated_by]: [Option<&str>; 3],
    ) -> Option<&'b ObservedPrincipal> {
        if who.kind.source() != LogSource::Kubernetes {
            return None;
        }
        let by_key = || self.keys.get(access_key_id?);
        let by_id = || self.ids.get(principal_id?);
        let by_name = || {
            let identity = impersonated_by.or(who.arn.as_deref()).unwrap_or(&who.key);
            self.names.get(&role_in(identity)?)
        };
        by_key().or_else(by_id).or_else(by_name).copied()
    }
}

impl<'b> CloudTrailLinks<'b> {
    /// The principal whose session has this ARN.
    pub(super) fn of_session(baseline: &'b Baseline, session: &str) -> Option<&'b ObservedPrincipal> {
        let arn = Arn::parse(session)?;
        let (account, (role, _)) = (arn.account, arn.assumed_role()?);
        baseline.principals.iter().find(|who| *who.account == *account && role_name(who) == Some(role))
    }
}

/// The name of a role whose ARN is known.
fn role_name(who: &ObservedPrincipal) -> Option<&str> {
    role_in(who.arn.as_deref().unwrap_or(&who.key)).map(|(_, name)| name)
}

/// Account and name in the ARN of a role, which may follow the name of a cluster.
fn role_in(text: &str) -> Option<(&str, &str)> {
    let arn = Arn::of_principal(text)?;
    Some((arn.account, arn.iam_name("role")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_name_is_found_after_paths_and_clusters() {
        for text in [
            "arn:aws:iam::111122223333:role/Deploy",
            "arn:aws-cn:iam::111122223333:role/team/ci/Deploy",
            "k8s:prod/arn:aws:iam::111122223333:role/Deploy",
        ] {
            assert_eq!(role_in(text), Some(("111122223333", "Deploy")), "{text}");
        }
        for text in ["arn:aws:iam::1:user/x", "arn:aws:sts::1:assumed-role/R/s", "k8s:prod/jo", "arn:", ""] {
            assert_eq!(role_in(text), None, "{text}");
        }
    }
}
