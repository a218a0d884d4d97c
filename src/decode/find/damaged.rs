//! Reads on behind damage: objects that are not valid JSON, and lists with an element that has no end.
//!
//! The damage is always reported first. Reading goes on where an element begins like the damaged one or like a
//! record. Such a beginning has quotes, which are escaped inside strings: in a valid string there is none.

use memchr::{memchr_iter, memmem};

use super::finder;
use super::flattened::hides_caller;
use super::json_stream::{BEGINNINGS, JsonStream, Unreadable};
use super::{envelope, loose, quoted};
use crate::coverage::{FaultKind, ObjectSkip};
use crate::decode::FoundRecord;
use crate::decode::record::fallback;
use crate::decode::record::walk;

/// The length of the beginning of an element, up to the colon after its first key. Longer ones are not compared.
const LONGEST_BEGINNING: usize = 200;

impl<'a, V: FnMut(FoundRecord<'_>)> JsonStream<'a, '_, '_, V> {
    /// Reads an object that the scanner could not read.
    pub(super) fn fall_back(
        &mut self,
        scope: &'a str,
        at: usize,
        end: usize,
        is_listed: bool,
    ) -> Result<usize, Unreadable> {
        let slice = &scope[at..end];
        let read = fallback::with_record(slice, |record| {
            (record.looks_like_one(), self.is_record(&record) && !hides_caller(&record, slice, 0))
        });
        match read {
            Ok((_, true)) => {
                self.read_with_fallback(slice, at);
                Ok(end)
            }
            Ok((looks_like_one, false)) if is_listed || (looks_like_one && !self.sink.is_strict) => {
                self.read_uncertain_object(scope, at, end, None);
                Ok(end)
            }
            Ok(_) => self.read_other_object(scope, at, end),
            Err(reason) => self.read_broken_object(scope, (at, end), is_listed, &reason),
        }
    }

    /// Reads an object that is not valid JSON: a wrapper of records, or a broken record.
    fn read_broken_object(
        &mut self,
        scope: &'a str,
        (at, end): (usize, usize),
        is_listed: bool,
        reason: &str,
    ) -> Result<usize, Unreadable> {
        let slice = &scope[at..end];
        if self.budget == 0 {
            self.sink.visit_record(slice, Err(reason));
            return Ok(end);
        }
        let search = finder::search(&scope[..end], at, &[]);
        let has_finds = !search.finds.is_empty() || !search.traces.is_empty();
        let is_wrapper = || !is_listed && !envelope::inspect(scope, at).inner.is_empty();
        if !search.is_record && (has_finds || is_wrapper()) {
            return self.read_other_object(scope, at, end);
        }
        let has_own_brackets = search.misplaced.is_none() && can_follow(&scope[end..], is_listed);
        let inside = if has_own_brackets { None } else { next_in_line(&scope[..end], None, at + 1) };
        let misplaced = search.misplaced.filter(|next| begins_alike(scope, at, *next));
        let next = inside.into_iter().chain(misplaced).min();
        if let Some(before) = next.and_then(|next| scope[at..next].trim_ascii_end().strip_suffix(',')) {
            // The record has no end, and the brackets of its list were taken for it.
            self.budget = self.budget.saturating_sub(slice.len());
            self.sink.visit_record(before, Err("the record has no end"));
            return Ok(at + before.len());
        }
        if self.sink.is_strict && !search.is_record && !may_hold_records(slice) {
            self.sink.count_other(ObjectSkip::OtherJson);
        } else {
            self.sink.visit_record(slice, Err(reason));
        }
        Ok(end)
    }

    /// Reports malformed JSON at `broken` in a searched value, if it may hold records.
    pub(super) fn report_broken(&mut self, value: &str, broken: Option<usize>, has_records: bool) {
        if let Some(broken) = broken
            && (has_records || may_hold_records(value))
        {
            self.broken(broken, "malformed JSON, which was passed over");
        }
    }

    /// Where a list goes on after its element at `element`, which was lost at `lost`. `records` is the number of
    /// records before it.
    #[cold]
    pub(super) fn next_element(
        &mut self,
        scope: &str,
        element: usize,
        lost: usize,
        records: u32,
    ) -> Option<usize> {
        // What is at an earlier place is not part of the list.
        if lost < element {
            return None;
        }
        let is_read = self.sink.contents.records > records;
        let from = if is_read { lost.max(element + 1) } else { element + 1 };
        self.read_on_from(scope, element, from, next_in_list)
    }

    /// Where a list goes on at or after `from`, where neither a comma nor its end follows the element at `element`.
    #[cold]
    pub(super) fn next_element_behind(&mut self, scope: &str, element: usize, from: usize) -> Option<usize> {
        self.read_on_from(scope, element, from, next_in_list)
    }

    /// The next record in the line of the value at `value`, which was lost at `lost`.
    #[cold]
    pub(super) fn next_record(&mut self, value: usize, lost: usize, records: u32) -> Option<usize> {
        let is_read = self.sink.contents.records > records;
        // What is in a list was searched already.
        let from = if is_read { lost } else { value + 1 }.max(value + 1).max(self.searched);
        let next = self.read_on_from(self.text, value, from, |text, _, from| next_in_line(text, None, from));
        self.is_resumed |= next.is_some();
        next
    }

    /// Where to read on, by `find`; says so in the fault of the damage.
    fn read_on_from(
        &mut self,
        scope: &str,
        damaged: usize,
        from: usize,
        find: fn(&str, usize, usize) -> Option<usize>,
    ) -> Option<usize> {
        self.searched = from;
        let is_costly = self.budget == 0;
        self.budget = self.budget.saturating_sub(scope.len().saturating_sub(damaged));
        let next = if is_costly { None } else { find(scope, damaged, from) };
        if let Some(fault) = self.sink.contents.faults.last_listed() {
            if let Some(next) = next {
                fault.kind = FaultKind::JsonBroken;
                fault.detail.push_str(&format!("; read on from byte {next}"));
            } else if is_costly && !fault.detail.ends_with(NOT_READ) {
                fault.detail.push_str(NOT_READ);
            }
        }
        next
    }
}

/// Said of a text with so much damage that searching each end would take too long.
const NOT_READ: &str = "; too much is damaged, and the rest of this line was not read";

/// Whether a malformed value may hold records.
fn may_hold_records(value: &str) -> bool {
    loose::seems_to_have_records(value) || envelope::may_hide_records(value)
}

/// Whether this can follow an object. If not, the brackets of a broken one are those of what is around it.
fn can_follow(behind: &str, is_listed: bool) -> bool {
    let next = behind.trim_ascii_start().bytes().next();
    if is_listed { matches!(next, Some(b',' | b']')) } else { next != Some(b']') }
}

/// Whether another element of a list begins at `next` like the one at `element`, or like a record.
fn begins_alike(scope: &str, element: usize, next: usize) -> bool {
    let rest = &scope[next..];
    own_beginning(scope, element).is_some_and(|own| rest.starts_with(own))
        || BEGINNINGS.iter().any(|beginning| rest.starts_with(beginning))
}

/// The beginning of an element, up to the colon after its first key.
fn own_beginning(scope: &str, element: usize) -> Option<&str> {
    let head = &scope[..walk::floor(scope, element + LONGEST_BEGINNING)];
    let bytes = head.as_bytes();
    let is_before = |byte: &&u8| matches!(byte, b'{' | b'[') || byte.is_ascii_whitespace();
    let key = element + bytes.get(element..)?.iter().take_while(is_before).count();
    if bytes.get(key) != Some(&b'"') {
        return None;
    }
    let colon = walk::skip_spaces(head, walk::value_end(head, key).ok()?);
    (bytes.get(colon) == Some(&b':')).then(|| &head[element..=colon])
}

/// The next element after the one at `element`, at or after `from`: in its line, or on a line with the same
/// indentation if it begins its line, too.
fn next_in_list(scope: &str, element: usize, from: usize) -> Option<usize> {
    let before = scope[..element].trim_end_matches([' ', '\t']);
    if before.ends_with('\n') {
        return next_on_lines(scope, element, element - before.len(), from);
    }
    next_in_line(scope, own_beginning(scope, element), from)
}

/// The next element in the line of `from`.
fn next_in_line(scope: &str, own: Option<&str>, from: usize) -> Option<usize> {
    let line = scope.as_bytes().get(from..)?;
    let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
    let (line, mut from) = (&scope[..from + line.len()], from);
    loop {
        let first = |beginning: &str| {
            let mut places = memmem::find_iter(&line.as_bytes()[from..], beginning).map(|at| from + at);
            places.find(|at| follows_element(&scope[..*at]))
        };
        let next = BEGINNINGS.into_iter().chain(own).filter_map(first).min()?;
        match quoted::end_of_quote(line, next) {
            Some(behind) => from = behind,
            None => return Some(next),
        }
    }
}

/// Whether a list element can follow this text.
fn follows_element(before: &str) -> bool {
    let before = before.trim_ascii_end();
    before.ends_with([',', '}']) || before.ends_with(r#""Records":["#)
}

/// The next line that begins like the element at `element`, unless the list ends before.
fn next_on_lines(scope: &str, element: usize, indentation: usize, from: usize) -> Option<usize> {
    let bytes = scope.as_bytes();
    for line_end in memchr_iter(b'\n', bytes.get(from..)?) {
        let start = from + line_end + 1;
        let at = walk::skip_spaces(scope, start);
        let column = at - start;
        match bytes.get(at) {
            first if column == indentation && first == bytes.get(element) => return Some(at),
            Some(b'{' | b'[' | b'}' | b']') if column < indentation => return None,
            Some(b'[' | b']') if column == indentation => return None,
            _ => {}
        }
    }
    None
}
