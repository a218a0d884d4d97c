//! Which digests can be relied on: decided from their hashes and signatures alone.
//!
//! A digest is vouched for by a valid signature, or by the next digest, which states its hash. If two digests contradict each other,
//! the question is which one was altered:
//!
//! - A valid signature proves a digest, whatever others state.
//! - A digest that states another hash than that of a proven one was altered; so was one whose signature for the digest before
//!   does not fit though the hash does, since CloudTrail writes both of the same content.
//! - Of two digests that continue the same one, one that something vouches for contradicts the other; else both are in doubt.
//! - A digest that says that it is another one than the name of its file was altered.
//! - Of too many digests for the same place in a chain, only those that a signature proves count, and what these state.
//! - Otherwise the earlier digest was altered, unless the later one is itself contradicted and so states nothing.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::links::{Link, Links};
use super::nodes::{Node, Signed};
use super::verdict::{Class, Proof, Reason};

/// What a digest is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) class: Class,
    pub(super) reason: Reason,
    pub(super) proof: Option<Proof>,
    /// The digest that states its hash.
    pub(super) stated_in: Option<usize>,
    /// Whether a signature of it is right, but its key was not valid then.
    pub(super) has_outdated_key: bool,
    /// Whether it is one of too many digests for the same place in a chain.
    pub(super) is_crowded: bool,
}

/// How much weight the statements of a digest have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// It is contradicted.
    None,
    /// Nothing contradicts it, but nothing vouches for it either.
    Unvouched,
    /// A later digest states its hash.
    Vouched,
    /// A signature proves it.
    Proven,
}

impl Standing {
    fn contradicted(reason: Reason, stated_in: Option<usize>) -> Self {
        Self::new(Class::Mismatch, reason, None, stated_in)
    }

    fn verified(reason: Reason, proof: Proof, stated_in: Option<usize>) -> Self {
        Self::new(Class::Verified, reason, Some(proof), stated_in)
    }

    fn new(class: Class, reason: Reason, proof: Option<Proof>, stated_in: Option<usize>) -> Self {
        Self { class, reason, proof, stated_in, has_outdated_key: false, is_crowded: false }
    }

    /// How much weight its statements have.
    pub(super) fn weight(&self) -> Weight {
        match (self.class, self.proof, self.reason) {
            (Class::Verified, Some(Proof::Proven), _) => Weight::Proven,
            (Class::Verified, _, Reason::HashMatches) => Weight::Vouched,
            (Class::Verified, ..) => Weight::Unvouched,
            _ => Weight::None,
        }
    }
}

/// The standing of each digest.
pub(super) fn standings(nodes: &[Node<'_>], links: &Links, side_signed: &[Vec<Signed>]) -> Vec<Standing> {
    let mut later: Vec<Vec<&Link>> = vec![Vec::new(); nodes.len()];
    let Links { links, is_crowded } = links;
    links.iter().for_each(|link| later[link.digest].push(link));
    let has = |number: usize, wanted: Signed| {
        side_signed[number].contains(&wanted) || later[number].iter().any(|link| link.signed == wanted)
    };
    let is_proven: Vec<bool> = (0..nodes.len()).map(|number| has(number, Signed::Valid)).collect();
    let mut states_wrong = vec![false; nodes.len()];
    for link in links {
        let is_wrong = match link.signed {
            Signed::Valid => !link.hash_fits,
            Signed::Invalid => link.hash_fits,
            // The digest before may be proven by another signature.
            Signed::Unknown | Signed::OutdatedKey => is_proven[link.digest] && !link.hash_fits,
        };
        states_wrong[link.successor] |= is_wrong && !is_proven[link.successor];
    }
    let is_stated_by_proven = |link: &&Link| link.hash_fits && is_proven[link.successor];
    let is_lost_in_crowd = |number: usize| {
        is_crowded[number] && nodes[number].digest.is_some() && !later[number].iter().any(is_stated_by_proven)
    };
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|number| (Reverse(nodes[*number].end()), *number));
    let mut standings: Vec<Option<Standing>> = vec![None; nodes.len()];
    for number in order {
        let (later, side_signed) = (&later[number], &side_signed[number]);
        let case = Case { nodes, later, side_signed, standings: &standings };
        let mut standing = if is_proven[number] {
            Standing::verified(Reason::SignatureValid, Proof::Proven, case.stated_in())
        } else if states_wrong[number] {
            Standing::contradicted(Reason::WrongStatement, None)
        } else if is_lost_in_crowd(number) {
            Standing::contradicted(Reason::Fork, None)
        } else {
            case.standing(&nodes[number])
        };
        standing.has_outdated_key = has(number, Signed::OutdatedKey);
        standing.is_crowded = is_crowded[number];
        standings[number] = Some(standing);
    }
    let unknown = || Standing::contradicted(Reason::NotADigest, None);
    let mut standings: Vec<Standing> =
        standings.into_iter().map(|standing| standing.unwrap_or_else(unknown)).collect();
    contradict_forks(nodes, &mut standings);
    standings
}

/// One digest that no valid signature proves.
struct Case<'c> {
    nodes: &'c [Node<'c>],
    later: &'c [&'c Link],
    side_signed: &'c [Signed],
    /// Of later digests, as far as they are decided.
    standings: &'c [Option<Standing>],
}

impl Case<'_> {
    fn standing(&self, node: &Node<'_>) -> Standing {
        let heaviest = self.later.iter().map(|link| self.weight(link)).max().unwrap_or(Weight::None);
        let mut counted = self.later.iter().filter(|link| self.weight(link) == heaviest);
        let counts = heaviest > Weight::None;
        if let Some(link) = counted.clone().find(|link| counts && !link.hash_fits) {
            return Standing::contradicted(Reason::HashDiffers, Some(link.successor));
        }
        if node.digest.is_none() {
            return Standing::contradicted(Reason::NotADigest, None);
        }
        if node.is_misplaced {
            return Standing::contradicted(Reason::WrongPlace, None);
        }
        if self.side_signed.contains(&Signed::Invalid) {
            return Standing::contradicted(Reason::SignatureInvalid, None);
        }
        if let Some(successor) =
            counted.clone().find_map(|link| self.another_signature(node, link)).filter(|_| counts)
        {
            return Standing::contradicted(Reason::SignatureDiffers, Some(successor));
        }
        match counted.next().filter(|_| counts) {
            Some(link) => Standing::verified(Reason::HashMatches, Proof::Consistent, Some(link.successor)),
            None => Standing::verified(Reason::EndOfChain, Proof::Consistent, None),
        }
    }

    /// The later digest of a link if it states the hash of this one and another signature than all that are given for it. RSA signatures of
    /// PKCS #1 version 1.5 are not random: a key makes one of a text (RFC 8017, section 8.2).
    fn another_signature(&self, node: &Node<'_>, link: &Link) -> Option<usize> {
        let is_given =
            |stated: &str| node.side_signatures.iter().any(|side| side.text.eq_ignore_ascii_case(stated));
        let may_differ = link.hash_fits && link.signed == Signed::Unknown && !node.side_signatures.is_empty();
        let stated = self.nodes[link.successor].digest?.previous_signature.as_deref()?;
        (may_differ && !is_given(stated)).then_some(link.successor)
    }

    /// The weight of the later digest of a link.
    fn weight(&self, link: &Link) -> Weight {
        self.standings[link.successor].as_ref().map_or(Weight::Unvouched, Standing::weight)
    }

    /// A later digest that states its hash.
    fn stated_in(&self) -> Option<usize> {
        self.later.iter().find(|link| link.hash_fits).map(|link| link.successor)
    }
}

/// A chain never forks: of two digests that continue the same one, or have the same key, at most one is genuine. One that
/// something vouches for contradicts all that nothing vouches for; without it, they contradict each other.
fn contradict_forks(nodes: &[Node<'_>], standings: &mut [Standing]) {
    let mut forks: BTreeMap<(bool, &str), Vec<usize>> = BTreeMap::new();
    for (number, node) in nodes.iter().enumerate() {
        let Some(digest) = node.digest else { continue };
        forks.entry((false, &digest.object)).or_default().push(number);
        if let Some(previous) = &digest.previous {
            forks.entry((true, &previous.object)).or_default().push(number);
        }
    }
    let weights: Vec<Weight> = standings.iter().map(Standing::weight).collect();
    for fork in forks.into_values() {
        let vouched = fork.iter().copied().find(|number| weights[*number] >= Weight::Vouched);
        let doubtful = || fork.iter().copied().filter(|number| weights[*number] == Weight::Unvouched);
        if vouched.is_some() || doubtful().count() > 1 {
            doubtful().for_each(|number| standings[number] = Standing::contradicted(Reason::Fork, vouched));
        }
    }
}
