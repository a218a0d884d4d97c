//! When long-term keys were deleted, or made inactive or active again.

use std::collections::BTreeMap;

use super::Issuance;
use super::earliest::keep;
use super::issuance::texts;
use crate::event::Event;
use crate::model::Text;
use crate::time::Timestamp;

/// How many changes of one key are kept: whoever may change a key may do so any number of times.
const CHANGES_KEPT: usize = 32;

/// What a key is after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyStatus {
    /// It cannot be used.
    Inactive,
    /// It can be used again.
    Active,
    /// It cannot be used, ever.
    Deleted,
}

impl KeyStatus {
    /// Its published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }
}

/// The changes of one key by time; of many only the last ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusChanges {
    kept: BTreeMap<(Timestamp, KeyStatus), Issuance>,
    /// Whether there were more before these.
    pub has_more: bool,
}

impl StatusChanges {
    /// The changes, each with its event.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (KeyStatus, &Issuance)> + ExactSizeIterator {
        self.kept.iter().map(|((_, status), event)| (*status, event))
    }

    /// Adds a change. Of its copies the first counts.
    pub(super) fn add(&mut self, status: KeyStatus, event: Issuance) {
        keep(self.kept.entry((event.event.time, status)), event);
        if self.kept.len() > CHANGES_KEPT {
            self.kept.pop_first();
            self.has_more = true;
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        other.kept.into_iter().for_each(|((_, status), event)| self.add(status, event));
        self.has_more |= other.has_more;
    }
}

/// Which key an event deleted, or made inactive or active, if it did.
///
/// Sources: IAM API Reference, "DeleteAccessKey" and "UpdateAccessKey".
pub(super) fn status_change(event: &Event<'_>, text: &str) -> Option<(Text, KeyStatus)> {
    if event.failed || event.source != "iam.amazonaws.com" {
        return None;
    }
    let of_request = |name| texts(text, &["requestParameters", name]);
    let status = match &*event.name {
        "DeleteAccessKey" => KeyStatus::Deleted,
        "UpdateAccessKey" => match &*of_request("status")? {
            "Active" => KeyStatus::Active,
            "Inactive" => KeyStatus::Inactive,
            _ => return None,
        },
        _ => return None,
    };
    Some((Text::from(&*of_request("accessKeyId")?), status))
}
