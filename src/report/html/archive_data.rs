//! What the script tells of a value beyond the page: who had it in the whole archive.

use std::collections::BTreeMap;

use serde::Serialize;

use super::PageContext;
use super::texts::Texts;
use crate::model::Dimension;
use crate::query::{PrincipalActivity, ValueActivity, ValueField};
use crate::report::row::named;

/// Principals and values by the numbers of their texts.
#[derive(Default, Serialize)]
pub(super) struct ArchiveData {
    /// A key may name principals of several accounts.
    principals: BTreeMap<usize, Vec<PrincipalData>>,
    /// By the name of the field on the page.
    values: BTreeMap<&'static str, BTreeMap<usize, ValueData>>,
}

/// What a principal did in all: first and last time, events, the number of its account's text, actions and networks. A row
/// without names, as there are thousands.
#[derive(Serialize)]
struct PrincipalData(String, String, u64, usize, u64, u64);

/// Who had a value in all: first and last time, events, how many principals, and of those with the most events the numbers of
/// their names and of events, in turn.
#[derive(Serialize)]
struct ValueData(String, String, u64, u64, Vec<u64>);

impl ArchiveData {
    /// All principals and values of the context that the page names.
    pub(super) fn new(context: &PageContext<'_>, texts: &mut Texts) -> Self {
        let mut data = Self::default();
        // Values first: they name further principals, and those among them that have findings get their data, too.
        for activity in &context.values {
            let Some((field, number)) = field(activity.field).zip(texts.known(activity.value)) else {
                continue;
            };
            data.values.entry(field).or_default().insert(number, ValueData::new(activity, texts));
        }
        for activity in &context.principals {
            let Some(number) = texts.known(&activity.who.key) else { continue };
            data.principals.entry(number).or_default().push(PrincipalData::new(activity, texts));
        }
        data
    }
}

/// The name on the page of what a value is of, if the page has it.
fn field(field: ValueField) -> Option<&'static str> {
    match field {
        ValueField::Action => Some("action"),
        ValueField::Dimension(Dimension::Network) => Some("network"),
        ValueField::Dimension(Dimension::Agent) => Some("agent"),
        ValueField::Dimension(Dimension::Region) => Some("region"),
        ValueField::Dimension(Dimension::AccessKey) => Some("access_key_id"),
        ValueField::Dimension(Dimension::TargetRole | Dimension::TargetAccount | Dimension::Impersonator) => {
            Some("value")
        }
        ValueField::Dimension(Dimension::Error | Dimension::Asn | Dimension::Country) => None,
    }
}

impl PrincipalData {
    fn new(activity: &PrincipalActivity<'_>, texts: &mut Texts) -> Self {
        let account = named(&activity.who.account).map_or(0, |account| texts.number_of(account));
        let PrincipalActivity { first, last, events, actions, networks, .. } = activity;
        Self(first.to_string(), last.to_string(), *events, account, *actions, *networks)
    }
}

impl ValueData {
    fn new(activity: &ValueActivity<'_>, texts: &mut Texts) -> Self {
        let most = activity.most.iter().filter_map(|(who, events)| Some((named(&who.key)?, *events)));
        let most = most.flat_map(|(key, events)| [texts.number_of(key) as u64, events]).collect();
        let ValueActivity { first, last, events, principals, .. } = activity;
        Self(first.to_string(), last.to_string(), *events, *principals, most)
    }
}
