//! The digests that are there, how they refer to each other, and which signatures of them are valid.

use std::collections::{HashMap, HashSet};

use super::digest::Digest;
use super::examination::{Content, Examination};
use super::keys::{Found, PublicKeys};
use super::names::{digest_name, stem};
use super::side_files::{SideFiles, SideSignature};
use crate::checksum::{Checksum, from_hex};
use crate::scan::{ScanError, map_on_threads};
use crate::source::DigestName;
use crate::time::Timestamp;

/// The algorithm of all signatures.
const ALGORITHM: &str = "SHA256withRSA";

/// A digest that is there, once or in several copies with the same content.
#[derive(Debug)]
pub(super) struct Node<'e> {
    /// `None` if it only has the name of one, or could not be read.
    pub(super) digest: Option<&'e Digest>,
    /// Its objects, as indices into those examined.
    pub(super) places: Vec<usize>,
    pub(super) checksum: Checksum,
    /// Signatures of it from its metadata and from side files.
    pub(super) side_signatures: Vec<SideSignature>,
    /// Whether it is known not to be the digest whose name its file has, should the names differ.
    is_known_elsewhere: bool,
    /// Whether all its objects have the names of other digests than it says it is.
    pub(super) is_misplaced: bool,
}

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

/// The result of checking a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    Valid,
    Invalid,
    /// There is no key for it, it is of another kind, or there is no signature.
    Unknown,
    /// Its key was not valid at that time.
    OutdatedKey,
}

/// All digests that are there.
#[derive(Debug, Default)]
pub(super) struct Nodes<'e> {
    pub(super) nodes: Vec<Node<'e>>,
    by_key: HashMap<&'e str, Vec<usize>>,
    by_name: HashMap<&'e str, Vec<usize>>,
}

impl<'e> Nodes<'e> {
    /// Collects the digests among the examined objects.
    pub(super) fn of(examination: &'e Examination, side_files: &SideFiles) -> Self {
        let mut all = Self::default();
        let mut known: HashMap<(&str, Checksum), usize> = HashMap::new();
        for (index, examined) in examination.objects.iter().enumerate() {
            let path: &str = &examined.object.path;
            let digest = match &examined.content {
                Content::Digest(digest) => Some(&**digest),
                Content::NotADigest(_) => None,
                Content::Log | Content::Archive | Content::Other => continue,
            };
            let key = digest.map_or(path, |digest| &digest.object);
            let number = *known.entry((key, examined.checksum)).or_insert_with(|| {
                let side_signatures = side_files.of(key).to_vec();
                let checksum = examined.checksum;
                all.nodes.push(Node {
                    digest,
                    places: Vec::new(),
                    checksum,
                    side_signatures,
                    is_known_elsewhere: false,
                    is_misplaced: false,
                });
                all.nodes.len() - 1
            });
            let node = &mut all.nodes[number];
            node.places.push(index);
            if let Some(signature) = &examined.signature
                && !node.side_signatures.contains(signature)
            {
                node.side_signatures.push(signature.clone());
            }
            if digest.is_some() && node.places.len() == 1 {
                all.by_key.entry(key).or_default().push(number);
            }
            let named = all.by_name.entry(stem(path)).or_default();
            if !named.contains(&number) {
                named.push(number);
            }
        }
        all.note_known_elsewhere(examination);
        all.note_misplaced(examination);
        all
    }

    /// The digests that a key means: those that state it, else files with its name that are no other digest.
    pub(super) fn with_key(&self, key: &str) -> Vec<usize> {
        if let Some(found) = self.by_key.get(key) {
            return found.clone();
        }
        let named = self.by_name.get(stem(key)).map_or(&[][..], Vec::as_slice);
        let is_other = |node: &Node<'_>| {
            // A key may have been altered in its folders only.
            let has_other_name = node.digest.is_some_and(|digest| stem(&digest.object) != stem(key));
            node.is_known_elsewhere && has_other_name
        };
        named.iter().copied().filter(|number| !is_other(&self.nodes[*number])).collect()
    }

    /// Notes the digests that lie in the place of another: they are at their own, too, or another digest states their key.
    fn note_known_elsewhere(&mut self, examination: &Examination) {
        let previous = |node: &Node<'e>| Some(&*node.digest?.previous.as_ref()?.object);
        let stated: HashSet<&str> = self.nodes.iter().filter_map(previous).collect();
        for node in &mut self.nodes {
            let Some(digest) = node.digest else { continue };
            let is_own =
                |place: &usize| stem(&examination.objects[*place].object.path) == stem(&digest.object);
            node.is_known_elsewhere = stated.contains(&*digest.object) || node.places.iter().any(is_own);
        }
    }

    /// Notes the digests of which no object has the name that they state.
    fn note_misplaced(&mut self, examination: &Examination) {
        for node in &mut self.nodes {
            let Some(digest) = node.digest else { continue };
            let is_of_another = |place: &usize| {
                let path: &str = &examination.objects[*place].object.path;
                stem(path) != stem(&digest.object) && digest_name(path).is_some()
            };
            node.is_misplaced = node.places.iter().all(is_of_another);
        }
    }

    /// Checks all statements of digests about the ones before them.
    pub(super) fn links(&self, keys: &PublicKeys, threads: usize) -> Result<Vec<Link>, ScanError> {
        let mut pairs = Vec::new();
        for (successor, node) in self.nodes.iter().enumerate() {
            let Some(previous) = node.digest.and_then(|digest| digest.previous.as_ref()) else { continue };
            let before = self.with_key(&previous.object).into_iter().filter(|before| *before != successor);
            pairs.extend(before.map(|before| (successor, before, previous.hash)));
        }
        map_on_threads(threads, &pairs, |&(successor, digest, hash)| {
            let signature =
                self.nodes[successor].digest.and_then(|later| later.previous_signature.as_deref());
            let generated = self.nodes[digest].side_signatures.iter().find_map(|side| side.generated);
            let signed = self.signed(digest, signature, generated, keys);
            Link { successor, digest, hash_fits: hash == Some(self.nodes[digest].checksum), signed }
        })
    }

    /// Checks the signatures from metadata and side files, for each digest.
    pub(super) fn side_signed(
        &self,
        keys: &PublicKeys,
        threads: usize,
    ) -> Result<Vec<Vec<Signed>>, ScanError> {
        let all: Vec<usize> = (0..self.nodes.len()).collect();
        map_on_threads(threads, &all, |&number| {
            let sides = self.nodes[number].side_signatures.iter();
            sides.map(|side| self.signed(number, Some(&side.text), side.generated, keys)).collect()
        })
    }

    /// Whether a signature of a digest is valid.
    fn signed(
        &self,
        number: usize,
        signature: Option<&str>,
        generated: Option<Timestamp>,
        keys: &PublicKeys,
    ) -> Signed {
        let node = &self.nodes[number];
        let (Some(digest), Some(signature)) = (node.digest, signature) else { return Signed::Unknown };
        // A backfill digest is signed when it is made, which may be long after the period that it covers.
        let is_backfill = digest.name().is_some_and(|name| name.is_backfill);
        let signed_at = if is_backfill { generated } else { digest.end };
        let found = keys.find(&digest.fingerprint, signed_at);
        let (Found::Key(key) | Found::Outdated(key)) = found else { return Signed::Unknown };
        let text = digest.signed_text(node.checksum);
        // What no key verifies was altered, perhaps its time or its algorithm, whatever that says of the key.
        match from_hex(signature).is_some_and(|bytes| key.verifies(&text, &bytes)) {
            false => Signed::Invalid,
            true if digest.algorithm != ALGORITHM => Signed::Unknown,
            true if matches!(found, Found::Outdated(_)) => Signed::OutdatedKey,
            true => Signed::Valid,
        }
    }
}

impl Node<'_> {
    /// The end of the period that it covers.
    pub(super) fn end(&self) -> Option<Timestamp> {
        self.digest.and_then(|digest| digest.end)
    }

    /// The trail that it belongs to: by the key that it states, else by the name of its file.
    pub(super) fn name<'n>(&'n self, examination: &'n Examination) -> Option<DigestName<'n>> {
        let by_file = || digest_name(&examination.objects[*self.places.first()?].object.path);
        self.digest.and_then(Digest::name).or_else(by_file)
    }
}
