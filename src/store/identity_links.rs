//! The table `identity_links`: one row for each unique id and the ARN that records show beside it; two rows if an id has several ARNs.

use super::error::TableError;
use super::table::Table;
use crate::observe::IdentityLinks;
use crate::table::Column;

pub(super) const SCHEMA: &str = "message identity_links {
    required binary account (STRING);
    required binary unique_id (STRING);
    required binary arn (STRING);
}";

pub(super) fn columns(links: &IdentityLinks) -> Vec<Column<'_>> {
    vec![
        Column::Text(links.iter().map(|(account, ..)| Some(account)).collect()),
        Column::Text(links.iter().map(|(_, id, _)| Some(id)).collect()),
        Column::Text(links.iter().map(|(.., arn)| Some(arn)).collect()),
    ]
}

pub(super) fn read(table: &Table) -> Result<IdentityLinks, TableError> {
    let (accounts, ids) = (table.text_column("account")?, table.text_column("unique_id")?);
    let arns = table.text_column("arn")?;
    let mut links = IdentityLinks::default();
    for row in 0..table.rows() {
        links.add(accounts.needed(row)?, ids.needed(row)?, arns.needed(row)?);
    }
    if links.iter().count() == table.rows() {
        Ok(links)
    } else {
        Err("its rows repeat or contradict each other".into())
    }
}
