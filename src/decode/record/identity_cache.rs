//! The callers met last: neighbouring records often have the same `userIdentity`, byte for byte.
//!
//! It is the longest value that has to be read, a quarter of all text. Comparing it with the last few costs a tenth
//! of walking it. The same bytes in the same place of the grammar read the same, so this never changes what is found.

use crate::event::Identity;

/// How many callers are remembered. In archives of many callers nine of ten records have one of the last four.
const CALLERS: usize = 4;

/// The last few callers of one text.
#[derive(Debug, Default)]
pub(in crate::decode) struct IdentityCache<'a> {
    /// Each with the text of its `userIdentity`; no text in a free place.
    known: [(&'a str, Identity<'a>); CALLERS],
    /// Place of the one noted first.
    oldest: usize,
}

impl<'a> IdentityCache<'a> {
    /// The caller whose `userIdentity` stands at the start of `text`, and how long that is.
    #[inline]
    pub(in crate::decode) fn find(&self, text: &str) -> Option<(&Identity<'a>, usize)> {
        let is_it = |known: &str| !known.is_empty() && text.as_bytes().starts_with(known.as_bytes());
        let (known, identity) = self.known.iter().find(|(known, _)| is_it(known))?;
        Some((identity, known.len()))
    }

    /// Notes a caller and the text of its `userIdentity`, which must be an object: the text of a number could
    /// be the beginning of a longer one.
    pub(super) fn remember(&mut self, text: &'a str, identity: &Identity<'a>) {
        self.known[self.oldest] = (text, identity.clone());
        self.oldest = (self.oldest + 1) % CALLERS;
    }
}
