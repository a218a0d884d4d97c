//! Reads objects that are not records: known wrappers, values found by the finder, and truncated values.

use super::envelope::{self, NamedLocation, ObjectContents, RecordLocation, TextKind};
use super::finder::{self, FoundKind, FoundValue, RecordTrace, Search, SearchEnd};
use super::json_stream::{JsonStream, Unreadable};
use super::origin::CarrierOrigin;
use super::traces::TraceKind;
use super::{encoded, loose, rebuilt, sink};
use crate::coverage::ObjectSkip;
use crate::decode::FoundRecord;
use crate::decode::record::walk;

impl<'a, V: FnMut(FoundRecord<'_>)> JsonStream<'a, '_, '_, V> {
    /// Reads an object that is not a record: a wrapper or something unrelated.
    pub(super) fn read_other_object(
        &mut self,
        scope: &'a str,
        at: usize,
        end: usize,
    ) -> Result<usize, Unreadable> {
        let found = envelope::inspect(scope, at);
        let is_audit_event = found.is_audit_event_for_sure || (found.is_audit_event && !self.sink.is_strict);
        if let Some(kind @ TraceKind::Rancher) = found.known_trace {
            self.sink.contents.add_trace(kind, at);
            return Ok(end);
        }
        if is_audit_event && !found.hides_part {
            self.audit_event(&scope[at..end]);
            return Ok(end);
        }
        if found.is_row
            && let Some(event) = rebuilt::of_row(&scope[at..end])
        {
            self.rebuilt_event(&event, found.carrier);
            return Ok(end);
        }
        let (records, trace) = (self.sink.contents.records, self.sink.contents.trace);
        let read = self.read_object_contents(scope, at, &found);
        let is_silent = (self.sink.contents.records, self.sink.contents.trace) == (records, trace);
        let expected = found.known_trace.or(is_audit_event.then_some(TraceKind::Flattened));
        if is_silent && let Some(kind) = expected {
            self.sink.contents.add_trace(kind, at);
        } else if !read {
            self.sink.count_other(found.kind);
        }
        Ok(end)
    }

    /// Reads an audit event that was rebuilt from another form.
    fn rebuilt_event(&mut self, event: &str, origin: Option<CarrierOrigin>) {
        let outer = self.sink.carrier.clone();
        if let Some(origin) = origin {
            self.sink.carrier = Some(origin.within(outer.as_ref()));
        }
        self.audit_event(event);
        self.sink.carrier = outer;
    }

    /// Reads the contents of an object that is not a record; returns whether it can hold records. Damage in them
    /// is reported; the end of the object is known nevertheless.
    pub(super) fn read_object_contents(&mut self, scope: &'a str, at: usize, found: &ObjectContents) -> bool {
        let outer = self.sink.carrier.clone();
        if let Some(carrier) = &found.carrier {
            self.sink.carrier = Some(carrier.clone().within(outer.as_ref()));
        }
        let (records, other) = (self.sink.contents.records, self.sink.contents.other);
        let several = found.inner.len() + usize::from(found.has_more) > 1;
        let mut watched = several.then(|| self.sink.watch_copies());
        let mut read = false;
        let is_open = self.sink.depth < sink::DEEPEST;
        for named in found.inner.iter().filter(|_| is_open) {
            // The remaining members are read nevertheless.
            read |= self.read_known_member(scope, *named).unwrap_or(true);
            if let Some(watched) = &mut watched {
                self.sink.end_member(watched);
            }
        }
        let has_known = self.sink.contents.records > records;
        if found.has_more || !is_open || (found.is_telling && !has_known) {
            let skipped = if is_open { &found.spans[..] } else { &[] };
            let search = finder::search(scope, at, skipped);
            let (broken, end) = (search.broken, search.end_in(scope));
            let is_read = self.read_finds(scope, search, has_known);
            self.report_broken(&scope[at..end], broken, is_read);
            read |= is_read;
        }
        if let Some(mut watched) = watched {
            self.sink.end_member(&mut watched);
            self.sink.end_copies(watched);
        }
        self.sink.carrier = outer;
        if self.sink.contents.records == records && found.kind != ObjectSkip::OtherJson {
            // The kind of the wrapper is more specific than that of its contents.
            self.sink.contents.other = other.or(Some(found.kind));
        }
        read
    }

    /// Reads a known member; returns whether it can hold records.
    fn read_known_member(&mut self, scope: &'a str, named: NamedLocation) -> Result<bool, Unreadable> {
        let length = self.sink.trail.len();
        finder::push_name(&mut self.sink.trail, named.name);
        self.sink.depth += 1;
        let read = self.read_location(scope, named.inner);
        self.sink.depth -= 1;
        self.sink.trail.truncate(length);
        read
    }

    fn read_location(&mut self, scope: &'a str, inner: RecordLocation) -> Result<bool, Unreadable> {
        match inner {
            RecordLocation::Records(at) => self.read_list(scope, at, Self::record).map(|_| true),
            RecordLocation::List(at) => self.read_list(scope, at, Self::read_listed_value).map(|_| true),
            RecordLocation::Object(at) => {
                let others = self.sink.contents.others;
                self.read_element(scope, at)?;
                // The wrapper counts as other, not its member.
                let is_wrapper = self.sink.contents.others == others;
                self.sink.contents.others = others;
                Ok(is_wrapper)
            }
            RecordLocation::Text(at) => Ok(self.read_known_text(scope, at)),
            RecordLocation::Base64(at) => Ok(self.read_known_base64(scope, at)),
            RecordLocation::Bytes(at) => Ok(self.read_known_bytes(scope, at)),
        }
    }

    fn read_list(
        &mut self,
        scope: &'a str,
        at: usize,
        read: fn(&mut Self, &'a str, usize) -> Result<usize, Unreadable>,
    ) -> Result<usize, Unreadable> {
        self.sink.trail.push_str("[]");
        self.read_elements(scope, at, read)
    }

    /// Reads a text that usually holds JSON.
    fn read_known_text(&mut self, scope: &str, at: usize) -> bool {
        envelope::string_at(scope, at).is_some_and(|text| self.read_text_of_member(&text, at))
    }

    /// Reads the text that a list of bytes is.
    fn read_known_bytes(&mut self, scope: &str, at: usize) -> bool {
        let list = walk::value_end(scope, at).ok().map(|end| &scope[at..end]);
        let _copy = self.sink.ceiling.reserve_copy(list.map_or(0, str::len) as u64);
        let Some(bytes) = list.and_then(rebuilt::bytes_of) else { return false };
        self.read_text_of_member(&String::from_utf8_lossy(&bytes), at)
    }

    fn read_text_of_member(&mut self, text: &str, at: usize) -> bool {
        if text.trim_ascii_start().starts_with(['{', '[']) {
            let others = self.sink.contents.others;
            let records = self.sink.text(text, at, false);
            let is_wrapper = records > 0 || self.sink.contents.others == others;
            self.sink.contents.others = others;
            return is_wrapper;
        }
        match envelope::classify_text(text) {
            Some(TextKind::Base64) => {
                self.sink.with_member("|base64", |sink| sink.base64(text, at)).unwrap_or(false)
            }
            Some(_) => self.sink.text(text, at, true) > 0,
            None => false,
        }
    }

    /// Reads a text that is usually base64.
    fn read_known_base64(&mut self, scope: &str, at: usize) -> bool {
        let Some(text) = envelope::string_at(scope, at) else { return false };
        match self.sink.base64(&text, at) {
            Some(has_records) => has_records,
            None => self.read_known_text(scope, at),
        }
    }

    /// Searches a value that is nested too deep to be read as a known member.
    pub(in crate::decode) fn search_value(&mut self, scope: &'a str, at: usize) -> Result<usize, Unreadable> {
        let search = finder::search(scope, at, &[]);
        let (stop, broken) = (search.stop, search.broken);
        if !self.read_finds(scope, search, false) {
            self.sink.count_other(ObjectSkip::OtherJson);
        }
        if let Some(broken) = broken {
            self.broken(broken, "malformed JSON");
        }
        match stop {
            SearchEnd::End(end) => Ok(end),
            SearchEnd::Cut => {
                let lost = self.truncated(at);
                Err(lost)
            }
            SearchEnd::Broken(stop) => Err(self.broken(stop, "malformed JSON")),
        }
    }

    /// Reads the values that the finder found; returns whether they hold records or traces of records.
    /// `has_known` says that known members of the object gave records.
    pub(in crate::decode) fn read_finds(&mut self, scope: &'a str, search: Search, has_known: bool) -> bool {
        let Search { start, finds, traces, .. } = search;
        let mut yielding = Vec::new();
        for find in &finds {
            if self.read_find(scope, find) {
                yielding.push(find.at);
            }
        }
        let is_explained = |trace: &RecordTrace| {
            let from = yielding.partition_point(|at| *at < trace.from);
            yielding.get(from).is_some_and(|at| *at < trace.to) || (has_known && trace.from == start)
        };
        let mut has_traces = false;
        for trace in traces.iter().filter(|trace| !is_explained(trace)) {
            self.sink.contents.add_trace(trace.kind, trace.at);
            has_traces = true;
        }
        has_traces || !yielding.is_empty()
    }

    /// Reads one found value; returns whether it holds records.
    fn read_find(&mut self, scope: &'a str, find: &FoundValue) -> bool {
        let records = self.sink.contents.records;
        let length = self.sink.trail.len();
        let was_found = std::mem::replace(&mut self.sink.is_found, true);
        if length > 0
            && !self.sink.trail.ends_with('|')
            && !find.path.starts_with('[')
            && !find.path.is_empty()
        {
            self.sink.trail.push('.');
        }
        self.sink.trail.push_str(&find.path);
        let value = &scope[find.at..find.end];
        let outer = self.sink.carrier.clone();
        if let Some(origin) = &find.origin {
            self.sink.carrier = Some(CarrierOrigin::clone(origin).within(outer.as_ref()));
        }
        match find.what {
            FoundKind::Record => self.found_record(value, find.at),
            FoundKind::AuditEvent => self.audit_event(value),
            FoundKind::Row => self.rebuilt_find(rebuilt::of_row(value), find.at),
            FoundKind::KeyValues => {
                let _copy = self.sink.ceiling.reserve_copy(value.len() as u64);
                self.rebuilt_find(rebuilt::of_key_values(value), find.at);
            }
            FoundKind::Text(candidate) => drop(self.sink.candidate(value, candidate, find.at)),
        }
        self.sink.carrier = outer;
        self.sink.trail.truncate(length);
        self.sink.is_found = was_found;
        self.sink.contents.records > records
    }

    /// Reads what was rebuilt from a found value, if it could be.
    fn rebuilt_find(&mut self, event: Option<String>, at: usize) {
        match event {
            Some(event) => self.audit_event(&event),
            None => self.sink.contents.add_trace(TraceKind::Flattened, at),
        }
    }

    /// Reads the complete parts of a value without an end, whose fault is already noted. Returns where to
    /// continue.
    pub(in crate::decode) fn read_cut_value(
        &mut self,
        scope: &'a str,
        at: usize,
        lost: Unreadable,
    ) -> Unreadable {
        let records = self.sink.contents.records;
        let faults = self.sink.contents.fault_marks();
        // The beginning of the next line is not part of it.
        let end = self.line_end(at).min(scope.len());
        let is_line = matches!(scope.as_bytes().get(end + 1), Some(b'{' | b'['));
        let region = if is_line { &scope[..end] } else { scope };
        let search = finder::search_cut(region, at);
        // A record that is cut by damage, and not by the end of the text, has others behind it.
        let is_itself = search.finds.iter().any(|find| find.at == at);
        let stop = if is_itself { at } else { lost.at.max(search.end_in(region)) };
        let outer = self.sink.carrier.clone();
        if let Some(carrier) = envelope::inspect(region, at).carrier {
            self.sink.carrier = Some(carrier.within(outer.as_ref()));
        }
        self.read_finds(region, search, false);
        self.sink.carrier = outer;
        self.sink.contents.merge_cut_faults(faults);
        if self.sink.contents.records > records { Unreadable { at: stop } } else { lost }
    }

    /// Reads the JSON values, and the base64, in a line of text; returns whether any hold records.
    pub(super) fn read_words_line(&mut self, line: std::ops::Range<usize>) -> bool {
        let line = walk::floor(self.text, line.start)..line.end;
        let text = &self.text[line.clone()];
        (loose::has_json(text) || encoded::has_words(text)) && self.read_words_in(line)
    }
}
