//! The verdicts on log files: what is there is compared with what digests list.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::chains::Chains;
use super::digest::{Digest, ListedFile};
use super::examination::{Content, Examination, Examined, Flaw};
use super::names::{lies_at, stem};
use super::nodes::Nodes;
use super::standing::{Standing, Weight};
use super::verdict::{Class, Proof, Reason, Subject, Verdict};
use crate::checksum::Checksum;
use crate::time::{Span, Timestamp};

/// An entry of a digest: the number of the digest, and the index of the log file in it.
type Entry = (usize, usize);

/// Everything that verdicts on log files depend on.
pub(super) struct Logs<'l> {
    examination: &'l Examination,
    nodes: &'l Nodes<'l>,
    standings: &'l [Standing],
    chains: &'l Chains,
    /// Entries by name without compression.
    by_name: HashMap<&'l str, Vec<Entry>>,
    /// Entries by hash; of several, the one with most weight.
    by_hash: HashMap<Checksum, Entry>,
    /// Names of the files that are there.
    present: HashSet<&'l str>,
    /// The periods that digests cover, by account and Region, in order and apart from each other.
    periods: BTreeMap<(&'l str, &'l str), Vec<(Timestamp, Timestamp)>>,
}

impl<'l> Logs<'l> {
    pub(super) fn new(
        examination: &'l Examination,
        nodes: &'l Nodes<'l>,
        standings: &'l [Standing],
        chains: &'l Chains,
    ) -> Self {
        let mut logs = Self {
            examination,
            nodes,
            standings,
            chains,
            by_name: HashMap::new(),
            by_hash: HashMap::new(),
            present: HashSet::new(),
            periods: BTreeMap::new(),
        };
        for (number, node) in nodes.nodes.iter().enumerate() {
            if let Some(digest) = node.digest {
                logs.add_entries(number, digest);
            }
        }
        for examined in &examination.objects {
            if let Content::Log | Content::Other = examined.content {
                logs.present.insert(stem(&examined.object.path));
            }
        }
        logs.periods.values_mut().for_each(join_periods);
        logs
    }

    fn add_entries(&mut self, number: usize, digest: &'l Digest) {
        let standings = self.standings;
        for (index, file) in digest.files.iter().enumerate() {
            self.by_name.entry(stem(&file.object)).or_default().push((number, index));
            if let Some(hash) = file.hash {
                let entry = self.by_hash.entry(hash).or_insert((number, index));
                if standings[number].weight() > standings[entry.0].weight() {
                    *entry = (number, index);
                }
            }
        }
        let chain = self.chains.of[number].map(|chain| &self.chains.chains[chain as usize]);
        if let (Some(chain), Some(start), Some(end)) = (chain, digest.start, digest.end())
            && !chain.is_backfill
            && standings[number].weight() > Weight::None
        {
            self.periods.entry((&chain.account, &chain.region)).or_default().push((start, end));
        }
    }

    /// The verdict on each log file that is there.
    pub(super) fn present(&self) -> Vec<Verdict> {
        self.examination.objects.iter().filter_map(|examined| self.on_object(examined)).collect()
    }

    /// The verdicts on log files that digests list and that are not there; those delivered before `from` need not be.
    pub(super) fn absent(&self, from: Option<Timestamp>) -> Vec<Verdict> {
        let contents: HashSet<Checksum> = self.renamed().map(|examined| examined.checksum).collect();
        let mut verdicts = Vec::new();
        for (name, entries) in &self.by_name {
            let (number, file) = self.heaviest(entries);
            let is_there =
                self.present.contains(name) || file.hash.is_some_and(|hash| contents.contains(&hash));
            let delivered = crate::source::ObjectKey::parse(&file.object).delivered;
            let is_early = from.zip(delivered).is_some_and(|(from, delivered)| delivered < from);
            if !is_there && !is_early {
                verdicts.push(Verdict {
                    object: Some(file.object.clone()),
                    time: delivered,
                    stated: file.hash,
                    ..self.stated(number, Verdict::new(Subject::Log, Class::Absent, Reason::Missing))
                });
            }
        }
        verdicts
    }

    /// Log files under names that no digest lists.
    fn renamed(&self) -> impl Iterator<Item = &'l Examined> {
        let is_log = |examined: &&Examined| matches!(examined.content, Content::Log);
        let is_unnamed = |examined: &&Examined| !self.by_name.contains_key(stem(&examined.object.path));
        self.examination
            .objects
            .iter()
            .filter(is_log)
            .filter(move |one| is_unnamed(one) && one.flaw.is_none())
    }

    fn on_object(&self, examined: &Examined) -> Option<Verdict> {
        let path: &str = &examined.object.path;
        let listed = self.by_name.get(stem(path)).map_or(&[][..], Vec::as_slice);
        match examined.content {
            Content::Log => {}
            Content::Other if !listed.is_empty() => {}
            _ => return None,
        }
        let verdict = match &examined.flaw {
            Some(Flaw::Unreadable(kind, _, detail)) => Verdict {
                detail: Some(format!("{}: {detail}", kind.name())),
                ..self.of_entries(listed, Class::Unreadable, Reason::NotReadable)
            },
            Some(Flaw::ExtraMember(at)) => Verdict {
                detail: Some(format!("a second gzip member at stored byte {at}; CloudTrail writes one")),
                ..self.of_entries(listed, Class::Mismatch, Reason::ExtraMember)
            },
            Some(Flaw::TrailingBytes(detail)) => Verdict {
                detail: Some(detail.clone()),
                ..self.of_entries(listed, Class::Mismatch, Reason::TrailingBytes)
            },
            None if listed.is_empty() => self.unnamed(examined),
            None => self.compared(examined, listed),
        };
        Some(Verdict {
            archive: Some(examined.object.archive),
            object: Some(examined.object.path.clone()),
            time: examined.object.delivered,
            found: examined.is_read().then_some(examined.checksum),
            ..verdict
        })
    }

    /// A verdict with what the heaviest of some entries says.
    fn of_entries(&self, entries: &[Entry], class: Class, reason: Reason) -> Verdict {
        let verdict = Verdict::new(Subject::Log, class, reason);
        if entries.is_empty() {
            return verdict;
        }
        let (number, file) = self.heaviest(entries);
        Verdict { stated: file.hash, ..self.stated(number, verdict) }
    }

    /// A log file that digests list under its name.
    fn compared(&self, examined: &Examined, listed: &[Entry]) -> Verdict {
        let heaviest = listed.iter().map(|entry| self.weight(*entry)).max().unwrap_or(Weight::None);
        let counted = || listed.iter().copied().filter(|entry| self.weight(*entry) == heaviest);
        let fits = |entry: &Entry| self.file(*entry).hash == Some(examined.checksum);
        if let Some(entry) = counted().find(|entry| !fits(entry)) {
            let verdict = self.of_entries(&[entry], Class::Mismatch, Reason::HashDiffers);
            return Verdict { detail: self.content_of(examined, entry), ..verdict };
        }
        let (class, reason) = match heaviest {
            Weight::None => (Class::Unvouched, Reason::DigestContradicted),
            _ => (Class::Verified, Reason::HashMatches),
        };
        let entry = counted().next().unwrap_or(listed[0]);
        let key = &self.file(entry).object;
        let moved = (!lies_at(&examined.object.path, key)).then(|| format!("moved from {key}"));
        let verdict = self.of_entries(&[entry], class, reason);
        Verdict { proof: proof(class, heaviest), detail: moved, ..verdict }
    }

    /// Which other listed file a content belongs to.
    fn content_of(&self, examined: &Examined, entry: Entry) -> Option<String> {
        let other = *self.by_hash.get(&examined.checksum)?;
        let key = &self.file(other).object;
        (stem(key) != stem(&self.file(entry).object)).then(|| format!("it has the content of {key}"))
    }

    /// A log file under a name that no digest lists: it may be a renamed one.
    fn unnamed(&self, examined: &Examined) -> Verdict {
        let renamed = self.by_hash.get(&examined.checksum).copied();
        let renamed = renamed.filter(|entry| !self.present.contains(stem(&self.file(*entry).object)));
        let Some(entry) = renamed else {
            return Verdict::new(Subject::Log, Class::Unlisted, self.why_unlisted(examined));
        };
        let weight = self.weight(entry);
        let (class, reason) = match weight {
            Weight::None => (Class::Unvouched, Reason::DigestContradicted),
            _ => (Class::Verified, Reason::HashMatches),
        };
        let detail = format!("renamed from {}", self.file(entry).object);
        let verdict = self.of_entries(&[entry], class, reason);
        Verdict { proof: proof(class, weight), detail: Some(detail), ..verdict }
    }

    /// Why no digest lists a log file, by the time of its delivery.
    fn why_unlisted(&self, examined: &Examined) -> Reason {
        let key = examined.object.key();
        let place = key.account.zip(key.region).zip(key.delivered);
        let Some(((account, region), delivered)) = place else { return Reason::NoChain };
        let Some(periods) = self.periods.get(&(account, region)) else { return Reason::NoChain };
        // A name has the minute of delivery, without the seconds.
        let last = delivered.plus(Span::within(59_999_999));
        let begun = periods.partition_point(|(start, _)| *start <= last);
        match begun.checked_sub(1).map(|index| periods[index].1) {
            None => Reason::BeforeFirstDigest,
            Some(end) if delivered < end => Reason::LeftOut,
            Some(_) if begun == periods.len() => Reason::AfterLastDigest,
            Some(_) => Reason::InGap,
        }
    }

    fn heaviest(&self, entries: &[Entry]) -> (usize, &'l ListedFile) {
        let mut best = entries[0];
        for entry in entries {
            if self.weight(*entry) > self.weight(best) {
                best = *entry;
            }
        }
        (best.0, self.file(best))
    }

    /// Adds which digest states something.
    fn stated(&self, number: usize, verdict: Verdict) -> Verdict {
        let stated_in = self.nodes.nodes[number].digest.map(|digest| digest.object.clone());
        Verdict { stated_in, chain: self.chains.of[number], ..verdict }
    }

    fn weight(&self, (number, _): Entry) -> Weight {
        self.standings[number].weight()
    }

    /// The log file of an entry. Entries only come from digests.
    fn file(&self, (number, index): Entry) -> &'l ListedFile {
        static NONE: std::sync::OnceLock<ListedFile> = std::sync::OnceLock::new();
        let found = self.nodes.nodes[number].digest.and_then(|digest| digest.files.get(index));
        found.unwrap_or_else(|| NONE.get_or_init(|| ListedFile { object: "".into(), hash: None }))
    }
}

/// Sorts periods, and joins those that overlap or follow each other.
fn join_periods(periods: &mut Vec<(Timestamp, Timestamp)>) {
    periods.sort_unstable();
    periods.dedup_by(|later, before| {
        let is_joined = later.0 <= before.1;
        if is_joined {
            before.1 = before.1.max(later.1);
        }
        is_joined
    });
}

/// What a verified log file is worth: as much as the digest that lists it.
fn proof(class: Class, weight: Weight) -> Option<Proof> {
    let proof = if weight == Weight::Proven { Proof::Proven } else { Proof::Consistent };
    (class == Class::Verified).then_some(proof)
}
