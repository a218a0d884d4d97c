//! Marks findings with what the digests of CloudTrail say of their log files.

use std::collections::HashMap;

use firstseen::model::{LogSource, Text};
use firstseen::query::{self, Finding};
use firstseen::verify::{Proof, Subject};

use super::verify::Verified;

/// What the digests say of each log file.
pub(crate) struct Integrity {
    /// By archive and path.
    files: HashMap<(u32, Text), query::Integrity>,
    pub(crate) verified: Verified,
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
            Some(((verdict.archive?, verdict.object.clone()?), query::Integrity::from_name(name)?))
        });
        Self { files: files.collect(), verified }
    }

    /// Marks findings.
    pub(crate) fn set<'f, 'b: 'f>(&self, findings: impl Iterator<Item = &'f mut Finding<'b>>) {
        for finding in findings.filter(|finding| finding.who.kind.source() == LogSource::CloudTrail) {
            finding.integrity =
                finding.evidence.and_then(|evidence| self.mark(evidence.archive, &evidence.object));
        }
    }

    /// The mark of a log file. That of a part of it, `a.json!@4096`, is the same. Files in zip and tar archives are not compared, so
    /// they have none; any other file without a verdict is in no digest.
    fn mark(&self, archive: u32, object: &Text) -> Option<query::Integrity> {
        let ends = object.match_indices('!').map(|(at, _)| at).rev();
        let mut names = std::iter::once(object.len()).chain(ends).map(|end| Text::from(&object[..end]));
        let found = names.find_map(|name| self.files.get(&(archive, name)).copied());
        let is_whole_file = !object.contains('!');
        found.or(is_whole_file.then_some(query::Integrity::Unlisted))
    }
}
