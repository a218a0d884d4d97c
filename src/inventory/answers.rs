//! Converts a value of a file to pages of IAM answers.

use super::node::Node;
use super::page::{IamAnswer, Page};
use super::{FileProblem, report};
use crate::model::IamKind;

/// Adds the pages in a value; none if it is not an IAM answer.
pub(super) fn pages(value: &Node, pages: &mut Vec<Page>) -> Result<(), FileProblem> {
    if let Some(items) = value.list() {
        return items.iter().try_for_each(|item| self::pages(item, pages));
    }
    let has = |name: &str| value.get(name).is_some_and(|member| member.list().is_some());
    let page = if has("UserDetailList") || has("RoleDetailList") {
        list_page(IamAnswer::Details, value)
    } else if has("Roles") {
        list_page(IamAnswer::Roles, value)
    } else if has("Users") {
        // `get-group` lists the users of a group.
        let is_group = value.get("Group").is_some();
        list_page(if is_group { IamAnswer::Part } else { IamAnswer::Users }, value)
    } else if let Some(content) = value.get("Content").and_then(Node::text) {
        report::wrapped_page(content)?
    } else if let Some(page) = single_page(value) {
        page
    } else {
        return Ok(());
    };
    pages.push(page);
    Ok(())
}

fn list_page(answer: IamAnswer, value: &Node) -> Page {
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

/// The page for a single role or user. Other answers have an ARN and an id, too (`sts get-caller-identity`),
/// but no name.
fn single_page(value: &Node) -> Option<Page> {
    let is_named = |entry: &Node, name| entry.get(name).and_then(Node::text).is_some();
    let wrapped = [("Role", IamKind::Role, "RoleName"), ("User", IamKind::User, "UserName")];
    let (entry, kind) = wrapped.into_iter().find_map(|(wrapper, kind, name)| {
        let entry = value.get(wrapper).filter(|inner| is_named(inner, name));
        let entry = entry.or_else(|| Some(value).filter(|value| is_named(value, name)))?;
        entry.get("Arn").and_then(Node::text)?;
        Some((entry, kind))
    })?;
    let mut page = Page::new(IamAnswer::Part);
    page.add(kind, entry);
    Some(page)
}
