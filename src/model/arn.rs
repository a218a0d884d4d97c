//! Amazon Resource Names.

/// The parts of an ARN: `arn:<partition>:<service>:<region>:<account>:<resource>`.
///
/// Source: IAM User Guide, "Identify AWS resources with Amazon Resource Names (ARNs)".
///
/// ```
/// use firstseen::model::Arn;
///
/// let role = Arn::parse("arn:aws-cn:iam::111122223333:role/team/ci/Deploy").unwrap();
/// assert_eq!((role.partition, role.account, role.iam_name("role")), ("aws-cn", "111122223333", Some("Deploy")));
/// assert_eq!(role.iam_name("user"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// For example `iam`
    pub service: &'a str,
    /// Empty for services without Regions.
    pub region: &'a str,
    /// Twelve digits, or empty.
    pub account: &'a str,
    /// The rest, which can contain colons and slashes.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Parses a text as an ARN.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        let (partition, service, region) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { partition, service, region, account: parts.next()?, resource: parts.next()? })
    }

    /// The ARN in a principal's key. In a cluster, it follows the cluster's name.
    ///
    /// ```
    /// use firstseen::model::Arn;
    ///
    /// let arn = Arn::of_principal("k8s:prod/arn:aws:iam::111122223333:role/Deploy").unwrap();
    /// assert_eq!(arn.iam_name("role"), Some("Deploy"));
    /// assert_eq!(Arn::of_principal("k8s:prod/jo"), None);
    /// ```
    pub fn of_principal(key: &'a str) -> Option<Self> {
        Self::parse(without_cluster(key))
    }

    /// The resource's type and the rest of it: `role` and `team/ci/Deploy`.
    pub fn typed_resource(&self) -> Option<(&'a str, &'a str)> {
        self.resource.split_once('/')
    }

    /// The name of an IAM identity of this type (`user`, `role`), without its path.
    pub fn iam_name(&self, resource_type: &str) -> Option<&'a str> {
        let (found, path) = self.typed_resource()?;
        let name = last_part(path);
        (self.is_iam() && found == resource_type && !name.is_empty()).then_some(name)
    }

    /// Role and session of an assumed role. The role's path is not included.
    ///
    /// ```
    /// use firstseen::model::Arn;
    ///
    /// let session = Arn::parse("arn:aws:sts::111122223333:assumed-role/Deploy/jo").unwrap();
    /// assert_eq!(session.assumed_role(), Some(("Deploy", "jo")));
    /// ```
    pub fn assumed_role(&self) -> Option<(&'a str, &'a str)> {
        let (found, path) = self.typed_resource()?;
        path.rsplit_once('/').filter(|_| (self.service, found) == ("sts", "assumed-role"))
    }

    /// Whether it belongs to IAM, which has no Regions.
    pub fn is_iam(&self) -> bool {
        self.service == "iam" && self.region.is_empty()
    }
}

/// The identity after the cluster name in a key; `None` if the key has no cluster.
pub fn identity_in_cluster(key: &str) -> Option<&str> {
    in_cluster(key).map(|(_, identity)| identity)
}

/// The name of the cluster in a key, `-` if it is unknown; `None` if the key has no cluster.
///
/// ```
/// use firstseen::model::cluster_of_key;
///
/// assert_eq!(cluster_of_key("k8s:prod/system:serviceaccount:shop:web"), Some("prod"));
/// assert_eq!(cluster_of_key("k8s:-/eva"), Some("-"));
/// assert_eq!(cluster_of_key("arn:aws:iam::111122223333:user/eva"), None);
/// ```
pub fn cluster_of_key(key: &str) -> Option<&str> {
    in_cluster(key).map(|(cluster, _)| cluster)
}

fn in_cluster(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix("k8s:")?.split_once('/')
}

/// A principal's key without the name of its cluster.
pub fn without_cluster(key: &str) -> &str {
    identity_in_cluster(key).unwrap_or(key)
}

/// How the user name of every service account of a cluster begins.
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// The user name of a service account in its cluster.
pub fn service_account(namespace: &str, name: &str) -> String {
    format!("{SERVICE_ACCOUNT}{namespace}:{name}")
}

/// Namespace and name of a service account, by its user name.
pub fn service_account_parts(identity: &str) -> Option<(&str, &str)> {
    identity.strip_prefix(SERVICE_ACCOUNT)?.split_once(':')
}

/// Whether an identity in a cluster is a service account.
pub fn is_service_account(identity: &str) -> bool {
    identity.starts_with(SERVICE_ACCOUNT)
}

/// Whether the id of a credential is that of a token or certificate of a cluster, not an access key of AWS.
pub fn is_of_cluster(credential: &str) -> bool {
    credential.starts_with("JTI=") || credential.starts_with("X509SHA256=")
}

/// The part after the last slash; the whole text if there is none.
pub fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a text is an account id: twelve digits.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_texts_are_not_arns() {
        for text in ["", "arn", "arn:", "arn:aws:iam::1", "urn:aws:iam::1:user/x", "AIDAEXAMPLE"] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_resource_keeps_its_colons() {
        let arn = Arn::parse("arn:aws:iam::111122223333:role/aws:ec2-instance").unwrap();
        assert_eq!(arn.iam_name("role"), Some("aws:ec2-instance"));
        assert_eq!(arn.assumed_role(), None);
    }

    #[test]
    fn only_iam_names_users_and_roles() {
        for text in ["arn:aws:sts::1:role/x", "arn:aws:iam:eu-west-1:1:role/x", "arn:aws:iam::1:role/"] {
            assert_eq!(Arn::parse(text).unwrap().iam_name("role"), None, "{text}");
        }
    }
}
