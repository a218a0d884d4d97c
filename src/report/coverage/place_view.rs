//! The deliveries of an account and Region under their published names.

use serde::Serialize;

use crate::coverage::{Delivery, DeliveryDay};
use crate::query::{CoveredPlace, DayGap, HourGap};

/// An account and Region.
#[derive(Serialize)]
pub(super) struct PlaceView<'a> {
    account: &'a str,
    region: &'a str,
    objects: u64,
    failed: u64,
    records: u64,
    stored_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<String>,
    gaps: Vec<DayGapView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hour_gaps: Option<Vec<HourGapView>>,
    days: Vec<DayView>,
}

#[derive(Serialize)]
struct DayGapView {
    from: String,
    to: String,
    days: i64,
    failed: u64,
}

#[derive(Serialize)]
struct HourGapView {
    from: String,
    to: String,
    hours: i64,
}

#[derive(Serialize)]
struct DayView {
    day: String,
    objects: u64,
    failed: u64,
    records: u64,
    stored_bytes: u64,
    /// Absent if the names of the objects give no hour.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hours: Vec<u8>,
}

impl<'a> PlaceView<'a> {
    pub(super) fn new(place: &CoveredPlace<'a>) -> Self {
        let hour_gaps = place.hour_gaps.as_ref();
        Self {
            account: place.account,
            region: place.region,
            objects: place.objects,
            failed: place.failed,
            records: place.records,
            stored_bytes: place.stored_bytes,
            first: place.first.map(shown),
            last: place.last.map(shown),
            gaps: place.gaps.iter().map(DayGapView::new).collect(),
            hour_gaps: hour_gaps.map(|gaps| gaps.iter().map(HourGapView::new).collect()),
            days: place.days.iter().map(DayView::new).collect(),
        }
    }
}

/// The day or, if it is known, the hour of a delivery.
pub(super) fn shown(delivery: Delivery) -> String {
    match delivery.hour {
        Some(hour) => delivery.day.hour(hour).to_string(),
        None => delivery.day.to_string(),
    }
}

impl DayGapView {
    fn new(gap: &DayGap) -> Self {
        let DayGap { from, to, failed } = *gap;
        Self { from: from.to_string(), to: to.to_string(), days: gap.days(), failed }
    }
}

impl HourGapView {
    fn new(gap: &HourGap) -> Self {
        Self { from: gap.from.to_string(), to: gap.to.to_string(), hours: gap.hours() }
    }
}

impl DayView {
    fn new(day: &DeliveryDay) -> Self {
        let DeliveryDay { day, objects, failed, records, stored_bytes, hours } = *day;
        let hours = (0..24).filter(|hour| hours & 1 << hour != 0).collect();
        Self { day: day.to_string(), objects, failed, records, stored_bytes, hours }
    }
}
