//! One event as rules see it: the scanned texts of its record, and any other value by its path.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::case::lower;
use crate::decode::Json;
use crate::event::{AnyRecord, AuditRecord, Record};
use crate::time::Timestamp;

/// An event and its number in its object.
#[derive(Debug)]
pub struct EventContext<'r> {
    /// The record.
    pub record: AnyRecord<'r>,
    /// The JSON text of the record.
    pub text: &'r str,
    /// Number of the record in its file (the object, or a file or piece in it), counted from 1.
    pub number: u32,
    /// Time of the event.
    pub time: Timestamp,
    /// What is parsed on first use, since many rules may ask for it.
    parsed: Parsed<'r>,
}

/// Parts of a record.
#[derive(Debug, Default)]
struct Parsed<'r> {
    members: OnceCell<Vec<Member<'r>>>,
    words: OnceCell<Vec<Cow<'r, str>>>,
    searched: OnceCell<Vec<Cow<'r, str>>>,
    lowered: OnceCell<Vec<Cow<'r, str>>>,
}

/// A member of an object, whose own members are parsed on first use.
#[derive(Debug)]
pub(super) struct Member<'r> {
    key: Cow<'r, str>,
    pub(super) value: Json<'r>,
    below: OnceCell<Vec<Self>>,
}

impl<'r> Member<'r> {
    /// The members of an object; none of anything else.
    fn all(value: Json<'r>) -> Vec<Self> {
        let members = value.members().into_iter();
        members.map(|(key, value)| Self { key, value, below: OnceCell::new() }).collect()
    }

    /// The member with a key; the last one if it is repeated.
    pub(super) fn member(&self, key: &str) -> Option<&Self> {
        found(self.below.get_or_init(|| Self::all(self.value)), key)
    }
}

/// The last member with a key.
fn found<'m, 'r>(members: &'m [Member<'r>], key: &str) -> Option<&'m Member<'r>> {
    members.iter().rev().find(|known| known.key == key)
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rules) enum Value<'a> {
    /// The event has no such value, or it is `null`.
    Absent,
    One(Cow<'a, str>),
    /// The values of a list; not empty.
    Many(Vec<Cow<'a, str>>),
    /// The same, of the event.
    Shared(&'a [Cow<'a, str>]),
}

impl<'a> Value<'a> {
    pub(super) fn some(text: Option<impl Into<Cow<'a, str>>>) -> Self {
        text.map_or(Self::Absent, |text| Self::One(text.into()))
    }

    pub(in crate::rules) fn list(texts: Vec<Cow<'a, str>>) -> Self {
        if texts.is_empty() { Self::Absent } else { Self::Many(texts) }
    }

    /// All texts.
    pub(super) fn texts(&self) -> &[Cow<'a, str>] {
        match self {
            Self::Absent => &[],
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
            Self::Shared(texts) => texts,
        }
    }

    /// The text for an output.
    pub(in crate::rules) fn shown(self) -> Option<Box<str>> {
        match self {
            Self::Absent => None,
            Self::One(text) => Some(text.into()),
            several => Some(format!("({})", several.texts().join(",")).into()),
        }
    }
}

impl<'r> EventContext<'r> {
    /// The context of a record with this text.
    pub fn new(record: AnyRecord<'r>, text: &'r str, number: u32, time: Timestamp) -> Self {
        Self { record, text, number, time, parsed: Parsed::default() }
    }

    /// A member of the record, unless it is `null`; the last one if a key is repeated.
    pub(super) fn member(&self, key: &str) -> Option<Json<'r>> {
        self.member_or_null(key).filter(|value| !value.is_null())
    }

    /// A member of the record, which may be `null`.
    pub(super) fn member_or_null(&self, key: &str) -> Option<Json<'r>> {
        self.find(key).map(|member| member.value)
    }

    /// A member of the record with its own members.
    pub(super) fn find(&self, key: &str) -> Option<&Member<'r>> {
        found(self.parsed.members.get_or_init(|| Member::all(Json::new(self.text))), key)
    }

    /// The record as in the log, and all values in it that are neither lists nor objects.
    pub(super) fn words(&self) -> &[Cow<'r, str>] {
        self.parsed.words.get_or_init(|| {
            let record = Json::new(self.text);
            let leaves = leaves(record).into_iter().map(Json::text);
            std::iter::once(record.text()).chain(leaves).collect()
        })
    }

    /// Texts of which one contains what one of the words contains: the record as in the log, and those words that are written
    /// otherwise there.
    pub(super) fn searched(&self) -> &[Cow<'r, str>] {
        self.parsed.searched.get_or_init(|| with_escaped(Json::new(self.text)))
    }

    /// The same in one case, as [`lower`] gives it.
    pub(super) fn lowered(&self) -> &[Cow<'r, str>] {
        let lowered = |text: &Cow<'r, str>| Cow::Owned(lower(text).into_owned());
        self.parsed.lowered.get_or_init(|| self.searched().iter().map(lowered).collect())
    }

    pub(in crate::rules) fn cloudtrail(&self) -> Option<&'r Record<'r>> {
        self.record.cloudtrail()
    }

    pub(in crate::rules) fn kubernetes(&self) -> Option<&'r AuditRecord<'r>> {
        match self.record {
            AnyRecord::Kubernetes(record) => Some(record),
            AnyRecord::CloudTrail(_) => None,
        }
    }
}

/// The values in a value that are neither lists nor objects.
fn leaves(value: Json<'_>) -> Vec<Json<'_>> {
    // Each level is parsed again. Values deeper than this are only found in the text of the whole.
    const MAX_DEPTH: u32 = 32;
    let mut leaves = Vec::new();
    let mut open = vec![(value, 0)];
    while let Some((value, depth)) = open.pop() {
        if depth > MAX_DEPTH {
            continue;
        }
        if value.is_object() {
            open.extend(value.members().into_iter().map(|(_, value)| (value, depth + 1)));
        } else if value.is_list() {
            open.extend(value.items().into_iter().map(|value| (value, depth + 1)));
        } else {
            leaves.push(value);
        }
    }
    leaves
}

/// The text of a value, and the texts in it that are written with escapes there. All others are part of the first.
pub(super) fn with_escaped(value: Json<'_>) -> Vec<Cow<'_, str>> {
    let mut texts = vec![value.text()];
    if value.as_str().contains('\\') && (value.is_object() || value.is_list()) {
        let escaped = leaves(value).into_iter().filter(|leaf| leaf.as_str().contains('\\'));
        texts.extend(escaped.map(Json::text));
    }
    texts
}
