//! Scores as published: every part in hundredths of a bit, and a score that is the sum of what is printed.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::query::{Episode, Incident, Part, PartName, published_bits};

/// A number of bits, rounded to two decimals.
pub(in crate::report) fn rounded(bits: f64) -> f64 {
    published_bits([bits])
}

/// The score of an episode: the sum of its parts as printed.
pub(super) fn score(episode: &Episode<'_>) -> f64 {
    episode.published_score()
}

/// The part of an incident's score with a name, as printed, if the score has it.
pub(super) fn part(incident: &Incident<'_>, name: PartName) -> Option<f64> {
    incident.part(name).map(|(_, part)| rounded(part.bits))
}

/// The parts of a score as an object: `{"size": 41.2, "history": 7.0}`.
pub(super) struct PartsView<'a>(pub(super) Vec<&'a Part<'a>>);

impl Serialize for PartsView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.0.len()))?;
        for part in &self.0 {
            object.serialize_entry(part.name().name(), &rounded(part.bits))?;
        }
        object.end()
    }
}
