//! What is worth knowing about an archive, what to do about it, and what to run next.

use std::collections::{BTreeMap, BTreeSet};

use super::content::Content;
use super::layout::{Layout, split_at_tree};
use super::sample::Sample;
use super::seen::Seen;
use super::{Subject, has_digests};
use crate::coverage::is_folder_of_time;
use crate::names::named;
use crate::time::Span;

named! {
    /// A remark about an archive.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum RemarkKind {
        /// No opened object is a log.
        NoLogs = "no-logs",
        /// There are digests, but no log files.
        OnlyDigests = "only-digests",
        /// Opened objects could not be read.
        Unreadable = "unreadable",
        /// Folders could not be listed.
        Unlisted = "unlisted",
        /// The archive is a part of a larger one: named too deep.
        Inside = "inside-archive",
        /// The logs are in one of the archive's folders: named too high.
        LogsBelow = "logs-below",
        /// The archive's folders hold several archives.
        SeveralTrees = "several-archives",
        /// There are log files of CloudTrail, but no digests.
        NoDigests = "no-digests",
        /// The deliveries, or the events, cover less than the default warmup.
        ShortSpan = "short-span",
        /// Audit events of Kubernetes name no cluster.
        UnnamedClusters = "unnamed-clusters",
    }
}

/// Something worth knowing, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Which kind.
    pub kind: RemarkKind,
    /// What is the case.
    pub what: String,
    /// What to do.
    pub todo: String,
    /// Lines to copy for it, of a file for `--config`.
    pub lines: Vec<String>,
}

impl Remark {
    fn new(kind: RemarkKind, what: String, todo: String) -> Self {
        Self { kind, what, todo, lines: Vec::new() }
    }
}

/// What to run next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Rank what is new at once; with a shorter warmup if the archive is short.
    Triage {
        /// The warmup, if not the default.
        warmup: Option<Span>,
    },
    /// Make a baseline first, and rank from it.
    Index {
        /// The warmup, if not the default.
        warmup: Option<Span>,
    },
    /// Look at this place instead.
    Doctor {
        /// The archive that this one is a part of.
        place: String,
    },
    /// There is nothing to run.
    Nothing,
}

/// More bytes as stored than this, and buckets, are worth a baseline: 10 GB of JSON.
const WORTH_A_BASELINE: u64 = 1 << 30;

/// Days of the default warmup.
const WARMUP_DAYS: u32 = 30;

/// At most so many folders are named in a remark.
const FOLDERS_SHOWN: usize = 5;

/// For at most so many folders a remark has tables.
const TABLES_SHOWN: usize = 50;

/// All remarks, the most important first, and what to run next.
pub(super) fn conclude(subject: &Subject<'_>, seen: &Seen, sample: &Sample) -> (Vec<Remark>, Next) {
    let root = root(subject);
    let about = About { subject, seen, sample, root: root.as_deref() };
    let remarks = [
        about.no_logs(),
        about.unreadable(),
        about.unlisted(),
        about.inside(),
        about.below(),
        about.no_digests(),
        about.short_span(),
        about.unnamed_clusters(),
    ];
    let remarks = remarks.into_iter().flatten().collect();
    let elsewhere = if about.has_logs() { about.tree_with_all_logs() } else { root.clone() };
    let next = match (about.has_logs(), elsewhere) {
        (true, Some(place)) => Next::Doctor { place },
        (true, _) if subject.is_bucket || seen.bytes > WORTH_A_BASELINE => {
            Next::Index { warmup: about.warmup() }
        }
        (true, _) => Next::Triage { warmup: about.warmup() },
        (false, Some(place)) => Next::Doctor { place },
        (false, None) => Next::Nothing,
    };
    (remarks, next)
}

/// The archive that this one is a part of, if it is inside a folder `AWSLogs` or `EKSLogs`.
fn root(subject: &Subject<'_>) -> Option<String> {
    let (name, (before, below)) =
        [subject.name, subject.place].into_iter().find_map(|name| Some((name, split_at_tree(name)?)))?;
    let root = match before {
        "" if name.starts_with('/') => "/",
        "" => ".",
        before => before,
    };
    (!below.is_empty()).then(|| root.to_owned())
}

struct About<'a> {
    subject: &'a Subject<'a>,
    seen: &'a Seen,
    sample: &'a Sample,
    root: Option<&'a str>,
}

impl About<'_> {
    /// Whether an opened object is a log, or one that a scan could read if it were allowed to.
    fn has_logs(&self) -> bool {
        self.sample.objects.iter().any(|object| matches!(object.content, Content::Logs(_)))
    }

    /// Where `AWSLogs` or `EKSLogs` is, if it is below the archive and no opened object outside is a log.
    fn tree_with_all_logs(&self) -> Option<String> {
        let (tree, _) = self.seen.trees.first_key_value().filter(|(tree, _)| {
            self.seen.trees.len() == 1 && !tree.is_empty() && !self.subject.place.is_empty()
        })?;
        let mut logs = self.sample.objects.iter().filter(|object| object.content.is_log());
        let all = logs.all(|object| split_at_tree(&object.path).is_some());
        let is_alone = self.seen.trees[tree] == self.seen.objects;
        (all && !is_alone).then(|| self.place_of(tree))
    }

    /// The name of a folder below the archive.
    fn place_of(&self, below: &str) -> String {
        match below {
            "" => self.subject.name.to_owned(),
            below if self.subject.place.is_empty() => below.to_owned(),
            below => format!("{}/{below}", self.subject.name.trim_end_matches('/')),
        }
    }

    /// The contents of opened objects that are no logs, counted, the most frequent first.
    fn others(&self) -> Vec<(&'static str, u64)> {
        let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
        for object in &self.sample.objects {
            if !matches!(object.content, Content::Logs(_)) {
                *counts.entry(object.content.name()).or_default() += 1;
            }
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }

    fn no_logs(&self) -> Option<Remark> {
        if self.has_logs() {
            return None;
        }
        let others = self.others();
        if others.is_empty() {
            let only_digests = self.seen.digests() > 0;
            let kind = if only_digests { RemarkKind::OnlyDigests } else { RemarkKind::NoLogs };
            let what = match only_digests {
                true => "there are only digests, which list log files and have no events".to_owned(),
                false => "the names of all objects say that they are not logs of CloudTrail or Kubernetes"
                    .to_owned(),
            };
            let todo = self.elsewhere("copy the folders CloudTrail or EKSLogs, too");
            return Some(Remark::new(kind, what, todo));
        }
        let listed: Vec<String> = others.iter().map(|(name, count)| format!("{name} {count}")).collect();
        let opened = self.sample.objects.len();
        let what = format!("objects opened: {opened}, none of them a log: {}", listed.join(", "));
        let todo = match others[0].0 {
            "encrypted" => "decrypt them first; firstseen reads objects as CloudTrail delivers them".to_owned(),
            "digest" => self.elsewhere("name the folder CloudTrail beside CloudTrail-Digest, or the one above both"),
            "unknown-carrier" => {
                "another remark says what they are: export them in a form that docs/formats.md lists under 'What is read', if there is one".to_owned()
            }
            "empty" | "no-events" => self.elsewhere("check what wrote them: there is nothing in them"),
            _ => self.elsewhere(
                "name the folder that contains AWSLogs/ or EKSLogs/; docs/formats.md lists under 'What is read' what else is read",
            ),
        };
        let is_digest = others[0].0 == "digest";
        let kind = if is_digest { RemarkKind::OnlyDigests } else { RemarkKind::NoLogs };
        Some(Remark::new(kind, what, todo))
    }

    /// What to do if there is nothing here: look at the whole archive, if this is a part of one.
    fn elsewhere(&self, otherwise: &str) -> String {
        self.root.map_or(otherwise.to_owned(), |root| format!("look at the whole archive, '{root}'"))
    }

    fn unreadable(&self) -> Option<Remark> {
        let mut unread = self.sample.objects.iter().filter_map(|object| match object.content {
            Content::Unreadable(name) => Some((object, name)),
            _ => None,
        });
        let (object, name) = unread.next()?;
        let count = 1 + unread.count();
        let why = object.fault.as_deref().unwrap_or(name);
        let what = format!(
            "objects opened that could not be read: {count} of {}, first '{}' ({name}): {why}",
            self.sample.objects.len(),
            object.path
        );
        let todo = match name {
            "kms-denied" => {
                "let the identity use the key that encrypts the objects: kms:Decrypt, in its policy and in that of the key"
            }
            "access-denied" => {
                "let the identity read the objects: s3:GetObject on them, in its policy or in that of the bucket"
            }
            "archived-glacier" | "archived-deep-archive" | "archived-intelligent-tiering" => {
                "restore the objects first (aws s3api restore-object), or leave them out with --read-from"
            }
            "credentials-expired" => "get new credentials, and run it again",
            "gzip-truncated" | "gzip-corrupt" | "packing-broken" => {
                "copy the object again; a scan reads what it can, and lists the rest (--faults FILE)"
            }
            "unknown-carrier" => "a scan leaves them out, and lists them (--faults FILE)",
            "read" => "check who may read the files (ls -l), and the disk",
            _ => "a scan reads what it can and lists the rest (--faults FILE)",
        };
        Some(Remark::new(RemarkKind::Unreadable, what, todo.to_owned()))
    }

    fn unlisted(&self) -> Option<Remark> {
        let first = self.seen.list_faults.first()?;
        let what =
            format!("folders that could not be listed: {}, first {first}", self.seen.list_faults.len());
        let todo = "check who may list them: what is in them is missing from every answer".to_owned();
        Some(Remark::new(RemarkKind::Unlisted, what, todo))
    }

    fn inside(&self) -> Option<Remark> {
        let root = self.root.filter(|_| self.has_logs())?;
        let what = "it is only a part of an archive: accounts, Regions and digests beside it are not read"
            .to_owned();
        let todo = format!(
            "to read all of them, name '{root}'; Regions and accounts can be filtered (--region, --account)"
        );
        Some(Remark::new(RemarkKind::Inside, what, todo))
    }

    fn below(&self) -> Option<Remark> {
        let trees = &self.seen.trees;
        let inside: u64 = trees.values().sum();
        let (first, _) = trees.first_key_value()?;
        let place = |below: &str| self.place_of(below);
        if trees.len() > 1 {
            let names: Vec<String> = trees.keys().take(5).map(|tree| format!("'{}'", place(tree))).collect();
            let more = if trees.len() > 5 { " and others" } else { "" };
            let what = format!("it holds several archives: {}{more}", names.join(", "));
            let todo = "if they are copies of one, name one of them; if not, all are read together, and copies of a record count once";
            return Some(Remark::new(RemarkKind::SeveralTrees, what, todo.to_owned()));
        }
        if first.is_empty() || inside == self.seen.objects {
            return None;
        }
        let outside = self.seen.objects - inside;
        let what = format!("AWSLogs or EKSLogs is in '{}'; objects outside: {outside}", place(first));
        let todo = format!("if the others are no logs, name '{}'", place(first));
        Some(Remark::new(RemarkKind::LogsBelow, what, todo))
    }

    fn no_digests(&self) -> Option<Remark> {
        let has_folders = [Layout::AwsLogs, Layout::Organization]
            .iter()
            .any(|layout| self.seen.layouts.contains_key(layout));
        let is_whole = self.root.is_none() && has_folders;
        let has_trail = self.sample.objects.iter().any(|object| object.cloudtrail > 0);
        (is_whole && has_trail && !has_digests(self.seen, self.sample)).then(|| {
            Remark::new(
                RemarkKind::NoDigests,
                "there are no digests, so nothing can show that log files are whole and unaltered".to_owned(),
                "copy the folders CloudTrail-Digest, too, if log file validation was on (firstseen verify)"
                    .to_owned(),
            )
        })
    }

    fn short_span(&self) -> Option<Remark> {
        let warmup = self.warmup().filter(|_| self.has_logs())?;
        let what = format!(
            "the {} cover less than the default warmup of {WARMUP_DAYS} days, so a scan may report nothing",
            if self.seen.delivered.is_some() { "deliveries" } else { "events" }
        );
        Some(Remark::new(RemarkKind::ShortSpan, what, format!("give a shorter warmup: --warmup {warmup}")))
    }

    /// A shorter warmup, if the default one is longer than all of the archive: a third of it in days by the names of its objects; else, if
    /// all of it was read, a quarter by its events, as a scan proposes.
    fn warmup(&self) -> Option<Span> {
        let is_short = |covered: &i64| *covered < Span::days(WARMUP_DAYS).micros();
        if let Some([first, last]) = self.seen.delivered {
            let covered = Some(last.micros_since(first)).filter(is_short)?;
            let days = covered / Span::days(1).micros() / 3;
            return Some(Span::days(u32::try_from(days).unwrap_or_default()));
        }
        let [first, last] = self.sample.events.filter(|_| self.sample.is_whole)?;
        let covered = Some(last.micros_since(first)).filter(is_short)?;
        Some(Span::within(covered / 4))
    }

    /// That users of several clusters may count as one.
    fn unnamed_clusters(&self) -> Option<Remark> {
        let unnamed = self.sample.objects.iter().filter(|object| object.unnamed > 0);
        let folder = |path: &str| path.split_once('/').map_or("", |(folder, _)| folder).to_owned();
        let with: BTreeSet<String> = unnamed.map(|object| folder(&object.path)).collect();
        if with.is_empty() {
            return None;
        }
        let named = self.sample.objects.iter().filter(|object| object.unnamed == 0);
        let without: BTreeSet<String> = named.map(|object| folder(&object.path)).collect();
        // What was not opened is taken to be like the rest.
        let is_like = |name: &&String| with.contains(*name) || !without.contains(*name);
        let folders: Vec<&str> = self.seen.folders.iter().filter(is_like).map(String::as_str).collect();
        let clusters: Vec<&str> =
            folders.iter().copied().filter(|name| !name.is_empty() && !is_folder_of_time(name)).collect();
        if clusters.len() < 2 {
            let what = "nothing names the cluster of its Kubernetes audit events: users are shown as of the cluster -";
            let todo = "name it with --k8s-cluster NAME if logs of other clusters are to be added";
            return Some(Remark::new(RemarkKind::UnnamedClusters, what.to_owned(), todo.to_owned()));
        }
        let shown: Vec<String> =
            clusters.iter().take(FOLDERS_SHOWN).map(|name| format!("'{name}'")).collect();
        let more = if clusters.len() > shown.len() { " and others" } else { "" };
        let what = format!(
            "nothing names the clusters of Kubernetes audit events in {} folders, so users of one name count as one: {}{more}",
            clusters.len(),
            shown.join(", ")
        );
        let of_one = "if they are nodes of one cluster, --k8s-cluster NAME";
        let place = self.subject.place.trim_end_matches('/');
        if place.is_empty() || clusters.len() > TABLES_SHOWN {
            let todo = format!(
                "if they are of different clusters, give each a table with path and k8s-cluster in a file, and name that with --config; {of_one}"
            );
            return Some(Remark::new(RemarkKind::UnnamedClusters, what, todo));
        }
        let todo = format!(
            "if they are of different clusters, put these lines into a file, and name it with --config FILE instead of the archive; {of_one}"
        );
        let table = |name: &&str| {
            let path = quoted(&format!("{place}/{name}"));
            ["[[archive]]".to_owned(), format!("path = {path}"), format!("k8s-cluster = {}", quoted(name))]
        };
        let lines = clusters.iter().flat_map(table).collect();
        Some(Remark { lines, ..Remark::new(RemarkKind::UnnamedClusters, what, todo) })
    }
}

/// A text of a configuration file.
fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            c if c.is_control() => format!("\\u{:04X}", u32::from(c)).chars().collect(),
            c => vec![c],
        })
        .collect();
    format!("\"{escaped}\"")
}
