//! What the names of an archive's objects say: nothing is opened for it.

use std::collections::{BTreeMap, BTreeSet};

use super::counts::joined;
use super::layout::{Layout, lake_value, split_at_tree};
use crate::coverage::ObjectSkip;
use crate::model::{is_account_id, last_part};
use crate::source::{Archives, DigestName, Listing, LogObject};
use crate::time::Timestamp;

/// How many of the archive's own folders are listed.
pub(super) const FOLDERS_LISTED: usize = 200;

/// How many folders that hold trees are listed. Whoever names folders decides how many there are.
const TREES_LISTED: usize = 20;

/// What the names of objects say.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Objects that a scan would open.
    pub objects: u64,
    /// Their bytes as stored.
    pub bytes: u64,
    /// Among these, the bytes of objects whose name has no delivery day.
    pub undated_bytes: u64,
    /// Those among them whose names are those of digests, outside the folders by which a scan knows them.
    pub named_digests: u64,
    /// Objects that a scan does not open, since their names say that they are no logs.
    pub skipped: BTreeMap<ObjectSkip, u64>,
    /// Folders that are not listed, by reason.
    pub unlisted: BTreeMap<ObjectSkip, u64>,
    /// Folders that could not be listed.
    pub list_faults: Vec<String>,
    /// Objects by layout.
    pub layouts: BTreeMap<Layout, u64>,
    /// Accounts that the names give.
    pub accounts: BTreeSet<String>,
    /// Regions that they give; that of a cluster's audit log is `eks/NAME`.
    pub regions: BTreeSet<String>,
    /// The first and last delivery.
    pub delivered: Option<[Timestamp; 2]>,
    /// The first and last time at which a log was closed that the API server itself wrote, by its name; what is in it is older.
    pub rotated: Option<[Timestamp; 2]>,
    /// The archive's own folders with objects in them; empty names are for objects in none. At most 200.
    pub folders: BTreeSet<String>,
    /// Folders that hold a folder `AWSLogs` or `EKSLogs`, with the number of objects below; empty if the archive's own folder does.
    pub trees: BTreeMap<String, u64>,
}

impl Seen {
    /// Looks at a listing. `place` is where the archive is; paths in the listing are below it.
    pub(super) fn of(archives: &Archives, listing: &Listing, place: &str) -> Self {
        let mut seen = Self::default();
        for object in &listing.objects {
            let bytes = archives.size(object).unwrap_or_default();
            seen.objects += 1;
            seen.bytes += bytes;
            seen.undated_bytes += if object.delivered.is_none() { bytes } else { 0 };
            seen.add(object, place);
        }
        seen.skipped = listing.coverage.objects.skipped.clone();
        seen.unlisted = listing.coverage.objects.unlisted.clone();
        let faults = listing.coverage.faults.iter();
        seen.list_faults = faults.map(|fault| format!("{}: {}", fault.object, fault.detail)).collect();
        seen
    }

    /// Number of digests, or of folders of them, that the archive has by its names.
    pub fn digests(&self) -> u64 {
        let skips = [&self.skipped, &self.unlisted];
        let passed_over: u64 = skips.iter().filter_map(|skips| skips.get(&ObjectSkip::Digest)).sum();
        passed_over + self.named_digests
    }

    fn add(&mut self, object: &LogObject, place: &str) {
        let (path, key) = (&*object.path, object.key());
        self.named_digests += u64::from(DigestName::parse(path).is_some());
        *self.layouts.entry(Layout::of(&format!("{place}/{path}"))).or_default() += 1;
        if let Some((account, region)) = key.place() {
            add_name(&mut self.accounts, account);
            add_name(&mut self.regions, &region);
        } else {
            let account = lake_value(path, "accountId").filter(|account| is_account_id(account));
            account.into_iter().for_each(|account| add_name(&mut self.accounts, account));
            lake_value(path, "region").into_iter().for_each(|region| add_name(&mut self.regions, region));
        }
        let time = object.delivered.or_else(|| lake_day(path));
        if let Some(time) = time {
            let [first, last] = self.delivered.unwrap_or([time, time]);
            self.delivered = Some([first.min(time), last.max(time)]);
        }
        let closed = rotation(last_part(path));
        self.rotated = joined(self.rotated, closed.map(|time| [time, time]));
        if self.folders.len() < FOLDERS_LISTED {
            add_name(&mut self.folders, path.split_once('/').map_or("", |(folder, _)| folder));
        }
        if let Some((before, _)) = split_at_tree(path)
            && (self.trees.len() < TREES_LISTED || self.trees.contains_key(before))
        {
            *self.trees.entry(before.to_owned()).or_default() += 1;
        }
    }
}

/// The time in the name of a log that the API server has closed: `audit-2026-03-01T01-00-00.000.log`, also packed.
fn rotation(name: &str) -> Option<Timestamp> {
    let at = name.find(".log")?.checked_sub(23)?;
    let time = name.get(at..at + 23)?;
    let number = |range| time.get(range).and_then(|digits: &str| digits.parse::<u32>().ok());
    let marks = |at: usize| time.as_bytes().get(at).copied();
    let is_time = (marks(4), marks(7), marks(10), marks(13), marks(16), marks(19))
        == (Some(b'-'), Some(b'-'), Some(b'T'), Some(b'-'), Some(b'-'), Some(b'.'));
    let day = Timestamp::from_date(i64::from(number(0..4)?), number(5..7)?, number(8..10)?)?;
    let hour = number(11..13)?.try_into().ok().filter(|hour| *hour < 24)?;
    is_time.then(|| day.day().hour(hour))
}

fn add_name(names: &mut BTreeSet<String>, name: &str) {
    if !names.contains(name) {
        names.insert(name.to_owned());
    }
}

/// The day of a folder `eventDay=YYYYMMDD`.
fn lake_day(path: &str) -> Option<Timestamp> {
    let day = lake_value(path, "eventDay")?;
    let number = |range| day.get(range).and_then(|digits: &str| digits.parse::<u32>().ok());
    Timestamp::from_date(i64::from(number(0..4)?), number(4..6)?, number(6..8)?)
}
