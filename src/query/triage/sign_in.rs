//! How sessions begin: calls that prove who somebody is, or that issue the credentials of a session to them.

use super::Episode;
use crate::baseline::{Baseline, DimensionValue};
use crate::model::{Arn, Dimension, PrincipalKind};

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

/// Whether calls of a principal come from IAM Identity Center, which asks for the roles of a person in its name (AssumeRoleWithSAML): then neither
/// network nor agent is one of the person. `values` are those of the principal.
pub(super) fn is_of_identity_center(baseline: &Baseline, principal: u32, values: &[DimensionValue]) -> bool {
    let is_federated = baseline.principals[principal as usize].kind == PrincipalKind::Federated;
    let mut roles = values.iter().filter(|value| value.dimension == Dimension::TargetRole).peekable();
    let is_its = |role: &str| {
        Arn::parse(role)
            .and_then(|arn| arn.iam_name("role"))
            .is_some_and(|name| name.starts_with("AWSReservedSSO_"))
    };
    is_federated && roles.peek().is_some() && roles.all(|role| is_its(&role.value))
}
