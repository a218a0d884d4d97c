//! The visitor that reads archives for events by their ids.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use super::{EventCopy, EventKey, Place, ShownRecord, event_key};
use crate::checksum::Checksum;
use crate::coverage::Coverage;
use crate::decode::FoundRecord;
use crate::model::before_printing;
use crate::model::{Stage, Text};
use crate::scan::{
    CurrentObject, ObjectContext, ObjectResult, Progress, ScanError, ScanSettings, Scanned, Visitor,
    inner_path, scan,
};
use crate::source::Archives;

/// How many copies of an event are listed.
pub const COPIES_LISTED: usize = 10;

/// What a search found.
#[derive(Debug)]
pub struct Searched {
    /// The records of each id, in the order of the ids, one for each event with this id: of copies the first one, by archive, object and
    /// record; of a request that was logged at several stages the last one.
    pub records: Vec<Vec<ShownRecord>>,
    /// Archive and path of every listed object.
    pub listed: Vec<(u32, Text)>,
    /// What was read, skipped and lost.
    pub coverage: Coverage,
}

/// Reads archives for the events with these ids. An id that no event has is taken for a printed one, see [`before_printing`]. All of the archives is read, so that the answer does not depend on which object
/// was read first, and no copy is missed.
///
/// # Errors
/// Same as [`scan`].
pub fn search(
    archives: &Archives,
    settings: &ScanSettings,
    ids: &[&str],
    progress: &dyn Progress,
) -> Result<Searched, ScanError> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for (number, id) in ids.iter().enumerate() {
        numbers.entry(id).or_insert(number);
    }
    let printed: Vec<Vec<String>> = ids.iter().map(|id| before_printing(id).collect()).collect();
    for (number, name) in (ids.len()..).zip(printed.iter().flatten()) {
        numbers.entry(name).or_insert(number);
    }
    let settings = ScanSettings { checksums: true, ..*settings };
    let visitor = |_| Searcher { numbers: &numbers, found: Hits::default() };
    let Scanned { visitors, mut listing, .. } = scan(archives, &settings, &visitor, progress)?;
    let coverage = std::mem::take(&mut listing.coverage);
    let mut found = Hits::default();
    visitors.into_iter().for_each(|searcher| add_all(&mut found, searcher.found));
    let mut by_number: HashMap<usize, Vec<Hit>> = HashMap::new();
    for ((number, _), hit) in found {
        by_number.entry(number).or_default().push(hit);
    }
    by_number
        .values_mut()
        .for_each(|hits| hits.sort_unstable_by(|left, right| left.first.0.cmp(&right.first.0)));
    let records = |(id, printed): (&&str, &Vec<String>)| {
        let names = std::iter::once(*id).chain(printed.iter().map(String::as_str));
        let hits = names.filter_map(|name| by_number.get(&numbers[name])).next();
        hits.into_iter().flatten().cloned().map(Hit::into_record).collect()
    };
    Ok(Searched {
        records: ids.iter().zip(&printed).map(records).collect(),
        listed: listing.into_paths(),
        coverage,
    })
}

/// What was found of each event, by the number of its id and what its copies have in common.
type Hits = HashMap<(usize, EventKey), Hit>;

/// What was found of one event.
#[derive(Clone)]
struct Hit {
    stage: Stage,
    /// The first place, and what is there.
    first: (Place, Content),
    /// The next places, with the checksums of their texts.
    copies: BTreeMap<Place, Checksum>,
    /// Number of places.
    count: u64,
    /// Whether any two of the texts differ.
    has_other_content: bool,
}

/// A record at a place.
#[derive(Clone)]
struct Content {
    text: String,
    text_checksum: Checksum,
    object_checksum: Option<Checksum>,
}

impl Hit {
    fn merge(&mut self, mut other: Self) {
        match other.stage.cmp(&self.stage) {
            Ordering::Greater => return,
            Ordering::Less => return *self = other,
            Ordering::Equal => {}
        }
        if other.first.0 < self.first.0 {
            std::mem::swap(self, &mut other);
        }
        let (place, Content { text_checksum, .. }) = other.first;
        self.has_other_content |= other.has_other_content || text_checksum != self.first.1.text_checksum;
        self.copies.insert(place, text_checksum);
        self.copies.extend(other.copies);
        self.count += other.count;
        while self.copies.len() > COPIES_LISTED {
            self.copies.pop_last();
        }
    }

    fn into_record(self) -> ShownRecord {
        let Self { first: (place, content), copies, count, has_other_content, .. } = self;
        let more_copies = count.saturating_sub(1 + copies.len() as u64);
        let copy = |(place, other)| EventCopy { place, is_same: Some(other == content.text_checksum) };
        ShownRecord {
            place,
            text: content.text,
            checksum: content.object_checksum,
            indexed: Vec::new(),
            copies: copies.into_iter().map(copy).collect(),
            more_copies,
            has_other_content,
        }
    }
}

fn add_all(found: &mut Hits, more: Hits) {
    for (event, hit) in more {
        match found.get_mut(&event) {
            Some(known) => known.merge(hit),
            None => {
                found.insert(event, hit);
            }
        }
    }
}

/// Looks for events.
struct Searcher<'s> {
    numbers: &'s HashMap<&'s str, usize>,
    found: Hits,
}

impl Visitor for Searcher<'_> {
    type Part = Hits;

    fn begin_piece(&mut self, _: &CurrentObject<'_>) -> Hits {
        Hits::default()
    }

    fn record(&mut self, part: &mut Hits, found: &FoundRecord<'_>, context: &mut ObjectContext<'_>) {
        let Ok(record) = found.record else { return };
        context.coverage.records.counted += 1;
        let Some(number) = self.numbers.get(record.event_id()) else { return };
        let object = context.current.object;
        let path = found
            .inner
            .map_or_else(|| object.path.to_string(), |inner| inner_path(&object.path, inner).to_string());
        let place = Place { archive: object.archive, object: path, record: found.index_in_file };
        let content = Content {
            text: found.text.to_owned(),
            text_checksum: Checksum::of(found.text.as_bytes()),
            object_checksum: None,
        };
        let stage = record.evidence().stage;
        let (first, copies) = ((place, content), BTreeMap::new());
        let hit = Hit { stage, first, copies, count: 1, has_other_content: false };
        add_all(part, Hits::from([((*number, event_key(found)), hit)]));
    }

    fn join_pieces(before: &mut Hits, next: Hits, _: u32) {
        add_all(before, next);
    }

    fn end_object(&mut self, mut part: Hits, result: &ObjectResult<'_>, _: &mut Coverage) {
        part.values_mut().for_each(|hit| hit.first.1.object_checksum = result.stored.checksum);
        add_all(&mut self.found, part);
    }
}
