//! A cache of recent identities: neighbouring records often have the same `userIdentity`, byte for byte.
//!
//! It is the longest value that has to be read, a quarter of all text. Comparing it with the last few costs a
//! tenth of walking it. The same bytes at the same position of the grammar read the same, so the cache never
//! changes the result.

use crate::event::Identity;

/// The number of cached identities. Even with many callers, nine of ten records have one of the last four.
const CALLERS: usize = 4;

/// The last few identities in a text.
#[derive(Debug, Default)]
pub(in crate::decode) struct IdentityCache<'a> {
    /// Each identity with its JSON text; the text is empty in a free slot.
    known: [(&'a str, Identity<'a>); CALLERS],
    /// The slot of the oldest identity.
    oldest: usize,
}

impl<'a> IdentityCache<'a> {
    /// The identity at the start of `text`, and the length of its JSON text.
    #[inline]
    pub(in crate::decode) fn find(&self, text: &str) -> Option<(&Identity<'a>, usize)> {
        let is_it = |known: &str| !known.is_empty() && text.as_bytes().starts_with(known.as_bytes());
        let (known, identity) = self.known.iter().find(|(known, _)| is_it(known))?;
        Some((identity, known.len()))
    }

    /// Caches an identity with its JSON text, which must be an object: the text of a number could be a prefix
    /// of a longer one.
    pub(super) fn remember(&mut self, text: &'a str, identity: &Identity<'a>) {
        self.known[self.oldest] = (text, identity.clone());
        self.oldest = (self.oldest + 1) % CALLERS;
    }
}
