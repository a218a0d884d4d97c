//! What the script of the page needs to know, as JSON: every listed finding in a row, every text once.

use std::io;

use serde::Serialize;
use serde_json::{Value, json};

use super::PageContext;
use super::archive_data::ArchiveData;
use super::content::Unit;
use super::texts::Texts;
use crate::report::FORMAT_VERSION;

/// The columns of a row that are texts, under the names of a finding; in the row each is the number of its text.
const TEXTS: [&str; 29] = [
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
    "source_as_name",
    "severity",
    "principal_kind",
    "first_success",
    "last_time",
];

/// How many of them are searched for words: the others have few values, which are common words, or are times.
const SEARCHED: usize = 25;

/// The columns that are numbers, after the texts; `null` if absent.
const NUMBERS: [&str; 3] = ["record", "bits", "count"];

/// What the script needs.
#[derive(Serialize)]
struct Data<'v> {
    format_version: u32,
    unit: &'static str,
    texts_of: [&'static str; TEXTS.len()],
    numbers_of: [&'static str; NUMBERS.len()],
    searched: usize,
    /// Text 0 is the absent one.
    texts: Vec<String>,
    groups: Vec<GroupData<'v>>,
    archive: ArchiveData,
}

/// A group of findings, with its findings in the order of its card.
#[derive(Serialize)]
struct GroupData<'v> {
    rank: &'v Value,
    severity: &'v Value,
    start: &'v Value,
    end: &'v Value,
    rules: Vec<usize>,
    rows: Vec<Vec<Value>>,
}

/// The data of these groups as JSON that can stand in a page.
pub(super) fn json(unit: Unit, views: &[Value], context: &PageContext<'_>) -> io::Result<String> {
    let mut texts = Texts::new();
    let groups = views.iter().map(|view| group(view, &mut texts)).collect();
    let archive = ArchiveData::new(context, &mut texts);
    let data = Data {
        format_version: FORMAT_VERSION,
        unit: unit.name(),
        texts_of: TEXTS,
        numbers_of: NUMBERS,
        searched: SEARCHED,
        texts: texts.into_texts(),
        groups,
        archive,
    };
    Ok(escaped(&serde_json::to_string(&data)?))
}

fn group<'v>(view: &'v Value, texts: &mut Texts) -> GroupData<'v> {
    let members = view["members"].as_array().into_iter().flatten();
    let mut rules: Vec<usize> = members
        .flat_map(|member| member["rules"].as_array())
        .flatten()
        .map(|rule| texts.number(&rule["name"]))
        .collect();
    rules.sort_unstable();
    rules.dedup();
    let findings = view["findings"].as_array().into_iter().flatten();
    let rows = findings.map(|finding| row(finding, member(view, finding), texts));
    GroupData {
        rows: rows.collect(),
        rules,
        rank: &view["rank"],
        severity: &view["severity"],
        start: &view["start"],
        end: &view["end"],
    }
}

/// The member of a group that a finding is of, which says what all its findings have in common.
fn member<'v>(view: &'v Value, finding: &Value) -> &'v Value {
    let number = finding["member"].as_u64().unwrap_or(1) as usize;
    number.checked_sub(1).map_or(&Value::Null, |index| &view["members"][index])
}

fn row(finding: &Value, member: &Value, texts: &mut Texts) -> Vec<Value> {
    let of = |name: &str| if name == "principal_kind" { &member[name] } else { &finding[name] };
    let mut row: Vec<Value> = TEXTS.iter().map(|name| json!(texts.number(of(name)))).collect();
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
        let text = json(Unit::Incident, &[view], &PageContext::default()).unwrap();
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{202e}']), "{text}");
        let data: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            data["texts"],
            json!(["", "a&b", "2024-01-01T00:00:00Z", r"</script><!--\u{2028}\u{202e}"])
        );
        let rows = &data["groups"][0]["rows"];
        assert_eq!(rows[0], rows[1]);
        assert_eq!((&rows[0][0], &rows[0][3], &rows[0][TEXTS.len()]), (&json!(2), &json!(3), &json!(3)));
    }
}
