//! Which files of a folder are proven to belong to a saved baseline: an index may lie beside the logs it was made from.
//!
//! A name proves nothing, since a log can have the name of a table. The proof is a manifest of this version with a valid
//! checksum, and for each table the size and SHA-256 listed there, and the columns of such a table.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::STORE_VERSION;
use super::manifest::{LARGEST_MANIFEST, MANIFEST, Manifest, TableEntry};
use super::writing::tables;
use crate::checksum::Checksum;
use crate::file;
use crate::parquet_headers::{MAGIC, footer_length};
use crate::table;

/// Names of the files in a folder that are proven to be the manifest and the tables of a saved baseline; empty without a
/// valid manifest. Other files in the folder are not included.
pub fn proven_files(folder: &Path) -> Vec<OsString> {
    let Some(manifest) = manifest(&folder.join(MANIFEST)) else { return Vec::new() };
    let tables = tables().into_iter().filter_map(|(name, schema)| {
        let (entry, file) = (manifest.tables.get(name)?, format!("{name}.parquet"));
        let is_proven = is_table(&folder.join(&file), entry, &schema).unwrap_or(false);
        is_proven.then(|| OsString::from(file))
    });
    tables.chain([OsString::from(MANIFEST)]).collect()
}

fn manifest(path: &Path) -> Option<Manifest> {
    let (mut file, metadata) = file::open(path).ok()?;
    let mut bytes = Vec::new();
    file.by_ref().take(metadata.len().min(LARGEST_MANIFEST)).read_to_end(&mut bytes).ok()?;
    Manifest::from_bytes(&bytes).ok().filter(|manifest| manifest.firstseen_baseline == STORE_VERSION)
}

/// Whether a file matches its entry in the manifest, and is a table with the columns of `schema`.
fn is_table(path: &Path, entry: &TableEntry, schema: &str) -> io::Result<bool> {
    let (mut file, metadata) = file::open(path)?;
    let has_columns = metadata.len() == entry.bytes as u64 && has_columns(&mut file, schema)?;
    if !has_columns {
        return Ok(false);
    }
    file.rewind()?;
    let (checksum, size) = Checksum::of_all(&mut file)?;
    Ok(size == entry.bytes as u64 && checksum.to_string() == entry.sha256)
}

/// Whether a file begins and ends like Parquet, and its footer begins like that of a table without rows: with the version
/// and the columns. Nothing is parsed, since a forger of the manifest may have made the table, too.
fn has_columns(file: &mut File, schema: &str) -> io::Result<bool> {
    let Some(columns) = columns(schema) else { return Ok(false) };
    let mut magic = [0; 4];
    file.read_exact(&mut magic)?;
    file.seek(SeekFrom::End(-8))?;
    let mut end = [0; 8];
    file.read_exact(&mut end)?;
    let (true, Some(length)) = (magic == MAGIC, footer_length(end)) else { return Ok(false) };
    file.seek(SeekFrom::End(-8 - i64::from(length)))?;
    let mut footer = vec![0; columns.len()];
    file.read_exact(&mut footer)?;
    Ok(footer == columns)
}

/// The beginning of the footer of a table with these columns.
fn columns(schema: &str) -> Option<Vec<u8>> {
    /// After the columns, the number of rows (field 3, 0) and the row groups (field 4, none): Apache Parquet,
    /// `parquet.thrift`; Apache Thrift, "Compact protocol".
    const NO_ROWS: [u8; 4] = [0x16, 0, 0x19, 0x0c];
    let mut empty = Vec::new();
    table::write(schema, &[], &mut empty).ok()?;
    let (rest, _) = empty.split_last_chunk::<8>()?;
    let footer = rest.get(MAGIC.len()..)?;
    let end = footer.windows(NO_ROWS.len()).rposition(|bytes| bytes == NO_ROWS)?;
    Some(footer[..=end].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_distinguished_by_their_columns() {
        let tables = tables();
        let footers: Vec<Vec<u8>> = tables.iter().map(|(_, schema)| columns(schema).unwrap()).collect();
        for ((name, schema), footer) in tables.iter().zip(&footers) {
            assert!(footer.len() > 40, "{name}");
            let alike = tables.iter().zip(&footers).filter(|((_, other), _)| other == schema);
            assert!(alike.clone().count() > 0 && alike.clone().all(|(_, other)| other == footer), "{name}");
            let others = tables.iter().zip(&footers).filter(|((_, other), _)| other != schema);
            assert!(others.clone().all(|(_, other)| !other.starts_with(footer)), "{name}");
        }
    }
}
