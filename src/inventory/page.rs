//! What one value of a file says: an answer of IAM, or a page of one.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::date::date;
use super::node::Node;
use super::{Flaw, report};
use crate::model::{IamIdentity, IamKind};
use crate::time::Timestamp;

/// Which command of the AWS CLI gives such an answer (AWS CLI Command Reference, `aws iam`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
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
    pub(super) answer: Answer,
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
    pub(super) fn new(answer: Answer) -> Self {
        let (entries, has_policies, is_cut) = (Vec::new(), false, false);
        Self { answer, entries, has_policies, is_cut, unnamed: 0, undated: 0 }
    }

    /// Adds an entry of a list, `RoleDetail`, `Role`, `UserDetail` or `User` of the IAM API.
    fn add(&mut self, kind: IamKind, entry: &Node) {
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

/// The pages that a value holds; none if it is no answer of IAM.
pub(super) fn pages(value: &Node, pages: &mut Vec<Page>) -> Result<(), Flaw> {
    if let Some(items) = value.list() {
        return items.iter().try_for_each(|item| self::pages(item, pages));
    }
    let has = |name: &str| value.get(name).is_some_and(|member| member.list().is_some());
    let page = if has("UserDetailList") || has("RoleDetailList") {
        listed(Answer::Details, value)
    } else if has("Roles") {
        listed(Answer::Roles, value)
    } else if has("Users") {
        // `get-group` lists the users of a group.
        let is_group = value.get("Group").is_some();
        listed(if is_group { Answer::Part } else { Answer::Users }, value)
    } else if let Some(content) = value.get("Content").and_then(Node::text) {
        report_in(content)?
    } else if let Some(page) = single(value) {
        page
    } else {
        return Ok(());
    };
    pages.push(page);
    Ok(())
}

fn listed(answer: Answer, value: &Node) -> Page {
    let mut page = Page::new(answer);
    let lists = [
        (IamKind::User, "UserDetailList"),
        (IamKind::Role, "RoleDetailList"),
        (IamKind::Role, "Roles"),
        (IamKind::User, "Users"),
    ];
    let Node::Map(members) = value else { return page };
    for (key, member) in members {
        let kind = lists.iter().find(|(_, name)| name == key).map(|(kind, _)| *kind);
        for entry in kind.and(member.list()).into_iter().flatten() {
            page.add(kind.unwrap_or(IamKind::Role), entry);
        }
    }
    page.has_policies = value.get("Policies").and_then(Node::list).is_some_and(|list| !list.is_empty());
    let has_token = value.get("NextToken").and_then(Node::text).is_some();
    page.is_cut = has_token || value.get("IsTruncated").is_some_and(Node::is_true);
    page
}

/// A role or user by itself. Others answer with an ARN and an id, too (`sts get-caller-identity`), but with no name.
fn single(value: &Node) -> Option<Page> {
    let is_named = |entry: &Node, name| entry.get(name).and_then(Node::text).is_some();
    let wrapped = [("Role", IamKind::Role, "RoleName"), ("User", IamKind::User, "UserName")];
    let (entry, kind) = wrapped.into_iter().find_map(|(wrapper, kind, name)| {
        let entry = value.get(wrapper).filter(|inner| is_named(inner, name));
        let entry = entry.or_else(|| Some(value).filter(|value| is_named(value, name)))?;
        entry.get("Arn").and_then(Node::text)?;
        Some((entry, kind))
    })?;
    let mut page = Page::new(Answer::Part);
    page.add(kind, entry);
    Some(page)
}

/// A credential report in base64, as version 2 of the CLI prints it, or as it is, as version 1 does.
pub(super) fn report_in(content: &str) -> Result<Page, Flaw> {
    if report::is_one(content) {
        return report::page(content);
    }
    let packed: String = content.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let decoded = BASE64_STANDARD.decode(packed).map_err(|error| Flaw::Broken(format!("base64: {error}")))?;
    let text = String::from_utf8_lossy(&decoded);
    if report::is_one(&text) {
        return report::page(&text);
    }
    Err(Flaw::Foreign("its Content is no credential report"))
}
