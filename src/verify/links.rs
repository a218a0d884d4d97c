//! What digests state of the ones before them, compared with what is there.

use std::collections::{BTreeMap, HashMap};

use super::keys::PublicKeys;
use super::nodes::{Nodes, Place, Signed};
use crate::checksum::Checksum;
use crate::scan::{ScanError, map_on_threads};
use crate::time::Timestamp;

/// Each digest of a place is compared with each that continues it, unless both are more than this. A genuine chain has one of each, and
/// each forgery one more; without a limit, n forgeries would cost n² comparisons and signature checks.
const MOST_COMPARED: usize = 16;

/// What one digest states of the digest before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// The later digest.
    pub(super) successor: usize,
    /// The earlier one, which has the key or the name that the later one states.
    pub(super) digest: usize,
    /// Whether its content has the hash that the later one states.
    pub(super) hash_fits: bool,
    /// Whether the signature that the later one states is valid.
    pub(super) signed: Signed,
}

/// All statements of digests about the ones before them.
#[derive(Debug)]
pub(super) struct Links {
    /// In the order of successors.
    pub(super) links: Vec<Link>,
    /// By digest: whether it is one of too many for one place in a chain. Of these only the links whose hash fits are known.
    pub(super) is_crowded: Vec<bool>,
}

impl Links {
    /// Checks all statements.
    pub(super) fn of(nodes: &Nodes<'_>, keys: &PublicKeys, threads: usize) -> Result<Self, ScanError> {
        let mut pairs = Pairs { pairs: Vec::new(), is_crowded: vec![false; nodes.nodes.len()] };
        for (place, successors) in successors(nodes) {
            pairs.add(nodes, nodes.at(place), &successors);
        }
        let Pairs { mut pairs, is_crowded } = pairs;
        pairs.sort_unstable();
        let links = checked(nodes, &pairs, keys, threads)?;
        Ok(Self { links, is_crowded })
    }
}

/// The digests that continue another, by where that one is found.
fn successors<'n>(nodes: &'n Nodes<'_>) -> BTreeMap<Place<'n>, Vec<usize>> {
    let mut successors: BTreeMap<Place<'_>, Vec<usize>> = BTreeMap::new();
    for (number, node) in nodes.nodes.iter().enumerate() {
        if let Some(previous) = node.digest.and_then(|digest| digest.previous.as_ref()) {
            successors.entry(nodes.place(&previous.object)).or_default().push(number);
        }
    }
    successors
}

/// Which digests are compared: a successor, and one that it may mean.
struct Pairs {
    pairs: Vec<(usize, usize)>,
    is_crowded: Vec<bool>,
}

impl Pairs {
    /// Adds the pairs of the digests of one place, and of those that continue them.
    fn add(&mut self, nodes: &Nodes<'_>, digests: &[usize], successors: &[usize]) {
        if digests.len().min(successors.len()) > MOST_COMPARED {
            self.add_fitting(nodes, digests, successors);
            return;
        }
        for successor in successors {
            let others = digests.iter().filter(|digest| *digest != successor);
            self.pairs.extend(others.map(|digest| (*successor, *digest)));
        }
    }

    /// Adds only the pairs whose hash fits: a genuine digest and its genuine successor are among them.
    fn add_fitting(&mut self, nodes: &Nodes<'_>, digests: &[usize], successors: &[usize]) {
        let mut by_hash: HashMap<Checksum, usize> = HashMap::new();
        for digest in digests {
            let same = by_hash.entry(nodes.nodes[*digest].checksum).or_insert(*digest);
            // Files that are no digests may have the same content, and nothing can prove them.
            if nodes.nodes[*digest].digest.is_some() {
                *same = *digest;
            }
        }
        for successor in successors {
            let fitting = stated_hash(nodes, *successor).and_then(|hash| by_hash.get(&hash));
            let fitting = fitting.filter(|digest| *digest != successor);
            self.pairs.extend(fitting.map(|digest| (*successor, *digest)));
        }
        digests.iter().chain(successors).for_each(|number| self.is_crowded[*number] = true);
    }
}

/// The hash that a digest states of the one before it.
fn stated_hash(nodes: &Nodes<'_>, successor: usize) -> Option<Checksum> {
    nodes.nodes[successor].digest?.previous.as_ref()?.hash
}

/// Compares hashes and checks signatures. Many successors may state the same signature, which is checked once.
fn checked(
    nodes: &Nodes<'_>,
    pairs: &[(usize, usize)],
    keys: &PublicKeys,
    threads: usize,
) -> Result<Vec<Link>, ScanError> {
    let stated = |successor: usize| nodes.nodes[successor].digest?.previous_signature.as_deref();
    let mut numbers: HashMap<(usize, Option<&str>), usize> = HashMap::new();
    let mut checks = Vec::new();
    let mut number = |&(successor, digest): &(usize, usize)| {
        let check = (digest, stated(successor));
        *numbers.entry(check).or_insert_with(|| {
            checks.push(check);
            checks.len() - 1
        })
    };
    let numbers: Vec<usize> = pairs.iter().map(&mut number).collect();
    let generated: Vec<Option<Timestamp>> =
        nodes.nodes.iter().map(|node| node.side_signatures.iter().find_map(|side| side.generated)).collect();
    let signed = map_on_threads(threads, &checks, |&(digest, signature)| {
        nodes.signed(digest, signature, generated[digest], keys)
    })?;
    let link = |(&(successor, digest), number): (&(usize, usize), usize)| {
        let hash_fits = stated_hash(nodes, successor) == Some(nodes.nodes[digest].checksum);
        Link { successor, digest, hash_fits, signed: signed[number] }
    };
    Ok(pairs.iter().zip(numbers).map(link).collect())
}
