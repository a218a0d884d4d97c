//! Opens a saved baseline: every table is verified against its checksum, and the tables against each other.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Deserialize;

use super::beside::hidden_path;
use super::error::TableError;
use super::manifest::{MANIFEST, Manifest};
use super::table::Table;
use super::{
    BaselineContents, STORE_VERSION, StoreError, activity, behaviours, deliveries, faults, hits,
    identity_links, inventory, logging, map, objects, principals, records, single_events, validate, values,
};
use crate::baseline::{Baseline, CountedHits, LoggingChanges};
use crate::catalog::{Catalog, LearningScope, ObjectEntry};
use crate::checksum::Checksum;
use crate::coverage::Coverage;
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

/// An open baseline. Its tables are mapped at once and verified on use.
#[derive(Debug)]
pub struct Saved {
    path: PathBuf,
    manifest: Manifest,
    learning: LearningScope,
    tables: BTreeMap<String, Bytes>,
}

/// How often opening is retried if a run replaces the baseline meanwhile.
const OPENING_TRIES: usize = 20;

impl Saved {
    /// Opens the baseline in a folder.
    ///
    /// # Errors
    /// If there is none, or its manifest is damaged or of another version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = path.join(MANIFEST);
        let read = || crate::file::read(&file).map_err(|source| missing(path, source));
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
            let file = path.join(format!("{name}.parquet"));
            Ok((name.clone(), map::map(&file).map_err(StoreError::io("read", &file))?))
        };
        let tables = manifest.tables.keys().map(map).collect::<Result<_, StoreError>>()?;
        Ok(Self { path: path.to_owned(), manifest, learning, tables })
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
        let damaged = |TableError(reason)| StoreError::Damaged { path: self.path.join(MANIFEST), reason };
        let mut coverage = self.manifest.coverage().map_err(damaged)?;
        coverage.faults = self.read("faults", faults::SCHEMA, faults::read)?;
        let places = &mut coverage.places;
        self.read("deliveries", deliveries::SCHEMA, |table| deliveries::read(table, places))?;
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
        validate::coverage(&coverage, self.archives()).map_err(damaged)?;
        Ok((baseline, coverage))
    }

    /// Every listed object, in delivery order.
    ///
    /// # Errors
    /// If the table is missing or damaged.
    pub fn objects(&self) -> Result<Vec<ObjectEntry>, StoreError> {
        let objects = self.read("objects", objects::SCHEMA, objects::read)?;
        let damaged = |TableError(reason)| StoreError::Damaged { path: self.path.join(MANIFEST), reason };
        validate::objects(&objects, self.archives()).map_err(damaged)?;
        Ok(objects)
    }

    /// Everything, including what is needed to add to it.
    ///
    /// # Errors
    /// If a table is missing or damaged.
    pub fn contents(&self) -> Result<BaselineContents, StoreError> {
        let (baseline, coverage) = self.baseline()?;
        let objects = self.objects()?;
        let records = self.read("records", records::SCHEMA, |table| {
            records::read(table, objects.len(), baseline.behaviours.len())
        })?;
        Ok(BaselineContents {
            learning: self.learning.clone(),
            archives: self.manifest.archives.clone(),
            baseline,
            coverage,
            catalog: Catalog { objects, records },
        })
    }

    /// Verifies a table against the manifest and reads it.
    fn read<T>(
        &self,
        name: &str,
        schema: &str,
        read: impl FnOnce(&Table) -> Result<T, TableError>,
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
            .map_err(|TableError(reason)| StoreError::Damaged { path, reason })
    }

    fn check(&self, name: &str, bytes: &Bytes) -> Result<usize, TableError> {
        let entry =
            self.manifest.tables.get(name).ok_or(TableError::from("the manifest does not know it"))?;
        if bytes.len() != entry.bytes {
            return Err(TableError(format!("it has {} bytes, not {}", bytes.len(), entry.bytes)));
        }
        if Checksum::of(bytes).to_string() != entry.sha256 {
            return Err("its checksum is another".into());
        }
        Ok(entry.rows)
    }
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
