//! Principals: their kinds, what tells two apart, and whose records they stand in.

use super::Text;

/// Sort of principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// An account's root user.
    Root,
    /// An IAM user.
    User,
    /// A role of IAM Identity Center (`AWSReservedSSO_…`).
    SsoRole,
    /// A role that belongs to an AWS service.
    ServiceLinkedRole,
    /// Any other role.
    Role,
    /// A federated, SAML, web identity or directory user, or a person of IAM Identity Center.
    Federated,
    /// An AWS service acting for itself.
    Service,
    /// Someone in another account, known by that account only.
    Account,
    /// Someone without credentials.
    Anonymous,
    /// A user of a Kubernetes cluster that is an IAM identity.
    K8sIam,
    /// Any other user of a cluster.
    K8sUser,
    /// A service account of a cluster.
    K8sServiceAccount,
    /// A service account of the namespace `kube-system`.
    K8sSystemAccount,
    /// A node of a cluster.
    K8sNode,
    /// A part of the control plane of a cluster.
    K8sControlPlane,
    /// What AWS does in a cluster (`eks:…`): tools, and people of its support.
    K8sAws,
    /// Someone without credentials, in a cluster.
    K8sAnonymous,
    /// None of the above.
    Unknown,
}

/// Where records come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogSource {
    /// AWS CloudTrail.
    CloudTrail,
    /// The audit log of a Kubernetes cluster, EKS or other.
    Eks,
}

impl LogSource {
    /// The one of this published name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::CloudTrail, Self::Eks].into_iter().find(|source| source.name() == name)
    }

    /// The published name of this source.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CloudTrail => "cloudtrail",
            Self::Eks => "eks",
        }
    }
}

impl PrincipalKind {
    /// All kinds, in their order.
    pub const ALL: [Self; 18] = [
        Self::Root,
        Self::User,
        Self::SsoRole,
        Self::ServiceLinkedRole,
        Self::Role,
        Self::Federated,
        Self::Service,
        Self::Account,
        Self::Anonymous,
        Self::K8sIam,
        Self::K8sUser,
        Self::K8sServiceAccount,
        Self::K8sSystemAccount,
        Self::K8sNode,
        Self::K8sControlPlane,
        Self::K8sAws,
        Self::K8sAnonymous,
        Self::Unknown,
    ];

    /// The one of this published name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The published name of this kind.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::User => "user",
            Self::SsoRole => "sso-role",
            Self::ServiceLinkedRole => "service-linked-role",
            Self::Role => "role",
            Self::Federated => "federated",
            Self::Service => "service",
            Self::Account => "account",
            Self::Anonymous => "anonymous",
            Self::K8sIam => "k8s-iam",
            Self::K8sUser => "k8s-user",
            Self::K8sServiceAccount => "k8s-service-account",
            Self::K8sSystemAccount => "k8s-system-account",
            Self::K8sNode => "k8s-node",
            Self::K8sControlPlane => "k8s-control-plane",
            Self::K8sAws => "k8s-aws",
            Self::K8sAnonymous => "k8s-anonymous",
            Self::Unknown => "unknown",
        }
    }

    /// Where the records of such a principal come from.
    pub const fn source(self) -> LogSource {
        match self {
            Self::K8sIam
            | Self::K8sUser
            | Self::K8sServiceAccount
            | Self::K8sSystemAccount
            | Self::K8sNode
            | Self::K8sControlPlane
            | Self::K8sAws
            | Self::K8sAnonymous => LogSource::Eks,
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

/// What makes two events the deeds of one principal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrincipalKey {
    /// The ARN of the role or user, else the next best name. The default.
    #[default]
    Arn,
    /// The unique id (`AROA…`, `AIDA…`) where there is one: a re-created role is another principal.
    Id,
    /// The full session ARN.
    Session,
    /// The access key.
    AccessKey,
    /// As `Arn`, but sessions of IAM Identity Center roles are known by permission set and user, so that a
    /// re-made assignment, whose role has a new suffix, keeps its baseline.
    SsoUser,
}

impl PrincipalKey {
    /// All keys.
    pub const ALL: [Self; 5] = [Self::Arn, Self::Id, Self::Session, Self::AccessKey, Self::SsoUser];

    /// The one of this published name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The name of this key in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arn => "arn",
            Self::Id => "id",
            Self::Session => "session",
            Self::AccessKey => "access-key",
            Self::SsoUser => "sso-user",
        }
    }
}

/// A principal that was observed. Its texts are shared: many have one account, and [`Proofs`] have the same names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObservedPrincipal {
    /// Its account, as text; `-` if unknown.
    pub account: Text,
    /// What identifies it in its account.
    pub key: Text,
    /// Sort of principal. If records disagree, the first in the order of [`PrincipalKind`].
    pub kind: PrincipalKind,
    /// What it is called under the key `arn`, if the key is another; of several names the first.
    pub arn: Option<Text>,
}

impl ObservedPrincipal {
    /// Takes note of what another record says of the same principal.
    #[inline(always)]
    pub fn absorb(&mut self, kind: PrincipalKind, arn: Option<&str>) {
        self.kind = self.kind.min(kind);
        if let Some(arn) = arn
            && self.arn.as_deref().is_none_or(|known| arn < known)
        {
            self.arn = Some(arn.into());
        }
    }

    /// What principals are sorted by: account and key.
    pub fn place(&self) -> (&str, &str) {
        (&self.account, &self.key)
    }
}
