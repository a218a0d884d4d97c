//! How sessions begin: calls that prove who somebody is, or that issue the credentials of a session to them.

use super::Episode;
use crate::baseline::DimensionValue;
use crate::model::{Arn, Dimension, PrincipalKind};
use crate::query::Question;
use crate::query::new_value::first_counted;
use crate::time::Timestamp;

/// The actions by which sessions begin: those that do nothing else, and what the portal of Identity Center asks for while it opens.
const SIGN_INS: [&str; 13] = [
    "sts.amazonaws.com:AssumeRole",
    "sts.amazonaws.com:AssumeRoleWithSAML",
    "sts.amazonaws.com:AssumeRoleWithWebIdentity",
    "sso.amazonaws.com:Authenticate",
    "sso.amazonaws.com:CreateToken",
    "sso.amazonaws.com:Federate",
    "sso.amazonaws.com:GetRoleCredentials",
    "sso.amazonaws.com:ListAccountRoles",
    "sso.amazonaws.com:ListAccounts",
    "sso.amazonaws.com:ListApplications",
    "signin.amazonaws.com:CredentialChallenge",
    "signin.amazonaws.com:CredentialVerification",
    "signin.amazonaws.com:UserAuthentication",
];

/// Whether all that was found of an episode is how its principal signed in, and the principal is one that acts as another afterwards: somebody
/// whom an identity provider vouches for, or, in the log of a role's account, the account or service to which the role was given.
pub(super) fn only_signs_in(episode: &Episode<'_>) -> bool {
    let is_guest = matches!(
        episode.who.kind,
        PrincipalKind::Federated | PrincipalKind::Account | PrincipalKind::Service
    );
    let is_sign_in = |action: Option<&str>| action.is_some_and(|action| SIGN_INS.contains(&action));
    is_guest && episode.findings.iter().all(|one| is_sign_in(one.finding.known_action()))
}

/// When a principal first asked for a role of IAM Identity Center, and for another one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AskedRoles {
    of_identity_center: Option<Timestamp>,
    other: Option<Timestamp>,
}

impl AskedRoles {
    /// The roles that a federated principal asked for, by its values in all dimensions.
    pub(super) fn new(kind: PrincipalKind, values: &[DimensionValue], asked: &Question) -> Self {
        let mut roles = Self::default();
        let is_role = |value: &&DimensionValue| value.dimension == Dimension::TargetRole;
        for role in values.iter().filter(is_role).filter(|_| kind == PrincipalKind::Federated) {
            let Some(first) = first_counted(role, asked).map(|first| first.sighting.time) else { continue };
            let name = Arn::parse(&role.value).and_then(|arn| arn.iam_name("role"));
            let is_its = name.is_some_and(|name| name.starts_with("AWSReservedSSO_"));
            let known = if is_its { &mut roles.of_identity_center } else { &mut roles.other };
            *known = Some(known.map_or(first, |known| known.min(first)));
        }
        roles
    }

    /// Whether the calls of the principal until a time came from Identity Center, which asks for the roles of a person in its name
    /// (AssumeRoleWithSAML): then neither network nor agent is one of the person.
    pub(super) fn are_of_identity_center(self, until: Timestamp) -> bool {
        let is_by_then = |time: Timestamp| time <= until;
        self.of_identity_center.is_some_and(is_by_then) && !self.other.is_some_and(is_by_then)
    }
}
