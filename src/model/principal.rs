//! Principals: their kinds, what identifies them, and their log sources.

use super::Text;

use crate::names::named;

named! {
    /// Kind of principal.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum PrincipalKind {
        /// An account's root user.
        Root = "root",
        /// An IAM user.
        User = "user",
        /// A role of IAM Identity Center (`AWSReservedSSO_…`).
        SsoRole = "sso-role",
        /// A role that belongs to an AWS service.
        ServiceLinkedRole = "service-linked-role",
        /// Any other role.
        Role = "role",
        /// A federated, SAML, web identity or directory user, or an IAM Identity Center user.
        Federated = "federated",
        /// An AWS service acting for itself.
        Service = "service",
        /// Someone in another account, known only by that account.
        Account = "account",
        /// Someone without credentials.
        Anonymous = "anonymous",
        /// A user of a Kubernetes cluster that is an IAM identity.
        K8sIam = "k8s-iam",
        /// Any other user of a cluster.
        K8sUser = "k8s-user",
        /// A service account of a cluster.
        K8sServiceAccount = "k8s-service-account",
        /// A service account of the namespace `kube-system`.
        K8sSystemAccount = "k8s-system-account",
        /// A node of a cluster.
        K8sNode = "k8s-node",
        /// A part of the control plane of a cluster.
        K8sControlPlane = "k8s-control-plane",
        /// AWS in a cluster (`eks:…`): tools, and support staff.
        K8sAws = "k8s-aws",
        /// Someone without credentials, in a cluster.
        K8sAnonymous = "k8s-anonymous",
        /// None of the above.
        Unknown = "unknown",
    }
}

named! {
    /// The log source of a record.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum LogSource {
        /// AWS CloudTrail.
        CloudTrail = "cloudtrail",
        /// The audit log of a Kubernetes cluster, EKS or other.
        Kubernetes = "kubernetes",
    }
}

impl PrincipalKind {
    /// The log source of this kind of principal.
    pub const fn source(self) -> LogSource {
        match self {
            Self::K8sIam
            | Self::K8sUser
            | Self::K8sServiceAccount
            | Self::K8sSystemAccount
            | Self::K8sNode
            | Self::K8sControlPlane
            | Self::K8sAws
            | Self::K8sAnonymous => LogSource::Kubernetes,
            Self::Root
            | Self::User
            | Self::SsoRole
            | Self::ServiceLinkedRole
            | Self::Role
            | Self::Federated
            | Self::Service
            | Self::Account
            | Self::Anonymous
            | Self::Unknown => LogSource::CloudTrail,
        }
    }
}

named! {
    /// What identifies a principal.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum PrincipalKey {
        /// The ARN of the role or user, else the best other name. The default.
        #[default]
        Arn = "arn",
        /// The unique id (`AROA…`, `AIDA…`) where there is one: a re-created role is another principal.
        Id = "id",
        /// The full session ARN.
        Session = "session",
        /// The access key.
        AccessKey = "access-key",
        /// Like `Arn`, but sessions of IAM Identity Center roles are identified by permission set and user, so that a
        /// re-created assignment, whose role has a new suffix, keeps its baseline.
        SsoUser = "sso-user",
    }
}

/// An observed principal. Its texts are shared: many have the same account, and `Proofs` have the same names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObservedPrincipal {
    /// Its account, as text; `-` if unknown.
    pub account: Text,
    /// What identifies it in its account.
    pub key: Text,
    /// Kind of principal. If records disagree, the first in the order of [`PrincipalKind`].
    pub kind: PrincipalKind,
    /// Its name under the key `arn`, if another key is used; the first if there are several names.
    pub arn: Option<Text>,
}

impl ObservedPrincipal {
    /// Updates it with another record of the same principal.
    #[inline(always)]
    pub fn absorb(&mut self, kind: PrincipalKind, arn: Option<&str>) {
        self.kind = self.kind.min(kind);
        if let Some(arn) = arn
            && self.arn.as_deref().is_none_or(|known| arn < known)
        {
            self.arn = Some(arn.into());
        }
    }

    /// The sort key of principals: account and key.
    pub fn account_and_key(&self) -> (&str, &str) {
        (&self.account, &self.key)
    }
}
