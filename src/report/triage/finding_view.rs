//! A finding of an incident: the fields of a finding of `scan` that have a value, and what it adds to the score.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::bits::rounded;
use super::reason_view::CountView;
use super::words::of_surprise;
use crate::query::{EpisodeFinding, Surprise, Weights};
use crate::report::{FindingRow, as_it_is};

/// The fields of a finding that the member says, once for all its findings, and the number of events, which is always 1.
const OF_MEMBER: [&str; 8] = [
    "principal_kind",
    "principal_arn",
    "source",
    "linked_principal",
    "known_to_iam",
    "anchor",
    "anchor_time",
    "count",
];

/// A finding under its published names.
pub(super) struct FindingView<'a> {
    /// The number of its episode in the incident, from 1.
    pub(super) member: usize,
    pub(super) one: &'a EpisodeFinding<'a>,
    pub(super) archives: &'a [String],
    pub(super) weights: &'a Weights,
}

/// How surprising a new action was, under its published names.
#[derive(Serialize)]
struct SurpriseView {
    among_all: CountView,
    among_kind: CountView,
    among_family: CountView,
    mates: u32,
    used: u32,
    is_service_familiar: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stays: Option<bool>,
}

impl SurpriseView {
    fn new(surprise: &Surprise) -> Self {
        Self {
            among_all: surprise.among_all.into(),
            among_kind: surprise.among_kind.into(),
            among_family: surprise.among_family.into(),
            mates: surprise.mates,
            used: surprise.used,
            is_service_familiar: surprise.is_service_familiar,
            stays: surprise.stays,
        }
    }
}

impl Serialize for FindingView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        let row = FindingRow::new(&self.one.finding, self.archives, as_it_is);
        row.add_present(&OF_MEMBER, &mut object)?;
        object.serialize_entry("member", &self.member)?;
        if let Some(surprise) = &self.one.surprise {
            object.serialize_entry("bits", &rounded(surprise.bits))?;
            if let Some(class) = surprise.class {
                object.serialize_entry("class", class.name())?;
            }
            object.serialize_entry("reason", &of_surprise(surprise, self.weights))?;
            object.serialize_entry("surprise", &SurpriseView::new(surprise))?;
        }
        object.end()
    }
}
