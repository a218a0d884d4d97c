//! Texts and bytes within texts: JSON in strings, and base64.

use super::envelope::{self, TextKind};
use super::origin::CarrierOrigin;
use super::sink::{Contents, DEEPEST, LARGEST_INSIDE, MemberCopies, Sink, TextContext};
use super::text;
use super::traces::TraceKind;
use crate::coverage::{FaultKind, FoundPaths, Position};
use crate::decode::{DecodeFault, DecodeFaults, Decoder, FoundRecord, Verdict};

/// A visitor behind a pointer: with generics, each level of nesting would need another type.
type Visit<'v> = &'v mut dyn FnMut(FoundRecord<'_>);

impl<V: FnMut(FoundRecord<'_>)> Sink<'_, '_, V> {
    /// Reads the possible contents of the JSON string at `at`; returns whether it holds records.
    pub(super) fn candidate(&mut self, literal: &str, candidate: TextKind, at: usize) -> bool {
        let is_cut = literal.len() < 2 || !literal.ends_with('"');
        match (envelope::unquote(literal), candidate) {
            (None, _) => false,
            (Some(text), TextKind::Base64) => {
                let text = if is_cut { envelope::complete_groups(&text) } else { &text };
                self.with_member("|base64", |sink| sink.base64(text, at)).unwrap_or(false)
            }
            (Some(text), _) => self.text(&text, at, true) > 0,
        }
    }

    /// Reads a text within the text; returns the number of its records. With `is_strict`, its faults count
    /// only if it is a log.
    pub(in crate::decode) fn text(&mut self, text: &str, at: usize, is_strict: bool) -> u32 {
        if self.depth >= DEEPEST {
            if envelope::may_hide_records(text) {
                self.contents.add_trace(TraceKind::TooDeep, at);
            }
            return 0;
        }
        let trail = format!("{}|", self.trail);
        let is_found = self.is_found || is_strict;
        let within = TextContext {
            depth: self.depth + 1,
            is_strict: is_strict || self.is_strict,
            ceiling: self.ceiling,
            base64_left: self.room,
            path: &trail,
            is_found,
            carrier: self.carrier.clone(),
        };
        let (visit, predictors, copies, own) =
            (&mut self.visit, &mut *self.predictors, &mut self.copies, &self.carrier);
        let mut records = self.contents.records;
        let (verdict, contents) = text::read(
            text,
            false,
            &within,
            predictors,
            &mut numbered(visit, copies, own.as_deref(), &mut records) as Visit<'_>,
        );
        let more = records - self.contents.records;
        self.contents.records = records;
        let counts = !is_strict || contents.records > 0 || envelope::names_a_record(text);
        // Copies of records in another member add no paths.
        let found = if more > 0 { contents.found } else { FoundPaths::default() };
        self.add_contents(Contents { found, ..contents }, at, counts);
        if !is_strict && more == 0 && verdict != Verdict::Records {
            self.contents.others += 1;
        }
        more
    }

    /// Reads the beginning of a base64 text that is damaged at its character `place`, and reports the damage if it
    /// may hold records.
    fn broken_base64(&mut self, start: &str, place: usize, at: usize) -> bool {
        let records = self.contents.records;
        let Some(bytes) = envelope::decode_base64(start) else { return false };
        let is_wrapper = self.base64(start, at).unwrap_or(false);
        let text = String::from_utf8_lossy(&bytes);
        // A token has a complete object before its first dot.
        let is_cut = text.starts_with(['{', '[']) && !text.ends_with(['}', ']']);
        let may_hold_records = is_cut
            || self.contents.records > records
            || envelope::begins_packed(&bytes)
            || envelope::names_a_record(&text);
        if may_hold_records {
            let detail = format!("the base64 is damaged at its character {place} and was read up to there");
            let position = Position::Whole;
            let fault = DecodeFault { kind: FaultKind::JsonBroken, position, inner: None, detail };
            self.add_faults(DecodeFaults::from_iter([fault]), at);
        }
        is_wrapper
    }

    /// Reads the bytes of a base64 text; returns whether they hold records or an empty wrapper. `None` if it
    /// is not base64. What is before a damage is read, too.
    pub(in crate::decode) fn base64(&mut self, text: &str, at: usize) -> Option<bool> {
        let copy = self.ceiling.reserve_copy(text.len() as u64);
        let Some(bytes) = envelope::decode_base64(text) else {
            return envelope::whole_base64(text).map(|(start, place)| self.broken_base64(&start, place, at));
        };
        if self.depth >= DEEPEST {
            self.contents.add_trace(TraceKind::TooDeep, at);
            return Some(false);
        }
        let room = self.room.get();
        if room == 0 {
            let detail = "the base64 in this text comes to too many bytes".to_owned();
            let fault =
                DecodeFault { kind: FaultKind::TooLarge, position: Position::Whole, inner: None, detail };
            self.add_faults(DecodeFaults::from_iter([fault]), at);
            return Some(false);
        }
        let (visit, copies, own) = (&mut self.visit, &mut self.copies, &self.carrier);
        let mut records = self.contents.records;
        let ceiling = match &copy {
            Some(hold) => &self.ceiling.for_contents(bytes.len() as u64, Some(hold)),
            None => self.ceiling,
        };
        let mut decoder = Decoder::nested_in(ceiling.for_part(LARGEST_INSIDE.min(room)), self.depth + 1);
        decoder.is_strict = self.is_found || self.is_strict;
        let decoded =
            decoder.decode(&bytes, &mut numbered(visit, copies, own.as_deref(), &mut records) as Visit<'_>);
        self.room.set(room.saturating_sub(decoded.json_bytes.max(decoder.inflated)));
        let more = records - self.contents.records;
        self.contents.records = records;
        self.add_faults(decoded.faults, at);
        if self.is_found {
            let counted = decoded.found.total();
            self.contents.found.merge(decoded.found.under(&self.trail));
            self.contents.found.add(&self.trail, u64::from(more).saturating_sub(counted));
        }
        Some(decoded.verdict == Verdict::Records)
    }
}

/// A visitor for a nested text: omits copies, numbers records from `records`, and sets the outer carrier if
/// there is no inner one.
fn numbered<'v>(
    visit: &'v mut impl FnMut(FoundRecord<'_>),
    copies: &'v mut MemberCopies,
    carrier: Option<&'v CarrierOrigin>,
    records: &'v mut u32,
) -> impl FnMut(FoundRecord<'_>) + 'v {
    move |found| {
        if copies.is_watching && copies.contains_or_insert(found.text, found.record) {
            return;
        }
        let index = *records;
        *records += 1;
        visit(FoundRecord {
            index_in_file: index,
            index_in_object: index,
            inner: None,
            carrier: found.carrier.or(carrier),
            ..found
        });
    }
}
