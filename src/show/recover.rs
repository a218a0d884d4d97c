//! Records at known places: what a baseline knows of places and checksums, and their records in the archives.

use std::collections::{BTreeSet, HashMap};

use super::{EventCopy, Place, ShownRecord};
use crate::checksum::Checksum;
use crate::model::{EventId, Sighting, Stage};
use crate::scan::{Progress, RecordAddress, ReopenError, Reopened, ScanError, ScanSettings, reopen_all};
use crate::source::Archives;

/// A record whose place is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownPlace {
    /// Path of the object; of the file in it, and of the piece of that. The name of the archive may precede it.
    pub object: String,
    /// Index of the record there.
    pub record: u32,
    /// The event id that it must have, if known.
    pub event_id: Option<String>,
    /// The checksums that objects of this name had when they were read; empty if unknown.
    pub indexed: Vec<Checksum>,
    /// Other places at which a baseline knows the same event.
    pub others: Vec<Place>,
}

impl KnownPlace {
    /// The same in archives that are not numbered as those of the baseline.
    #[must_use]
    pub fn elsewhere(mut self) -> Self {
        self.others.iter_mut().for_each(|place| place.archive = 0);
        self
    }
}

/// What a baseline knows of the places of some events, and of the objects of its archives.
#[derive(Debug, Default)]
pub struct BaselinePlaces {
    events: HashMap<EventId, BTreeSet<(Stage, Place)>>,
    objects: HashMap<String, Vec<Checksum>>,
}

impl BaselinePlaces {
    /// The places of the events with these ids, from the sightings of a baseline, and the checksums of its objects by path.
    pub fn new<'b>(
        ids: impl IntoIterator<Item = &'b str>,
        sightings: impl IntoIterator<Item = &'b Sighting>,
        objects: impl IntoIterator<Item = (&'b str, Checksum)>,
    ) -> Self {
        let mut events: HashMap<EventId, BTreeSet<(Stage, Place)>> =
            ids.into_iter().map(|id| (EventId::from(id), BTreeSet::new())).collect();
        if !events.is_empty() {
            for sighting in sightings {
                if let Some(places) = events.get_mut(&sighting.event_id) {
                    let Sighting { archive, object, record, stage, .. } = sighting;
                    let place = Place { archive: *archive, object: object.to_string(), record: *record };
                    places.insert((*stage, place));
                }
            }
        }
        let mut known: HashMap<String, Vec<Checksum>> = HashMap::new();
        for (path, checksum) in objects {
            known.entry(path.to_owned()).or_default().push(checksum);
        }
        Self { events, objects: known }
    }

    /// The place of an event: that of its last stage, and of copies the first one.
    pub fn event(&self, id: &str) -> Option<KnownPlace> {
        let places = self.events.get(&EventId::from(id))?;
        let (last, first) = places.first()?;
        let others = places.iter().skip(1).filter(|(stage, _)| stage == last);
        Some(KnownPlace {
            object: first.object.clone(),
            record: first.record,
            event_id: Some(id.to_owned()),
            indexed: self.checksums(&first.object),
            others: others.map(|(_, place)| place.clone()).collect(),
        })
    }

    /// The checksums of the object of a path that may continue inside it after a `!`.
    pub fn checksums(&self, object: &str) -> Vec<Checksum> {
        let ends = object.match_indices('!').map(|(at, _)| at).chain([object.len()]);
        ends.filter_map(|end| self.objects.get(&object[..end])).flatten().copied().collect()
    }
}

/// The records at known places, in their order. Every archive is tried; an object that is still the one that was read for the
/// baseline is preferred, then the archive with the smaller number. Each object is read once, in full.
///
/// # Errors
/// If the threads cannot be started or the run was ended early. What happened to a single record is in its place in the answer.
pub fn recover(
    archives: &Archives,
    settings: &ScanSettings,
    places: &[KnownPlace],
    progress: &dyn Progress,
) -> Result<Vec<Result<ShownRecord, ReopenError>>, ScanError> {
    let mut tried: Vec<(usize, RecordAddress<'_>)> = Vec::new();
    for (number, place) in places.iter().enumerate() {
        for (archive, name) in (1..).zip(archives.names()) {
            let below = place.object.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix('/'));
            for object in [Some(&*place.object), below].into_iter().flatten() {
                let event_id = place.event_id.as_deref();
                tried.push((number, RecordAddress { archive, object, record: place.record, event_id }));
            }
        }
    }
    let addresses: Vec<RecordAddress<'_>> = tried.iter().map(|(_, address)| *address).collect();
    let settings = ScanSettings { checksums: true, ..*settings };
    let found = reopen_all(archives, &settings, &addresses, progress)?;
    let mut best: Vec<Option<Result<ShownRecord, ReopenError>>> = places.iter().map(|_| None).collect();
    for ((number, address), found) in tried.iter().zip(found) {
        let next = found.map(|reopened| shown(&places[*number], address, reopened));
        let known = &mut best[*number];
        if known.as_ref().is_none_or(|known| rank(&next) < rank(known)) {
            *known = Some(next);
        }
    }
    let gone = |place: &KnownPlace| Err(ReopenError::Gone { object: place.object.clone() });
    Ok(best.into_iter().zip(places).map(|(best, place)| best.unwrap_or_else(|| gone(place))).collect())
}

fn shown(known: &KnownPlace, address: &RecordAddress<'_>, reopened: Reopened) -> ShownRecord {
    let Reopened { text, checksum } = reopened;
    let RecordAddress { archive, object, record, .. } = *address;
    let copies = known.others.iter().map(|place| EventCopy { place: place.clone(), is_same: None });
    ShownRecord {
        place: Place { archive, object: object.to_owned(), record },
        text,
        checksum,
        indexed: known.indexed.clone(),
        copies: copies.collect(),
        more_copies: 0,
    }
}

/// How far an answer is from the best one.
fn rank(answer: &Result<ShownRecord, ReopenError>) -> u8 {
    match answer {
        Ok(shown) if shown.is_unchanged() == Some(true) => 0,
        Ok(_) => 1,
        Err(ReopenError::Changed { .. }) => 2,
        Err(ReopenError::Unread { .. } | ReopenError::Scan(_)) => 3,
        Err(ReopenError::Gone { .. }) => 4,
    }
}
