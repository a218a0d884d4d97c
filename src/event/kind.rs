//! Sorts of principals, and whose records they stand in.

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
