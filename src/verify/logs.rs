//! The verdicts on log files: what is there is compared with what digests list.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::chains::Chains;
use super::digest::{Digest, ListedFile};
use super::examination::{Content, Examination, Examined};
use super::names::{digest_name, lies_at, log_name, log_place, stem};
use super::nodes::Nodes;
use super::standing::{Standing, Weight};
use super::verdict::{Class, Proof, Reason, Subject, Verdict};
use crate::checksum::Checksum;
use crate::time::{Span, Timestamp};

/// An entry of a digest: the number of the digest, and the log file.
type Entry<'l> = (usize, &'l ListedFile);

/// What digests with most weight list under one name. There may be any number of entries, and two of them decide: one, and another with
/// another hash.
#[derive(Clone, Copy)]
struct Listed<'l> {
    entry: Entry<'l>,
    differing: Option<Entry<'l>>,
}

impl<'l> Listed<'l> {
    /// Adds an entry; of several with equal weight the first counts.
    fn add(&mut self, other: Entry<'l>, standings: &[Standing]) {
        let weight = |entry: Entry<'_>| standings[entry.0].weight();
        match weight(other).cmp(&weight(self.entry)) {
            Ordering::Greater => *self = Self { entry: other, differing: None },
            Ordering::Equal if other.1.hash != self.entry.1.hash => {
                self.differing.get_or_insert(other);
            }
            Ordering::Equal | Ordering::Less => {}
        }
    }
}

/// Everything that verdicts on log files depend on.
pub(super) struct Logs<'l> {
    examination: &'l Examination,
    nodes: &'l Nodes<'l>,
    standings: &'l [Standing],
    chains: &'l Chains,
    /// Entries by name without compression.
    by_name: HashMap<&'l str, Listed<'l>>,
    /// Entries by hash; of several, the one with most weight.
    by_hash: HashMap<Checksum, Entry<'l>>,
    /// Names of the files that are there.
    present: HashSet<&'l str>,
    /// The periods that digests cover, by account and Region, in order and apart from each other.
    periods: BTreeMap<(&'l str, &'l str), Vec<(Timestamp, Timestamp)>>,
    /// The ends of the periods of digests that are there and could not be read, by account and Region, in order.
    unread: BTreeMap<(&'l str, &'l str), Vec<Timestamp>>,
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
            unread: BTreeMap::new(),
        };
        for (number, node) in nodes.nodes.iter().enumerate() {
            match node.digest {
                Some(digest) => logs.add_entries(number, digest),
                None => logs.add_unread(number),
            }
        }
        for examined in &examination.objects {
            if let Content::Log | Content::Other = examined.content {
                logs.present.insert(stem(&examined.object.path));
            }
        }
        logs.periods.values_mut().for_each(join_periods);
        logs.unread.values_mut().for_each(|ends| ends.sort_unstable());
        logs
    }

    fn add_entries(&mut self, number: usize, digest: &'l Digest) {
        let standings = self.standings;
        for file in &digest.files {
            let entry = (number, file);
            let named = self.by_name.entry(stem(&file.object));
            named
                .and_modify(|listed| listed.add(entry, standings))
                .or_insert(Listed { entry, differing: None });
            if let Some(hash) = file.hash {
                let entry = self.by_hash.entry(hash).or_insert((number, file));
                if standings[number].weight() > standings[entry.0].weight() {
                    *entry = (number, file);
                }
            }
        }
        let chain = self.chains.of[number].map(|chain| &self.chains.chains[chain as usize]);
        if let (Some(chain), Some(start), Some(end)) = (chain, digest.start, digest.end)
            && !chain.is_backfill
            && standings[number].weight() > Weight::None
        {
            self.periods.entry((&chain.account, &chain.region)).or_default().push((start, end));
        }
    }

    /// Adds the period of a digest of which only the name is known.
    fn add_unread(&mut self, number: usize) {
        let place = self.nodes.nodes[number].places.first();
        let path = place.map(|place| &*self.examination.objects[*place].object.path);
        if let Some(name) = path.and_then(digest_name)
            && let Some(ended) = name.ended
        {
            self.unread.entry((name.account, name.region)).or_default().push(ended);
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
        for (name, Listed { entry, .. }) in &self.by_name {
            let file = entry.1;
            let is_there =
                self.present.contains(name) || file.hash.is_some_and(|hash| contents.contains(&hash));
            let delivered = log_name(&file.object).delivered;
            let is_early = from.zip(delivered).is_some_and(|(from, delivered)| delivered < from);
            if !is_there && !is_early {
                verdicts.push(Verdict {
                    object: Some(file.object.clone()),
                    time: delivered,
                    ..self.stated(*entry, Class::Absent, Reason::Missing)
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
        let listed = self.by_name.get(stem(path));
        match examined.content {
            Content::Log => {}
            Content::Other if listed.is_some() => {}
            _ => return None,
        }
        let verdict = match &examined.flaw {
            Some(flaw) => {
                let (class, reason, detail) = flaw.verdict();
                let verdict = match listed {
                    None => Verdict::new(Subject::Log, class, reason),
                    Some(listed) => self.stated(listed.entry, class, reason),
                };
                Verdict { detail: Some(detail), ..verdict }
            }
            None => match listed {
                None => self.unnamed(examined),
                Some(listed) => self.compared(examined, listed),
            },
        };
        Some(Verdict {
            archive: Some(examined.object.archive),
            object: Some(examined.object.path.clone()),
            time: log_name(path).delivered.or(examined.object.delivered),
            found: examined.is_read().then_some(examined.checksum),
            as_stored: examined.stored,
            ..verdict
        })
    }

    /// A log file that digests list under its name.
    fn compared(&self, examined: &Examined, listed: &Listed<'l>) -> Verdict {
        let entry = listed.entry;
        let mut counted = [Some(entry), listed.differing].into_iter().flatten();
        if let Some(differing) = counted.find(|(_, file)| file.hash != Some(examined.checksum)) {
            let detail =
                self.content_of(examined).filter(|(_, file)| stem(&file.object) != stem(&entry.1.object));
            return Verdict {
                detail: detail.map(has_content_of),
                ..self.stated(differing, Class::Mismatch, Reason::HashDiffers)
            };
        }
        let key = &entry.1.object;
        let moved = (!lies_at(&examined.object.path, key)).then(|| format!("moved from {key}"));
        Verdict { detail: moved, ..self.as_listed(entry) }
    }

    /// The listed file that a content belongs to.
    fn content_of(&self, examined: &Examined) -> Option<Entry<'l>> {
        self.by_hash.get(&examined.checksum).copied()
    }

    /// A log file under a name that no digest lists: it may be a renamed one.
    fn unnamed(&self, examined: &Examined) -> Verdict {
        match self.content_of(examined) {
            Some(entry) if !self.present.contains(stem(&entry.1.object)) => {
                let detail = format!("renamed from {}", entry.1.object);
                Verdict { detail: Some(detail), ..self.as_listed(entry) }
            }
            copied => Verdict {
                detail: copied.map(has_content_of),
                ..Verdict::new(Subject::Log, Class::Unlisted, self.why_unlisted(examined))
            },
        }
    }

    /// Why no digest lists a log file, by the time of its delivery.
    fn why_unlisted(&self, examined: &Examined) -> Reason {
        let Some(((account, region), delivered)) = log_place(&examined.object.path) else {
            return Reason::NoChain;
        };
        let is_unread = self.is_unread((account, region), delivered);
        let uncovered = |reason| if is_unread { Reason::DigestUnreadable } else { reason };
        let Some(periods) = self.periods.get(&(account, region)) else { return uncovered(Reason::NoChain) };
        let last = end_of_minute(delivered);
        let begun = periods.partition_point(|(start, _)| *start <= last);
        match begun.checked_sub(1).map(|index| periods[index].1) {
            None => uncovered(Reason::BeforeFirstDigest),
            Some(end) if delivered < end => Reason::LeftOut,
            Some(_) if begun == periods.len() => uncovered(Reason::AfterLastDigest),
            Some(_) => uncovered(Reason::InGap),
        }
    }

    /// Whether a digest that could not be read is that of the time of a delivery. CloudTrail writes one for every hour.
    fn is_unread(&self, place: (&str, &str), delivered: Timestamp) -> bool {
        let ends = self.unread.get(&place).map_or(&[][..], Vec::as_slice);
        let next = ends.get(ends.partition_point(|end| *end <= delivered));
        next.is_some_and(|end| end.minus(Span::hours(1)) <= end_of_minute(delivered))
    }

    /// A verdict on a log file with the content that an entry states: worth as much as its digest.
    fn as_listed(&self, entry: Entry<'l>) -> Verdict {
        let (class, reason, proof) = match self.weight(entry) {
            Weight::None => (Class::Unvouched, Reason::DigestContradicted, None),
            Weight::Proven => (Class::Verified, Reason::HashMatches, Some(Proof::Proven)),
            _ => (Class::Verified, Reason::HashMatches, Some(Proof::Consistent)),
        };
        Verdict { proof, ..self.stated(entry, class, reason) }
    }

    /// A verdict with what an entry states, and where.
    fn stated(&self, (number, file): Entry<'l>, class: Class, reason: Reason) -> Verdict {
        Verdict {
            stated_in: self.nodes.nodes[number].digest.map(|digest| digest.object.clone()),
            stated: file.hash,
            chain: self.chains.of[number],
            ..Verdict::new(Subject::Log, class, reason)
        }
    }

    fn weight(&self, (number, _): Entry<'l>) -> Weight {
        self.standings[number].weight()
    }
}

/// The name of a log file has the minute of its delivery, without the seconds.
fn end_of_minute(delivered: Timestamp) -> Timestamp {
    delivered.plus(Span::within(59_999_999))
}

fn has_content_of((_, file): Entry<'_>) -> String {
    format!("it has the content of {}", file.object)
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
