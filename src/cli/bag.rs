//! A folder of files with their checksums, in BagIt form (RFC 8493): `sha256sum -c manifest-sha256.txt` checks it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;
use firstseen::checksum::{Checksum, Hasher};

use super::partial_folder::PartialFolder;

/// A bag that is being filled. It appears in its folder once it is whole, the manifests last.
pub(crate) struct Bag {
    folder: PathBuf,
    partial: PartialFolder,
    files: Vec<BaggedFile>,
}

/// A file of the bag.
struct BaggedFile {
    /// Its path in the bag, with slashes.
    path: String,
    checksum: Checksum,
    size: u64,
}

impl Bag {
    /// A bag in a folder that exists and is empty.
    pub(crate) fn new(folder: PathBuf) -> anyhow::Result<Self> {
        let partial = PartialFolder::below(&folder)
            .with_context(|| format!("cannot write to '{}'", folder.display()))?;
        Ok(Self { folder, partial, files: Vec::new() })
    }

    /// Adds a file. Its name is a path of plain ASCII names with slashes.
    pub(crate) fn add(
        &mut self,
        name: &str,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<Checksum> {
        let file = self.write(format!("data/{name}"), content)?;
        let checksum = file.checksum;
        self.files.push(file);
        Ok(checksum)
    }

    /// Writes the manifests, and moves everything into place. `info` are lines of `bag-info.txt`.
    pub(crate) fn finish(self, info: &[(&str, &str)]) -> anyhow::Result<()> {
        let size: u64 = self.files.iter().map(|file| file.size).sum();
        let count = format!("{size}.{}", self.files.len());
        let info = info.iter().copied().chain([("Payload-Oxum", count.as_str())]);
        let declaration =
            |out: &mut dyn Write| write!(out, "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
        let tags = [
            self.write("bagit.txt".to_owned(), declaration)?,
            self.write("bag-info.txt".to_owned(), |out| {
                info.clone().try_for_each(|(label, value)| writeln!(out, "{label}: {value}"))
            })?,
            self.write("manifest-sha256.txt".to_owned(), |out| write_manifest(&self.files, out))?,
        ];
        self.write("tagmanifest-sha256.txt".to_owned(), |out| write_manifest(&tags, out))?;
        let cannot = || format!("cannot write to '{}'", self.folder.display());
        self.partial.finish().with_context(cannot)
    }

    fn write(
        &self,
        path: String,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<BaggedFile> {
        let place = self.partial.path().join(&path);
        let cannot = || format!("cannot write '{}'", self.folder.join(&path).display());
        fs::create_dir_all(place.parent().unwrap_or(self.partial.path())).with_context(cannot)?;
        let file = File::create_new(&place).with_context(cannot)?;
        let mut hashed = Hashed { file, hasher: Hasher::default(), size: 0 };
        let mut out = BufWriter::with_capacity(1 << 16, &mut hashed);
        content(&mut out).and_then(|()| out.flush()).with_context(cannot)?;
        drop(out);
        hashed.file.sync_all().with_context(cannot)?;
        Ok(BaggedFile { path, checksum: hashed.hasher.finish(), size: hashed.size })
    }
}

fn write_manifest(files: &[BaggedFile], out: &mut dyn Write) -> io::Result<()> {
    files.iter().try_for_each(|file| writeln!(out, "{}  {}", file.checksum, file.path))
}

/// A file whose content is hashed while it is written.
struct Hashed {
    file: File,
    hasher: Hasher,
    size: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.add(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
