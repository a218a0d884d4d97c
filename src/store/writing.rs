//! Writes all tables and the manifest into an empty folder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::manifest::{MANIFEST, Manifest, TableEntry};
use super::{
    BaselineContents, Saved, StoreError, activity, behaviours, deliveries, faults, hits, identity_links,
    inventory, logging, objects, principals, records, single_events, values,
};
use crate::baseline::IdentityResolver;
use crate::checksum::Checksum;
use crate::table::{self, Column};

/// All tables, with their columns; a test checks that each table written is among them.
pub(super) fn tables() -> [(&'static str, Cow<'static, str>); 15] {
    [
        ("principals", principals::SCHEMA.into()),
        ("identity_links", identity_links::SCHEMA.into()),
        ("inventory", inventory::SCHEMA.into()),
        ("behaviours", behaviours::schema().into()),
        ("activity", activity::SCHEMA.into()),
        ("values", values::schema().into()),
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

/// Writes and syncs everything, and opens it once.
pub(super) fn write_tables(stored: &BaselineContents, folder: &Path) -> Result<(), StoreError> {
    let BaselineContents { learning, baseline, coverage, catalog, .. } = stored;
    let mut tables = BTreeMap::new();
    let mut write = |name: &str, schema: &str, columns: Vec<Column<'_>>| {
        let path = folder.join(format!("{name}.parquet"));
        let mut bytes = Vec::new();
        table::write(schema, &columns, &mut bytes).map_err(StoreError::io("write", &path))?;
        write_file(&path, &bytes)?;
        let sha256 = Checksum::of(&bytes).to_string();
        let rows = columns.first().map_or(0, Column::rows);
        tables.insert(name.to_owned(), TableEntry { rows, bytes: bytes.len(), sha256 });
        Ok::<(), StoreError>(())
    };
    let checksums = objects::checksums(&catalog.objects);
    let resolver = IdentityResolver::new(baseline, learning.principal_key);
    let rows = principals::PrincipalRows::of(baseline, &resolver);
    write("principals", principals::SCHEMA, principals::columns(&rows))?;
    write("identity_links", identity_links::SCHEMA, identity_links::columns(&baseline.identity_links))?;
    write("behaviours", &behaviours::schema(), behaviours::columns(baseline))?;
    write("activity", activity::SCHEMA, activity::columns(baseline))?;
    write("values", &values::schema(), values::columns(baseline))?;
    write("insights", &single_events::schema(), single_events::columns(&baseline.insights))?;
    write("root", &single_events::schema(), single_events::columns(&baseline.root))?;
    write("logging", &logging::schema(), logging::columns(&baseline.logging))?;
    let texts = hits::JsonColumns::of(&baseline.rules, &baseline.hits);
    write("rules", hits::RULES, hits::rule_columns(&baseline.rules, &texts))?;
    write("hits", &hits::hits_schema(), hits::hit_columns(&baseline.hits, &baseline.rules, &texts))?;
    write("inventory", inventory::SCHEMA, inventory::columns(&baseline.inventory))?;
    write("objects", objects::SCHEMA, objects::columns(&catalog.objects, &checksums))?;
    write("faults", faults::SCHEMA, faults::columns(coverage))?;
    write("deliveries", deliveries::SCHEMA, deliveries::columns(coverage))?;
    write("records", records::SCHEMA, records::columns(&catalog.records))?;
    let path = folder.join(MANIFEST);
    let manifest = Manifest::new(stored, tables).to_bytes();
    let manifest = manifest.map_err(|error| StoreError::io("write", &path)(error.into()))?;
    write_file(&path, &manifest)?;
    // A baseline that cannot be opened must not replace one that can.
    Saved::open(folder)?.baseline().map(drop)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(StoreError::io("write", path))
}
