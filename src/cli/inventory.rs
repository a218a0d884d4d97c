//! `--iam-inventory`: reads the files and reports problems with them.

use std::path::PathBuf;

use firstseen::baseline::Baseline;
use firstseen::inventory::{Collected, FileProblem, InventoryError, collect};
use firstseen::model::{IamKind, Inventory};
use firstseen::report::plural;
use firstseen::source::is_s3;

use super::exit::{Hint, UsageError};

/// Maximum number of names in a message; the rest are counted.
const MOST_NAMED: usize = 5;

/// The IAM inventory of a run, and problems with its files.
#[derive(Debug, Default)]
pub(crate) struct InventoryFiles {
    pub(crate) inventory: Inventory,
    /// Warnings about the files.
    pub(crate) warnings: Vec<String>,
    /// Number of files that may belong to the inventory and could not be read.
    pub(crate) lost: usize,
}

/// Reads the files of `--iam-inventory`.
pub(crate) fn inventory_files(paths: &[PathBuf]) -> anyhow::Result<InventoryFiles> {
    if let Some(bucket) = paths.iter().find(|path| is_s3(path)) {
        let what = format!("--iam-inventory takes local files, not '{}'", bucket.display());
        return Err(anyhow::Error::new(UsageError(what)).context(Hint("copy them first: aws s3 cp")));
    }
    let collected = collect(paths).map_err(failed)?;
    let (warnings, lost) = (warnings(&collected), collected.lost());
    Ok(InventoryFiles { inventory: collected.inventory, warnings, lost })
}

impl InventoryFiles {
    /// Moves the inventory into a baseline, with a warning if none of its accounts is in the logs.
    pub(crate) fn add_to(&mut self, baseline: &mut Baseline) {
        let inventory = std::mem::take(&mut self.inventory);
        let accounts = inventory.accounts();
        let is_met = baseline.principals.iter().any(|who| accounts.contains(&*who.account));
        if !accounts.is_empty() && !is_met {
            let named: Vec<&str> = accounts.iter().copied().take(MOST_NAMED).collect();
            let more = if accounts.len() > MOST_NAMED { ", …" } else { "" };
            self.warnings.push(format!(
                "--iam-inventory covers {}{more}, but the input has no principal of these accounts",
                named.join(", ")
            ));
        }
        baseline.add_inventory(inventory);
    }
}

fn failed(error: InventoryError) -> anyhow::Error {
    let hint = match &error {
        InventoryError::File {
            flaw: FileProblem::Form(_) | FileProblem::Broken(_) | FileProblem::Refused(_),
            ..
        } => "create it again: aws iam get-account-authorization-details --output json > ACCOUNT.json",
        InventoryError::File { flaw: FileProblem::TooLarge(_) | FileProblem::TooMany(_), .. } => {
            "create smaller files: aws iam list-roles > roles.json; aws iam list-users > users.json"
        }
        InventoryError::Open { .. } | InventoryError::Nothing { .. } | InventoryError::File { .. } => {
            "--iam-inventory takes the output of aws iam get-account-authorization-details, list-roles, list-users or \
             get-credential-report, or a folder of such files"
        }
    };
    let error = anyhow::Error::new(error).context("the IAM inventory cannot be used");
    error.context(Hint(hint))
}

/// One sentence per file, up to [`MOST_NAMED`].
fn warnings(collected: &Collected) -> Vec<String> {
    let lines = |what: &str, sentences: Vec<String>| {
        let more = sentences.len().saturating_sub(MOST_NAMED);
        let mut lines: Vec<String> = sentences.into_iter().take(MOST_NAMED).collect();
        lines.extend((more > 0).then(|| format!("--iam-inventory: {more} more files {what}")));
        lines
    };
    let remarks = collected.remarks.iter();
    let remarks =
        remarks.map(|(path, remark)| format!("--iam-inventory: '{}' {remark}", path.display())).collect();
    let passed_over = |is_loss: bool| {
        let files = collected.passed_over.iter().filter(move |(_, flaw)| flaw.is_loss() == is_loss);
        files.map(|(path, flaw)| format!("--iam-inventory: '{}' {flaw}", path.display())).collect()
    };
    let mut warnings = lines("have problems", remarks);
    warnings.extend(lines("could not be read", passed_over(true)));
    warnings.extend(lines("contain nothing from IAM", passed_over(false)));
    warnings
}

/// The inventory in one line.
pub(crate) fn summary(inventory: &Inventory) -> String {
    let count = |kind| inventory.identities().filter(|(identity, _)| identity.kind == kind).count();
    let counted = |number: usize, what: &str| plural(number as u64, what);
    format!(
        "IAM inventory: {}, {}, {}",
        counted(inventory.accounts().len(), "account"),
        counted(count(IamKind::User), "user"),
        counted(count(IamKind::Role), "role")
    )
}
