//! Invariants between the values of an open baseline, which must hold even if its tables were forged with matching checksums.

use super::error::TableError;
use crate::baseline::{Baseline, Behaviour, DimensionValue, LOGGING_CHANGES_KEPT};
use crate::catalog::ObjectEntry;
use crate::coverage::{Coverage, DeliveryDay, ObjectCounts, PlaceCoverage};
use crate::time::Timestamp;

/// Checks that behaviours have possible times, hours and counts, and existing archives.
pub(super) fn baseline(baseline: &Baseline, archives: &[String]) -> Result<(), TableError> {
    let sound = |behaviour: &Behaviour| {
        let firsts = [Some(&behaviour.first), behaviour.first_success.as_ref()];
        let firsts = || firsts.iter().flatten();
        firsts().all(|first| is_archive(first.archive, archives) && first.time <= behaviour.last)
            && firsts().all(|first| first.time >= behaviour.first.time)
            && behaviour.first.time.is_written()
            && behaviour.last.is_written()
            && behaviour.days.first().map(|active| active.day) == Some(behaviour.first.time.day())
            && behaviour.days.last().map(|active| active.day) == Some(behaviour.last.day())
            && behaviour.days.iter().all(|active| {
                active.hours != 0
                    && active.success_hours & !active.hours == 0
                    && active.errors <= active.count
                    && active.count > 0
            })
    };
    let value_sound = |value: &DimensionValue| {
        let firsts = [Some(&value.first), value.first_success.as_ref()];
        value.count > 0
            && value.last.is_written()
            && value.first.sighting.time.is_written()
            && firsts.into_iter().flatten().all(|first| {
                let sighting = &first.sighting;
                is_archive(sighting.archive, archives)
                    && (value.first.sighting.time..=value.last).contains(&sighting.time)
            })
    };
    let creations_sound = baseline.creations.values().all(|time| time.is_written());
    let inventory_sound =
        baseline.inventory.identities().filter_map(|(_, created)| created).all(|time| time.is_written());
    let logging = &baseline.logging.kept;
    let is_logging_sound =
        logging.len() <= LOGGING_CHANGES_KEPT && logging.iter().all(|change| change.records > 0);
    let mut events =
        baseline.insights.iter().chain(&baseline.root).chain(logging.iter().map(|change| &change.event));
    let are_events_sound = events.all(|event| is_archive(event.sighting.archive, archives));
    let mut requests = baseline.received.values();
    let are_requests_sound = requests.all(|request| is_archive(request.event.sighting.archive, archives));
    let hits_sound = baseline.hits.iter().all(|hit| is_archive(hit.sighting.archive, archives));
    if creations_sound
        && inventory_sound
        && are_events_sound
        && are_requests_sound
        && is_logging_sound
        && hits_sound
        && baseline.behaviours.iter().all(sound)
        && baseline.values.iter().all(value_sound)
    {
        Ok(())
    } else {
        Err("its behaviours contradict themselves".into())
    }
}

/// Checks that sums are right, and faults are counted.
pub(super) fn coverage(coverage: &Coverage, archives: &[String]) -> Result<(), TableError> {
    if !archives.is_sorted_by(|left, right| left < right) {
        return Err("its archives are not sorted".into());
    }
    let times = [coverage.first_event, coverage.last_event];
    let sound = coverage.sums_hold()
        && coverage.objects.read_in_part <= coverage.objects.read
        && coverage.fault_count >= coverage.faults.len() as u64
        && coverage.faults.iter().all(|fault| is_archive(fault.archive, archives))
        && coverage.clusters.iter().all(|one| is_archive(one.archive, archives))
        && times.iter().flatten().all(|time| time.is_written())
        && coverage.places.values().all(is_place_sound);
    if sound { Ok(()) } else { Err("its coverage contradicts itself".into()) }
}

/// Whether the days of an account and Region are possible, and have no more objects than all of it.
fn is_place_sound(place: &PlaceCoverage) -> bool {
    let fits = |whole: u64, part: fn(&DeliveryDay) -> u64| {
        place.days.iter().map(|day| u128::from(part(day))).sum::<u128>() <= u128::from(whole)
    };
    let is_sound = |day: &DeliveryDay| {
        let is_possible = day.day.number() >= 0 && day.day.start().is_written() && day.hours < 1 << 24;
        is_possible && (day.objects > 0 || (day.records, day.stored_bytes, day.hours) == (0, 0, 0))
    };
    place.days.iter().all(is_sound)
        && fits(place.objects, |day| day.objects)
        && fits(place.failed, |day| day.failed)
        && fits(place.records, |day| day.records)
        && fits(place.stored_bytes, |day| day.stored_bytes)
}

/// Checks that objects are in existing archives.
pub(super) fn objects(objects: &[ObjectEntry], archives: &[String]) -> Result<(), TableError> {
    let written = |span: &(Timestamp, Timestamp)| span.0.is_written() && span.0 <= span.1;
    let sound = |object: &ObjectEntry| {
        is_archive(object.archive, archives) && object.span.as_ref().is_none_or(written)
    };
    if objects.iter().all(sound) { Ok(()) } else { Err("its objects contradict themselves".into()) }
}

/// Checks that the coverage counts these objects.
pub(super) fn counts(objects: &[ObjectEntry], coverage: &Coverage) -> Result<(), TableError> {
    let mut counted = ObjectCounts {
        listed: objects.len() as u64,
        unlisted: coverage.objects.unlisted.clone(),
        skipped_inside: coverage.objects.skipped_inside.clone(),
        ..ObjectCounts::default()
    };
    objects.iter().for_each(|object| counted.count(object.outcome));
    if counted == coverage.objects { Ok(()) } else { Err("its coverage counts other objects".into()) }
}

fn is_archive(number: u32, archives: &[String]) -> bool {
    (1..=archives.len()).contains(&(number as usize))
}
