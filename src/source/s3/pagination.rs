//! Pagination: how far the listing of a folder has come. A store may list a key twice, out of order, or in circles; then nothing is
//! counted twice, and the listing ends.

use std::collections::HashSet;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;

use crate::model::Text;

/// How many pages in a row may bring nothing new. Pages of S3 can be empty although more follow.
const MOST_BARREN: u32 = 200;

/// How far the listing of a folder has come.
#[derive(Debug, Default)]
pub(super) struct Pagination {
    /// Paths of the counted objects, sharing their texts.
    seen: HashSet<Text>,
    /// The greatest key.
    furthest: String,
    /// Whether a key came after a greater one.
    is_disordered: bool,
    /// Whether the current page brought something new.
    has_moved: bool,
    /// Pages in a row that brought nothing new.
    barren: u32,
}

impl Pagination {
    /// Notes a key.
    pub(super) fn reach(&mut self, key: &str) {
        if *key > *self.furthest {
            self.furthest.clear();
            self.furthest.push_str(key);
            self.has_moved = true;
        } else {
            self.is_disordered = true;
        }
    }

    /// Notes a new common prefix.
    pub(super) fn found_folder(&mut self) {
        self.has_moved = true;
    }

    /// Whether an object was not counted yet.
    pub(super) fn is_new(&mut self, path: &Text) -> bool {
        let is_new = self.seen.insert(path.clone());
        self.has_moved |= is_new;
        is_new
    }

    /// Whether no later key can be less than the last one.
    pub(super) fn is_ordered(&self) -> bool {
        !self.is_disordered
    }

    /// Where the next page begins.
    ///
    /// # Errors
    /// If the store says that there is more but not where, or goes in circles; the reason in words.
    pub(super) fn next(
        &mut self,
        page: &ListObjectsV2Output,
        token: Option<&str>,
    ) -> Result<Option<String>, String> {
        if page.is_truncated() != Some(true) {
            return Ok(None);
        }
        let has_moved = std::mem::take(&mut self.has_moved);
        self.barren = if has_moved { 0 } else { self.barren + 1 };
        match page.next_continuation_token() {
            None | Some("") => Err("the store says that there is more, and not where it begins".to_owned()),
            Some(next) if Some(next) == token => Err("the store gives the same page for ever".to_owned()),
            Some(_) if self.barren > MOST_BARREN => {
                Err(format!("the store gives page after page, and nothing new on {MOST_BARREN} of them"))
            }
            Some(next) => Ok(Some(next.to_owned())),
        }
    }
}
