//! One shard: what a task reads, as plain data.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Plan;
use crate::checksum::Checksum;
use crate::coverage::{Coverage, Fault, FaultKind, ObjectSkip, Position};
use crate::source::{Archives, DescribedObject, Listing, LogObject, ReadWindow, SkippedObject};
use crate::time::{Bound, Span, Timestamp};

/// Version of the form of shards.
const SHARD_VERSION: u32 = 2;

/// One shard: the objects that one task reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    shard_version: u32,
    /// What tells its plan from others, a SHA-256.
    pub plan: String,
    /// Its number, from 1.
    pub shard: u32,
    /// How many there are.
    pub of: u32,
    /// SHA-256 of everything below: shards with the same content have the same id, so a task that runs twice writes the same baseline.
    pub id: String,
    /// Names of all archives of the plan, in the order of their numbers.
    pub archives: Vec<String>,
    /// `--read-from` of the plan, as the first instant.
    pub read_from: Option<String>,
    /// `--read-to` of the plan, as the last instant.
    pub read_to: Option<String>,
    /// `--delivery-slack` of the plan.
    pub delivery_slack: String,
    /// `--max-object-size` of the plan, in bytes.
    pub max_object_size: u64,
    /// First and last delivery of its objects.
    pub delivered: Option<(String, String)>,
    /// Bytes of its objects as stored.
    pub bytes: u64,
    /// The objects to read, in the order of delivery.
    pub objects: Vec<DescribedObject>,
    /// Listed objects that are not read, by reason.
    pub skipped: BTreeMap<String, Vec<DescribedObject>>,
    /// Number of folders that were not listed, by reason.
    pub unlisted: BTreeMap<String, u64>,
    /// What could not be listed.
    pub faults: Vec<ListingFault>,
}

/// A folder that could not be listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListingFault {
    archive: u32,
    object: String,
    kind: String,
    detail: String,
}

/// Why a shard cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ShardError {
    /// It is not a shard.
    #[error("not a shard: {0}")]
    Form(String),
    /// It was changed since it was made.
    #[error("its content does not have the SHA-256 that it states")]
    Changed,
    /// It was made by another version of the program.
    #[error("it has version {0} of the form of shards, and this program reads version {SHARD_VERSION}")]
    Version(u32),
    /// An object of it is in none of the archives.
    #[error("'{0}' is in none of its archives")]
    Object(String),
}

impl Plan<'_> {
    /// Makes a shard. The first one has what is not about single objects.
    pub(super) fn shard(&self, number: u32, range: Range<usize>, skipped: &[SkippedObject]) -> Shard {
        let (objects, sizes) = (&self.listing.objects[range.clone()], &self.sizes[range]);
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let delivered = |object: Option<&LogObject>| object?.delivered.map(|time| time.to_string());
        let first_dated = objects.iter().find(|object| object.delivered.is_some());
        let mut by_reason = BTreeMap::<String, Vec<DescribedObject>>::new();
        for SkippedObject { object, reason } in skipped {
            by_reason.entry(reason.name().to_owned()).or_default().push(object.describe(0));
        }
        let all = &self.listing.coverage;
        let (unlisted, faults) = if number == 1 {
            let unlisted = all.objects.unlisted.iter();
            (
                unlisted.map(|(reason, count)| (reason.name().to_owned(), *count)).collect(),
                all.faults.iter().map(ListingFault::of).collect(),
            )
        } else {
            (BTreeMap::new(), Vec::new())
        };
        let shard = Shard {
            shard_version: SHARD_VERSION,
            plan: self.id.clone(),
            shard: number,
            of: u32::try_from(self.ends.len()).unwrap_or(u32::MAX),
            id: String::new(),
            archives: self.archives.names().to_vec(),
            read_from: time(self.window.read_from),
            read_to: time(self.window.read_to),
            delivery_slack: self.window.slack.to_string(),
            max_object_size: self.max_object_size,
            delivered: delivered(first_dated).zip(delivered(objects.last())),
            bytes: sizes.iter().sum(),
            objects: objects.iter().zip(sizes).map(|(object, size)| object.describe(*size)).collect(),
            skipped: by_reason,
            unlisted,
            faults,
        };
        Shard { id: shard.content_id(), ..shard }
    }
}

impl Shard {
    /// Reads a shard, as [`Shard::line`] writes it.
    ///
    /// # Errors
    /// If it is not one, or was changed.
    pub fn parse(line: &str) -> Result<Self, ShardError> {
        #[derive(Deserialize)]
        struct Versioned {
            shard_version: u32,
        }
        let form = |error: serde_json::Error| ShardError::Form(error.to_string());
        let Versioned { shard_version } = serde_json::from_str(line).map_err(form)?;
        if shard_version != SHARD_VERSION {
            return Err(ShardError::Version(shard_version));
        }
        let shard: Self = serde_json::from_str(line).map_err(form)?;
        if shard.id == shard.content_id() { Ok(shard) } else { Err(ShardError::Changed) }
    }

    /// The shard as one line of JSON, without a line end.
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The SHA-256 of everything but the id and the place in the plan.
    fn content_id(&self) -> String {
        let content = Self { plan: String::new(), id: String::new(), shard: 0, of: 0, ..self.clone() };
        Checksum::of(content.line().as_bytes()).to_string()
    }

    /// The window in which the plan listed.
    ///
    /// # Errors
    /// If its times cannot be read.
    pub fn window(&self) -> Result<ReadWindow, ShardError> {
        let time = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => match text.parse() {
                Ok(Bound::Instant(time)) => Ok(Some(time)),
                Ok(Bound::Day(_)) | Err(_) => Err(ShardError::Form(format!("'{text}' is not a time"))),
            },
        };
        let slack = self.delivery_slack.parse::<Span>();
        Ok(ReadWindow {
            read_from: time(&self.read_from)?,
            read_to: time(&self.read_to)?,
            slack: slack.map_err(|error| ShardError::Form(error.to_string()))?,
        })
    }

    /// The listing that the task reads; `archives` are the shard's own.
    ///
    /// # Errors
    /// If an object is in none of them, or it names something unknown.
    pub fn listing(&self, archives: &Archives) -> Result<Listing, ShardError> {
        let object = |described: &DescribedObject| {
            archives.described(described).ok_or_else(|| ShardError::Object(described.path.clone()))
        };
        let unknown = |name: &str| ShardError::Form(format!("'{name}' is no reason"));
        let reason = |name: &str| ObjectSkip::from_name(name).ok_or_else(|| unknown(name));
        let mut coverage = Coverage::default();
        let mut skipped = Vec::new();
        for (name, objects) in &self.skipped {
            let reason = reason(name)?;
            coverage.objects.skipped.insert(reason, objects.len() as u64);
            for described in objects {
                skipped.push(SkippedObject { object: object(described)?, reason });
            }
        }
        for (name, count) in &self.unlisted {
            coverage.objects.unlisted.insert(reason(name)?, *count);
        }
        for fault in &self.faults {
            let kind = FaultKind::from_name(&fault.kind).ok_or_else(|| unknown(&fault.kind))?;
            coverage.fault(fault.fault(kind));
        }
        let mut objects = self.objects.iter().map(object).collect::<Result<Vec<_>, _>>()?;
        objects.sort_unstable_by(LogObject::delivery_order);
        coverage.objects.listed = (objects.len() + skipped.len()) as u64;
        Ok(Listing { objects, skipped, coverage, ..Listing::default() })
    }
}

impl ListingFault {
    fn of(fault: &Fault) -> Self {
        let Fault { archive, object, position: _, kind, detail } = fault;
        Self {
            archive: *archive,
            object: object.clone(),
            kind: kind.name().to_owned(),
            detail: detail.clone(),
        }
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        let Self { archive, object, detail, .. } = self.clone();
        Fault { archive, object, position: Position::Whole, kind, detail }
    }
}
