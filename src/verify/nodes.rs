//! The digests that are there, which of them a key means, and which signatures of them are valid.

use std::collections::{HashMap, HashSet};

use super::digest::Digest;
use super::examination::{Content, Examination};
use super::keys::{Found, Made, PublicKeys};
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
    pub(super) side_signatures: Vec<&'e SideSignature>,
    /// Whether it is known not to be the digest whose name its file has, should the names differ.
    is_known_elsewhere: bool,
    /// Whether all its objects have the names of other digests than it says it is.
    pub(super) is_misplaced: bool,
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

/// How a digest is found: by the key that it states, or by the name of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place<'k> {
    Key(&'k str),
    Name(&'k str),
}

/// All digests that are there.
#[derive(Debug, Default)]
pub(super) struct Nodes<'e> {
    pub(super) nodes: Vec<Node<'e>>,
    by_key: HashMap<&'e str, Vec<usize>>,
    /// Without those that are known to be another digest than the name says.
    by_name: HashMap<&'e str, Vec<usize>>,
}

impl<'e> Nodes<'e> {
    /// Collects the digests among the examined objects.
    pub(super) fn of(examination: &'e Examination, side_files: &'e SideFiles) -> Self {
        let mut all = Self::default();
        let mut known: HashMap<(&str, Checksum), usize> = HashMap::new();
        // A digest may have any number of copies, and each copy its own signature and name.
        let mut signatures: HashSet<(usize, &SideSignature)> = HashSet::new();
        let mut names: HashSet<(usize, &str)> = HashSet::new();
        for (index, examined) in examination.objects.iter().enumerate() {
            let path: &str = &examined.object.path;
            let digest = match &examined.content {
                Content::Digest(digest) => Some(&**digest),
                Content::NotADigest(_) => None,
                Content::Log | Content::Archive | Content::Other => continue,
            };
            let key = digest.map_or(path, |digest| &digest.object);
            let number = *known.entry((key, examined.checksum)).or_insert_with(|| {
                let number = all.nodes.len();
                let side_signatures: Vec<&SideSignature> = side_files.of(key).collect();
                signatures.extend(side_signatures.iter().map(|signature| (number, *signature)));
                all.nodes.push(Node {
                    digest,
                    places: Vec::new(),
                    checksum: examined.checksum,
                    side_signatures,
                    is_known_elsewhere: false,
                    is_misplaced: false,
                });
                number
            });
            let node = &mut all.nodes[number];
            node.places.push(index);
            if let Some(signature) = &examined.signature
                && signatures.insert((number, signature))
            {
                node.side_signatures.push(signature);
            }
            if digest.is_some() && node.places.len() == 1 {
                all.by_key.entry(key).or_default().push(number);
            }
            if names.insert((number, stem(path))) {
                all.by_name.entry(stem(path)).or_default().push(number);
            }
        }
        all.note_known_elsewhere(examination);
        all.forget_names_of_others();
        all.note_misplaced(examination);
        all
    }

    /// The digests that a key means: those that state it, else files with its name that are no other digest.
    pub(super) fn with_key(&self, key: &str) -> &[usize] {
        self.at(self.place(key))
    }

    /// Where the digests that a key means are found.
    pub(super) fn place<'k>(&self, key: &'k str) -> Place<'k> {
        if self.by_key.contains_key(key) { Place::Key(key) } else { Place::Name(stem(key)) }
    }

    /// The digests that are found there.
    pub(super) fn at(&self, place: Place<'_>) -> &[usize] {
        let found = match place {
            Place::Key(key) => self.by_key.get(key),
            Place::Name(name) => self.by_name.get(name),
        };
        found.map_or(&[], Vec::as_slice)
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

    /// Leaves digests that are known elsewhere out of the names that are not theirs.
    fn forget_names_of_others(&mut self) {
        for (name, named) in &mut self.by_name {
            named.retain(|number| {
                let node = &self.nodes[*number];
                // A key may have been altered in its folders only.
                let has_other_name = node.digest.is_some_and(|digest| stem(&digest.object) != *name);
                !(node.is_known_elsewhere && has_other_name)
            });
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
    pub(super) fn signed(
        &self,
        number: usize,
        signature: Option<&str>,
        generated: Option<Timestamp>,
        keys: &PublicKeys,
    ) -> Signed {
        let node = &self.nodes[number];
        let (Some(digest), Some(signature)) = (node.digest, signature) else { return Signed::Unknown };
        let found = keys.find(&digest.fingerprint, made(digest, generated));
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

/// When a digest was signed. A backfill digest is signed when it is made, which may be long after the period that it covers, but not before
/// the end of it, whatever its metadata says.
fn made(digest: &Digest, generated: Option<Timestamp>) -> Made {
    let is_backfill = digest.name().is_some_and(|name| name.is_backfill);
    match (digest.end, generated) {
        (Some(end), Some(generated)) if is_backfill => Made::At(generated.max(end)),
        (Some(end), None) if is_backfill => Made::NotBefore(end),
        (None, Some(generated)) if is_backfill => Made::At(generated),
        (end, _) => end.map_or(Made::Unknown, Made::At),
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
