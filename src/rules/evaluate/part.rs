//! Texts to find in others.

use std::fmt;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use memchr::memmem;

/// A text to find in others.
#[derive(Clone)]
pub(in crate::rules) struct Part(Box<memmem::Finder<'static>>);

impl Part {
    pub(in crate::rules) fn new(text: &str) -> Self {
        Self(Box::new(memmem::Finder::new(text).into_owned()))
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        self.0.find(text.as_bytes()).is_some()
    }

    /// The text itself.
    pub(in crate::rules) fn text(&self) -> &[u8] {
        self.0.needle()
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self.text()))
    }
}

/// Several texts, of which one is to be found; all copies share them.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Parts {
    search: Arc<AhoCorasick>,
    /// The size in bytes.
    pub(in crate::rules) size: usize,
}

impl Parts {
    /// Compiles the search.
    ///
    /// # Errors
    /// If they are too many.
    pub(in crate::rules) fn new(parts: &[Part]) -> Result<Self, String> {
        let search = AhoCorasick::new(parts.iter().map(Part::text)).map_err(|error| error.to_string())?;
        let size = search.memory_usage();
        Ok(Self { search: Arc::new(search), size })
    }

    pub(super) fn one_is_in(&self, text: &str) -> bool {
        self.search.is_match(text)
    }
}
