//! One page of an IAM answer: its users and roles, and its gaps.

use super::date::date;
use super::node::Node;
use crate::model::{IamIdentity, IamKind};
use crate::time::Timestamp;

/// The AWS CLI command that returns an answer (AWS CLI Command Reference, `aws iam`).
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
    /// `get-role`, `get-user`, or a part of a list that may be incomplete.
    Part,
}

/// One page of an answer.
#[derive(Debug, PartialEq)]
pub(super) struct Page {
    pub(super) answer: IamAnswer,
    pub(super) entries: Vec<(IamIdentity, Option<Timestamp>)>,
    /// Whether the page also has policies.
    pub(super) has_policies: bool,
    /// Whether more pages follow.
    pub(super) is_cut: bool,
    /// Number of entries without a valid ARN.
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
