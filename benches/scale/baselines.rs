//! Makes two large baselines without an archive, for `benches/scale`: see README.md there.
//!
//!     cargo bench --bench scale-baselines -- RECORDS FOLDER
//!
//! `FOLDER/even.baseline` and `FOLDER/odd.baseline` have half of the objects each, and so half of the records. The same number gives
//! the same bytes.

use std::path::Path;

use firstseen::baseline::{ActiveDay, Baseline, Behaviour, Days, DimensionValue, ValueSighting};
use firstseen::catalog::{ObjectEntry, RecordEntry};
use firstseen::checksum::Checksum;
use firstseen::coverage::{Coverage, Outcome};
use firstseen::learn::LearnSettings;
use firstseen::model::{
    Dimension, Dimensions, ObservedPrincipal, PrincipalKind, SharedTexts, Sighting, SightingTexts, Stage,
    Text,
};
use firstseen::observe::Fingerprint;
use firstseen::store::{BaselineContents, BaselineFolder};
use firstseen::time::{Day, Timestamp};

const ACCOUNTS: u64 = 50;
const PRINCIPALS: u64 = 5_000;
/// Actions of each principal; all have the same.
const ACTIONS: u64 = 60;
const BEHAVIOURS: u64 = PRINCIPALS * ACTIONS;
/// Networks of each principal.
const NETWORKS: u64 = 20;
const OBJECTS: u64 = 200_000;
const DAYS: u64 = 365;
/// A behaviour is active on one day of ten.
const ACTIVE_EVERY: u64 = 10;
/// One record in a hundred of an odd object is a copy of one in the even object before.
const COPIES_EVERY: u64 = 100;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let (Some(records), Some(folder)) = (arguments.next(), arguments.next()) else {
        return;
    };
    let records: u64 = records.parse().expect("a number of records");
    for (half, name) in ["even", "odd"].iter().enumerate() {
        let path = Path::new(&folder).join(format!("{name}.baseline"));
        let contents = contents(records / OBJECTS, half as u64);
        let place = BaselineFolder::take(&path).expect("a free place");
        place.save(&contents).expect("a saved baseline");
        let saved = place.open().expect("a baseline").expect("the one saved");
        saved.objects().expect("objects in order");
    }
}

/// Everything that was learnt from the objects of one half.
fn contents(records_per_object: u64, half: u64) -> BaselineContents {
    let mut activity: Vec<Vec<ActiveDay>> = vec![Vec::new(); BEHAVIOURS as usize];
    let mut records = Vec::with_capacity((records_per_object * OBJECTS / 2) as usize);
    let mut objects = Vec::with_capacity((OBJECTS / 2) as usize);
    for (index, number) in (half..OBJECTS).step_by(2).enumerate() {
        for record in 0..records_per_object {
            let call = Call::new(number, record, records_per_object);
            records.push(call.entry(index as u32, record as u32));
            call.count(&mut activity[call.behaviour as usize]);
        }
        objects.push(object(number, records_per_object));
    }
    let total = records.len() as u64;
    let baseline = baseline(activity);
    let mut coverage = Coverage::default();
    (coverage.objects.listed, coverage.objects.read) = (objects.len() as u64, objects.len() as u64);
    (coverage.records.total, coverage.records.counted) = (total, total);
    (coverage.first_event, coverage.last_event) = (Some(day(0).start()), Some(day(OBJECTS - 1).end()));
    let learning = LearnSettings { dimensions: Dimensions::ALL, ..LearnSettings::default() };
    BaselineContents {
        learning: learning.scope(),
        archives: vec!["logs".to_owned()],
        baseline,
        coverage,
        objects,
        records: records.into(),
    }
}

/// A number that looks random.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// The day of an object.
fn day(object: u64) -> Day {
    let start = Timestamp::from_date(2025, 1, 1).expect("a date").day();
    Day::from_number(start.number() + (object * DAYS / OBJECTS) as i32)
}

/// One record.
struct Call {
    fingerprint: Fingerprint,
    behaviour: u64,
    day: Day,
    hour: u8,
    failed: bool,
}

impl Call {
    fn new(object: u64, record: u64, records_per_object: u64) -> Self {
        // The same record is in two objects.
        let object = if record.is_multiple_of(COPIES_EVERY) { object & !1 } else { object };
        let number = object * records_per_object + record;
        let (random, day) = (mixed(number), day(object));
        let of_account = BEHAVIOURS / ACCOUNTS;
        let turn = random % (of_account / ACTIVE_EVERY) * ACTIVE_EVERY + day.number() as u64 % ACTIVE_EVERY;
        Self {
            fingerprint: Fingerprint::from_parts((mixed(random), mixed(!random) as u32 & !3)),
            behaviour: object / 2 % ACCOUNTS * of_account + turn,
            day,
            hour: (random >> 40) as u8 % 24,
            failed: random >> 50 & 31 == 0,
        }
    }

    fn entry(&self, object: u32, record: u32) -> RecordEntry {
        let Self { fingerprint, behaviour, day, failed, .. } = *self;
        RecordEntry { object, record, fingerprint, behaviour: behaviour as u32, day, failed, is_copy: false }
    }

    fn count(&self, days: &mut Vec<ActiveDay>) {
        if days.last().is_none_or(|last| last.day != self.day) {
            days.push(ActiveDay { day: self.day, hours: 0, success_hours: 0, count: 0, errors: 0 });
        }
        let last = days.last_mut().expect("a day");
        last.hours |= 1 << self.hour;
        last.success_hours |= u32::from(!self.failed) << self.hour;
        last.count += 1;
        last.errors += u64::from(self.failed);
    }
}

fn object(number: u64, records: u64) -> ObjectEntry {
    let of_year = number * DAYS * 86_400_000_000 / OBJECTS;
    let delivered = Timestamp::from_micros(day(0).start().micros() + of_year as i64);
    let path = path(number);
    ObjectEntry {
        archive: 1,
        delivered: Some(delivered),
        account: Some(account(number / 2 % ACCOUNTS).into()),
        region: Some("eu-west-1".into()),
        size: Some(records * 200),
        checksum: Some(Checksum::of(path.as_bytes())),
        outcome: Outcome::Read,
        records,
        span: Some((day(number).start(), day(number).end())),
        faults: 0,
        path: path.into(),
    }
}

fn account(number: u64) -> String {
    format!("{:012}", 111_122_220_000 + number)
}

fn path(object: u64) -> String {
    let (account, day) = (account(object / 2 % ACCOUNTS), day(object).to_string());
    let folder = format!("AWSLogs/{account}/CloudTrail/eu-west-1/{}", day.replace('-', "/"));
    format!("{folder}/{account}_CloudTrail_eu-west-1_{}T0000Z_{object:016}.json.gz", day.replace('-', ""))
}

/// The behaviours that are active on any day, and values of their principals.
fn baseline(activity: Vec<Vec<ActiveDay>>) -> Baseline {
    let mut texts = SharedTexts::default();
    let per_account = PRINCIPALS / ACCOUNTS;
    let principal = |number: u64| ObservedPrincipal {
        account: account(number / per_account).into(),
        key: format!("role/team/service-{number:06}").into(),
        kind: PrincipalKind::Role,
        arn: None,
    };
    let actions =
        (0..ACTIONS).map(|number| format!("s{:02}.amazonaws.com:GetThing{number:03}", number / 6).into());
    let behaviours = (0..).zip(activity).filter(|(_, days)| !days.is_empty()).map(|(number, active)| {
        let (first, last) = (active[0], active[active.len() - 1]);
        let first = sighting(number, first, &mut texts).into();
        let mut days = Days::default();
        active.into_iter().for_each(|day| days.push(day));
        let (principal, action) = ((number / ACTIONS) as u32, (number % ACTIONS) as u32);
        Behaviour {
            principal,
            action,
            first_success: Some(std::sync::Arc::clone(&first)),
            first,
            last: hour(last),
            days,
        }
    });
    let behaviours: Vec<Behaviour> = behaviours.collect();
    let values = behaviours
        .chunk_by(|left, right| left.principal == right.principal)
        .flat_map(|of_principal| (0..NETWORKS).map(|network| value(&of_principal[0], network)))
        .collect();
    let principals = (0..PRINCIPALS).map(principal).collect();
    Baseline { principals, actions: actions.collect(), behaviours, values, ..Baseline::default() }
}

/// The first hour of a day.
fn hour(day: ActiveDay) -> Timestamp {
    day.day.hour(day.hours.trailing_zeros() as u8)
}

fn sighting(behaviour: u64, first: ActiveDay, texts: &mut SharedTexts) -> Sighting {
    let event_id = format!("{behaviour:08x}-1111-4222-8333-{behaviour:012x}");
    let session = format!("session-{}", mixed(behaviour) % 1_000);
    let address = format!("198.51.100.{}", behaviour % 256);
    let mut text = |text: &str| Some(texts.get(text));
    let texts = SightingTexts::new([
        text("eu-west-1"),
        text(&address),
        text("aws-cli/2.15.0 Python/3.11.6 Linux/6.1.0"),
        None,
        text(&format!("ASIA{behaviour:016}")),
        text(&session),
        text(&format!("AROA{:016}:{session}", behaviour / ACTIONS)),
        None,
        None,
        None,
        None,
    ]);
    Sighting {
        time: hour(first),
        event_id: event_id.as_str().into(),
        archive: 1,
        object: Text::from(path(mixed(behaviour) % OBJECTS)),
        record: 0,
        failed: false,
        read_only: Some(true),
        stage: Stage::default(),
        texts,
    }
}

/// A network of the principal of a behaviour.
fn value(of: &Behaviour, network: u64) -> DimensionValue {
    let first = ValueSighting { action: of.action, sighting: std::sync::Arc::clone(&of.first) };
    DimensionValue {
        principal: of.principal,
        dimension: Dimension::Network,
        value: format!("198.51.{network:03}.0/24").into(),
        first_success: Some(first.clone()),
        first,
        last: of.last,
        count: 1,
    }
}
