//! Verifies log files with CloudTrail's digests, without a network: which of them are as CloudTrail wrote them, and what
//! proves it.
//!
//! [`Examination`] reads every object once; [`Examination::verify`] compares hashes and checks signatures. Works on copies: only the
//! names of objects matter, not their folders or compression. The rules are those of the AWS CloudTrail User Guide, "Validating
//! CloudTrail log file integrity", and of `aws cloudtrail validate-logs`; what that command cannot see is seen here, too: log files that
//! no digest lists.

mod chains;
mod digest;
mod examination;
mod keys;
mod links;
mod logs;
mod names;
mod nodes;
mod side_files;
mod signature;
mod standing;
mod verdict;

use std::collections::BTreeMap;

use thiserror::Error;

use crate::scan::ScanError;
use crate::time::Timestamp;
use chains::Chains;
use examination::{Content, Examined, Flaw};
use links::Links;
use logs::Logs;
use names::{digest_name, lies_at, stem};
use nodes::{Nodes, Signed};
use side_files::MOST_SIGNATURES;
use standing::{Standing, standings};

pub use examination::Examination;
pub use keys::{KeysError, PublicKeys};
pub use side_files::SideFiles;
pub use verdict::{Chain, ChainSummary, Class, Proof, Reason, Subject, Verdict, Verification};

/// What is used to verify.
#[derive(Clone, Debug, Default)]
pub struct VerifySettings {
    /// The public keys of CloudTrail.
    pub keys: PublicKeys,
    /// Signatures of digests.
    pub side_files: SideFiles,
    /// Where a copy begins: digests and log files before it need not be there.
    pub from: Option<Timestamp>,
    /// Number of threads, at least 1.
    pub threads: usize,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// Without digests nothing can be said.
    #[error("no digests were found, so nothing can be said about the log files")]
    NoDigests,
    /// The threads could not be started.
    #[error(transparent)]
    Scan(#[from] ScanError),
}

impl Examination {
    /// Compares all objects with the digests among them.
    ///
    /// # Errors
    /// If nothing is a digest or has the name of one, or the threads cannot be started.
    pub fn verify(self, settings: &VerifySettings) -> Result<Verification, VerifyError> {
        let nodes = Nodes::of(&self, &settings.side_files);
        if nodes.nodes.is_empty() {
            return Err(VerifyError::NoDigests);
        }
        let links = Links::of(&nodes, &settings.keys, settings.threads)?;
        let side_signed = nodes.side_signed(&settings.keys, settings.threads)?;
        let standings = standings(&nodes.nodes, &links, &side_signed);
        let chains = Chains::of(&nodes, &self);
        let judge = Judge { examination: &self, nodes: &nodes, standings: &standings, chains: &chains };
        let logs = Logs::new(&self, &nodes, &standings, &chains);
        let mut verdicts = judge.on_digests();
        verdicts.extend(chains.missing(&nodes, &standings, settings.from));
        verdicts.extend(logs.present());
        verdicts.extend(logs.absent(settings.from));
        sort(&mut verdicts);
        let keys = settings.keys.len();
        let remarks = judge.remarks(&side_signed, keys > 0, settings.side_files.left_out());
        let chains = chains.summaries(&nodes, &standings);
        let mut counts = BTreeMap::new();
        for verdict in &verdicts {
            *counts.entry((verdict.subject, verdict.class, verdict.proof)).or_default() += 1;
        }
        Ok(Verification { chains, verdicts, counts, keys, remarks, coverage: self.coverage })
    }
}

/// The order of verdicts: by all that is in them, so that it does not depend on how objects were read.
fn sort(verdicts: &mut [Verdict]) {
    verdicts.sort_unstable_by(|left, right| {
        let is_log = |verdict: &Verdict| verdict.subject == Subject::Log;
        let of_chain = |verdict: &Verdict| (!is_log(verdict)).then_some((verdict.chain, verdict.time));
        let of_object =
            |verdict: &Verdict| (is_log(verdict), of_chain(verdict), verdict.subject, verdict.archive);
        let objects = || left.object.cmp(&right.object);
        of_object(left).cmp(&of_object(right)).then_with(objects).then_with(|| left.cmp(right))
    });
}

/// Makes the verdicts on digests.
struct Judge<'j> {
    examination: &'j Examination,
    nodes: &'j Nodes<'j>,
    standings: &'j [Standing],
    chains: &'j Chains,
}

impl Judge<'_> {
    /// A verdict on each object that is a digest or has the name of one.
    fn on_digests(&self) -> Vec<Verdict> {
        let numbers = 0..self.nodes.nodes.len();
        let places = numbers
            .flat_map(|number| self.nodes.nodes[number].places.iter().map(move |place| (number, *place)));
        places.map(|(number, place)| self.on_digest(number, place)).collect()
    }

    fn on_digest(&self, number: usize, place: usize) -> Verdict {
        let (node, standing) = (&self.nodes.nodes[number], &self.standings[number]);
        let examined = &self.examination.objects[place];
        let is_outdated = standing.has_outdated_key && standing.proof == Some(Proof::Consistent);
        let is_in_crowd = standing.is_crowded && standing.reason == Reason::Fork;
        let later = standing.stated_in.and_then(|later| self.nodes.nodes[later].digest);
        let mut verdict = Verdict {
            proof: standing.proof,
            archive: Some(examined.object.archive),
            object: Some(examined.object.path.clone()),
            time: node.end().or_else(|| node.name(self.examination).and_then(|name| name.ended)),
            chain: self.chains.of[number],
            stated_in: later.map(|later| later.object.clone()),
            stated: later.and_then(|later| later.previous.as_ref()?.hash),
            found: examined.is_read().then_some(node.checksum),
            detail: is_outdated.then(|| OUTDATED.to_owned()),
            ..Verdict::new(Subject::Digest, standing.class, standing.reason)
        };
        let contradiction = match (&examined.flaw, &examined.content) {
            (Some(flaw @ Flaw::Unreadable(..)), _) => Some(flaw.verdict()),
            (_, Content::NotADigest(reason)) if standing.reason == Reason::NotADigest => {
                Some((Class::Mismatch, Reason::NotADigest, reason.clone()))
            }
            (Some(flaw), _) => Some(flaw.verdict()),
            (None, Content::Digest(digest)) => {
                let (path, key) = (&examined.object.path, &digest.object);
                let has_other_name = stem(path) != stem(key);
                if has_other_name && digest_name(path).is_some() {
                    Some((Class::Mismatch, Reason::WrongPlace, format!("it is the digest {key}")))
                } else {
                    if has_other_name {
                        verdict.detail = Some(format!("renamed from {key}"));
                    } else if !lies_at(path, key) {
                        verdict.detail = Some(format!("moved from {key}"));
                    }
                    None
                }
            }
            (None, _) => None,
        };
        match contradiction {
            Some((class, reason, detail)) => {
                Verdict { class, reason, proof: None, detail: Some(detail), ..verdict }
            }
            None if is_in_crowd => Verdict { detail: Some(CROWDED.to_owned()), ..verdict },
            None => verdict,
        }
    }

    /// What else the user should know.
    fn remarks(&self, side_signed: &[Vec<Signed>], has_keys: bool, left_out: u64) -> Vec<String> {
        let mut remarks = Vec::new();
        if left_out > 0 {
            remarks.push(format!(
                "signatures in side files were left out ({left_out}): a digest has one, and more than {MOST_SIGNATURES} were given for it"
            ));
        }
        let objects = &self.examination.objects;
        let archives = objects.iter().filter(|examined| matches!(examined.content, Content::Archive)).count();
        if archives > 0 {
            remarks.push(format!(
                "zip and tar archives were not opened ({archives}): unpack them to verify the log files in them"
            ));
        }
        let is_log = |examined: &Examined| matches!(examined.content, Content::Log);
        if archives == 0 && !objects.iter().any(is_log) {
            remarks.push(
                "there is not one log file in what was given, only digests: name the CloudTrail folder, too, or the folder above both"
                    .to_owned(),
            );
        }
        let has_no_key = |number: &usize| {
            let is_unproven = self.standings[*number].proof == Some(Proof::Consistent);
            let signed = &side_signed[*number];
            is_unproven && !signed.is_empty() && signed.iter().all(|signed| *signed == Signed::Unknown)
        };
        let without_key = (0..side_signed.len()).filter(has_no_key).count();
        if has_keys && without_key > 0 {
            remarks.push(format!(
                "none of the public keys verifies the signatures of some digests ({without_key}): they name other keys, which a forger could have made"
            ));
        }
        for (number, signed) in side_signed.iter().enumerate() {
            let is_proven = self.standings[number].reason == Reason::SignatureValid;
            if let (true, true, Some(digest)) =
                (is_proven, signed.contains(&Signed::Invalid), self.nodes.nodes[number].digest)
            {
                remarks
                    .push(format!("the signature given for {} is not valid, but another is", digest.object));
            }
        }
        remarks
    }
}

/// The detail if a key was not valid.
const OUTDATED: &str = "its signature is right, but the public key was not valid at that time";

/// The detail if a digest is contradicted as one of too many.
const CROWDED: &str =
    "one of too many digests for the same place in a chain: those that no signature proves are not compared";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_verdicts_does_not_depend_on_the_order_in_which_they_were_made() {
        let period = Verdict::new(Subject::Period, Class::Gap, Reason::ChainEnds);
        let log = Verdict::new(Subject::Log, Class::Absent, Reason::Missing);
        let sorted = [
            Verdict { until: Timestamp::parse("2024-03-01T00:00:00Z"), ..period.clone() },
            Verdict { until: Timestamp::parse("2024-03-02T00:00:00Z"), ..period },
            log.clone(),
            Verdict { detail: Some("more".to_owned()), ..log },
        ];
        let mut reversed = sorted.clone();
        reversed.reverse();
        sort(&mut reversed);
        assert_eq!(reversed, sorted);
    }
}
