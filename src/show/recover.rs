//! Records at known places: what a baseline knows of places and checksums, and their records in the archives.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{EventCopy, EventKey, Place, ShownRecord};
use crate::checksum::IndexedObjects;
use crate::coverage::Coverage;
use crate::model::before_printing;
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
    /// The archive, if that is known; 0 if it may be any.
    pub archive: u32,
}

/// The places of the events with one id, by their detail, which is the URI of a request to a cluster.
type PlacesByDetail = BTreeMap<Option<String>, BTreeSet<(Stage, Place)>>;

/// An answer, and how far it is from the best one.
type Ranked = ((u8, bool), Result<ShownRecord, ReopenError>);

/// What a baseline knows of the places of some events, and of the objects of its archives.
#[derive(Debug, Default)]
pub struct BaselinePlaces {
    events: HashMap<EventId, PlacesByDetail>,
    /// The objects when they were indexed.
    pub objects: IndexedObjects,
}

impl BaselinePlaces {
    /// The places of the events with these ids, from the sightings of a baseline, and its objects.
    pub fn new<'b>(
        ids: impl IntoIterator<Item = &'b str>,
        sightings: impl IntoIterator<Item = &'b Sighting>,
        objects: IndexedObjects,
    ) -> Self {
        let mut events: HashMap<EventId, PlacesByDetail> =
            ids.into_iter().flat_map(names).map(|id| (EventId::from(&*id), BTreeMap::new())).collect();
        if !events.is_empty() {
            for sighting in sightings {
                if let Some(events) = events.get_mut(&sighting.event_id) {
                    let Sighting { archive, object, record, stage, .. } = sighting;
                    let place = Place { archive: *archive, object: object.to_string(), record: *record };
                    let detail = sighting.detail().map(str::to_owned);
                    events.entry(detail).or_default().insert((*stage, place));
                }
            }
        }
        Self { events, objects }
    }

    /// The places of the events with an id, the first ones first; of a request those of its last stage. Some may be copies of
    /// others, see [`join_copies`]. None if the baseline does not know the id.
    pub fn events(&self, id: &str) -> Vec<KnownPlace> {
        let found =
            |name: &String| self.events.get(&EventId::from(&**name)).is_some_and(|events| !events.is_empty());
        let Some(id) = names(id).find(found) else { return Vec::new() };
        let events = self.events.get(&EventId::from(&*id)).into_iter().flat_map(BTreeMap::values);
        let of_last_stage = events.flat_map(|places| {
            let last = places.first().map(|(stage, _)| *stage);
            places.iter().filter(move |(stage, _)| Some(*stage) == last).map(|(_, place)| place)
        });
        let places: BTreeSet<&Place> = of_last_stage.collect();
        let known = |place: &Place| KnownPlace {
            object: place.object.clone(),
            record: place.record,
            event_id: Some(id.clone()),
            archive: if self.objects.is_elsewhere() { 0 } else { place.archive },
        };
        places.into_iter().map(known).collect()
    }
}

/// An id, and what it may have been before it was printed.
fn names(id: &str) -> impl Iterator<Item = String> + use<> {
    std::iter::once(id.to_owned()).chain(before_printing(id))
}

/// Records with one event id, in the order of their places, without those that are copies of others; each names its copies.
pub fn join_copies(records: Vec<ShownRecord>) -> Vec<ShownRecord> {
    let mut joined: Vec<(EventKey, ShownRecord)> = Vec::new();
    for record in records {
        let key = record.event_key();
        match joined.iter_mut().find(|(known, _)| *known == key) {
            Some((_, first)) if first.is_at(&record.place) => {}
            Some((_, first)) => {
                let is_same = first.text == record.text;
                first.has_other_content |= !is_same;
                first.copies.push(EventCopy { place: record.place, is_same: Some(is_same) });
            }
            None => joined.push((key, record)),
        }
    }
    joined.into_iter().map(|(_, record)| record).collect()
}

/// What was found at known places.
#[derive(Debug)]
pub struct Recovered {
    /// The records, in the order of their places.
    pub records: Vec<Result<ShownRecord, ReopenError>>,
    /// What was read of their objects.
    pub coverage: Coverage,
}

/// The records at known places, in their order. Every archive is tried; an object that is still the one that was read for the
/// baseline is preferred, then the archive of the place, then that with the smaller number. Each object is read once, in full. A name that
/// no object has is taken for a printed one, see [`before_printing`].
///
/// # Errors
/// If the threads cannot be started or the run was ended early. What happened to a single record is in its place in the answer.
pub fn recover(
    archives: &Archives,
    settings: &ScanSettings,
    (places, known): (&[KnownPlace], &BaselinePlaces),
    progress: &dyn Progress,
) -> Result<Recovered, ScanError> {
    let mut recovered = recover_literally(archives, settings, (places, known), progress)?;
    let (mut numbers, mut printed) = (Vec::new(), Vec::new());
    for (number, place) in places.iter().enumerate() {
        if matches!(recovered.records[number], Err(ReopenError::Gone { .. })) {
            for object in before_printing(&place.object) {
                numbers.push(number);
                printed.push(KnownPlace { object, ..place.clone() });
            }
        }
    }
    if printed.is_empty() {
        return Ok(recovered);
    }
    let more = recover_literally(archives, settings, (&printed, known), progress)?;
    recovered.coverage.merge(more.coverage);
    recovered.coverage.sort();
    for (number, found) in numbers.into_iter().zip(more.records) {
        let so_far = &mut recovered.records[number];
        let is_gone = |answer: &_| matches!(answer, Err(ReopenError::Gone { .. }));
        if is_gone(so_far) && !is_gone(&found) {
            *so_far = found;
        }
    }
    Ok(recovered)
}

/// The same for names as they are.
fn recover_literally(
    archives: &Archives,
    settings: &ScanSettings,
    (places, known): (&[KnownPlace], &BaselinePlaces),
    progress: &dyn Progress,
) -> Result<Recovered, ScanError> {
    let mut tried: Vec<(usize, RecordAddress<'_>)> = Vec::new();
    for (number, place) in places.iter().enumerate() {
        for (archive, object) in named_objects(archives.names(), &place.object) {
            let event_id = place.event_id.as_deref();
            tried.push((number, RecordAddress { archive, object, record: place.record, event_id }));
        }
    }
    let addresses: Vec<RecordAddress<'_>> = tried.iter().map(|(_, address)| *address).collect();
    let settings = ScanSettings { checksums: true, ..*settings };
    let (found, coverage) = reopen_all(archives, &settings, &addresses, progress)?;
    let mut best: Vec<Option<Ranked>> = places.iter().map(|_| None).collect();
    for ((number, address), found) in tried.iter().zip(found) {
        let next = found.map(|reopened| shown(known, address, reopened));
        let is_other = address.archive != places[*number].archive;
        let rank = (rank(&next), is_other);
        let so_far = &mut best[*number];
        if so_far.as_ref().is_none_or(|(before, _)| rank < *before) {
            *so_far = Some((rank, next));
        }
    }
    let gone = |place: &KnownPlace| Err(ReopenError::Gone { object: place.object.clone() });
    let records =
        best.into_iter().zip(places).map(|(best, place)| best.map_or_else(|| gone(place), |(_, best)| best));
    Ok(Recovered { records: records.collect(), coverage })
}

/// Which objects a path may mean: that of each archive, and if the name of an archive precedes it, what is below that.
pub fn named_objects<'p>(archives: &'p [String], path: &'p str) -> impl Iterator<Item = (u32, &'p str)> {
    (1..).zip(archives).flat_map(move |(archive, name)| {
        let below = path.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix('/'));
        [Some(path), below].into_iter().flatten().map(move |object| (archive, object))
    })
}

fn shown(known: &BaselinePlaces, address: &RecordAddress<'_>, reopened: Reopened) -> ShownRecord {
    let Reopened { text, checksum } = reopened;
    let RecordAddress { archive, object, record, .. } = *address;
    ShownRecord {
        place: Place { archive, object: object.to_owned(), record },
        text,
        checksum,
        indexed: known.objects.of(archive, object),
        copies: Vec::new(),
        more_copies: 0,
        has_other_content: false,
    }
}

/// How far an answer is from the best one.
fn rank(answer: &Result<ShownRecord, ReopenError>) -> u8 {
    match answer {
        Ok(shown) if shown.is_unchanged() == Some(true) => 0,
        Ok(_) => 1,
        Err(ReopenError::Changed { .. } | ReopenError::NoRecord { .. }) => 2,
        Err(ReopenError::Unread { .. } | ReopenError::Scan(_)) => 3,
        Err(ReopenError::Gone { .. }) => 4,
    }
}
