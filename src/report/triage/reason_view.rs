//! What each part of a score was computed from: in words, and as numbers.

use serde::Serialize;

use super::bits::rounded;
use super::words::of_part;
use crate::query::{Count, Episode, KnownAsset, Part, Reason, Weights};

/// A part of a score under its published names.
#[derive(Serialize)]
pub(super) struct ReasonView<'a> {
    part: &'static str,
    bits: f64,
    /// Of an incident: the number of the member whose part it is, if that is not the leading one.
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<usize>,
    text: String,
    #[serde(flatten)]
    numbers: Numbers<'a>,
}

/// The numbers that a part was computed from.
#[derive(Serialize)]
#[serde(untagged)]
enum Numbers<'a> {
    Size {
        actions: u32,
        services: u32,
        ordinary_changes: u32,
        surprise: f64,
    },
    History {
        among_all: CountView,
        among_kind: CountView,
        among_family: CountView,
        own: CountView,
    },
    NewValue {
        value: &'a str,
        among_all: CountView,
        recent_others: u32,
        active_hours: u32,
        earlier_new: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        stays: Option<bool>,
    },
    Known {
        assets: Vec<AssetView<'a>>,
    },
}

/// Some of a number.
#[derive(Serialize)]
pub(super) struct CountView {
    some: u32,
    of: u32,
}

#[derive(Serialize)]
struct AssetView<'a> {
    name: &'a str,
    bits: f64,
}

impl From<Count> for CountView {
    fn from(count: Count) -> Self {
        Self { some: count.some, of: count.all }
    }
}

impl<'a> AssetView<'a> {
    fn new(asset: &'a KnownAsset) -> Self {
        Self { name: &asset.name, bits: rounded(asset.bits) }
    }
}

impl<'a> ReasonView<'a> {
    pub(super) fn new(part: &'a Part<'_>, episode: &Episode<'_>, weights: &Weights) -> Self {
        Self {
            part: part.name().name(),
            bits: rounded(part.bits),
            member: None,
            text: of_part(part, episode, weights),
            numbers: Numbers::new(&part.reason),
        }
    }

    /// The same, said of an incident of which it is the part of a member.
    pub(super) fn of_member(self, number: usize) -> Self {
        Self { member: Some(number), ..self }
    }
}

impl<'a> Numbers<'a> {
    fn new(reason: &'a Reason<'_>) -> Self {
        match reason {
            Reason::Size { actions, services, ordinary_changes, surprise } => Self::Size {
                actions: *actions,
                services: *services,
                ordinary_changes: *ordinary_changes,
                surprise: rounded(*surprise),
            },
            Reason::History { among_all, among_kind, among_family, own } => Self::History {
                among_all: (*among_all).into(),
                among_kind: (*among_kind).into(),
                among_family: (*among_family).into(),
                own: (*own).into(),
            },
            Reason::NewValue {
                value, among_all, recent_others, active_hours, earlier_new, stays, ..
            } => Self::NewValue {
                value,
                among_all: (*among_all).into(),
                recent_others: *recent_others,
                active_hours: *active_hours,
                earlier_new: *earlier_new,
                stays: *stays,
            },
            Reason::Known(assets) => Self::Known { assets: assets.iter().map(AssetView::new).collect() },
        }
    }
}
