//! Sorts of principals, and whose records they stand in.

use crate::names::named;

named! {
    /// Sort of principal.
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
        /// A federated, SAML, web identity or directory user, or a person of IAM Identity Center.
        Federated = "federated",
        /// An AWS service acting for itself.
        Service = "service",
        /// Someone in another account, known by that account only.
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
        /// What AWS does in a cluster (`eks:…`): tools, and people of its support.
        K8sAws = "k8s-aws",
        /// Someone without credentials, in a cluster.
        K8sAnonymous = "k8s-anonymous",
        /// None of the above.
        Unknown = "unknown",
    }
}

named! {
    /// Where records come from.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum LogSource {
        /// AWS CloudTrail.
        CloudTrail = "cloudtrail",
        /// The audit log of a Kubernetes cluster, EKS or other.
        Eks = "eks",
    }
}

impl PrincipalKind {
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
