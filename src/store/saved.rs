//! Opens a saved baseline: every table is verified against its checksum, and the tables against each other.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use parquet::file::reader::Length;
use serde::Deserialize;

use super::beside::hidden_path;
use super::error::TableError;
use super::file_chunks::FileChunks;
use super::manifest::{LARGEST_MANIFEST, MANIFEST, Manifest};
use super::records::RecordTable;
use super::table::Table;
use super::{
    BaselineContents, STORE_VERSION, StoreError, activity, behaviours, deliveries, faults, hits,
    identity_links, inventory, logging, map, objects, principals, received, single_events, validate, values,
};
use crate::baseline::{Baseline, CountedHits, LoggingChanges};
use crate::catalog::{LearningScope, ObjectEntry};
use crate::checksum::Checksum;
use crate::coverage::{Coverage, Unfinished};
use crate::model::PrincipalKind;

/// Whether a path is a folder that looks like a baseline, so that it is not taken for an archive.
///
/// One without its largest table still is: opening it says what is missing.
pub fn is_baseline(path: &Path) -> bool {
    let manifest = path.join(MANIFEST);
    manifest.is_file() && (path.join("behaviours.parquet").is_file() || names_us(&manifest))
}

/// Whether a manifest claims to belong to a baseline. The key that says so is at its beginning, so that no large file has to
/// be read.
fn names_us(manifest: &Path) -> bool {
    let mut head = Vec::new();
    let read = crate::file::open(manifest).and_then(|(file, _)| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && String::from_utf8_lossy(&head).contains("\"firstseen_baseline\"")
}

/// How many bytes of a manifest are examined.
const HEAD: u64 = 4_096;

/// An open baseline. Its tables are mapped at once and verified on use, except the records: those are only opened, and read piece by
/// piece when baselines are merged.
#[derive(Debug)]
pub struct Saved {
    path: PathBuf,
    manifest: Manifest,
    learning: LearningScope,
    tables: BTreeMap<String, Bytes>,
    records: FileChunks,
}

/// The name of the table that is not mapped.
const RECORDS: &str = "records";

/// How often opening is retried if a run replaces the baseline meanwhile.
const OPENING_TRIES: usize = 20;

impl Saved {
    /// Opens the baseline in a folder.
    ///
    /// # Errors
    /// If there is none, or its manifest is damaged or of another version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = path.join(MANIFEST);
        let read =
            || crate::file::read_within(&file, LARGEST_MANIFEST).map_err(|source| missing(path, source));
        let mut bytes = read()?;
        for _ in 0..OPENING_TRIES {
            let opened = Self::map(path, &bytes);
            // The folder is exchanged as a whole: if the manifest is the same before and after, everything is from one baseline.
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
        let damaged = |TableError(reason)| StoreError::Damaged { path: path.join(MANIFEST), reason };
        let manifest = Manifest::from_bytes(bytes).map_err(damaged)?;
        let learning = manifest.learning().map_err(damaged)?;
        let map = |name: &String| {
            let file = table_path(path, name);
            Ok((name.clone(), map::map(&file).map_err(StoreError::io("read", &file))?))
        };
        let mapped = manifest.tables.keys().filter(|name| *name != RECORDS);
        let tables = mapped.map(map).collect::<Result<_, StoreError>>()?;
        let records = table_path(path, RECORDS);
        let (file, metadata) = crate::file::open(&records).map_err(StoreError::io("read", &records))?;
        let records = FileChunks::new(file, metadata.len());
        Ok(Self { path: path.to_owned(), manifest, learning, tables, records })
    }

    /// The settings it was learnt with.
    pub fn scope(&self) -> &LearningScope {
        &self.learning
    }

    /// Names of its archives, in the order of their numbers.
    pub fn archives(&self) -> &[String] {
        &self.manifest.archives
    }

    /// The baseline and its coverage: all that a question needs, once it is [`Baseline::resolved`].
    ///
    /// # Errors
    /// If a table is missing or damaged.
    pub fn baseline(&self) -> Result<(Baseline, Coverage), StoreError> {
        let (principals, creations) = self.read("principals", principals::SCHEMA, principals::read)?;
        let behaviours::BehaviourTable { mut behaviours, counts, actions } =
            self.read("behaviours", &behaviours::schema(), |table| behaviours::read(table, &principals))?;
        self.read("activity", activity::SCHEMA, |table| activity::read(table, &mut behaviours, &counts))?;
        let values =
            self.read("values", &values::schema(), |table| values::read(table, &principals, &actions))?;
        let received = self.read("received", &received::schema(), received::read)?;
        let damaged = |error| self.damaged(error);
        let coverage = self.coverage()?;
        let single_events =
            |name, kind| self.read(name, &single_events::schema(), |table| single_events::read(table, kind));
        let insights = single_events("insights", PrincipalKind::Unknown)?;
        let root = single_events("root", PrincipalKind::Root)?;
        let kept = self.read("logging", &logging::schema(), logging::read)?;
        let logging = LoggingChanges { kept, others: self.manifest.logging_changes_left_out };
        let rules = self.read("rules", hits::RULES, hits::read_rules)?;
        let hits = self.read("hits", &hits::hits_schema(), |table| hits::read_hits(table, &rules))?;
        let proofs = self.read("identity_links", identity_links::SCHEMA, identity_links::read)?;
        let inventory = self.read("inventory", inventory::SCHEMA, inventory::read)?;
        let baseline = Baseline {
            principals,
            actions,
            behaviours,
            values,
            received,
            creations,
            identity_links: proofs,
            insights,
            root,
            logging,
            rules,
            hits,
            inventory,
            counted_hits: CountedHits::default(),
        };
        validate::baseline(&baseline, self.archives()).map_err(damaged)?;
        Ok((baseline, coverage))
    }

    /// The coverage alone.
    ///
    /// # Errors
    /// If a table is missing or damaged.
    pub fn coverage(&self) -> Result<Coverage, StoreError> {
        let damaged = |error| self.damaged(error);
        let mut coverage = self.manifest.coverage().map_err(damaged)?;
        coverage.faults = self.read("faults", faults::SCHEMA, faults::read)?;
        let places = &mut coverage.places;
        self.read("deliveries", deliveries::SCHEMA, |table| deliveries::read(table, places))?;
        validate::coverage(&coverage, self.archives()).map_err(damaged)?;
        Ok(coverage)
    }

    /// What it lacks of what was listed for it. Reads no table.
    ///
    /// # Errors
    /// If the manifest is damaged.
    pub fn unfinished(&self) -> Result<Unfinished, StoreError> {
        Ok(self.manifest.coverage().map_err(|error| self.damaged(error))?.unfinished)
    }

    /// Every listed object, in delivery order.
    ///
    /// # Errors
    /// If the table is missing or damaged.
    pub fn objects(&self) -> Result<Vec<ObjectEntry>, StoreError> {
        let objects = self.read("objects", objects::SCHEMA, objects::read)?;
        let damaged = |error| self.damaged(error);
        validate::objects(&objects, self.archives()).map_err(damaged)?;
        Ok(objects)
    }

    /// Everything, including what is needed to add to it. The records are verified and stay on disk.
    ///
    /// # Errors
    /// If a table is missing or damaged.
    pub fn contents(&self) -> Result<BaselineContents, StoreError> {
        let (baseline, coverage) = self.baseline()?;
        let objects = self.objects()?;
        let damaged = |error| self.damaged(error);
        validate::counts(&objects, &coverage).map_err(damaged)?;
        let records = self.record_table((objects.len(), baseline.behaviours.len()))?.into();
        Ok(BaselineContents {
            learning: self.learning.clone(),
            archives: self.manifest.archives.clone(),
            baseline,
            coverage,
            objects,
            records,
        })
    }

    /// The table of records, verified against the manifest. It holds numbers of so many objects and behaviours.
    pub(super) fn record_table(&self, limits: (usize, usize)) -> Result<RecordTable, StoreError> {
        let path = table_path(&self.path, RECORDS);
        let file = &self.records;
        let checksum = || Ok(Checksum::of_all(&mut file.from(0)).map_err(StoreError::io("read", &path))?.0);
        let damaged = |TableError(reason)| StoreError::Damaged { path: path.clone(), reason };
        let size = usize::try_from(file.len()).unwrap_or(usize::MAX);
        let rows = self.check(RECORDS, size, checksum)?;
        let table = RecordTable::open(file.clone(), path.clone(), limits).map_err(damaged)?;
        if table.rows() == rows { Ok(table) } else { Err(damaged(OTHER_ROWS.into())) }
    }

    /// Verifies a table against the manifest and reads it.
    fn read<T>(
        &self,
        name: &str,
        schema: &str,
        read: impl FnOnce(&Table) -> Result<T, TableError>,
    ) -> Result<T, StoreError> {
        let bytes = self.tables.get(name).cloned().unwrap_or_default();
        let rows = self.check(name, bytes.len(), || Ok(Checksum::of(&bytes)))?;
        let table = Table::open(bytes, schema).map_err(TableError::from);
        let content =
            table.and_then(|table| if table.rows() == rows { read(&table) } else { Err(OTHER_ROWS.into()) });
        let path = table_path(&self.path, name);
        content.map_err(|TableError(reason)| StoreError::Damaged { path, reason })
    }

    /// What is wrong with its manifest, or with what that says of the tables.
    fn damaged(&self, TableError(reason): TableError) -> StoreError {
        StoreError::Damaged { path: self.path.join(MANIFEST), reason }
    }

    /// Checks size and checksum of a table; returns how many rows it should have.
    fn check(
        &self,
        name: &str,
        size: usize,
        checksum: impl FnOnce() -> Result<Checksum, StoreError>,
    ) -> Result<usize, StoreError> {
        let Some(entry) = self.manifest.tables.get(name) else {
            return Err(self.damaged(TableError(format!("it knows no table '{name}'"))));
        };
        let damaged = |reason| Err(StoreError::Damaged { path: table_path(&self.path, name), reason });
        if size != entry.bytes {
            return damaged(format!("it has {size} bytes, not {}", entry.bytes));
        }
        if checksum()?.to_string() != entry.sha256 {
            return damaged("its checksum is another".to_owned());
        }
        Ok(entry.rows)
    }
}

const OTHER_ROWS: &str = "it has another number of rows";

/// The file of a table.
pub(super) fn table_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.parquet"))
}

/// Why the manifest cannot be read.
fn missing(path: &Path, source: io::Error) -> StoreError {
    if source.kind() != io::ErrorKind::NotFound {
        return StoreError::io("read", &path.join(MANIFEST))(source);
    }
    if path.join("behaviours.parquet").is_file() {
        return StoreError::Damaged { path: path.join(MANIFEST), reason: "it is missing".to_owned() };
    }
    let old = hidden_path(path, "old");
    let reason = if is_baseline(&old) {
        format!("a run was killed while it put a new one there; the old one is '{}'", old.display())
    } else if path.exists() {
        format!("there is no {MANIFEST} in it")
    } else {
        source.to_string()
    };
    StoreError::Foreign { path: path.to_owned(), reason }
}

/// Versions are checked before anything else is read, since another version may have other fields.
fn check_version(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    #[derive(Deserialize)]
    struct Version {
        firstseen_baseline: Option<u64>,
    }
    match serde_json::from_slice(bytes) {
        Ok(Version { firstseen_baseline: Some(found) }) if found == u64::from(STORE_VERSION) => Ok(()),
        Ok(Version { firstseen_baseline: Some(found) }) => {
            Err(StoreError::Version { path: path.to_owned(), found, known: STORE_VERSION })
        }
        Err(error) if !error.is_data() => {
            Err(StoreError::Damaged { path: path.join(MANIFEST), reason: error.to_string() })
        }
        Ok(_) | Err(_) => {
            let reason = format!("its {MANIFEST} is not one of firstseen");
            Err(StoreError::Foreign { path: path.to_owned(), reason })
        }
    }
}
