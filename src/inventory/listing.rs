//! Converts the text of a file to an inventory: determines its form, its pages, and which lists are complete.

use super::node::{self, Node};
use super::page::{IamAnswer, Page};
use super::{FileProblem, answers, report};
use crate::model::{IamKind, Inventory};

/// `user,arn,` in base64: the start of an encoded credential report.
const REPORT_IN_BASE64: &str = "dXNlcixhcm4s";

/// Names of the lists in the CLI's text output, which contains no other names.
const TEXT_OUTPUT: [&str; 6] =
    ["USERDETAILLIST", "ROLEDETAILLIST", "GROUPDETAILLIST", "ROLES", "USERS", "POLICIES"];

/// The answers in a file, each with all its pages.
#[derive(Debug, Default)]
pub(super) struct Listings(Vec<Page>);

impl Listings {
    /// Parses a text.
    pub(super) fn of(text: &str) -> Result<Self, FileProblem> {
        let mut listings = Self::default();
        pages_of(text)?.into_iter().for_each(|page| listings.add(page));
        let named = listings.0.iter().any(|page| !page.entries.is_empty());
        let unnamed = listings.0.iter().any(|page| page.unnamed > 0);
        match (&listings.0[..], named) {
            ([], _) => Err(FileProblem::Foreign("it is none of the answers that are read")),
            (_, false) if unnamed => Err(FileProblem::Foreign("nobody in it has an ARN of IAM")),
            _ => Ok(listings),
        }
    }

    /// Adds a page, to the previous answer if that was incomplete.
    fn add(&mut self, page: Page) {
        match self.0.last_mut() {
            Some(before) if before.is_cut && before.answer == page.answer => {
                before.entries.extend(page.entries);
                before.has_policies |= page.has_policies;
                before.is_cut = page.is_cut;
                before.unnamed += page.unnamed;
                before.undated += page.undated;
            }
            _ => self.0.push(page),
        }
    }

    /// Warnings about the file, one sentence each.
    pub(super) fn remarks(&self) -> Vec<String> {
        let sum = |of: fn(&Page) -> usize| self.0.iter().map(of).sum::<usize>();
        let (entries, unnamed) = (sum(|page| page.entries.len()), sum(|page| page.unnamed));
        let undated = sum(|page| page.undated);
        let is_part = |page: &Page| page.answer == IamAnswer::Part;
        let mut remarks = Vec::new();
        let mut remark = |is_due: bool, text: String| remarks.extend(is_due.then_some(text));
        remark(entries == 0, "names no user and no role".to_owned());
        let whom = "so nobody is marked as unknown to IAM by it";
        remark(self.0.iter().any(|page| page.is_cut), format!("says that more pages follow, {whom}"));
        remark(
            self.0.iter().any(is_part),
            format!("holds single users or roles, which need not be all, {whom}"),
        );
        remark(unnamed > 0, format!("has {unnamed} entries without an ARN of IAM, {whom}"));
        remark(undated > 0, format!("has {undated} times of creation that cannot be read"));
        remarks
    }

    /// The inventory of all answers.
    pub(super) fn into_inventory(self) -> Inventory {
        let mut inventory = Inventory::default();
        for page in self.0 {
            page.list_in(&mut inventory);
            for (identity, created) in page.entries {
                inventory.add(identity, created);
            }
        }
        inventory
    }
}

impl Page {
    /// Records which kinds an answer lists completely. `--filter` of `get-account-authorization-details`
    /// leaves lists empty, so an empty list proves nothing. The exception is an empty list of users when the
    /// other two lists have entries: every account has roles and policies for AWS services, but need not have
    /// users.
    fn list_in(&self, inventory: &mut Inventory) {
        if self.is_cut || self.unnamed > 0 || self.answer == IamAnswer::Part {
            return;
        }
        for (identity, _) in &self.entries {
            let kind = if identity.kind == IamKind::Root { IamKind::User } else { identity.kind };
            inventory.mark_complete(&identity.account, kind);
            if self.answer == IamAnswer::Details && kind == IamKind::Role && self.has_policies {
                inventory.mark_complete(&identity.account, IamKind::User);
            }
        }
    }
}

/// Parses the pages of a text in any form.
fn pages_of(text: &str) -> Result<Vec<Page>, FileProblem> {
    let text = text.trim_start();
    let first_line = text.lines().next().unwrap_or_default();
    let values = match text.as_bytes() {
        [] => return Err(FileProblem::Foreign("it is empty")),
        [b'{' | b'[', ..] => node::json(text)?,
        _ if report::is_one(text) => return report::page(text).map(|page| vec![page]),
        _ if text.starts_with(REPORT_IN_BASE64) => {
            // `--output text` appends the format and the time.
            let packed = text.split('\t').next().unwrap_or(text);
            return report::wrapped_page(packed).map(|page| vec![page]);
        }
        _ if first_line.starts_with("----------") => {
            return Err(FileProblem::Form("the CLI's output as a table: write it with --output json"));
        }
        _ if TEXT_OUTPUT.iter().any(|name| first_line.split('\t').next() == Some(name)) => {
            return Err(FileProblem::Form("the CLI's output as text: write it with --output json"));
        }
        _ if is_yaml(text) => node::yaml(text)?,
        _ => return Err(FileProblem::Foreign("it is neither JSON nor a credential report")),
    };
    pages_in(&values)
}

fn pages_in(values: &[Node]) -> Result<Vec<Page>, FileProblem> {
    let mut pages = Vec::new();
    values.iter().try_for_each(|value| answers::pages(value, &mut pages))?;
    Ok(pages)
}

/// Whether a line of the text starts an answer in YAML.
fn is_yaml(text: &str) -> bool {
    const NAMES: [&str; 7] =
        ["UserDetailList", "RoleDetailList", "Roles", "Users", "Role", "User", "Content"];
    let begins = |line: &str| {
        let line = line.strip_prefix("- ").unwrap_or(line);
        line.split_once(':').is_some_and(|(name, _)| NAMES.contains(&name))
    };
    text.lines().any(begins)
}
