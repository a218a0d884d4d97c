//! The table `proofs`: one row for each unique id and the ARN that records show beside it; two rows if an id has several ARNs.

use super::error::TableError;
use super::table::{Column, Table};
use crate::observe::Proofs;

pub(super) const SCHEMA: &str = "message proofs {
    required binary account (STRING);
    required binary unique_id (STRING);
    required binary arn (STRING);
}";

pub(super) fn columns(proofs: &Proofs) -> Vec<Column<'_>> {
    vec![
        Column::Text(proofs.iter().map(|(account, ..)| Some(account)).collect()),
        Column::Text(proofs.iter().map(|(_, id, _)| Some(id)).collect()),
        Column::Text(proofs.iter().map(|(.., arn)| Some(arn)).collect()),
    ]
}

pub(super) fn read(table: &Table) -> Result<Proofs, TableError> {
    let (accounts, ids) = (table.text_column("account")?, table.text_column("unique_id")?);
    let arns = table.text_column("arn")?;
    let mut proofs = Proofs::default();
    for row in 0..table.rows() {
        proofs.add(accounts.needed(row)?, ids.needed(row)?, arns.needed(row)?);
    }
    if proofs.iter().count() == table.rows() {
        Ok(proofs)
    } else {
        Err("its rows repeat or contradict each other".into())
    }
}
