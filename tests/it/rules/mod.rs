//! Rules: languages, built-in rules, and hits as findings.

mod builtin;
mod correlations;
mod falco;
mod fields;
mod joining;
mod language;
mod limits;
mod saved;
mod sigma;

use std::sync::Arc;

use firstseen::decode::Decoder;
use firstseen::event::AnyRecord;
use firstseen::model::Language;
use firstseen::rules::{EventContext, Matcher, RuleFile, RuleSet};
use firstseen::time::Timestamp;
use serde_json::Value;

fn file(name: &str, language: Language, text: &str) -> RuleFile {
    RuleFile { name: name.to_owned(), language, text: text.to_owned() }
}

/// Compiles Falco rules. Returns the rules and their errors.
fn compile(texts: &[&str]) -> (RuleSet, Vec<String>) {
    let files: Vec<RuleFile> = ["a.yaml", "b.yaml"]
        .iter()
        .zip(texts)
        .map(|(name, text)| file(name, Language::Falco, text))
        .collect();
    let (rules, errors) = RuleSet::compile(&files);
    (rules, errors.iter().map(ToString::to_string).collect())
}

/// Compiles Falco rules without errors.
pub(crate) fn rules(text: &str) -> RuleSet {
    let (rules, errors) = compile(&[text]);
    assert_eq!(errors, Vec::<String>::new());
    rules
}

/// The names of the rules that an event matches; checks that evaluating every rule and using a matcher agree.
fn matching(rules: &RuleSet, event: &Value) -> Vec<String> {
    let mut matcher = Matcher::new(Arc::new(rules.clone()));
    let mut names = None;
    Decoder::new(1 << 24).decode(event.to_string().as_bytes(), |found| {
        let record = found.record.unwrap();
        let event = EventContext::new(
            record,
            found.text,
            found.index_in_file + 1,
            Timestamp::from_seconds(1_700_000_000),
        );
        let is_about = |source: &str| match record {
            AnyRecord::CloudTrail(_) => source == "cloudtrail",
            AnyRecord::Kubernetes(_) => source == "kubernetes",
        };
        let all = rules.rules().iter().filter(|rule| is_about(rule.metadata().source.name()));
        let asked: Vec<String> =
            all.filter(|rule| rule.matches(&event)).map(|rule| rule.metadata().name.to_string()).collect();
        // First with an empty cache, then with a full one.
        for _ in 0..2 {
            let candidates = match record {
                AnyRecord::CloudTrail(record) => {
                    let (source, name) = (record.event_source.unwrap(), record.event_name.unwrap());
                    matcher.of_action(0, source, name)
                }
                AnyRecord::Kubernetes(record) => matcher.of_request(record),
            };
            let found = matcher.matching(&candidates, &event).into_iter();
            let found: Vec<String> =
                found.map(|number| matcher.rule(number).metadata().name.to_string()).collect();
            assert_eq!(found, asked, "{}", event.text);
        }
        names = Some(asked);
    });
    names.expect("one event")
}

/// The output of a rule for an event.
fn output_of(rules: &RuleSet, name: &str, event: &Value) -> String {
    let rule = rules.rules().iter().find(|rule| &*rule.metadata().name == name).unwrap();
    let mut output = String::new();
    Decoder::new(1 << 24).decode(event.to_string().as_bytes(), |found| {
        let event = EventContext::new(
            found.record.unwrap(),
            found.text,
            1,
            Timestamp::from_micros(1_700_000_000_125_000),
        );
        output = rule.metadata().render_output(&rule.values(&event));
    });
    output
}
