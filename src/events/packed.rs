//! Events as bytes: what is kept of each until all of them can be put in order.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::num::TryFromIntError;

use super::filter::error_message;
use crate::decode::source_addresses;
use crate::event::AnyRecord;
use crate::learn::LearntEvent;
use crate::model::{EventIdRef, Evidence, EvidenceTexts, InOrder, SightingTexts, Stage, Text};
use crate::observe::Fingerprint;
use crate::time::{Day, Timestamp};

/// The file of a record: the number of its archive, and its path.
pub(super) type Place = (u32, Text);

/// What is packed besides the event and its evidence.
#[derive(Debug)]
pub(super) struct Extras<'e> {
    /// The number of its [`Place`].
    pub(super) place: u32,
    /// Whether it is wanted. Others are kept only to be recognised as the better record of a request.
    pub(super) is_wanted: bool,
    /// ARNs in the record.
    pub(super) resources: &'e [Cow<'e, str>],
    /// Its text, if wanted.
    pub(super) raw: Option<&'e str>,
}

/// Texts of evidence, then `errorMessage`, `recipientAccountId` and the text of the record; those of resources follow.
const TEXTS: usize = SightingTexts::COUNT + 3;

/// Length of the part before the event id.
const FIXED: usize = 51;

const IS_WANTED: u8 = 1;
const HAS_FINGERPRINT: u8 = 2;
const FAILED: u8 = 4;
const HAS_READ_ONLY: u8 = 8;
const READ_ONLY: u8 = 16;
const MAY_BE_AGGREGATED: u8 = 32;

/// Marks an object without a delivery day.
const UNDATED: i32 = i32::MIN;

/// Appends one event to `out`.
pub(super) fn pack(seen: &LearntEvent<'_>, evidence: &Evidence<'_>, extras: &Extras<'_>, out: &mut Vec<u8>) {
    let event = seen.event;
    let (id, content) = seen.fingerprint.map_or((0, 0), Fingerprint::parts);
    let bit = |is_set: bool, bit| if is_set { bit } else { 0 };
    let flags = bit(extras.is_wanted, IS_WANTED)
        | bit(seen.fingerprint.is_some(), HAS_FINGERPRINT)
        | bit(event.failed, FAILED)
        | bit(event.read_only.is_some(), HAS_READ_ONLY)
        | bit(event.read_only == Some(true), READ_ONLY)
        | bit(may_be_aggregated(seen.record), MAY_BE_AGGREGATED);
    out.extend(event.time.micros().to_le_bytes());
    out.extend(extras.place.to_le_bytes());
    out.extend(seen.place.record.to_le_bytes());
    out.extend(seen.principal.0.to_le_bytes());
    out.extend(seen.action.0.to_le_bytes());
    out.extend(id.to_le_bytes());
    out.extend(content.to_le_bytes());
    out.extend(seen.delivered.map_or(UNDATED, Day::number).to_le_bytes());
    out.extend([flags, evidence.stage as u8, addresses(seen)]);
    let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    out.extend(number(extras.resources.len()));
    out.extend(number(evidence.event_id.len()));
    out.extend(evidence.event_id.as_bytes());
    let recipient = match seen.record {
        AnyRecord::CloudTrail(record) => record.recipient_account.filter(|text| !text.is_empty()),
        AnyRecord::Kubernetes(_) => None,
    };
    let more = [error_message(seen.record), recipient, extras.raw];
    let texts = evidence.texts();
    let all = || {
        let resources = extras.resources.iter().map(|arn| Some(&**arn));
        texts.into_iter().chain(more).chain(resources)
    };
    all().for_each(|text| length(text.map_or(0, |text| text.len() as u64 + 1), out));
    all().flatten().for_each(|text| out.extend(text.as_bytes()));
}

fn may_be_aggregated(record: AnyRecord<'_>) -> bool {
    matches!(record, AnyRecord::Kubernetes(record) if record.may_be_aggregated())
}

/// How many addresses a request came by that an aggregated server may have logged, too: there it has one more.
fn addresses(seen: &LearntEvent<'_>) -> u8 {
    match may_be_aggregated(seen.record) {
        true => u8::try_from(source_addresses(seen.text).len()).unwrap_or(u8::MAX),
        false => 0,
    }
}

/// Appends a number in groups of seven bits, the lowest first (LEB128).
fn length(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// One packed event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed<'p>(pub(super) &'p [u8]);

impl<'p> Packed<'p> {
    fn bytes<const N: usize>(self, at: usize) -> [u8; N] {
        let bytes = self.0.get(at..at + N).and_then(|bytes| bytes.try_into().ok());
        bytes.unwrap_or([0; N])
    }

    fn number(self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(at))
    }

    fn flag(self, flag: u8) -> bool {
        self.bytes::<1>(40)[0] & flag != 0
    }

    pub(super) fn time(self) -> Timestamp {
        Timestamp::from_micros(i64::from_le_bytes(self.bytes(0)))
    }

    pub(super) fn place(self) -> usize {
        self.number(8) as usize
    }

    pub(super) fn record(self) -> u32 {
        self.number(12)
    }

    pub(super) fn principal(self) -> usize {
        self.number(16) as usize
    }

    pub(super) fn action(self) -> usize {
        self.number(20) as usize
    }

    pub(super) fn fingerprint(self) -> Option<Fingerprint> {
        let parts = (u64::from_le_bytes(self.bytes(24)), self.number(32));
        self.flag(HAS_FINGERPRINT).then(|| Fingerprint::from_parts(parts))
    }

    /// The day of delivery.
    pub(super) fn delivered(self) -> Option<i32> {
        let day = i32::from_le_bytes(self.bytes(36));
        (day != UNDATED).then_some(day)
    }

    pub(super) fn is_wanted(self) -> bool {
        self.flag(IS_WANTED)
    }

    /// Whether an aggregated server may have logged it, too, by another clock.
    pub(super) fn may_be_aggregated(self) -> bool {
        self.flag(MAY_BE_AGGREGATED)
    }

    /// How many addresses it came by, if it may be aggregated.
    pub(super) fn addresses(self) -> u8 {
        self.bytes::<1>(42)[0]
    }

    pub(super) fn failed(self) -> bool {
        self.flag(FAILED)
    }

    pub(super) fn read_only(self) -> Option<bool> {
        self.flag(HAS_READ_ONLY).then(|| self.flag(READ_ONLY))
    }

    pub(super) fn stage(self) -> Stage {
        let number = self.bytes::<1>(41)[0];
        Stage::ALL.iter().copied().find(|stage| *stage as u8 == number).unwrap_or_default()
    }

    pub(super) fn event_id(self) -> &'p str {
        let length = self.number(FIXED - 4) as usize;
        let bytes = self.0.get(FIXED..FIXED + length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// The first bytes of the event id, as a number that sorts like them.
    fn event_id_start(self) -> u64 {
        let id = self.event_id().as_bytes();
        let mut start = [0; 8];
        let length = id.len().min(8);
        start[..length].copy_from_slice(&id[..length]);
        u64::from_be_bytes(start)
    }

    /// Everything after the event id.
    fn rest(self) -> &'p [u8] {
        self.0.get(FIXED + self.event_id().len()..).unwrap_or_default()
    }

    /// Its texts.
    pub(super) fn texts(self) -> Texts<'p> {
        let mut rest = self.rest();
        let mut lengths = [0; TEXTS];
        lengths.iter_mut().for_each(|length| *length = take_length(&mut rest));
        let resources =
            (0..self.number(43)).map_while(|_| (!rest.is_empty()).then(|| take_length(&mut rest)));
        let resources: Vec<usize> = resources.collect();
        let mut blob = std::str::from_utf8(rest).unwrap_or_default();
        let mut take = |length: usize| {
            let (text, behind) = blob.split_at_checked(length.checked_sub(1)?)?;
            blob = behind;
            Some(text)
        };
        let texts = lengths.map(&mut take);
        let resources = resources.into_iter().filter_map(take).collect();
        Texts { texts, resources }
    }
}

/// The texts of an event.
#[derive(Debug)]
pub(super) struct Texts<'p> {
    texts: [Option<&'p str>; TEXTS],
    pub(super) resources: Vec<&'p str>,
}

impl<'p> Texts<'p> {
    /// Those of its evidence, in order.
    fn in_order(&self) -> [Option<&'p str>; SightingTexts::COUNT] {
        std::array::from_fn(|index| self.texts[index])
    }

    pub(super) fn evidence(&self) -> EvidenceTexts<'p> {
        EvidenceTexts::new(self.in_order())
    }

    pub(super) fn error_message(&self) -> Option<&'p str> {
        self.texts[SightingTexts::COUNT]
    }

    pub(super) fn recipient_account(&self) -> Option<&'p str> {
        self.texts[SightingTexts::COUNT + 1]
    }

    pub(super) fn raw(&self) -> Option<&'p str> {
        self.texts[SightingTexts::COUNT + 2]
    }
}

fn take_length(bytes: &mut &[u8]) -> usize {
    let (mut number, mut shift) = (0u64, 0);
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    usize::try_from(number).unwrap_or_default()
}

/// Where an event is among others in memory, and the start of what it is sorted by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    time: i64,
    event_id: u64,
    at: u32,
    length: u32,
}

impl Entry {
    /// The entry of the event that begins at `at` and is the last one.
    pub(super) fn of(bytes: &[u8], at: usize) -> Result<Self, TryFromIntError> {
        let packed = Packed(&bytes[at..]);
        Ok(Self {
            time: packed.time().micros(),
            event_id: packed.event_id_start(),
            at: at.try_into()?,
            length: packed.0.len().try_into()?,
        })
    }

    /// Sorts as the event does, as far as it goes.
    pub(super) fn start(self) -> (i64, u64) {
        (self.time, self.event_id)
    }

    pub(super) fn range(self) -> std::ops::Range<usize> {
        self.at as usize..self.at as usize + self.length as usize
    }
}

/// A packed event with the places of its worker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'p> {
    pub(super) packed: Packed<'p>,
    pub(super) places: &'p [Place],
}

impl InOrder for Placed<'_> {
    fn time(&self) -> Timestamp {
        self.packed.time()
    }

    fn event_id(&self) -> EventIdRef<'_> {
        self.packed.event_id().into()
    }

    fn stage(&self) -> Stage {
        self.packed.stage()
    }

    fn place(&self) -> (u32, &str, u32) {
        let place = self.places.get(self.packed.place());
        let (archive, object) = place.map_or((0, ""), |(archive, object)| (*archive, &**object));
        (archive, object, self.packed.record())
    }

    fn rest(&self) -> (bool, Option<bool>, [Option<&str>; SightingTexts::COUNT]) {
        (self.packed.failed(), self.packed.read_only(), self.packed.texts().in_order())
    }
}

/// Compares two events in the order of sightings, and those that are equal in it by everything else.
pub(super) fn order(left: Placed<'_>, right: Placed<'_>) -> Ordering {
    left.order(&right).then_with(|| left.packed.rest().cmp(right.packed.rest()))
}

/// Whether two events have the same time and event id, as copies have.
pub(super) fn is_same_event(left: Packed<'_>, right: Packed<'_>) -> bool {
    left.time() == right.time() && left.event_id() == right.event_id()
}
