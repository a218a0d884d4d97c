//! The table `inventory`: one row for each user, role and root user in the IAM inventory, and one without an ARN for each
//! account and kind with a complete list.

use super::error::TableError;
use super::table::Table;
use crate::model::{IamIdentity, IamKind, Inventory};
use crate::table::Column;
use crate::time::Timestamp;

pub(super) const SCHEMA: &str = "message inventory {
    required binary account (STRING);
    required binary kind (STRING);
    optional binary principal_arn (STRING);
    optional binary principal_id (STRING);
    optional int64 created (TIMESTAMP(MICROS,true));
}";

/// Account, kind, ARN, unique id and creation.
type Row<'i> = (&'i str, IamKind, Option<&'i str>, Option<&'i str>, Option<Timestamp>);

pub(super) fn columns(inventory: &Inventory) -> Vec<Column<'_>> {
    let listed = inventory.complete_lists().map(|(account, kind)| (account, kind, None, None, None));
    let known = inventory.identities().map(|(identity, created)| {
        let IamIdentity { account, kind, arn, unique_id } = identity;
        (&**account, *kind, Some(&**arn), unique_id.as_deref(), created)
    });
    let mut rows: Vec<Row<'_>> = listed.chain(known).collect();
    rows.sort_unstable();
    vec![
        Column::Text(rows.iter().map(|(account, ..)| Some(*account)).collect()),
        Column::Text(rows.iter().map(|(_, kind, ..)| Some(kind.name())).collect()),
        Column::Text(rows.iter().map(|(_, _, arn, ..)| *arn).collect()),
        Column::Text(rows.iter().map(|(.., id, _)| *id).collect()),
        Column::Long(rows.iter().map(|(.., created)| created.map(Timestamp::micros)).collect()),
    ]
}

pub(super) fn read(table: &Table) -> Result<Inventory, TableError> {
    let (accounts, kinds) = (table.text_column("account")?, table.text_column("kind")?);
    let (arns, ids) = (table.text_column("principal_arn")?, table.text_column("principal_id")?);
    let mut inventory = Inventory::default();
    for (row, created) in table.times("created")?.into_iter().enumerate() {
        let account = accounts.needed(row)?;
        let kind = IamKind::from_name(kinds.needed(row)?).ok_or_else(|| TableError::value("kind"))?;
        match arns.boxed(row)? {
            None => inventory.mark_complete(account, kind),
            Some(arn) => {
                let unique_id = ids.boxed(row)?;
                inventory.add(IamIdentity { account: account.into(), kind, arn, unique_id }, created);
            }
        }
    }
    Ok(inventory)
}
