//! The manifest of a baseline: version, settings, totals, coverage, and a checksum for each table and for itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::error::TableError;
use super::{BaselineContents, STORE_VERSION};
use crate::catalog::{AppliedRules, LearningScope};
use crate::checksum::Checksum;
use crate::coverage::{
    ClusterFolder, ClusterFolders, Coverage, DeliveryDays, FaultKind, FoundPaths, ObjectCounts, ObjectSkip,
    PlaceCoverage, RecordCounts, RecordSkip, Remark, SomeShards, Unfinished,
};
use crate::model::{Dimension, Dimensions, PrincipalKey};
use crate::time::Timestamp;

/// Its file name.
pub(super) const MANIFEST: &str = "manifest.json";

/// It has some kilobytes, and grows with the places it accounts for.
pub(super) const LARGEST_MANIFEST: u64 = 256 << 20;

/// The content of `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// Of this document, with an empty text in this field.
    checksum: String,
    pub(super) firstseen_baseline: u32,
    tool_version: String,
    settings: SettingsEntry,
    pub(super) archives: Vec<String>,
    totals: TotalsEntry,
    coverage: CoverageEntry,
    /// Records of calls that changed what is logged, and are not in the table `logging`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) logging_changes_left_out: u64,
    pub(super) tables: BTreeMap<String, TableEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsEntry {
    principal_key: String,
    k8s_namespace_in_key: bool,
    read_from: Option<String>,
    read_to: Option<String>,
    delivery_slack: String,
    max_object_size: u64,
    dimensions: Vec<String>,
    rules: Option<RulesEntry>,
}

/// Rules that events were matched against.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesEntry {
    sha256: String,
    left_out: Vec<String>,
}

/// Informational: never read back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TotalsEntry {
    principals: usize,
    actions: usize,
    behaviours: usize,
    sightings: u64,
    objects: usize,
}

/// One table.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableEntry {
    pub(super) rows: usize,
    pub(super) bytes: usize,
    pub(super) sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CoverageEntry {
    objects: ObjectsEntry,
    records: RecordsEntry,
    stored_bytes: u64,
    json_bytes: u64,
    first_event: Option<String>,
    last_event: Option<String>,
    fault_count: u64,
    places: Vec<PlaceEntry>,
    #[serde(default, skip_serializing_if = "FoundEntry::is_empty")]
    found: FoundEntry,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    clusters: Vec<ClusterEntry>,
    #[serde(default, skip_serializing_if = "UnfinishedEntry::is_empty")]
    unfinished: UnfinishedEntry,
}

/// What the baseline lacks of what was listed for it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnfinishedEntry {
    /// Objects that were not read, by archive.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    unread: BTreeMap<String, u64>,
    /// Plans of which only some shards are there, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    plans: BTreeMap<String, ShardsEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShardsEntry {
    of: u32,
    shards: BTreeSet<u32>,
}

/// A cluster whose events are in a folder of an archive.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterEntry {
    cluster: String,
    archive: u32,
    folder: String,
}

/// Where records were found outside known carriers.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FoundEntry {
    paths: BTreeMap<String, u64>,
    unlisted: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectsEntry {
    listed: u64,
    read: u64,
    read_in_part: u64,
    skipped: BTreeMap<String, u64>,
    failed: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    unlisted: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    skipped_inside: BTreeMap<String, u64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordsEntry {
    total: u64,
    counted: u64,
    duplicates: u64,
    filtered: u64,
    skipped: BTreeMap<String, u64>,
    faulty: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    remarks: BTreeMap<String, u64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceEntry {
    account: String,
    region: String,
    objects: u64,
    failed: u64,
    records: u64,
    stored_bytes: u64,
}

impl Manifest {
    pub(super) fn new(stored: &BaselineContents, tables: BTreeMap<String, TableEntry>) -> Self {
        let BaselineContents { learning, archives, baseline, coverage, objects, .. } = stored;
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        Self {
            checksum: String::new(),
            firstseen_baseline: STORE_VERSION,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            settings: SettingsEntry {
                principal_key: learning.principal_key.name().to_owned(),
                k8s_namespace_in_key: learning.namespace_in_key,
                read_from: time(learning.read_from),
                read_to: time(learning.read_to),
                delivery_slack: learning.delivery_slack.to_string(),
                max_object_size: learning.max_object_size,
                dimensions: learning.dimensions.iter().map(|dimension| dimension.name().to_owned()).collect(),
                rules: learning.rules.as_ref().map(|rules| RulesEntry {
                    sha256: rules.checksum.to_string(),
                    left_out: rules.left_out.clone(),
                }),
            },
            archives: archives.clone(),
            totals: TotalsEntry {
                principals: baseline.principals.len(),
                actions: baseline.actions.len(),
                behaviours: baseline.behaviours.len(),
                sightings: baseline.behaviours.iter().map(|behaviour| behaviour.count()).sum(),
                objects: objects.len(),
            },
            coverage: CoverageEntry::new(coverage),
            logging_changes_left_out: baseline.logging.others,
            tables,
        }
    }

    /// The document with its checksum.
    pub(super) fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        let checksum = Checksum::of(text.as_bytes()).to_string();
        Ok(text.replacen("\"checksum\": \"\"", &format!("\"checksum\": \"{checksum}\""), 1).into_bytes())
    }

    /// Reads a document and verifies its checksum.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, TableError> {
        let mut manifest: Self =
            serde_json::from_slice(bytes).map_err(|error| TableError(error.to_string()))?;
        let checksum = std::mem::take(&mut manifest.checksum);
        let text = std::str::from_utf8(bytes).map_err(|_| TableError::value("checksum"))?;
        let unsigned = text.replacen(&checksum, "", 1);
        if Checksum::of(unsigned.as_bytes()).to_string() == checksum {
            Ok(manifest)
        } else {
            Err("its checksum is another".into())
        }
    }

    pub(super) fn learning(&self) -> Result<LearningScope, TableError> {
        let settings = &self.settings;
        Ok(LearningScope {
            principal_key: PrincipalKey::from_name(&settings.principal_key)
                .ok_or_else(|| TableError::value("principal_key"))?,
            namespace_in_key: settings.k8s_namespace_in_key,
            read_from: parse_time(settings.read_from.as_deref())?,
            read_to: parse_time(settings.read_to.as_deref())?,
            delivery_slack: settings
                .delivery_slack
                .parse()
                .map_err(|_| TableError::value("delivery_slack"))?,
            max_object_size: settings.max_object_size,
            dimensions: dimensions(&settings.dimensions)?,
            rules: settings.rules.as_ref().map(RulesEntry::applied_rules).transpose()?,
        })
    }

    /// The coverage without its list of faults, and its places without their days.
    pub(super) fn coverage(&self) -> Result<Coverage, TableError> {
        let CoverageEntry { objects, records, places, found, clusters, unfinished, .. } = &self.coverage;
        let mut known = ClusterFolders::default();
        for ClusterEntry { cluster, archive, folder } in clusters {
            known.add(ClusterFolder {
                cluster: cluster.as_str().into(),
                archive: *archive,
                folder: folder.as_str().into(),
            });
        }
        Ok(Coverage {
            objects: ObjectCounts {
                listed: objects.listed,
                read: objects.read,
                read_in_part: objects.read_in_part,
                skipped: counts(&objects.skipped, ObjectSkip::from_name)?,
                failed: counts(&objects.failed, FaultKind::from_name)?,
                unlisted: counts(&objects.unlisted, ObjectSkip::from_name)?,
                skipped_inside: counts(&objects.skipped_inside, ObjectSkip::from_name)?,
            },
            records: RecordCounts {
                total: records.total,
                counted: records.counted,
                duplicates: records.duplicates,
                filtered: records.filtered,
                skipped: counts(&records.skipped, RecordSkip::from_name)?,
                faulty: counts(&records.faulty, FaultKind::from_name)?,
                remarks: counts(&records.remarks, Remark::from_name)?,
            },
            stored_bytes: self.coverage.stored_bytes,
            json_bytes: self.coverage.json_bytes,
            first_event: parse_time(self.coverage.first_event.as_deref())?,
            last_event: parse_time(self.coverage.last_event.as_deref())?,
            places: places.iter().map(PlaceEntry::coverage).collect(),
            found: found.coverage(),
            clusters: known,
            faults: Vec::new(),
            fault_count: self.coverage.fault_count,
            unfinished: unfinished.unfinished()?,
        })
    }
}

impl ClusterEntry {
    fn new(one: &ClusterFolder) -> Self {
        let ClusterFolder { cluster, archive, folder } = one;
        Self { cluster: cluster.to_string(), archive: *archive, folder: folder.to_string() }
    }
}

impl RulesEntry {
    fn applied_rules(&self) -> Result<AppliedRules, TableError> {
        let checksum = self.sha256.parse().map_err(|_| TableError::value("rules"))?;
        Ok(AppliedRules { checksum, left_out: self.left_out.clone() })
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn dimensions(names: &[String]) -> Result<Dimensions, TableError> {
    let dimension =
        |name: &String| Dimension::learnt_from_name(name).ok_or_else(|| TableError::value("dimensions"));
    names.iter().map(dimension).collect()
}

fn parse_time(text: Option<&str>) -> Result<Option<Timestamp>, TableError> {
    text.map(|text| Timestamp::parse(text).ok_or_else(|| TableError::value("time"))).transpose()
}

fn counts<K: Ord>(
    named: &BTreeMap<String, u64>,
    from_name: fn(&str) -> Option<K>,
) -> Result<BTreeMap<K, u64>, TableError> {
    let count = |(name, count): (&String, &u64)| Some((from_name(name)?, *count));
    named.iter().map(|entry| count(entry).ok_or_else(|| TableError::value(entry.0))).collect()
}

impl CoverageEntry {
    fn new(coverage: &Coverage) -> Self {
        let (objects, records) = (&coverage.objects, &coverage.records);
        Self {
            objects: ObjectsEntry {
                listed: objects.listed,
                read: objects.read,
                read_in_part: objects.read_in_part,
                skipped: named(&objects.skipped, |reason| reason.name()),
                failed: named(&objects.failed, |kind| kind.name()),
                unlisted: named(&objects.unlisted, |reason| reason.name()),
                skipped_inside: named(&objects.skipped_inside, |reason| reason.name()),
            },
            records: RecordsEntry {
                total: records.total,
                counted: records.counted,
                duplicates: records.duplicates,
                filtered: records.filtered,
                skipped: named(&records.skipped, |reason| reason.name()),
                faulty: named(&records.faulty, |kind| kind.name()),
                remarks: named(&records.remarks, |remark| remark.name()),
            },
            stored_bytes: coverage.stored_bytes,
            json_bytes: coverage.json_bytes,
            first_event: coverage.first_event.map(|time| time.to_string()),
            last_event: coverage.last_event.map(|time| time.to_string()),
            fault_count: coverage.fault_count,
            places: coverage.places.iter().map(PlaceEntry::new).collect(),
            found: FoundEntry::new(&coverage.found),
            unfinished: UnfinishedEntry::new(&coverage.unfinished),
            clusters: coverage.clusters.iter().map(ClusterEntry::new).collect(),
        }
    }
}

fn named<K>(counts: &BTreeMap<K, u64>, name: fn(&K) -> &'static str) -> BTreeMap<String, u64> {
    counts.iter().map(|(key, count)| (name(key).to_owned(), *count)).collect()
}

impl UnfinishedEntry {
    fn new(Unfinished { unread, plans }: &Unfinished) -> Self {
        let entry = |SomeShards { shards, of }: &SomeShards| ShardsEntry { of: *of, shards: shards.clone() };
        let plans = plans.iter().map(|(plan, shards)| (plan.clone(), entry(shards))).collect();
        Self { unread: unread.clone(), plans }
    }

    fn is_empty(&self) -> bool {
        self.unread.is_empty() && self.plans.is_empty()
    }

    fn unfinished(&self) -> Result<Unfinished, TableError> {
        let mut unfinished = Unfinished { unread: self.unread.clone(), ..Unfinished::default() };
        for (plan, ShardsEntry { of, shards }) in &self.plans {
            if !shards.iter().all(|shard| (1..=*of).contains(shard)) {
                return Err(TableError::value("shards"));
            }
            unfinished.add_shards(plan.clone(), SomeShards { shards: shards.clone(), of: *of });
        }
        Ok(unfinished)
    }
}

impl FoundEntry {
    fn new(found: &FoundPaths) -> Self {
        let paths = found.listed().map(|(path, records)| (path.to_owned(), records)).collect();
        Self { paths, unlisted: found.unlisted() }
    }

    fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.unlisted == 0
    }

    fn coverage(&self) -> FoundPaths {
        let mut found = FoundPaths::default();
        self.paths.iter().for_each(|(path, records)| found.add(path, *records));
        found.add_unlisted(self.unlisted);
        found
    }
}

impl PlaceEntry {
    fn new((place, covered): (&(String, String), &PlaceCoverage)) -> Self {
        Self {
            account: place.0.clone(),
            region: place.1.clone(),
            objects: covered.objects,
            failed: covered.failed,
            records: covered.records,
            stored_bytes: covered.stored_bytes,
        }
    }

    fn coverage(&self) -> ((String, String), PlaceCoverage) {
        let Self { account, region, objects, failed, records, stored_bytes } = self;
        let (objects, failed, records, stored_bytes) = (*objects, *failed, *records, *stored_bytes);
        let days = DeliveryDays::default();
        let covered = PlaceCoverage { objects, failed, records, stored_bytes, days };
        ((account.clone(), region.clone()), covered)
    }
}
