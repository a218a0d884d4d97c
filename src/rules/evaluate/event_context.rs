//! One event as rules see it: the scanned texts of its record, and any other value by its path.

use std::borrow::Cow;
use std::cell::OnceCell;

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
    /// The members of the record, parsed on first use.
    members: OnceCell<Vec<(Cow<'r, str>, Json<'r>)>>,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rules) enum Value<'a> {
    /// The event has no such value, or it is `null`.
    Absent,
    One(Cow<'a, str>),
    /// The values of a list; not empty.
    Many(Vec<Cow<'a, str>>),
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
        }
    }

    /// The text for an output.
    pub(in crate::rules) fn shown(self) -> Option<Box<str>> {
        match self {
            Self::Absent => None,
            Self::One(text) => Some(text.into()),
            Self::Many(texts) => Some(format!("({})", texts.join(",")).into()),
        }
    }
}

impl<'r> EventContext<'r> {
    /// The context of a record with this text.
    pub fn new(record: AnyRecord<'r>, text: &'r str, number: u32, time: Timestamp) -> Self {
        Self { record, text, number, time, members: OnceCell::new() }
    }

    /// A member of the record, unless it is `null`; the last one if a key is repeated.
    pub(super) fn member(&self, key: &str) -> Option<Json<'r>> {
        self.member_or_null(key).filter(|value| !value.is_null())
    }

    /// A member of the record, which may be `null`.
    pub(super) fn member_or_null(&self, key: &str) -> Option<Json<'r>> {
        let members = self.members.get_or_init(|| Json::new(self.text).members());
        members.iter().rev().find(|(known, _)| known == key).map(|(_, value)| *value)
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
