//! Behaviours known at a point in time, compared with a replay of the events before it.

use std::collections::{BTreeMap, BTreeSet};

use firstseen::baseline::Baseline;
use firstseen::learn::{LearnSettings, Learnt};
use firstseen::query::{
    ActionSets, By, Change, CountRange, Filter, KnownActions, KnownQuestion, KnownRow, PointInTime, Step,
    changes, known, timeline,
};
use firstseen::report::{Format, KnownAnswer, KnownReport, KnownSettings};
use firstseen::source::ReadWindow;
use firstseen::time::{Span, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive::{Archive, record, settings, with};
use crate::laws::{any_objects, archive, path};
use crate::naive::Plain;

type Objects = Vec<(Option<u8>, Vec<Value>)>;

/// Archives whose events are not all at the start of an hour.
fn any_times() -> impl Strategy<Value = Objects> {
    any_objects().prop_map(|mut objects| {
        for (number, (_, records)) in objects.iter_mut().enumerate() {
            for (index, record) in records.iter_mut().enumerate() {
                let time = Timestamp::parse(record["eventTime"].as_str().unwrap()).unwrap();
                let minutes = ((number * 13 + index * 29) % 90) as i64;
                record["eventTime"] = json!(moved(time, minutes).to_string());
            }
        }
        objects
    })
}

/// Any minute of the three weeks of events; half of the time a full hour.
fn any_time() -> impl Strategy<Value = Timestamp> {
    let start = Timestamp::from_seconds(1_704_067_200);
    prop_oneof![
        (-2..500i64).prop_map(move |hour| moved(start, hour * 60)),
        (0..40i64, 0..100i64).prop_map(move |(half_day, minute)| moved(start, half_day * 720 + minute)),
    ]
}

fn moved(time: Timestamp, minutes: i64) -> Timestamp {
    Timestamp::from_micros(time.micros() + minutes * 60_000_000)
}

fn hour_of(time: Timestamp) -> Timestamp {
    let (day, hour) = time.day_and_hour();
    day.hour(hour)
}

fn events(objects: &Objects) -> Vec<Plain> {
    let numbered = objects.iter().enumerate();
    numbered
        .flat_map(|(number, (day, records))| {
            let path = path(number, *day);
            records.iter().enumerate().map(move |(index, record)| Plain::new(record, &path, index))
        })
        .collect()
}

type Set = BTreeSet<(String, String, String)>;

/// Replays the events before a point in time.
fn replay(events: &[Plain], point: &PointInTime) -> Set {
    let counts = |event: &&Plain| event.time < point.time && !(point.only_success && event.failed);
    let fresh =
        |event: &&Plain| point.forget.is_none_or(|forget| hour_of(event.time) >= point.time.minus(forget));
    let known = events.iter().filter(counts).filter(fresh);
    known.map(|event| (event.account.clone(), event.principal.clone(), event.action.clone())).collect()
}

/// The action sets of a baseline, with names instead of ids.
fn named(baseline: &Baseline, sets: &ActionSets) -> Set {
    let principals = (0..).zip(&baseline.principals);
    principals
        .flat_map(|(id, who)| {
            let name = |action: u32| baseline.actions[action as usize].to_string();
            sets.principal(id)
                .iter()
                .map(move |action| (who.account.to_string(), who.key.to_string(), name(action)))
        })
        .collect()
}

fn rows<'k, 'b>(known: &'k KnownActions<'b>) -> impl Iterator<Item = &'k KnownRow<'b>> {
    known.groups.iter().flat_map(|group| &group.rows)
}

/// The names in the rows with this change.
fn set(known: &KnownActions<'_>, change: Option<Change>) -> Set {
    let rows = rows(known).filter(|row| row.change == change);
    rows.map(|row| {
        let principal = row.subject.principal.map_or("", |(key, _)| key);
        let text = |text: Option<&str>| text.unwrap().to_owned();
        (text(row.subject.account), principal.to_owned(), text(row.subject.action))
    })
    .collect()
}

fn without_principals(set: &Set) -> Set {
    set.iter().map(|(account, _, action)| (account.clone(), String::new(), action.clone())).collect()
}

fn asked(point: PointInTime) -> KnownQuestion {
    let PointInTime { time, forget, only_success } = point;
    KnownQuestion { at: Some(time), forget, only_success, filter: Filter::default() }
}

fn any_forget() -> impl Strategy<Value = Option<Span>> {
    let spans = ["0h", "1h", "90m", "12h", "36h", "5d"].map(|span| span.parse::<Span>().unwrap());
    prop::option::of(prop::sample::select(spans.to_vec()))
}

fn includes(range: CountRange, exact: CountRange) -> bool {
    range.at_least <= exact.at_least && exact.at_most <= range.at_most
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_baseline_at_a_time_equals_a_replay_of_the_events_before_it(
        objects in any_times(), time in any_time(), forget in any_forget(), only_success in any::<bool>()
    ) {
        let baseline = archive(&objects).ingest(&settings()).baseline;
        let events = events(&objects);
        let at = |time, forget| PointInTime { time, forget, only_success };
        let sets = |point: PointInTime| named(&baseline, &ActionSets::at(&baseline, &point));
        prop_assert_eq!(sets(at(time, None)), replay(&events, &at(time, None)));
        let hour = at(hour_of(time), forget);
        prop_assert_eq!(sets(hour), replay(&events, &hour));
        // Within an hour the known set is a subset of the truth and a superset of the set at the start of the
        // hour.
        let (within, truth) = (sets(at(time, forget)), replay(&events, &at(time, forget)));
        prop_assert!(within.is_subset(&truth));
        let until_the_hour: Vec<Plain> = events.into_iter().filter(|event| event.time < hour.time).collect();
        prop_assert!(replay(&until_the_hour, &at(time, forget)).is_subset(&within));
    }

    #[test]
    fn differences_are_set_differences_and_accounts_are_unions(
        objects in any_times(), time in any_time(), later in 1..400i64, forget in any_forget(),
        only_success in any::<bool>()
    ) {
        let baseline = archive(&objects).ingest(&settings()).baseline;
        let point = PointInTime { time, forget, only_success };
        let after = PointInTime { time: moved(time, later * 60), ..point };
        let sets = |point| set(&known(&baseline, &asked(point), By::Principal), None);
        let (old, new) = (sets(point), sets(after));
        prop_assert_eq!(&old, &named(&baseline, &ActionSets::at(&baseline, &point)));
        prop_assert_eq!(&old, &set(&known(&baseline, &asked(point), By::Action), None));
        for by in [By::Principal, By::Action] {
            let changes = changes(&baseline, &asked(point), after.time, by);
            prop_assert_eq!(set(&changes, Some(Change::Gained)), &new - &old);
            prop_assert_eq!(set(&changes, Some(Change::Lost)), &old - &new);
        }
        let per_account = changes(&baseline, &asked(point), after.time, By::Account);
        for row in rows(&per_account) {
            let side = if row.change == Some(Change::Gained) { &new } else { &old };
            let same = |(account, _, action): &&(String, String, String)| {
                row.subject.account == Some(account) && row.subject.action == Some(action)
            };
            prop_assert_eq!(row.principals, side.iter().filter(same).count() as u64);
        }
        let (old, new) = (without_principals(&old), without_principals(&new));
        prop_assert_eq!(&old, &set(&known(&baseline, &asked(point), By::Account), None));
        prop_assert_eq!(set(&per_account, Some(Change::Gained)), &new - &old);
        prop_assert_eq!(set(&per_account, Some(Change::Lost)), &old - &new);
    }

    #[test]
    fn ranges_at_a_time_include_the_numbers_of_an_archive_that_ends_there(
        objects in any_times(), time in any_time(), only_success in any::<bool>(), by_account in any::<bool>()
    ) {
        let archive = archive(&objects);
        let until = Some(Timestamp::from_micros(time.micros() - 1));
        let window = ReadWindow { read_from: None, read_to: until, slack: Span::days(1000) };
        let ended = archive.ingest(&LearnSettings { window, ..settings() }).baseline;
        let whole = archive.ingest(&settings()).baseline;
        let question = asked(PointInTime { time, forget: None, only_success });
        let by = if by_account { By::Account } else { By::Principal };
        let (said, truth) = (known(&whole, &question, by), known(&ended, &question, by));
        prop_assert_eq!(set(&said, None), set(&truth, None));
        for (said, truth) in rows(&said).zip(rows(&truth)) {
            let (said, truth) = (&said.measure, &truth.measure);
            prop_assert!(truth.count.exact().is_some() && truth.hours.exact().is_some());
            prop_assert_eq!((said.first, said.first_success), (truth.first, truth.first_success));
            prop_assert!(said.last.is_none() || truth.last.is_none() || said.last == truth.last);
            prop_assert!(said.last_hour <= truth.last_hour);
            prop_assert!(includes(said.count, truth.count) && includes(said.errors, truth.errors));
            prop_assert!(includes(said.hours, truth.hours));
            if time == time.day().start() {
                prop_assert_eq!((said.count, said.errors), (truth.count, truth.errors));
            }
            if time == hour_of(time) {
                prop_assert_eq!((said.hours, said.last_hour), (truth.hours, truth.last_hour));
            }
        }
    }

    #[test]
    fn a_timeline_adds_up_to_the_known_behaviours(
        objects in any_times(), time in any_time(), forget in any_forget(), only_success in any::<bool>()
    ) {
        let baseline = archive(&objects).ingest(&settings()).baseline;
        let question = asked(PointInTime { time, forget, only_success });
        for step in [Step::Day, Step::Week, Step::Month] {
            let all = timeline(&baseline, &question, step, None).unwrap();
            prop_assert!(all.len() <= 1);
            for period in all.iter().flat_map(|timeline| &timeline.periods) {
                let end = PointInTime { time: period.end, forget, only_success };
                let known = named(&baseline, &ActionSets::at(&baseline, &end)).len() as u64;
                prop_assert_eq!(period.known, known, "{} {}", period.start, period.end);
            }
            let everything = KnownQuestion { forget: None, ..question.clone() };
            let periods = || all.iter().flat_map(|timeline| &timeline.periods);
            let known = known(&baseline, &everything, By::Principal);
            prop_assert_eq!(periods().map(|period| period.new).sum::<u64>(), rows(&known).count() as u64);
            let sum = |ranges: &mut dyn Iterator<Item = CountRange>| {
                ranges.fold(CountRange::default(), |mut sum, range| { sum += range; sum })
            };
            let sightings = sum(&mut periods().map(|period| period.sightings));
            prop_assert_eq!(sightings, sum(&mut rows(&known).map(|row| row.measure.count)));
        }
    }
}

/// Eva calls at 10:20, 10:40 (failed) and 12:20 on one day, and again on the next day.
fn eva() -> Baseline {
    let at = |time: &str| record(&format!("2024-03-0{time}:00Z"), "eva", "s3:GetObject");
    let denied = with(at("1T10:40"), json!({"errorCode": "AccessDenied"}));
    let records = [at("1T10:20"), denied, at("1T12:20"), at("2T09:00")];
    Archive::new().delivered("20240303T0412", &records).ingest(&settings()).baseline
}

fn point(time: &str) -> PointInTime {
    let time = Timestamp::parse(&format!("2024-03-0{time}Z")).unwrap();
    PointInTime { time, forget: None, only_success: false }
}

fn knows(baseline: &Baseline, point: &PointInTime) -> bool {
    point.knows(&baseline.behaviours[0])
}

#[test]
fn a_sighting_is_known_only_after_its_time() {
    let baseline = eva();
    assert!(!knows(&baseline, &point("1T00:00:00")));
    assert!(!knows(&baseline, &point("1T10:20:00")));
    assert!(knows(&baseline, &point("1T10:20:00.000001")));
    let never = known(&baseline, &asked(point("1T00:00:00")), By::Principal);
    assert_eq!(never.groups, []);
}

#[test]
fn a_gap_of_exactly_the_forget_span_forgets_nothing() {
    let baseline = eva();
    let after = |time, span: &str| PointInTime { forget: span.parse().ok(), ..point(time) };
    assert!(knows(&baseline, &after("1T22:00:00", "10h")), "ten hours after the start of the last hour");
    assert!(!knows(&baseline, &after("1T22:00:00.000001", "10h")));
    assert!(!knows(&baseline, &after("1T23:00:00", "10h")));
    assert!(knows(&baseline, &after("2T10:00:00", "1h")), "known again");
}

#[test]
fn numbers_within_a_day_are_ranges() {
    let baseline = eva();
    let measure = |time| point(time).measure(&[&baseline.behaviours[0]]).unwrap();
    let range = |at_least, at_most| CountRange { at_least, at_most };
    // Of three sightings, one is at 10:20 and at least one is in the hour from 12:00.
    let early = measure("1T10:30:00");
    assert_eq!((early.count, early.hours), (range(1, 2), CountRange::exactly(1)));
    assert_eq!((early.errors, early.last), (range(0, 1), None));
    let noon = measure("1T12:10:00");
    assert_eq!((noon.count, noon.hours), (range(1, 3), range(1, 2)));
    assert_eq!(noon.last_hour, Timestamp::parse("2024-03-01T10:00:00Z"));
    let evening = measure("1T13:00:00");
    assert_eq!((evening.count, evening.errors), (CountRange::exactly(3), CountRange::exactly(1)));
    assert_eq!((evening.last, evening.hours), (None, CountRange::exactly(2)));
    assert_eq!(evening.last_hour, Timestamp::parse("2024-03-01T12:00:00Z"));
    let end = measure("2T09:00:01");
    assert_eq!((end.count, end.last), (CountRange::exactly(4), Timestamp::parse("2024-03-02T09:00:00Z")));
}

#[test]
fn successes_are_counted_separately() {
    let baseline = eva();
    let success = PointInTime { only_success: true, ..point("3T00:00:00") };
    let measure = success.measure(&[&baseline.behaviours[0]]).unwrap();
    assert_eq!((measure.count, measure.errors), (CountRange::exactly(3), CountRange::exactly(0)));
    assert_eq!(measure.last, None, "the last of all need not be the last success");
    assert_eq!(measure.last_hour, Timestamp::parse("2024-03-02T09:00:00Z"));
}

#[test]
fn without_a_time_everything_is_known() {
    let baseline = eva();
    let question = KnownQuestion { at: None, ..asked(point("1T00:00:00")) };
    let all = known(&baseline, &question, By::Principal);
    assert_eq!(all.time, Timestamp::parse("2024-03-02T09:00:01Z"));
    assert_eq!(rows(&all).next().unwrap().measure.count, CountRange::exactly(4));
    let nothing = Baseline::default();
    let empty = known(&nothing, &question, By::Principal);
    assert_eq!((empty.time, empty.groups.len()), (None, 0));
}

#[test]
fn an_account_counts_an_hour_of_two_principals_once() {
    let at = |time: &str, who| record(&format!("2024-03-01T{time}:00Z"), who, "s3:GetObject");
    let records = [at("10:20", "eva"), at("10:40", "bob"), at("11:00", "bob")];
    let baseline = Archive::new().delivered("20240303T0412", &records).ingest(&settings()).baseline;
    let all = known(&baseline, &asked(point("2T00:00:00")), By::Account);
    let row = rows(&all).next().unwrap();
    assert_eq!(
        (row.principals, row.measure.hours, row.measure.count),
        (2, CountRange::exactly(2), CountRange::exactly(3))
    );
    let counts: BTreeMap<_, _> =
        all.groups.iter().map(|group| (group.subject.account, group.principals)).collect();
    assert_eq!(counts, [(Some("111122223333"), 2)].into());
}

#[test]
fn hostile_texts_are_harmless_in_every_format() {
    let mut hostile = record("2024-03-01T10:00:00Z", "x", "s3:GetObject");
    hostile["eventSource"] = json!("=1\u{1b}[2J");
    hostile["userIdentity"]["arn"] = json!("@x\u{202e}");
    let archive = Archive::new().delivered("20240303T0412", &[hostile]);
    let Learnt { baseline, coverage, .. } = archive.ingest(&settings());
    let question = asked(point("2T00:00:00"));
    for answer in
        [By::Account, By::Principal, By::Action]
            .map(|by| KnownAnswer::Known(known(&baseline, &question, by)))
            .into_iter()
            .chain([By::Principal, By::Action].map(|by| {
                KnownAnswer::Timeline(timeline(&baseline, &question, Step::Day, Some(by)).unwrap())
            }))
    {
        let report =
            KnownReport { settings: &KnownSettings::default(), coverage: &coverage, answer: &answer };
        let written = |format| {
            let mut out = Vec::new();
            report.write(format, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let harmful = |c: char| c != '\n' && c.is_control() || c == '\u{202e}';
        assert!(!written(Format::Text).contains(harmful));
        let table = written(Format::Csv);
        assert!(!table.contains(",=") && !table.contains(",@"), "{table}");
        let raw = written(Format::RawCsv);
        assert!(raw.contains(",=") || raw.contains(",@"), "{raw}");
        serde_json::from_str::<Value>(&written(Format::Json)).unwrap();
    }
}

/// An archive with an event at each of these times, each by another user.
fn at_times(times: &[&str]) -> Baseline {
    let event = |(number, time): (usize, &&str)| record(time, &format!("u{number}"), "s3:ListBuckets");
    let records: Vec<Value> = times.iter().enumerate().map(event).collect();
    Archive::new().delivered("20240303T0412", &records).ingest(&settings()).baseline
}

#[test]
fn a_timeline_of_forged_times_is_refused_unless_its_periods_are_long() {
    let baseline = at_times(&["0001-01-01T00:00:00Z", "2024-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]);
    let question = KnownQuestion { at: None, ..asked(point("2T00:00:00")) };
    for step in [Step::Day, Step::Week] {
        let refused = timeline(&baseline, &question, step, None).unwrap_err().to_string();
        assert!(refused.starts_with("from 0001-01-01 to 9999-12-31 there are "), "{refused}");
        let most = format!(" more than 150000 periods of a {}", step.name());
        assert!(refused.ends_with(&most), "{refused}");
    }
    let months = timeline(&baseline, &question, Step::Month, None).unwrap();
    assert_eq!(months[0].periods.len(), 9999 * 12);
    // 200 years, day by day.
    let honest = at_times(&["1900-01-01T00:00:00Z", "2099-12-31T23:59:59Z"]);
    assert_eq!(timeline(&honest, &question, Step::Day, None).unwrap()[0].periods.len(), 73_049);
}

#[test]
fn timelines_of_many_groups_are_refused_together() {
    let baseline = at_times(&[&["0001-01-01T00:00:00Z"; 90][..], &["9999-12-31T23:59:59Z"]].concat());
    let question = KnownQuestion { at: None, ..asked(point("2T00:00:00")) };
    let refused = timeline(&baseline, &question, Step::Month, Some(By::Principal)).unwrap_err();
    assert_eq!(refused.to_string(), "all groups have more than 10000000 periods of a month together");
}
