//! Writes all tables and the manifest into an empty folder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::manifest::{MANIFEST, Manifest, TableEntry};
use super::records::RecordTable;
use super::saved::table_path;
use super::table_file::TableFile;
use super::{
    BaselineContents, Records, Saved, StoreError, activity, behaviours, deliveries, faults, hits,
    identity_links, inventory, logging, objects, principals, received, records, single_events, values,
};
use crate::baseline::Baseline;
use crate::baseline::IdentityResolver;
use crate::table::{self, Column, ROWS_PER_GROUP, TableWriter};

/// All tables, with their columns; a test checks that each table written is among them.
pub(super) fn tables() -> [(&'static str, Cow<'static, str>); 16] {
    [
        ("principals", principals::SCHEMA.into()),
        ("identity_links", identity_links::SCHEMA.into()),
        ("inventory", inventory::SCHEMA.into()),
        ("behaviours", behaviours::schema().into()),
        ("activity", activity::SCHEMA.into()),
        ("values", values::schema().into()),
        ("received", received::schema().into()),
        ("insights", single_events::schema().into()),
        ("root", single_events::schema().into()),
        ("logging", logging::schema().into()),
        ("rules", hits::RULES.into()),
        ("hits", hits::hits_schema().into()),
        ("objects", objects::SCHEMA.into()),
        ("faults", faults::SCHEMA.into()),
        ("deliveries", deliveries::SCHEMA.into()),
        ("records", records::SCHEMA.into()),
    ]
}

/// Writes and syncs everything, the records in groups of so many rows, and opens it once. Returns the table of records.
pub(super) fn write_tables(
    stored: &BaselineContents,
    folder: &Path,
    rows_per_group: usize,
) -> Result<RecordTable, StoreError> {
    let BaselineContents { learning, baseline, coverage, .. } = stored;
    let mut tables = BTreeMap::new();
    tables.insert("records".to_owned(), write_records(&stored.records, folder, rows_per_group)?);
    tables.insert("activity".to_owned(), write_activity(baseline, folder)?);
    let mut write = |name: &str, schema: &str, columns: Vec<Column<'_>>| {
        let path = table_path(folder, name);
        let write = || {
            let mut file = TableFile::create(&path)?;
            table::write(schema, &columns, &mut file)?;
            file.end(columns.first().map_or(0, Column::rows))
        };
        tables.insert(name.to_owned(), write().map_err(StoreError::io("write", &path))?);
        Ok::<(), StoreError>(())
    };
    let checksums = objects::checksums(&stored.objects);
    let resolver = IdentityResolver::new(baseline, learning.principal_key);
    let rows = principals::PrincipalRows::of(baseline, &resolver);
    write("principals", principals::SCHEMA, principals::columns(&rows))?;
    write("identity_links", identity_links::SCHEMA, identity_links::columns(&baseline.identity_links))?;
    write("behaviours", &behaviours::schema(), behaviours::columns(baseline))?;
    write("values", &values::schema(), values::columns(baseline))?;
    write("received", &received::schema(), received::columns(&baseline.received))?;
    write("insights", &single_events::schema(), single_events::columns(&baseline.insights))?;
    write("root", &single_events::schema(), single_events::columns(&baseline.root))?;
    write("logging", &logging::schema(), logging::columns(&baseline.logging))?;
    let texts = hits::JsonColumns::of(&baseline.rules, &baseline.hits);
    write("rules", hits::RULES, hits::rule_columns(&baseline.rules, &texts))?;
    write("hits", &hits::hits_schema(), hits::hit_columns(&baseline.hits, &baseline.rules, &texts))?;
    write("inventory", inventory::SCHEMA, inventory::columns(&baseline.inventory))?;
    write("objects", objects::SCHEMA, objects::columns(&stored.objects, &checksums))?;
    write("faults", faults::SCHEMA, faults::columns(coverage))?;
    write("deliveries", deliveries::SCHEMA, deliveries::columns(coverage))?;
    let path = folder.join(MANIFEST);
    let manifest = Manifest::new(stored, tables).to_bytes();
    let manifest = manifest.map_err(|error| StoreError::io("write", &path)(error.into()))?;
    write_file(&path, &manifest)?;
    // A baseline that cannot be opened must not replace one that can.
    let saved = Saved::open(folder)?;
    saved.baseline()?;
    saved.record_table((stored.objects.len(), baseline.behaviours.len()))
}

fn write_records(records: &Records, folder: &Path, rows_per_group: usize) -> Result<TableEntry, StoreError> {
    let path = table_path(folder, "records");
    let failed = |error| StoreError::io("write", &path)(error);
    let file = TableFile::create(&path).map_err(failed)?;
    let columns = records::columns(&[]);
    let mut table = TableWriter::in_groups(records::SCHEMA, &columns, file).map_err(failed)?;
    let (mut rows, mut group) = (records.rows(), Vec::with_capacity(rows_per_group));
    let mut count = 0;
    loop {
        let row = rows.next_row()?;
        let is_last = row.is_none();
        group.extend(row);
        if group.len() == rows_per_group || (is_last && !group.is_empty()) {
            table.add_group(&records::columns(&group)).map_err(failed)?;
            count += group.len();
            group.clear();
        }
        if is_last {
            return table.finish().and_then(|file| file.end(count)).map_err(failed);
        }
    }
}

/// Writes the days of all behaviours, without all columns in memory at once.
fn write_activity(baseline: &Baseline, folder: &Path) -> Result<TableEntry, StoreError> {
    let path = table_path(folder, "activity");
    let write = || -> io::Result<TableEntry> {
        let file = TableFile::create(&path)?;
        let mut table = TableWriter::in_groups(activity::SCHEMA, &activity::columns(baseline, &[]), file)?;
        let mut rows = activity::rows(baseline);
        let mut count = 0;
        loop {
            let group: Vec<activity::Row<'_>> = rows.by_ref().take(ROWS_PER_GROUP).collect();
            if group.is_empty() {
                return table.finish()?.end(count);
            }
            table.add_group(&activity::columns(baseline, &group))?;
            count += group.len();
        }
    };
    write().map_err(StoreError::io("write", &path))
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(StoreError::io("write", path))
}
