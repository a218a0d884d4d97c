//! Writes the file of a table, and computes its checksum meanwhile.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::manifest::TableEntry;
use crate::checksum::Hasher;

/// A new file that is being written.
pub(super) struct TableFile {
    out: BufWriter<File>,
    hasher: Hasher,
    bytes: usize,
}

impl TableFile {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let out = BufWriter::with_capacity(1 << 18, File::create_new(path)?);
        Ok(Self { out, hasher: Hasher::default(), bytes: 0 })
    }

    /// Ends and syncs the file, a table with so many rows.
    pub(super) fn end(self, rows: usize) -> io::Result<TableEntry> {
        let Self { out, hasher, bytes } = self;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(TableEntry { rows, bytes, sha256: hasher.finish().to_string() })
    }
}

impl Write for TableFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.add(&bytes[..written]);
        self.bytes += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
