//! Marks findings with what the digests of CloudTrail say of their log files.

use std::collections::{HashMap, HashSet};

use firstseen::catalog::ObjectEntry;
use firstseen::checksum::Checksum;
use firstseen::coverage::{FaultKind, Outcome};
use firstseen::model::{LogSource, Text};
use firstseen::query::{self, Finding};
use firstseen::verify::{Proof, Subject};

use super::verify::Verified;

/// What the digests say of each log file.
pub(crate) struct Integrity {
    /// By archive and path.
    files: HashMap<(u32, Text), Marked>,
    /// What was scanned and has no verdict, such as zip and tar archives.
    others: HashSet<(u32, Text)>,
    pub(crate) verified: Verified,
}

/// What the digests say of a log file, and the bytes that they say it of.
struct Marked {
    mark: query::Integrity,
    verified: Option<Checksum>,
    /// Whether the same bytes were scanned; `None` if it was not scanned.
    is_same: Option<bool>,
}

impl Integrity {
    /// Keeps what findings are marked with.
    pub(crate) fn of(mut verified: Verified) -> Self {
        let Verified { verification, warnings, .. } = &mut verified;
        warnings.extend(verification.remarks.iter().cloned());
        if verification.is_contradicted() {
            warnings.push("the digests contradict some of what is there: see firstseen verify".to_owned());
        }
        let logs = verification.verdicts.iter().filter(|verdict| verdict.subject == Subject::Log);
        let files = logs.filter_map(|verdict| {
            let name = verdict.proof.map_or(verdict.class.name(), Proof::name);
            let mark = query::Integrity::from_name(name)?;
            let marked = Marked { mark, verified: verdict.as_stored, is_same: None };
            Some(((verdict.archive?, verdict.object.clone()?), marked))
        });
        Self { files: files.collect(), others: HashSet::new(), verified }
    }

    /// Compares what was scanned with what was verified. Returns the paths of log files that are not the same.
    pub(crate) fn compare(&mut self, scanned: &[ObjectEntry]) -> Vec<Text> {
        let mut changed = Vec::new();
        for object in scanned {
            // Without one it was not opened.
            let Some(checksum) = object.checksum else { continue };
            let key = (object.archive, object.path.clone());
            let Some(marked) = self.files.get_mut(&key) else {
                self.others.insert(key);
                continue;
            };
            let is_same = marked.verified == Some(checksum);
            marked.is_same = Some(is_same);
            if !is_same && !is_lost(object.outcome) && marked.mark != query::Integrity::Unreadable {
                changed.push(object.path.clone());
            }
        }
        changed
    }

    /// Marks findings, once what was scanned has been compared.
    pub(crate) fn set<'f, 'b: 'f>(&self, findings: impl Iterator<Item = &'f mut Finding<'b>>) {
        for finding in findings.filter(|finding| finding.who.kind.source() == LogSource::CloudTrail) {
            finding.integrity =
                finding.evidence.and_then(|evidence| self.mark(evidence.archive, &evidence.object));
        }
    }

    /// The mark of a log file. That of a part of it, `a.json!@4096`, is the same. Files in zip and tar archives are not compared, so
    /// they have none; any other file without a verdict is in no digest. Names of objects may be such that a part may be one of several
    /// objects: if these have different marks, no digest can be said to list it.
    fn mark(&self, archive: u32, object: &Text) -> Option<query::Integrity> {
        let ends = object.match_indices('!').map(|(at, _)| at);
        let names = ends.chain([object.len()]).map(|end| Text::from(&object[..end]));
        let mut marks = names.filter_map(|name| self.mark_of((archive, name), object));
        let mark = marks.next().unwrap_or(Some(query::Integrity::Unlisted));
        if marks.all(|other| other == mark) { mark } else { Some(query::Integrity::Unlisted) }
    }

    /// The mark of what is in a scanned object, which may have none; nothing if there is no such object.
    fn mark_of(&self, scanned: (u32, Text), object: &Text) -> Option<Option<query::Integrity>> {
        if let Some(marked) = self.files.get(&scanned) {
            return marked.mark().map(Some);
        }
        let is_whole_file = scanned.1 == *object;
        self.others.contains(&scanned).then(|| is_whole_file.then_some(query::Integrity::Unlisted))
    }
}

impl Marked {
    /// What the digests say of the bytes that were scanned; nothing if none were.
    fn mark(&self) -> Option<query::Integrity> {
        Some(match self.mark {
            mark if self.is_same? => mark,
            query::Integrity::Unreadable => query::Integrity::Unreadable,
            _ => query::Integrity::Changed,
        })
    }
}

/// Whether an object could not be read to its end, which is a fault already.
fn is_lost(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Failed(kind) | Outcome::ReadInPart(kind) => kind.is_absence() || kind == FaultKind::TooLarge,
        Outcome::Read | Outcome::Skipped(_) => false,
    }
}

/// Warns of objects that were other ones when they were scanned.
pub(crate) fn changed_objects(paths: &[Text]) -> Option<String> {
    const NAMED: usize = 3;
    let named: Vec<String> = paths.iter().take(NAMED).map(|path| format!("'{path}'")).collect();
    let more = match paths.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!paths.is_empty()).then(|| {
        format!(
            "{}{more} changed between the passes: the digests were compared with other bytes than those that were scanned",
            named.join(", ")
        )
    })
}
