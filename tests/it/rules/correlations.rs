//! Correlations of Sigma: compared with a naive model, and their errors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use firstseen::baseline::Baseline;
use firstseen::learn::LearnSettings;
use firstseen::model::Language;
use firstseen::query::{Finding, FindingKind, Question, first_seen};
use firstseen::rules::{RuleFile, RuleSet};
use firstseen::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::file;
use crate::archive::{Archive, question, record, settings, with};
use crate::program::{firstseen, firstseen_here, stderr};

/// Rules about single events: `a` and `b` match one action each, `both` matches two.
const BASES: &str = "\
---
{title: A, name: a, logsource: {product: aws}, detection: {s: {eventName: ActA}, condition: s}}
---
{title: B, name: b, id: id-of-b, logsource: {product: aws}, detection: {s: {eventName: ActB}, condition: s}}
---
{title: Both, name: both, logsource: {product: aws}, detection: {s: {eventName: [ActA, ActC]}, condition: s}}
";

/// A correlation that is never fulfilled, so that none of its rules reports.
fn silent(span: &str) -> String {
    format!(
        "---\ntitle: silent\n\
         correlation: {{type: temporal, rules: [a, b, both], timespan: {span}, group-by: [no.such.field]}}\n"
    )
}

fn sigma(text: &str) -> Vec<RuleFile> {
    vec![file("c.yml", Language::Sigma, text)]
}

fn compiled(text: &str) -> (RuleSet, Vec<String>) {
    let (rules, errors) = RuleSet::compile(&sigma(text));
    (rules, errors.iter().map(ToString::to_string).collect())
}

fn correlation(section: &str) -> String {
    format!("title: corr\nlevel: high\ncorrelation:\n  {}\n{BASES}", section.replace('\n', "\n  "))
}

fn rules(section: &str) -> Arc<RuleSet> {
    rules_beside(section, "1s")
}

/// The same beside a correlation with another span, which must not make a difference.
fn rules_beside(section: &str, span: &str) -> Arc<RuleSet> {
    let (rules, errors) = compiled(&(correlation(section) + &silent(span)));
    assert_eq!(errors, Vec::<String>::new());
    Arc::new(rules)
}

/// The minute of an event in March, its principal, action, address and value.
#[derive(Clone, Copy, Debug)]
struct Call {
    minute: i64,
    user: usize,
    action: usize,
    ip: usize,
    value: Option<usize>,
}

impl Call {
    fn time(self) -> i64 {
        1_709_251_200 + self.minute * 60
    }

    fn record(self, id: usize) -> Value {
        let time = Timestamp::from_seconds(self.time()).to_string();
        let action = ["x:ActA", "x:ActB", "x:ActC", "x:Other"][self.action];
        let request = self.value.map_or(json!({}), |value| json!({ "name": format!("v{value}") }));
        let changes = json!({"eventID": format!("id-{id}"), "sourceIPAddress": format!("203.0.113.{}", self.ip), "requestParameters": request});
        with(record(&time, ["eva", "bob"][self.user], action), changes)
    }

    /// Which of the rules `a`, `b` and `both` it matches.
    fn matches(self, rule: &str) -> bool {
        match rule {
            "a" => self.action == 0,
            "b" => self.action == 1,
            _ => matches!(self.action, 0 | 2),
        }
    }
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = (0..400i64, 0..2usize, 0..4usize, 0..2usize, prop::option::of(0..3usize))
        .prop_map(|(minute, user, action, ip, value)| Call { minute: minute * 10, user, action, ip, value });
    prop::collection::vec(call, 0..60)
}

/// A correlation, as text and in parts.
#[derive(Clone, Debug)]
struct Asked {
    kind: &'static str,
    rules: Vec<&'static str>,
    minutes: i64,
    limit: usize,
    operator: &'static str,
    by_ip: bool,
}

impl Asked {
    fn section(&self) -> String {
        let condition = match self.kind {
            "event_count" => format!("\ncondition: {{{}: {}}}", self.operator, self.limit),
            "value_count" => {
                format!("\ncondition: {{field: requestParameters.name, {}: {}}}", self.operator, self.limit)
            }
            _ => String::new(),
        };
        let group = if self.by_ip { "\ngroup-by: [sourceIPAddress]" } else { "" };
        let (kind, rules, minutes) = (self.kind, self.rules.join(", "), self.minutes);
        format!("type: {kind}\nrules: [{rules}]\ntimespan: {minutes}m{group}{condition}")
    }

    fn admits(&self, count: usize) -> bool {
        match self.operator {
            "gte" => count >= self.limit,
            "eq" => count == self.limit,
            _ => count < self.limit,
        }
    }

    /// Whether the events of a span fulfil it.
    fn is_fulfilled(&self, span: &[Call]) -> bool {
        let is_matched = |rule: &&&str| span.iter().any(|call| call.matches(rule));
        match self.kind {
            "event_count" => self.admits(span.len()),
            "value_count" => {
                self.admits(span.iter().filter_map(|call| call.value).collect::<BTreeSet<_>>().len())
            }
            "temporal" => self.rules.iter().filter(is_matched).count() == self.rules.len(),
            _ => {
                let mut after = i64::MIN;
                self.rules.iter().all(|rule| {
                    let next = span.iter().filter(|call| call.matches(rule) && call.minute >= after);
                    let next = next.map(|call| call.minute).min();
                    after = next.unwrap_or(after);
                    next.is_some()
                })
            }
        }
    }

    /// Start, end, number of events and group of each run of instants from a minute on at which it is fulfilled.
    fn naive(&self, calls: &[Call], asked_from: i64) -> BTreeSet<(i64, i64, u64, String)> {
        let mut groups: BTreeMap<usize, Vec<Call>> = BTreeMap::new();
        for call in calls {
            let counts = self.rules.iter().any(|rule| call.matches(rule));
            if counts && (self.kind != "value_count" || call.value.is_some()) {
                groups.entry(if self.by_ip { call.ip } else { 9 }).or_default().push(*call);
            }
        }
        let mut found = BTreeSet::new();
        for (group, all) in groups {
            let instants: BTreeSet<i64> =
                all.iter().map(|call| call.minute).filter(|minute| *minute >= asked_from).collect();
            let mut run: Option<(i64, i64, u64)> = None;
            let mut end = |run: Option<(i64, i64, u64)>| {
                let with_group = |(from, to, count)| (from, to, count, format!("203.0.113.{group}"));
                found.extend(run.map(with_group));
            };
            for now in instants {
                let span: Vec<Call> = all
                    .iter()
                    .filter(|call| (now - self.minutes..=now).contains(&call.minute))
                    .copied()
                    .collect();
                let new = all.iter().filter(|call| call.minute == now).count() as u64;
                let is_fulfilled = self.is_fulfilled(&span);
                run = match run {
                    Some((from, to, count)) if is_fulfilled && to >= now - self.minutes => {
                        Some((from, now, count + new))
                    }
                    other => {
                        end(other);
                        is_fulfilled.then_some((now, now, span.len() as u64))
                    }
                };
            }
            end(run);
        }
        found
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let kinds = prop::sample::select(vec!["event_count", "value_count", "temporal", "temporal_ordered"]);
    let rules = prop::sample::subsequence(vec!["a", "b", "both"], 1..=3).prop_shuffle();
    let operator = prop::sample::select(vec!["gte", "gte", "gte", "eq", "lt"]);
    (kinds, rules, prop::sample::select(vec![10, 60, 300, 1500]), 1..4usize, operator, any::<bool>())
        .prop_map(|(kind, rules, minutes, limit, operator, by_ip)| Asked {
            kind,
            rules,
            minutes,
            // Nothing is less than one.
            limit: limit + usize::from(operator == "lt"),
            operator,
            by_ip,
        })
}

fn of_rules(all_matches: bool) -> Question {
    Question { report: vec![FindingKind::Rule], all_matches, ..question(0) }
}

/// Start, end, count and address of each finding; all must be about the correlation.
fn found(baseline: &Baseline, all_matches: bool, by_ip: bool) -> BTreeSet<(i64, i64, u64, String)> {
    found_by(&of_rules(all_matches), baseline, by_ip)
}

fn found_by(question: &Question, baseline: &Baseline, by_ip: bool) -> BTreeSet<(i64, i64, u64, String)> {
    let minute = |time: Timestamp| (time.micros() / 1_000_000 - 1_709_251_200) / 60;
    let shown = |finding: &Finding<'_>| {
        assert_eq!(finding.matched().iter().map(|one| &*one.rule.name).collect::<Vec<_>>(), ["corr"]);
        let ip = if by_ip { finding.source_ip().unwrap() } else { "203.0.113.9" };
        (minute(finding.time), minute(finding.last_time().unwrap()), finding.count().unwrap(), ip.to_owned())
    };
    first_seen(baseline, question).iter().map(shown).collect()
}

/// An archive with these events, in objects of different days, not in the order of time.
fn archive(calls: &[(usize, Call)], objects: usize) -> Archive {
    (0..objects).fold(Archive::new(), |archive, object| {
        let own = calls.iter().filter(|(id, _)| id % objects == object);
        let records: Vec<Value> = own.map(|(id, call)| call.record(*id)).collect();
        archive.delivered(&format!("202403{:02}T0005", 20 - object), &records)
    })
}

fn numbered(calls: &[Call]) -> Vec<(usize, Call)> {
    calls.iter().copied().enumerate().collect()
}

fn read(archive: &Archive, rules: &Arc<RuleSet>) -> Baseline {
    archive.ingest(&LearnSettings { rules: Some(Arc::clone(rules)), ..settings() }).baseline
}

/// The same with matches counted rather than kept where the question allows that.
fn read_for_question(archive: &Archive, rules: &Arc<RuleSet>) -> Baseline {
    let hits = of_rules(false).hit_retention(settings().principal_key);
    archive.ingest(&LearnSettings { rules: Some(Arc::clone(rules)), hits, ..settings() }).baseline
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn correlations_agree_with_a_naive_model(calls in calls(), asked in asked(), objects in 1..4usize) {
        let rules = rules(&asked.section());
        let calls = numbered(&calls);
        let expected = asked.naive(&calls.iter().map(|(_, call)| *call).collect::<Vec<_>>(), i64::MIN);
        let whole = archive(&calls, objects);
        let baseline = read(&whole, &rules);
        prop_assert_eq!(&found(&baseline, false, asked.by_ip), &expected, "{:?}", asked);
        prop_assert_eq!(&found(&baseline, true, asked.by_ip), &expected);
        prop_assert_eq!(&found(&read_for_question(&whole, &rules), false, asked.by_ip), &expected);
        // Shards, in any order.
        let (left, right): (Vec<_>, Vec<_>) = calls.iter().partition(|(id, _)| id % 2 == 0);
        let [left, right] = [left, right].map(|calls: Vec<(usize, Call)>| read(&archive(&calls, 1), &rules));
        prop_assert_eq!(&found(&left.clone().merge(right.clone()).baseline, false, asked.by_ip), &expected);
        prop_assert_eq!(&found(&right.merge(left).baseline, false, asked.by_ip), &expected);
    }

    #[test]
    fn a_window_shows_what_goes_on_in_it_whatever_is_known_before(
        calls in calls(),
        asked in asked(),
        from in 0..4000i64,
        beside in prop::sample::select(vec!["1s", "6h", "30d"]),
        all_matches in any::<bool>(),
    ) {
        let rules = rules_beside(&asked.section(), beside);
        let expected = asked.naive(&calls, from);
        let from = Timestamp::from_seconds(call(from, 0, 0).time());
        let question = Question { from: Some(from), ..of_rules(all_matches) };
        let archive = archive(&numbered(&calls), 2);
        // All matches, as in a saved baseline; and as an archive is read for this question.
        let all = read(&archive, &rules);
        prop_assert_eq!(&found_by(&question, &all, asked.by_ip), &expected, "{:?}", asked);
        let hits = question.hit_retention(settings().principal_key);
        let rules_from = Some(from.minus(rules.longest_span()));
        let needed = LearnSettings { rules: Some(rules), rules_from, hits, ..settings() };
        prop_assert_eq!(&found_by(&question, &archive.ingest(&needed).baseline, asked.by_ip), &expected);
    }
}

fn call(minute: i64, user: usize, action: usize) -> Call {
    Call { minute, user, action, ip: 1, value: None }
}

#[test]
fn a_correlation_may_join_events_of_several_principals() {
    let asked = "type: temporal_ordered\nrules: [a, id-of-b]\ngroup-by: sourceIPAddress\ntimespan: 5m";
    let events = [call(1439, 0, 0), call(1441, 1, 1), call(1500, 0, 1), call(1501, 0, 0)];
    let baseline = read(&archive(&numbered(&events), 2), &rules(asked));
    let findings = first_seen(&baseline, &of_rules(false));
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert!(finding.principal().ends_with("/bob") && finding.count() == Some(2));
    assert_eq!(finding.time.to_string(), "2024-03-02T00:01:00Z");
    let output = finding.matched()[0].output();
    assert!(
        output.starts_with(
            "2 events (timespan 5m, sourceIPAddress=203.0.113.1), the first at 2024-03-01T23:59:00Z, record 0 of "
        ),
        "{output}"
    );
    assert_eq!(finding.matched()[0].fields(), [("sourceIPAddress", Some("203.0.113.1"))]);
}

#[test]
fn aliases_join_different_fields() {
    let asked = "type: temporal\nrules: [a, b]\ntimespan: 5m\ngroup-by: [who]\n\
                 aliases: {who: {a: requestParameters.name, id-of-b: requestParameters.other}}";
    let named = |minute: i64, action: usize, request: Value| {
        with(call(minute, 0, action).record(minute as usize), json!({ "requestParameters": request }))
    };
    let events = [
        named(0, 0, json!({"name": "x"})),
        named(1, 1, json!({"other": "x"})),
        named(60, 0, json!({"name": "x"})),
        named(61, 1, json!({"other": "y", "name": "x"})),
    ];
    let baseline = read(&Archive::new().delivered("20240301T0005", &events), &rules(asked));
    let findings = first_seen(&baseline, &of_rules(false));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].matched()[0].fields(), [("who", Some("x"))]);
}

#[test]
fn base_rules_report_only_if_a_correlation_says_so() {
    let names = |text: &str| {
        let (rules, errors) = compiled(text);
        let baseline = read(&archive(&numbered(&[call(0, 0, 0), call(1, 0, 1)]), 1), &Arc::new(rules));
        let findings = first_seen(&baseline, &of_rules(false));
        let names: BTreeSet<String> =
            findings.iter().flat_map(|it| it.matched()).map(|one| one.rule.name.to_string()).collect();
        (names.into_iter().collect::<Vec<_>>().join(" "), errors.len())
    };
    let few = "type: event_count\nrules: [a]\ntimespan: 1h\ngroup-by: []\ncondition: {gte: 2}";
    assert_eq!(names(&correlation(few)), ("B Both".to_owned(), 0));
    assert_eq!(names(&correlation(&format!("{few}\ngenerate: true"))), ("A B Both".to_owned(), 0));
    let enough = few.replace("gte: 2", "gte: 1");
    assert_eq!(names(&correlation(&enough)), ("B Both corr".to_owned(), 0));
    // One that cannot be used silences no rule: not for its section, nor for what it says of itself.
    for broken in ["type: value_sum", "typ: event_count\ntype: event_count"] {
        let broken = format!("{broken}\nrules: [a, b]\ntimespan: 1h\ncondition: {{gte: 1}}");
        assert_eq!(names(&correlation(&broken)), ("A B Both".to_owned(), 1), "{broken}");
    }
    let without_title = correlation(&enough).replacen("title: corr", "title: ''", 1);
    assert_eq!(names(&without_title), ("A B Both".to_owned(), 1));
    let nested = "title: outer\ncorrelation: {type: event_count, rules: [inner], timespan: 1h, condition: {gte: 1}}\n---\nname: inner\n";
    assert_eq!(names(&(nested.to_owned() + &correlation(&enough))).1, 1);
}

#[test]
fn errors_name_the_line() {
    let why = |section: &str| {
        let (_, errors) = compiled(&correlation(section));
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors[0].clone()
    };
    let with = |line: &str| why(&format!("type: event_count\nrules: [a]\ntimespan: 1h\n{line}"));
    assert_eq!(
        why("type: event_count\nrules: [a, aa]\ntimespan: 1h\ncondition: {gte: 1}"),
        "c.yml, line 5: rule 'corr': there is no rule with the id or name 'aa'; did you mean 'a'?"
    );
    assert_eq!(with("condition: {gte: x}"), "c.yml, line 7: rule 'corr': 'gte' takes a whole number");
    assert!(with("condition: {field: x, gte: 1}").contains("condition has no key 'field'"));
    assert!(with("condition: a and b").contains("expressions are not read"));
    assert!(with("group-by: []").contains("correlation has no condition"));
    assert!(with("condition: {gte: 1}\ngroupby: [x]").contains("no key 'groupby'; did you mean 'group-by'?"));
    assert!(why("type: temporal\nrules: [a, a]\ntimespan: 1h").contains("names a rule twice"));
    assert!(why("type: temporal\nrules: [a, b]\ntimespan: 1").contains("timespan '1' is no time"));
    assert!(
        why("type: temporal_ordered\nrules: [a, b]\ntimespan: 1h\ncondition: {gte: 1}")
            .contains("leave out the condition")
    );
    assert!(
        why("type: value_count\nrules: [a]\ntimespan: 1h\ncondition: {gte: 1}").contains("needs 'field'")
    );
    for (limits, range) in [
        ("{gt: 5, lt: 3}", "is at least 1"),
        ("{gt: 4, lt: 5}", "is at least 1"),
        ("{lt: 1}", "is at least 1"),
        ("{eq: 0}", "is at least 1"),
        ("{eq: 2, neq: 2}", "is at least 1"),
    ] {
        let said = with(&format!("condition: {limits}"));
        assert!(
            said.contains("line 7: rule 'corr': the condition of the correlation can never hold")
                && said.ends_with(range),
            "{said}"
        );
    }
    let said = why("type: temporal\nrules: [a, b]\ntimespan: 1h\ncondition: {gte: 3}");
    assert!(said.ends_with("is 1 to 2, the number of its rules"), "{said}");
    for limits in ["{gt: 4, lt: 6}", "{neq: 1}", "{lt: 2}", "{gte: 18446744073709551615}"] {
        let section = format!("type: event_count\nrules: [a]\ntimespan: 1h\ncondition: {limits}");
        assert_eq!(compiled(&correlation(&section)).1, Vec::<String>::new(), "{limits}");
    }
    assert!(why("type: temporal\nrules: [a, b]\ntimespan: 1w").contains("timespan '1w' is no time such as"));
    let both = correlation("type: temporal\nrules: [a, b]\ntimespan: 1h").replacen(
        "---\n",
        "detection: {s: {eventName: x}, condition: s}\n---\n",
        1,
    );
    let (_, errors) = compiled(&both);
    assert!(errors[0].contains("it has both 'detection' and 'correlation'"), "{errors:?}");
    assert!(
        why("type: temporal\nrules: [a]\ntimespan: 1h\ngroup-by: [x]\naliases: {x: {c: y}}")
            .contains("which is no rule of the correlation")
    );
}

#[test]
fn a_saved_baseline_gives_the_same_correlations() {
    let place = TempDir::new().unwrap();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let asked =
        "type: event_count\nrules: [a, b]\ngroup-by: [sourceIPAddress]\ntimespan: 1d\ncondition: {gte: 3}";
    std::fs::write(path("corr.yml"), correlation(asked)).unwrap();
    let events = [call(0, 0, 0), call(1000, 1, 1), call(1400, 0, 0), call(9000, 0, 0), call(9001, 1, 1)];
    let whole = archive(&numbered(&events), 3);
    let all = numbered(&events);
    let (left, right): (Vec<_>, Vec<_>) = all.into_iter().partition(|(id, _)| id % 2 == 0);
    let shards = [archive(&left, 1), archive(&right, 2)];
    let folder = |archive: &Archive| archive.path().to_str().unwrap().to_owned();
    let answer = |arguments: &[&str]| {
        let output = firstseen_here(&[arguments, &["-q", "-f", "jsonl"]].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let lines = String::from_utf8(output.stdout).unwrap();
        let values = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let findings = values.filter(|value| value["finding"] == "rule");
        findings
            .map(|it| json!([it["time"], it["last_time"], it["rules"], it["count"], it["principal"]]))
            .collect::<Vec<_>>()
    };
    let rules = path("corr.yml");
    let from_archive = answer(&["rules", &folder(&whole), "--sigma", &rules]);
    assert_eq!(from_archive.iter().filter(|it| it[2] == "corr").count(), 1, "{from_archive:?}");
    let baselines: Vec<String> = shards
        .iter()
        .enumerate()
        .map(|(number, shard)| {
            let baseline = path(&format!("{number}.baseline"));
            let output =
                firstseen(&["index", &folder(shard), "-o", &baseline, "--sigma", &rules, "-q"], place.path());
            assert!(output.status.success(), "{}", stderr(&output));
            baseline
        })
        .collect();
    assert_eq!(answer(&["rules", &baselines[0], &baselines[1]]), from_archive);
    // A correlation that began before the window is found in it, from archive and baseline alike.
    let window = ["--from", "2024-03-01T20:00"];
    let from = answer(&[&["rules", &folder(&whole), "--sigma", &rules][..], &window].concat());
    assert_eq!(from.iter().filter(|it| it[2] == "corr").count(), 1, "{from:?}");
    assert_eq!(answer(&[&["rules", &baselines[1], &baselines[0]][..], &window].concat()), from);
}

#[test]
fn a_run_that_goes_on_is_in_every_window_from_archive_and_baseline() {
    let place = TempDir::new().unwrap();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    // Every six hours for 20 days.
    let calls: Vec<Call> = (0..80).map(|index| call(index * 360, 0, 0)).collect();
    let archive = archive(&numbered(&calls), 3);
    let folder = archive.path().to_str().unwrap();
    let many = |least: u8| {
        correlation(&format!(
            "type: event_count\nrules: [a]\ngroup-by: [sourceIPAddress]\ntimespan: 1d\ncondition: {{gte: {least}}}"
        ))
    };
    for (number, text) in [many(5), many(5) + &silent("30d"), many(3)].iter().enumerate() {
        let (rules, baseline) = (path(&format!("{number}.yml")), path(&format!("{number}.baseline")));
        std::fs::write(&rules, text).unwrap();
        let run = |arguments: &[&str]| {
            let output = firstseen(arguments, place.path());
            assert!(output.status.success(), "{}", stderr(&output));
            String::from_utf8(output.stdout).unwrap()
        };
        run(&["index", folder, "-o", &baseline, "--sigma", &rules, "-q"]);
        let window = ["--from", "2024-03-10", "-q", "-f", "jsonl"];
        for command in [&["rules"][..], &["scan", "--report", "rule"]] {
            let answer = |source: &[&str]| {
                let lines = run(&[command, source, &window].concat());
                let values = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
                let of_correlation = values.filter(|value| value["rules"] == "corr");
                of_correlation.map(|it| json!([it["time"], it["count"]])).collect::<Vec<_>>()
            };
            let expected = [json!(["2024-03-10T00:00:00Z", 48])];
            assert_eq!(answer(&[folder, "--sigma", &rules]), expected, "{number} {command:?}");
            assert_eq!(answer(&[&baseline]), expected, "{number} {command:?}");
        }
    }
}

#[test]
fn an_alias_that_nothing_names_is_a_warning() {
    let section = "type: temporal\nrules: [a, b]\ntimespan: 1h\ngroup-by: [who]\naliases:\n  who: {a: eventID, b: eventID}\n  hwo: {a: eventID, b: eventID}";
    let (rules, errors) = compiled(&correlation(section));
    assert_eq!(errors, Vec::<String>::new());
    let doubts: Vec<String> = rules.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        doubts,
        ["c.yml, line 10: rule 'corr': alias 'hwo' is not used; group-by names fields or aliases"]
    );
}
