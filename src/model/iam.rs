//! IAM identities, and the forms of their names and ids.

use super::{Arn, is_account_id};
use crate::names::named;

named! {
    /// What an IAM ARN names.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum IamKind {
        /// An account's root user.
        Root = "root",
        /// A user.
        User = "user",
        /// A role of any kind.
        Role = "role",
    }
}

/// A root user, user or role as IAM names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IamIdentity {
    /// Its account, twelve digits.
    pub account: Box<str>,
    /// Its kind.
    pub kind: IamKind,
    /// Its ARN, with its path.
    pub arn: Box<str>,
    /// Its unique id (`AIDA…`, `AROA…`). Credential reports have none.
    pub unique_id: Option<Box<str>>,
}

impl IamIdentity {
    /// The user, role or root user that an IAM ARN names, without a unique id.
    ///
    /// ```
    /// use firstseen::model::{IamIdentity, IamKind};
    ///
    /// let role = IamIdentity::of_arn("arn:aws-cn:iam::000123456789:role/ci/Deploy").unwrap();
    /// assert_eq!((&*role.account, role.kind), ("000123456789", IamKind::Role));
    /// assert_eq!(IamIdentity::of_arn("arn:aws:iam::000123456789:group/Admins"), None);
    /// ```
    pub fn of_arn(arn: &str) -> Option<Self> {
        let parts = Arn::parse(arn).filter(|parts| parts.is_iam() && parts.partition.starts_with("aws"))?;
        let kind = match parts.typed_resource() {
            None if parts.resource == "root" => IamKind::Root,
            Some(("user", name)) if !name.is_empty() => IamKind::User,
            Some(("role", name)) if !name.is_empty() => IamKind::Role,
            _ => return None,
        };
        is_account_id(parts.account).then(|| Self {
            account: parts.account.into(),
            kind,
            arn: arn.into(),
            unique_id: None,
        })
    }
}

/// Whether a text is the unique id of a user (`AIDA…`) or a role (`AROA…`).
///
/// Source: IAM User Guide, "IAM identifiers", unique identifiers. The examples of AWS are shorter than real ids.
pub fn is_unique_id(text: &str) -> bool {
    let rest = text.strip_prefix("AIDA").or_else(|| text.strip_prefix("AROA"));
    rest.is_some_and(|rest| {
        rest.len() >= 6 && rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}

/// `sso:<permission set>/<user>`, if a role of this name is one of IAM Identity Center: `AWSReservedSSO_<permission set>_` and 16
/// hex digits (IAM Identity Center User Guide, "Referencing permission sets in resource policies").
pub fn sso_name(role: &str, user: &str) -> Option<String> {
    let (set, suffix) = role.strip_prefix("AWSReservedSSO_")?.rsplit_once('_')?;
    let is_suffix = suffix.len() == 16 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_suffix.then(|| format!("sso:{set}/{user}"))
}
