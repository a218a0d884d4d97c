//! One page of an answer of IAM: whom it names, and what it lacks.

use super::date::date;
use super::node::Node;
use crate::model::{IamIdentity, IamKind};
use crate::time::Timestamp;

/// Which command of the AWS CLI gives such an answer (AWS CLI Command Reference, `aws iam`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IamAnswer {
    /// `get-account-authorization-details`
    Details,
    /// `list-roles`
    Roles,
    /// `list-users`
    Users,
    /// `get-credential-report`
    Report,
    /// `get-role`, `get-user`, or what was taken out of a list: nothing tells whether it is all of it.
    Part,
}

/// One page of an answer.
#[derive(Debug, PartialEq)]
pub(super) struct Page {
    pub(super) answer: IamAnswer,
    pub(super) entries: Vec<(IamIdentity, Option<Timestamp>)>,
    /// Whether it holds policies, too.
    pub(super) has_policies: bool,
    /// Whether it says that more is to come.
    pub(super) is_cut: bool,
    /// Number of entries that name nobody.
    pub(super) unnamed: usize,
    /// Number of dates that cannot be read.
    pub(super) undated: usize,
}

impl Page {
    pub(super) fn new(answer: IamAnswer) -> Self {
        let (entries, has_policies, is_cut) = (Vec::new(), false, false);
        Self { answer, entries, has_policies, is_cut, unnamed: 0, undated: 0 }
    }

    /// Adds an entry of a list, `RoleDetail`, `Role`, `UserDetail` or `User` of the IAM API.
    pub(super) fn add(&mut self, kind: IamKind, entry: &Node) {
        let identity = entry.get("Arn").and_then(Node::text).and_then(IamIdentity::of_arn);
        let Some(identity) = identity.filter(|identity| identity.kind == kind) else {
            self.unnamed += 1;
            return;
        };
        let name = if kind == IamKind::Role { "RoleId" } else { "UserId" };
        let unique_id = entry.get(name).and_then(Node::text).map(Box::from);
        let created = entry.get("CreateDate").map_or(Ok(None), date);
        self.undated += usize::from(created.is_err());
        self.entries.push((IamIdentity { unique_id, ..identity }, created.unwrap_or_default()));
    }
}
