//! The folder of a baseline: written beside its place and renamed into it, opened with every checksum checked.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use parquet::errors::ParquetError;

use super::error::Flaw;
use super::manifest::{Manifest, TableEntry};
use super::table::{self, Column, Table};
use super::{
    Learning, STORE_VERSION, StoreError, Stored, activity, behaviours, faults, map, objects, principals,
    records, validate,
};
use crate::baseline::Baseline;
use crate::checksum::Checksum;
use crate::coverage::Coverage;
use crate::ledger::Ledger;

const MANIFEST: &str = "manifest.json";

/// Whether a path is a folder that looks like a baseline, so that it is not taken for an archive.
pub fn is_baseline(path: &Path) -> bool {
    path.join(MANIFEST).is_file() && path.join("behaviours.parquet").is_file()
}

/// A place for a baseline that this process alone writes to, until it is dropped.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    lock_path: PathBuf,
    _lock: File,
}

impl Place {
    /// Takes a place that is free or holds a baseline.
    ///
    /// # Errors
    /// If something else is there, if there is no folder to put it in, or if another process has taken it.
    pub fn take(path: &Path) -> Result<Self, StoreError> {
        let path = real_place(path)?;
        if let Some(parent) = path.parent().filter(|parent| !parent.is_dir()) {
            return Err(StoreError::NoFolder { path: parent.to_owned() });
        }
        let lock = lock(&path)?;
        let place = Self { path, lock_path: lock.0, _lock: lock.1 };
        place.restore()?;
        let path = &place.path;
        let occupied = fs::read_dir(path).map_or(path.exists(), |mut entries| entries.next().is_some());
        if occupied && !is_baseline(path) {
            let reason = "it is there and holds something else".to_owned();
            return Err(StoreError::Foreign { path: path.clone(), reason });
        }
        // What cannot be made now could not be made after hours of reading, either.
        place.begin()?;
        Ok(place)
    }

    /// Puts an old baseline back that a killed run had moved away, see [`exchange`].
    fn restore(&self) -> Result<(), StoreError> {
        let old = beside(&self.path, "old");
        if !self.path.exists() && is_baseline(&old) {
            return fs::rename(&old, &self.path).map_err(StoreError::io("restore", &self.path));
        }
        Ok(())
    }

    /// Makes an empty folder for the tables.
    fn begin(&self) -> Result<PathBuf, StoreError> {
        let partial = beside(&self.path, "partial");
        // Left by a run that was killed.
        remove(&partial)?;
        fs::create_dir(&partial).map_err(StoreError::io("make", &partial))?;
        Ok(partial)
    }

    /// The baseline that is there.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn open(&self) -> Result<Option<Saved>, StoreError> {
        if is_baseline(&self.path) { Saved::open(&self.path).map(Some) } else { Ok(None) }
    }

    /// Puts a baseline into the place. At any moment there is the old one or the new one.
    ///
    /// # Errors
    /// If it cannot be written; the old one then is still there.
    pub fn save(&self, stored: &Stored) -> Result<(), StoreError> {
        let partial = self.begin()?;
        write_tables(stored, &partial)?;
        sync(&partial)?;
        exchange(&partial, &self.path)?;
        if let Some(parent) = self.path.parent() {
            sync(parent)?;
        }
        remove(&partial)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What stays behind is no harm: the next run takes it away.
        let _ = remove(&beside(&self.path, "partial"));
        let _ = fs::remove_file(&self.lock_path);
    }
}

/// The place that a path means: through links, and never a link to nothing.
fn real_place(path: &Path) -> Result<PathBuf, StoreError> {
    match path.canonicalize() {
        Ok(real) => Ok(real),
        Err(_) if path.is_symlink() => {
            let reason = "it is a link that leads nowhere".to_owned();
            Err(StoreError::Foreign { path: path.to_owned(), reason })
        }
        Err(_) => std::path::absolute(path).map_err(StoreError::io("find", path)),
    }
}

/// Takes the lock of a place.
fn lock(path: &Path) -> Result<(PathBuf, File), StoreError> {
    let lock_path = beside(path, "lock");
    loop {
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // A link in this place is none of ours.
            options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
        }
        let file = options.open(&lock_path).map_err(StoreError::io("write", &lock_path))?;
        match file.try_lock() {
            Ok(()) if is_still_there(&file, &lock_path) => return Ok((lock_path, file)),
            // Another run ended and took its lock away between the two steps.
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(StoreError::Busy { path: path.to_owned() }),
            Err(fs::TryLockError::Error(source)) => {
                return Err(StoreError::Io { what: "lock", path: lock_path, source });
            }
        }
    }
}

/// Whether a file still has its name.
#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(own), Ok(named)) => (own.dev(), own.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still_there(_file: &File, _path: &Path) -> bool {
    true
}

/// `.firstseen-NAME.<end>` in the folder of NAME. Listing an archive passes over such names.
fn beside(path: &Path, end: &str) -> PathBuf {
    let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    path.with_file_name(format!(".firstseen-{name}.{end}"))
}

fn remove(folder: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("remove", folder)(error)),
        _ => Ok(()),
    }
}

/// Puts a folder in the place of another, which then is where the first one was.
fn exchange(new: &Path, place: &Path) -> Result<(), StoreError> {
    let cannot = || StoreError::io("put the baseline into", place);
    if !place.exists() {
        return fs::rename(new, place).map_err(cannot());
    }
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, new, CWD, place, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    // Not every system and file system can exchange two folders. Between the two steps there is neither the old one
    // nor the new one in the place, and opening it says where they are.
    let old = beside(place, "old");
    remove(&old)?;
    fs::rename(place, &old).map_err(cannot())?;
    fs::rename(new, place).map_err(cannot())?;
    remove(&old)
}

#[cfg(unix)]
fn sync(folder: &Path) -> Result<(), StoreError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::io("sync", folder))
}

#[cfg(not(unix))]
fn sync(_folder: &Path) -> Result<(), StoreError> {
    Ok(())
}

fn write_tables(stored: &Stored, folder: &Path) -> Result<(), StoreError> {
    let Stored { baseline, coverage, ledger, .. } = stored;
    let mut tables = BTreeMap::new();
    let mut write = |name: &str, schema: &str, columns: Vec<Column<'_>>, rows: usize| {
        let path = folder.join(format!("{name}.parquet"));
        let mut bytes = Vec::new();
        table::write(schema, &columns, &mut bytes).map_err(|error: ParquetError| StoreError::Io {
            what: "write",
            path: path.clone(),
            source: io::Error::other(error),
        })?;
        write_file(&path, &bytes)?;
        let sha256 = Checksum::of(&bytes).to_string();
        tables.insert(name.to_owned(), TableEntry { rows, bytes: bytes.len(), sha256 });
        Ok::<(), StoreError>(())
    };
    let days = baseline.behaviours.iter().map(|behaviour| behaviour.days.len()).sum();
    let checksums = objects::checksums(&ledger.objects);
    let people = principals::columns(baseline);
    let people_count = people.first().map_or(0, Column::rows);
    write("principals", principals::SCHEMA, people, people_count)?;
    write("behaviours", behaviours::SCHEMA, behaviours::columns(baseline), baseline.behaviours.len())?;
    write("activity", activity::SCHEMA, activity::columns(baseline), days)?;
    let columns = objects::columns(&ledger.objects, &checksums);
    write("coverage", objects::SCHEMA, columns, ledger.objects.len())?;
    write("faults", faults::SCHEMA, faults::columns(coverage), coverage.faults.len())?;
    write("records", records::SCHEMA, records::columns(&ledger.records), ledger.records.len())?;
    let path = folder.join(MANIFEST);
    let manifest = Manifest::new(stored, tables).to_bytes();
    let manifest = manifest.map_err(|error| StoreError::io("write", &path)(error.into()))?;
    write_file(&path, &manifest)?;
    // What cannot be opened must not take the place of what can.
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

/// An open baseline. Its tables are mapped at once and checked when they are asked for.
#[derive(Debug)]
pub struct Saved {
    path: PathBuf,
    manifest: Manifest,
    learning: Learning,
    tables: BTreeMap<String, Bytes>,
}

/// How often opening begins anew when a run puts another baseline into the place meanwhile.
const OPENING_TRIES: usize = 20;

impl Saved {
    /// Opens the baseline in a folder.
    ///
    /// # Errors
    /// If there is none, or its manifest is damaged or of another version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = path.join(MANIFEST);
        let read = || fs::read(&file).map_err(|source| missing(path, source));
        let mut bytes = read()?;
        for _ in 0..OPENING_TRIES {
            let opened = Self::map(path, &bytes);
            // The folder is exchanged as a whole: with the same manifest before and after, all is of one baseline.
            let now = read()?;
            if now == bytes {
                return opened;
            }
            bytes = now;
        }
        Err(StoreError::Busy { path: path.to_owned() })
    }

    fn map(path: &Path, bytes: &[u8]) -> Result<Self, StoreError> {
        check_version(path, bytes)?;
        let damaged = |Flaw(reason)| StoreError::Damaged { path: path.join(MANIFEST), reason };
        let manifest = Manifest::from_bytes(bytes).map_err(damaged)?;
        let learning = manifest.learning().map_err(damaged)?;
        let map = |name: &String| {
            let file = path.join(format!("{name}.parquet"));
            Ok((name.clone(), map::map(&file).map_err(StoreError::io("read", &file))?))
        };
        let tables = manifest.tables.keys().map(map).collect::<Result<_, StoreError>>()?;
        Ok(Self { path: path.to_owned(), manifest, learning, tables })
    }

    /// How it was learnt.
    pub fn learning(&self) -> &Learning {
        &self.learning
    }

    /// Names of its archives, in the order of their numbers.
    pub fn archives(&self) -> &[String] {
        &self.manifest.archives
    }

    /// The baseline and its coverage: all that a question needs.
    ///
    /// # Errors
    /// If a table is missing or damaged.
    pub fn baseline(&self) -> Result<(Baseline, Coverage), StoreError> {
        let (principals, creations) = self.read("principals", principals::SCHEMA, principals::read)?;
        let (mut behaviours, actions) =
            self.read("behaviours", behaviours::SCHEMA, |table| behaviours::read(table, &principals))?;
        self.read("activity", activity::SCHEMA, |table| activity::read(table, &mut behaviours))?;
        let damaged = |Flaw(reason)| StoreError::Damaged { path: self.path.join(MANIFEST), reason };
        let mut coverage = self.manifest.coverage().map_err(damaged)?;
        coverage.faults = self.read("faults", faults::SCHEMA, faults::read)?;
        let baseline = Baseline { principals, actions, behaviours, creations };
        validate::baseline(&baseline, self.archives()).map_err(damaged)?;
        validate::coverage(&coverage, self.archives()).map_err(damaged)?;
        Ok((baseline, coverage))
    }

    /// Everything, also what is needed to add to it.
    ///
    /// # Errors
    /// If a table is missing or damaged.
    pub fn stored(&self) -> Result<Stored, StoreError> {
        let (baseline, coverage) = self.baseline()?;
        let objects = self.read("coverage", objects::SCHEMA, objects::read)?;
        let damaged = |Flaw(reason)| StoreError::Damaged { path: self.path.join(MANIFEST), reason };
        validate::objects(&objects, self.archives()).map_err(damaged)?;
        let records = self.read("records", records::SCHEMA, |table| {
            records::read(table, objects.len(), baseline.behaviours.len())
        })?;
        Ok(Stored {
            learning: self.learning.clone(),
            archives: self.manifest.archives.clone(),
            baseline,
            coverage,
            ledger: Ledger { objects, records },
        })
    }

    /// Holds a table to the manifest and reads it.
    fn read<T>(
        &self,
        name: &str,
        schema: &str,
        read: impl FnOnce(&Table) -> Result<T, Flaw>,
    ) -> Result<T, StoreError> {
        let path = self.path.join(format!("{name}.parquet"));
        let unknown = || StoreError::Damaged {
            path: self.path.join(MANIFEST),
            reason: format!("it knows no table '{name}'"),
        };
        let bytes = self.tables.get(name).cloned().ok_or_else(unknown)?;
        self.check(name, &bytes)
            .and_then(|rows| {
                let table = Table::open(bytes, schema)?;
                if table.rows() == rows { read(&table) } else { Err("it has another number of rows".into()) }
            })
            .map_err(|Flaw(reason)| StoreError::Damaged { path, reason })
    }

    fn check(&self, name: &str, bytes: &Bytes) -> Result<usize, Flaw> {
        let entry = self.manifest.tables.get(name).ok_or(Flaw::from("the manifest does not know it"))?;
        if bytes.len() != entry.bytes {
            return Err(Flaw(format!("it has {} bytes, not {}", bytes.len(), entry.bytes)));
        }
        if Checksum::of(bytes).to_string() != entry.sha256 {
            return Err("its checksum is another".into());
        }
        Ok(entry.rows)
    }
}

/// Why there is no manifest.
fn missing(path: &Path, source: io::Error) -> StoreError {
    let old = beside(path, "old");
    let reason = if is_baseline(&old) {
        format!("a run was killed while it put a new one there; the old one is '{}'", old.display())
    } else if path.exists() {
        format!("there is no {MANIFEST} in it")
    } else {
        source.to_string()
    };
    StoreError::Foreign { path: path.to_owned(), reason }
}

/// Versions are told before anything else is read, since another version may have other fields.
fn check_version(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let foreign = |reason| StoreError::Foreign { path: path.to_owned(), reason };
    let value: serde_json::Value = serde_json::from_slice(bytes)
        .map_err(|error| StoreError::Damaged { path: path.join(MANIFEST), reason: error.to_string() })?;
    let version = value.get("firstseen_baseline").and_then(serde_json::Value::as_u64);
    match version {
        Some(found) if found == u64::from(STORE_VERSION) => Ok(()),
        Some(found) => Err(StoreError::Version { path: path.to_owned(), found, known: STORE_VERSION }),
        None => Err(foreign(format!("its {MANIFEST} is not one of firstseen"))),
    }
}
