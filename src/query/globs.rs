//! Matches many globs against a text. Each is indexed by a part that a matching text must contain, so the time does not grow with
//! their number.

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::Pattern;

/// Up to this many globs are matched one by one.
const FEW: usize = 16;

/// An index of globs. It does not store them: they are passed with each query.
#[derive(Debug, Default)]
pub(super) struct Globs {
    hasher: FixedState,
    /// By the hash of a lower-case part: the range in `numbers` of the globs that contain it.
    places: HashMap<u64, (u32, u32), FixedState>,
    numbers: Vec<u32>,
    /// Lengths of these parts, in bytes.
    lengths: BTreeSet<usize>,
    /// Globs without such a part, which any text may match.
    anywhere: Vec<u32>,
}

impl Globs {
    pub(super) fn new(patterns: &[Pattern]) -> Self {
        let mut globs = Self::default();
        if patterns.len() <= FEW {
            globs.anywhere = (0..).take(patterns.len()).collect();
            return globs;
        }
        // The rarest part is the most selective, and among equally rare ones the longest.
        let mut frequency: HashMap<u64, u32, FixedState> = HashMap::default();
        for pattern in patterns {
            for part in parts(pattern.as_str()) {
                *frequency.entry(globs.hash(part.as_bytes())).or_default() += 1;
            }
        }
        let mut wildcards = BTreeSet::new();
        let mut by_hash: Vec<(u64, u32)> = Vec::with_capacity(patterns.len());
        for (number, pattern) in (0..).zip(patterns) {
            let hashes = parts(pattern.as_str()).map(|part| (globs.hash(part.as_bytes()), part.len()));
            match hashes.min_by_key(|(hash, length)| (frequency[hash], usize::MAX - length)) {
                Some((hash, length)) => {
                    globs.lengths.insert(length);
                    by_hash.push((hash, number));
                }
                None if wildcards.insert(pattern.as_str()) => globs.anywhere.push(number),
                None => {}
            }
        }
        by_hash.sort_unstable();
        for same in by_hash.chunk_by(|left, right| left.0 == right.0) {
            let start = globs.numbers.len() as u32;
            globs.numbers.extend(same.iter().map(|(_, number)| number));
            globs.places.insert(same[0].0, (start, globs.numbers.len() as u32));
        }
        globs
    }

    /// Whether one of the indexed globs matches one of the texts.
    pub(super) fn any(&self, patterns: &[Pattern], texts: &[&str], case_sensitive: bool) -> bool {
        let matches =
            |number: &u32, text: &str| patterns[*number as usize].matches_text(text, case_sensitive);
        texts.iter().any(|text| {
            let lower = text.to_ascii_lowercase();
            self.anywhere.iter().any(|number| matches(number, text))
                || self.lengths.iter().any(|length| {
                    lower.as_bytes().windows(*length).any(|part| {
                        let found = self.places.get(&self.hash(part));
                        let numbers = found.map(|(start, end)| &self.numbers[*start as usize..*end as usize]);
                        numbers.into_iter().flatten().any(|number| matches(number, text))
                    })
                })
        })
    }

    fn hash(&self, part: &[u8]) -> u64 {
        self.hasher.hash_one(part)
    }
}

/// The lower-case parts of a glob that each matching text contains: everything between wildcards.
fn parts(glob: &str) -> impl Iterator<Item = String> {
    let mut parts = Vec::new();
    let mut rest = glob;
    while let Some(at) = rest.find(['*', '?', '[']) {
        parts.push(&rest[..at]);
        let behind = &rest[at..];
        rest = if let Some(below) = behind.strip_prefix("**/") {
            // It also matches the empty text, without the slash.
            below
        } else if behind.starts_with('[') {
            // A `]` at the start of a class belongs to the class.
            let class = behind.strip_prefix("[!").or(behind.strip_prefix('[')).unwrap_or_default();
            class.char_indices().skip(1).find(|(_, c)| *c == ']').map_or("", |(end, _)| &class[end + 1..])
        } else {
            &behind[1..]
        };
    }
    parts.push(rest);
    parts.into_iter().filter(|part| !part.is_empty()).map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards_separate_the_parts() {
        let of = |glob: &str| parts(glob).collect::<Vec<_>>();
        assert_eq!(of("IAM:Get*Role?x"), ["iam:get", "role", "x"]);
        assert_eq!(of("a[]b]c[!]d]e[f"), ["a", "c", "e"]);
        assert_eq!(of("**/b/**/c"), ["b/", "c"]);
        assert_eq!(of("*?[a-z]"), [""; 0]);
    }

    proptest! {
        /// An index gives the same result as matching each glob against each text.
        #[test]
        fn many_globs_find_the_same_as_each(
            globs in prop::collection::vec("([abA:/]|\\*|\\?|\\[!?[ab\\]-]{1,2}\\]){0,5}", FEW + 1..60),
            texts in prop::collection::vec("[abA:/]{0,5}", 1..4),
            case_sensitive: bool,
        ) {
            let patterns: Vec<Pattern> = globs.iter().filter_map(|glob| glob.parse().ok()).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let matches = |pattern: &Pattern| {
                texts.iter().any(|text| pattern.matches_text(text, case_sensitive))
            };
            let found = Globs::new(&patterns).any(&patterns, &texts, case_sensitive);
            prop_assert_eq!(found, patterns.iter().any(matches));
        }
    }
}
