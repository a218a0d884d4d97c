//! Benchmarks each stage of a scan in isolation, on synthetic logs.
//!
//! `firstseen bench` measures the same stages as parts of a scan of a real archive.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use firstseen::baseline::{Baseline, Builder, Moment, SightingPlace, SightingRef};
use firstseen::decode::Decoder;
use firstseen::event::{AnyRecord, Event, IdentityLink, Principal};
use firstseen::model::{Evidence, PrincipalKey, Text};
use firstseen::observe::{Deduplicator, Fingerprint, ObjectRecords, Observer, RecordPlace};
use firstseen::query::{FindingKind, Question, first_seen};
use firstseen::source::Archives;
use firstseen::synth::{Plan, synthesize};
use firstseen::time::{Day, TimeForm, Timestamp};

/// Size limit for inflated objects; no object here reaches it.
const CEILING: u64 = 1 << 30;

/// Input of the benchmarks: synthetic log objects, as stored and as JSON.
struct Logs {
    stored: Vec<Vec<u8>>,
    json: Vec<Vec<u8>>,
}

impl Logs {
    fn synthetic() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path().join("archive");
        synthesize(&out, &Plan { bytes: 20_000_000, seed: 1, days: 60 }).expect("an archive");
        let archives = Archives::open(&[out.join("AWSLogs")]).expect("the archive");
        let listing = archives.list(&Default::default(), 1, &mut |_| true).expect("its objects");
        let read = |object| {
            let mut stored = Vec::new();
            archives.read(object, &mut stored).map(|()| stored).expect("an object")
        };
        let stored: Vec<_> = listing.objects.iter().map(read).collect();
        let mut decoder = Decoder::new(CEILING);
        let json = stored.iter().map(|object| decoder.inflate(object).to_vec()).collect();
        Self { stored, json }
    }

    fn bytes(&self) -> Throughput {
        Throughput::Bytes(self.json.iter().map(|object| object.len() as u64).sum())
    }

    /// All events with their fingerprints. Their texts are leaked.
    fn events(&self) -> Vec<(Event<'static>, Option<Fingerprint>)> {
        let mut decoder = Decoder::new(CEILING);
        let mut events = Vec::new();
        for object in &self.json {
            decoder.decode(object, |found| {
                let Some(record) = found.record.ok().and_then(AnyRecord::cloudtrail) else { return };
                if let Ok(event) = record.interpret(PrincipalKey::Arn) {
                    events.push((kept(&event), Fingerprint::of(record, found.text)));
                }
            });
        }
        events
    }
}

fn kept(event: &Event<'_>) -> Event<'static> {
    fn text(text: &str) -> &'static str {
        Box::leak(text.into())
    }
    let principal = Principal {
        account: text(event.principal.account),
        key: text(&event.principal.key).into(),
        kind: event.principal.kind,
        arn: None,
        identity_link: event
            .principal
            .identity_link
            .map(|proof| IdentityLink { unique_id: text(proof.unique_id), arn: text(proof.arn) }),
    };
    let Event { time, time_form, failed, read_only, .. } = *event;
    Event {
        time,
        time_form,
        principal,
        source: text(event.source),
        name: text(&event.name).into(),
        failed,
        read_only,
        creation: None,
    }
}

fn decode(criterion: &mut Criterion) {
    let logs = Logs::synthetic();
    let mut group = criterion.benchmark_group("decode");
    group.throughput(logs.bytes());
    let mut decoder = Decoder::new(CEILING);
    group.bench_function("inflate", |bencher| {
        bencher.iter(|| {
            logs.stored.iter().map(|object| decoder.inflate(black_box(object)).len()).sum::<usize>()
        });
    });
    group.bench_function("scanner", |bencher| {
        bencher.iter(|| {
            for object in &logs.json {
                decoder.decode(black_box(object), |found| {
                    black_box(found);
                });
            }
        });
    });
    group.finish();
}

fn observe(criterion: &mut Criterion) {
    let events = Logs::synthetic().events();
    let mut group = criterion.benchmark_group("observe");
    group.throughput(Throughput::Elements(events.len() as u64));
    group.bench_function("events", |bencher| bencher.iter(|| learn(black_box(&events))));
    group.bench_function("copies", |bencher| bencher.iter(|| compare(black_box(&events))));
    group.finish();
}

/// Interns all events and adds them to a baseline.
fn learn(events: &[(Event<'_>, Option<Fingerprint>)]) -> Baseline {
    let (mut observer, mut builder) = (Observer::default(), Builder::default());
    let object: Text = "object".into();
    for (event, _) in events {
        let moment = Moment { time: event.time, failed: event.failed };
        builder.add(observer.observe(event), moment, || sighting(moment, &object));
    }
    builder.finish(observer.finish()).baseline
}

/// Compares all records with each other, with twenty records per object and a hundred objects per day.
fn compare(events: &[(Event<'_>, Option<Fingerprint>)]) -> u64 {
    let objects = events.chunks(20);
    let deduplicator = Deduplicator::default();
    let mut object_records = ObjectRecords::new(0);
    for (object, records) in (0..).zip(objects) {
        for (record, (_, print)) in (0..).zip(records) {
            if let Some(print) = *print {
                object_records.add(print, RecordPlace { object, record }, 0, false);
            }
        }
        deduplicator.add_object(object, Some(Day::from_number(object as i32 / 100)), &mut object_records);
    }
    deduplicator.finish().duplicates
}

fn sighting(moment: Moment, object: &Text) -> SightingRef<'_> {
    SightingRef {
        moment,
        place: SightingPlace { archive: 1, object, record: 0 },
        read_only: None,
        evidence: Evidence {
            event_id: "c792d920-1557-4607-a68d-2593da9c4a4d",
            region: Some("eu-west-1"),
            source_ip: Some("198.51.100.14"),
            user_agent: Some("aws-cli/2.15.0"),
            ..Evidence::default()
        },
    }
}

/// A baseline of `principals` principals, numbered from `first`, with `ACTIONS` actions each.
fn baseline(first: u32, principals: u32) -> Baseline {
    let (mut observer, mut builder) = (Observer::default(), Builder::default());
    let object: Text = "object".into();
    for number in first..first + principals {
        let key = format!("arn:aws:iam::111122223333:role/role-{number}");
        for action in 0..ACTIONS {
            let micros = i64::from(number * 7 + action * action * 86_400) * 1_000_000;
            let moment = Moment { time: Timestamp::from_micros(micros), failed: false };
            let event = Event {
                time: moment.time,
                time_form: TimeForm::Usual,
                principal: Principal {
                    account: "111122223333",
                    key: key.as_str().into(),
                    arn: None,
                    kind: firstseen::model::PrincipalKind::Role,
                    identity_link: None,
                },
                source: "ec2.amazonaws.com",
                name: format!("Action{action}").into(),
                failed: false,
                read_only: None,
                creation: None,
            };
            builder.add(observer.observe(&event), moment, || sighting(moment, &object));
        }
    }
    builder.finish(observer.finish()).baseline
}

const PRINCIPALS: u32 = 2_000;
const ACTIONS: u32 = 25;

fn merge(criterion: &mut Criterion) {
    // Half of the principals are in both baselines.
    let (left, right) = (baseline(0, PRINCIPALS), baseline(PRINCIPALS / 2, PRINCIPALS));
    let mut group = criterion.benchmark_group("merge");
    group.throughput(Throughput::Elements(u64::from(2 * PRINCIPALS * ACTIONS)));
    group.bench_function("behaviours", |bencher| {
        bencher.iter_batched(
            || (left.clone(), right.clone()),
            |(left, right)| left.merge(right).baseline,
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn query(criterion: &mut Criterion) {
    let baseline = baseline(0, PRINCIPALS);
    let question = Question { report: FindingKind::OF_SIGHTINGS.to_vec(), ..Question::default() };
    let mut group = criterion.benchmark_group("query");
    group.throughput(Throughput::Elements(u64::from(PRINCIPALS * ACTIONS)));
    group.bench_function("first-seen", |bencher| {
        bencher.iter(|| first_seen(black_box(&baseline), black_box(&question)).len());
    });
    group.finish();
}

criterion_group!(benches, decode, observe, merge, query);
criterion_main!(benches);
