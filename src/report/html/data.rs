//! What the script of the page needs to know, as JSON: every listed finding in a row, every text once.

use std::collections::HashMap;
use std::io;

use serde::Serialize;
use serde_json::{Value, json};

use super::limits::cut;
use crate::report::{FORMAT_VERSION, for_terminal};

/// The columns of a row that are texts, under the names of a finding; in the row each is the number of its text.
const TEXTS: [&str; 24] = [
    "time",
    "finding",
    "account",
    "principal",
    "action",
    "value",
    "outcome",
    "error_code",
    "class",
    "region",
    "network",
    "source_ip",
    "agent",
    "user_agent",
    "access_key_id",
    "session_name",
    "rules",
    "reason",
    "event_id",
    "archive_name",
    "object",
    "detail",
    "source_asn",
    "source_country",
];

/// The columns that are numbers, after the texts; `null` if absent.
const NUMBERS: [&str; 2] = ["record", "bits"];

/// What the script needs.
#[derive(Serialize)]
struct Data<'v> {
    format_version: u32,
    texts_of: [&'static str; TEXTS.len()],
    numbers_of: [&'static str; NUMBERS.len()],
    /// Text 0 is the absent one.
    texts: Vec<String>,
    incidents: Vec<IncidentData<'v>>,
}

/// An incident, with its findings in the order of its card.
#[derive(Serialize)]
struct IncidentData<'v> {
    rank: &'v Value,
    severity: &'v Value,
    score: &'v Value,
    start: &'v Value,
    end: &'v Value,
    rules: Vec<usize>,
    rows: Vec<Vec<Value>>,
}

/// Numbers texts as they come.
struct Texts {
    numbers: HashMap<String, usize>,
    texts: Vec<String>,
}

impl Texts {
    fn new() -> Self {
        Self { numbers: HashMap::from([(String::new(), 0)]), texts: vec![String::new()] }
    }

    /// The number of a text as the page shows it: what the script compares with the page is the same text.
    fn number(&mut self, value: &Value) -> usize {
        let Some(text) = value.as_str() else { return 0 };
        let shown = for_terminal(&cut(text)).into_owned();
        let next = self.texts.len();
        match self.numbers.get(&shown) {
            Some(number) => *number,
            None => {
                self.texts.push(shown.clone());
                self.numbers.insert(shown, next);
                next
            }
        }
    }
}

/// The data of these incidents as JSON that can stand in a page.
pub(super) fn json(views: &[Value]) -> io::Result<String> {
    let mut texts = Texts::new();
    let incidents = views.iter().map(|view| incident(view, &mut texts)).collect();
    let data = Data {
        format_version: FORMAT_VERSION,
        texts_of: TEXTS,
        numbers_of: NUMBERS,
        texts: texts.texts,
        incidents,
    };
    Ok(escaped(&serde_json::to_string(&data)?))
}

fn incident<'v>(view: &'v Value, texts: &mut Texts) -> IncidentData<'v> {
    let members = view["members"].as_array().into_iter().flatten();
    let mut rules: Vec<usize> = members
        .flat_map(|member| member["rules"].as_array())
        .flatten()
        .map(|rule| texts.number(&rule["name"]))
        .collect();
    rules.sort_unstable();
    rules.dedup();
    let rows = view["findings"].as_array().into_iter().flatten().map(|finding| row(finding, texts));
    IncidentData {
        rows: rows.collect(),
        rules,
        rank: &view["rank"],
        severity: &view["severity"],
        score: &view["score"],
        start: &view["start"],
        end: &view["end"],
    }
}

fn row(finding: &Value, texts: &mut Texts) -> Vec<Value> {
    let mut row: Vec<Value> = TEXTS.iter().map(|name| json!(texts.number(&finding[*name]))).collect();
    row.extend(NUMBERS.iter().map(|name| finding[*name].clone()));
    row
}

/// JSON in which nothing ends its element, or a line of a script: these characters stand only in strings, where escapes mean the same.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_once_and_nothing_ends_the_element() {
        let finding = json!({"time": "2024-01-01T00:00:00Z", "principal": "</script><!--\u{2028}\u{202e}", "record": 3});
        let view =
            json!({"rank": 1, "findings": [finding, finding], "members": [{"rules": [{"name": "a&b"}]}]});
        let text = json(&[view]).unwrap();
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{202e}']), "{text}");
        let data: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            data["texts"],
            json!(["", "a&b", "2024-01-01T00:00:00Z", r"</script><!--\u{2028}\u{202e}"])
        );
        let rows = &data["incidents"][0]["rows"];
        assert_eq!(rows[0], rows[1]);
        assert_eq!((&rows[0][0], &rows[0][3], &rows[0][TEXTS.len()]), (&json!(2), &json!(3), &json!(3)));
    }
}
