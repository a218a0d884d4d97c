//! The score of episodes, computed from a list of all events in the plainest way. `docs/ranking.md` has the formulas.

use std::collections::BTreeSet;

use firstseen::actions::{Class, class_of};
use firstseen::query::{RankedUnit, TriageQuestion, Weights, triage};
use firstseen::time::{Span, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::dimensions::{all, any_objects, values};
use crate::laws::archive;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// One event: when, who, and what about it can be new.
struct Event {
    order: (i64, String, String, usize),
    who: String,
    action: String,
    read_only: Option<bool>,
    failed: bool,
    /// Kind and value, without the action.
    values: Vec<(&'static str, String)>,
}

impl Event {
    fn time(&self) -> i64 {
        self.order.0
    }
}

/// Principals of one family and of others, users and roles.
const PRINCIPALS: [&str; 6] =
    ["user/app-dev", "user/app-prod", "user/app-qa", "user/app-stage", "user/zoe", "role/app-dev"];

/// Several actions of each service, in several classes and in none.
const ACTIONS: [(&str, &str, bool); 10] = [
    ("iam", "CreateUser", false),
    ("iam", "AttachUserPolicy", false),
    ("iam", "CreateAccessKey", false),
    ("iam", "ListUsers", true),
    ("s3", "GetObject", true),
    ("s3", "PutObject", false),
    ("s3", "PutBucketPolicy", false),
    ("ec2", "CreateTags", false),
    ("sts", "GetSessionToken", true),
    ("sts", "AssumeRole", true),
];

/// The record with another principal and action, both by its event id, so that copies stay copies.
fn varied(record: &Value) -> Value {
    let id = record["eventID"].as_str().unwrap();
    let number = id.bytes().fold(7_usize, |number, byte| number.wrapping_mul(31).wrapping_add(byte.into()));
    let principal = PRINCIPALS[number % PRINCIPALS.len()];
    let (service, name, read_only) = ACTIONS[number / PRINCIPALS.len() % ACTIONS.len()];
    let mut record = record.clone();
    let arn = format!("arn:aws:iam::111122223333:{principal}");
    record["userIdentity"]["arn"] = json!(arn);
    record["userIdentity"]["principalId"] = json!(format!("AIDA{}", principal.to_uppercase()));
    if principal.starts_with("role/") {
        record["userIdentity"]["type"] = json!("AssumedRole");
        record["userIdentity"]["sessionContext"] = json!({"sessionIssuer": {"type": "Role", "arn": arn}});
    }
    record["eventSource"] = json!(format!("{service}.amazonaws.com"));
    record["eventName"] = json!(name);
    record["readOnly"] = json!(read_only);
    record
}

fn family(who: &str) -> &str {
    if who.contains("user/app-") { "app" } else { who }
}

fn is_role(who: &str) -> bool {
    who.contains(":role/")
}

fn events(objects: &[(Option<u8>, Vec<Value>)]) -> Vec<Event> {
    let mut events = Vec::new();
    for (number, (day, records)) in objects.iter().enumerate() {
        for (index, record) in records.iter().enumerate() {
            let text = |name: &str| record[name].as_str().unwrap().to_owned();
            let time = Timestamp::parse(&text("eventTime")).unwrap().micros();
            events.push(Event {
                order: (time, text("eventID"), crate::laws::path(number, *day), index),
                who: record["userIdentity"]["arn"].as_str().unwrap().to_owned(),
                action: format!("{}:{}", text("eventSource"), text("eventName")),
                read_only: record["readOnly"].as_bool(),
                failed: record["errorCode"].is_string(),
                values: values(record),
            });
        }
    }
    events.sort_by(|left, right| left.order.cmp(&right.order));
    events
}

/// All that the model looks at.
struct Model {
    events: Vec<Event>,
    weights: Weights,
    as_of_then: bool,
}

/// A scored episode: start, who, and the parts in order: size, history, network, agent.
type Scored = (i64, String, [f64; 4]);

struct Draft {
    who: String,
    start: i64,
    end: i64,
    actions: Vec<String>,
}

impl Model {
    /// When someone first did an action.
    fn first(&self, who: &str, action: &str) -> Option<&Event> {
        self.events.iter().find(|event| event.who == who && event.action == action)
    }

    fn first_value(&self, who: &str, kind: &str, value: &str) -> Option<i64> {
        let has = |event: &&Event| {
            event.who == who && event.values.iter().any(|(other, text)| *other == kind && text == value)
        };
        self.events.iter().find(has).map(Event::time)
    }

    fn birth(&self, who: &str) -> i64 {
        self.events.iter().find(|event| event.who == who).unwrap().time()
    }

    fn principals(&self) -> BTreeSet<&str> {
        self.events.iter().map(|event| &*event.who).collect()
    }

    fn class(&self, who: &str, action: &str) -> Option<Class> {
        class_of(action, self.first(who, action)?.read_only)
    }

    fn drafts(&self, days: u32, gap: i64) -> Vec<Draft> {
        let warmup = i64::from(days) * DAY;
        let start = self.events.first().map_or(0, Event::time);
        let mut drafts: Vec<Draft> = Vec::new();
        for who in self.principals() {
            let birth = self.birth(who);
            let mut known = BTreeSet::new();
            let mut open: Option<Draft> = None;
            for event in self.events.iter().filter(|event| event.who == who) {
                let time = event.time();
                let is_new_action = known.insert(("action", event.action.clone()));
                let attempt = self.first(who, &event.action).unwrap();
                let is_first_success =
                    attempt.failed && !event.failed && known.insert(("success", event.action.clone()));
                let is_old = |time: i64| time - birth >= warmup || birth - start >= warmup;
                let is_told = is_old(attempt.time()) && time - attempt.time() <= gap;
                let is_allowed = is_first_success && !is_told;
                let mut is_new = is_new_action || is_allowed;
                for (kind, value) in &event.values {
                    is_new |= known.insert((kind, value.clone()));
                }
                if !is_new || !is_old(time) {
                    continue;
                }
                if open.as_ref().is_some_and(|draft| time - draft.end > gap) {
                    drafts.extend(open.take());
                }
                let draft = open.get_or_insert_with(|| Draft {
                    who: who.to_owned(),
                    start: time,
                    end: time,
                    actions: Vec::new(),
                });
                draft.end = time;
                let is_action = is_new_action || is_allowed && !draft.actions.contains(&event.action);
                draft.actions.extend(is_action.then(|| event.action.clone()));
            }
            drafts.extend(open);
        }
        drafts.sort_by(|left, right| {
            (left.start, &left.who, left.end).cmp(&(right.start, &right.who, right.end))
        });
        drafts
    }

    /// How many others of a circle were known before a time, and how many of them had done an action.
    fn count(&self, draft: &Draft, action: &str, is_in: &dyn Fn(&str) -> bool) -> (f64, f64) {
        let others = self.principals().into_iter().filter(|who| *who != draft.who && is_in(who));
        let known: Vec<&str> = others.filter(|who| self.birth(who) < draft.start).collect();
        let did = |who: &&&str| self.first(who, action).is_some_and(|event| event.time() < draft.start);
        (known.iter().filter(did).count() as f64, known.len() as f64)
    }

    fn bits(&self, draft: &Draft, action: &str, ordinary: usize) -> f64 {
        let weights = &self.weights;
        let own_family = family(&draft.who);
        let (n, all) = self.count(draft, action, &|_| true);
        let mut share = (n + 0.5) / (all + 1.0);
        let (nk, of_kind) = self.count(draft, action, &|who| is_role(who) == is_role(&draft.who));
        share = (nk + weights.prior * share) / (of_kind + weights.prior);
        let (nf, mates) = self.count(draft, action, &|who| family(who) == own_family);
        share = ((nf + weights.prior * share) / (mates + weights.prior)).min(1.0);
        let mut bits = -(share + weights.floor * (1.0 - share)).log2();
        bits -= weights.crowd * (ordinary as f64 / weights.crowd_free).max(1.0).log2();
        bits = bits.max(0.0);
        let class = self.class(&draft.who, action);
        let is_telling = class.is_some_and(|class| class != Class::Reconnaissance);
        bits *= match class {
            None => weights.unclassified,
            Some(Class::Reconnaissance) => weights.reconnaissance,
            Some(_) => weights.class,
        };
        let own: BTreeSet<&str> =
            self.events.iter().filter(|event| event.who == draft.who).map(|event| &*event.action).collect();
        let before = |other: &&&str| self.first(&draft.who, other).unwrap().time() < draft.start;
        if is_telling {
            let used = own.iter().filter(|other| **other != action && self.class(&draft.who, other) == class);
            let used = used.filter(before).count();
            bits /= 1.0 + weights.used * (used as f64).min(weights.used_max);
        }
        let until = if self.as_of_then { draft.start } else { draft.end + 7 * DAY };
        let is_mate = |who: &&str| {
            *who != draft.who
                && family(who) == own_family
                && self
                    .first(who, action)
                    .is_some_and(|event| (draft.start - 7 * DAY..until).contains(&event.time()))
        };
        bits /= 1.0
            + weights.mates
                * (self.principals().into_iter().filter(is_mate).count() as f64).min(weights.mates_max);
        let done = || self.events.iter().filter(|event| event.who == draft.who && event.action == action);
        let ever_succeeded = done().any(|event| !event.failed);
        let is_later = |event: &Event| event.time().div_euclid(DAY) > draft.end.div_euclid(DAY);
        let stays = done().any(|event| is_later(event) && !(ever_succeeded && event.failed));
        if !self.as_of_then && stays {
            bits *= weights.stays;
        }
        let service = |action: &str| action.split(':').next().unwrap().to_owned();
        if own.iter().filter(|other| service(other) == service(action)).any(|other| before(&other)) {
            bits *= if is_telling { weights.familiar_class } else { weights.familiar };
        }
        bits
    }

    fn surprise(&self, draft: &Draft) -> f64 {
        let is_ordinary = |action: &&String| {
            self.class(&draft.who, action).is_none()
                && self.first(&draft.who, action).unwrap().read_only != Some(true)
        };
        let ordinary = draft.actions.iter().filter(is_ordinary).count();
        let mut services: Vec<(String, Vec<f64>)> = Vec::new();
        for action in &draft.actions {
            let service = action.split(':').next().unwrap().to_owned();
            let bits = self.bits(draft, action, ordinary);
            match services.iter_mut().find(|(name, _)| *name == service) {
                Some((_, all)) => all.push(bits),
                None => services.push((service, vec![bits])),
            }
        }
        let sums = services.into_iter().map(|(_, bits)| diminishing(bits, self.weights.in_service)).collect();
        diminishing(sums, self.weights.services)
    }

    fn new_value(&self, draft: &Draft, kind: &str) -> f64 {
        let weights = &self.weights;
        let texts = |who: &str| -> BTreeSet<String> {
            let own = self.events.iter().filter(|event| event.who == who);
            own.flat_map(|event| &event.values)
                .filter(|(other, _)| *other == kind)
                .map(|(_, text)| text.clone())
                .collect()
        };
        let firsts: Vec<(String, i64)> = texts(&draft.who)
            .into_iter()
            .map(|text| (text.clone(), self.first_value(&draft.who, kind, &text).unwrap()))
            .collect();
        let hour = |time: i64| time.div_euclid(HOUR);
        let own_hours =
            self.events.iter().filter(|event| event.who == draft.who).map(|event| hour(event.time()));
        let active = own_hours.filter(|other| *other < hour(draft.start)).collect::<BTreeSet<i64>>().len();
        let earlier = firsts.iter().filter(|(_, first)| *first < draft.start).map(|(_, first)| hour(*first));
        let earlier = earlier.collect::<BTreeSet<i64>>().len();
        let new = firsts.iter().filter(|(_, first)| (draft.start..=draft.end).contains(first));
        let of_one = |(text, _): &(String, i64)| {
            let others: Vec<i64> = self
                .principals()
                .into_iter()
                .filter(|who| *who != draft.who)
                .filter_map(|who| self.first_value(who, kind, text))
                .collect();
            let known = self
                .principals()
                .into_iter()
                .filter(|who| *who != draft.who && self.birth(who) < draft.start);
            let until = if self.as_of_then { draft.start } else { draft.end + 7 * DAY };
            let had = others.iter().filter(|first| **first < draft.start).count() as f64;
            let recent =
                others.iter().filter(|first| (draft.start - 7 * DAY..until).contains(first)).count() as f64;
            let steadiness = ((active as f64 + 2.0) / (earlier as f64 + 1.0)).log2().max(0.0);
            let rarity = ((known.count() as f64 + 1.0) / (had + 1.0)).log2().max(0.0);
            let bits = weights.steadiness * steadiness
                + weights.rarity * rarity / (1.0 + weights.others * recent.min(weights.others_max));
            let is_later = |event: &Event| {
                event.who == draft.who
                    && event.time() > draft.end + DAY
                    && event.values.iter().any(|(other, value)| *other == kind && value == text)
            };
            if !self.as_of_then && self.events.iter().any(is_later) { bits * weights.stays } else { bits }
        };
        new.map(of_one).fold(0.0, f64::max)
    }

    fn scores(&self, days: u32, gap: i64) -> Vec<Scored> {
        let drafts = self.drafts(days, gap);
        let surprises: Vec<f64> = drafts.iter().map(|draft| self.surprise(draft)).collect();
        let mut scored = Vec::new();
        for (draft, surprise) in drafts.iter().zip(&surprises) {
            let earlier = drafts
                .iter()
                .zip(&surprises)
                .filter(|(other, _)| other.end < draft.start && !other.actions.is_empty());
            let earlier: Vec<(&Draft, f64)> = earlier.map(|(other, amount)| (other, *amount)).collect();
            let circle = |is_in: &dyn Fn(&Draft) -> bool| {
                let of_circle = || earlier.iter().filter(|(other, _)| is_in(other));
                let as_large = of_circle().filter(|(_, amount)| *amount >= surprise - 1e-9).count();
                (as_large as f64, of_circle().count() as f64)
            };
            let all = circle(&|_| true);
            let mut share = (all.0 + 1.0) / (all.1 + 2.0);
            let narrower = [
                circle(&|other| is_role(&other.who) == is_role(&draft.who)),
                circle(&|other| family(&other.who) == family(&draft.who)),
                circle(&|other| other.who == draft.who),
            ];
            let mut wider = all;
            for narrow in narrower {
                if wider.0 == 0.0 {
                    break;
                }
                share = (narrow.0 + self.weights.prior * share) / (narrow.1 + self.weights.prior);
                wider = narrow;
            }
            let has_actions = !draft.actions.is_empty();
            let size = self.weights.size * (1.0 + surprise / self.weights.size_unit).log2();
            let parts = [
                if has_actions { size } else { 0.0 },
                if has_actions { -share.log2() } else { 0.0 },
                self.new_value(draft, "new-network"),
                self.new_value(draft, "new-agent"),
            ];
            scored.push((draft.start, draft.who.clone(), parts));
        }
        scored
    }
}

fn diminishing(mut numbers: Vec<f64>, exponent: f64) -> f64 {
    numbers.sort_by(|left, right| right.total_cmp(left));
    (1..).zip(numbers).map(|(rank, number)| number / f64::from(rank).powf(exponent)).sum()
}

/// Constants with limits that a small world reaches.
fn low_limits() -> Weights {
    Weights { used_max: 1.0, mates_max: 1.0, others_max: 1.0, crowd_free: 1.0, ..Weights::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn the_naive_model_gives_the_same_scores(
        objects in any_objects(), days in 0..15u32, hours in 0..30u32, as_of_then in any::<bool>(),
        has_low_limits in any::<bool>()
    ) {
        let objects: Vec<(Option<u8>, Vec<Value>)> = objects
            .into_iter()
            .map(|(day, records)| (day, records.iter().map(varied).collect()))
            .collect();
        let baseline = archive(&objects).ingest(&all()).baseline;
        let question = TriageQuestion {
            warmup: Span::days(days),
            gap: Span::hours(hours),
            by: RankedUnit::Episode,
            as_of_then,
            weights: if has_low_limits { low_limits() } else { Weights::default() },
            ..TriageQuestion::default()
        };
        let ranked = triage(&baseline, &question);
        let mut found: Vec<Scored> = ranked.incidents.iter().map(|incident| {
            let episode = incident.leading();
            let mut parts = [0.0; 4];
            for part in &episode.parts {
                parts[part.name() as usize] = part.bits;
            }
            (episode.start().micros(), episode.who.key.to_string(), parts)
        }).collect();
        found.sort_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
        let model = Model { events: events(&objects), weights: question.weights.clone(), as_of_then };
        let mut expected = model.scores(days, question.gap.micros());
        expected.sort_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
        prop_assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert_eq!((found.0, &found.1), (expected.0, &expected.1));
            for (one, other) in found.2.iter().zip(expected.2) {
                prop_assert!((one - other).abs() < 1e-6, "{found:?} {expected:?}");
            }
        }
    }
}

#[test]
fn the_world_has_all_principals_and_actions() {
    let ids = (0..2000).map(|number| json!({"eventID": format!("id-{number}"), "userIdentity": {}}));
    let seen: BTreeSet<(String, String)> = ids
        .map(|record| varied(&record))
        .map(|record| (record["userIdentity"]["arn"].to_string(), record["eventName"].to_string()))
        .collect();
    assert_eq!(seen.len(), PRINCIPALS.len() * ACTIONS.len());
}
