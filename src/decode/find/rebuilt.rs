//! Audit events in other forms from which they can be rebuilt exactly: rows of Azure's tables `AKSAudit` and `AKSAuditAdmin`, whose columns are the
//! fields of an event under other names, and bodies of OpenTelemetry, which are typed values.
//!
//! Sources: Azure Monitor Logs table reference ("AKSAudit"); `opentelemetry/proto/common/v1/common.proto`. Azure's tables have no column for an
//! impersonated user, so such a request counts as one of the real user.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::envelope;
use crate::decode::record::walk;

/// The columns of Azure's tables and the members of an event that they are.
const COLUMNS: [(&str, &str); 16] = [
    ("Level", "level"),
    ("AuditId", "auditID"),
    ("Stage", "stage"),
    ("RequestUri", "requestURI"),
    ("Verb", "verb"),
    ("User", "user"),
    ("ImpersonatedUser", "impersonatedUser"),
    ("SourceIps", "sourceIPs"),
    ("UserAgent", "userAgent"),
    ("ObjectRef", "objectRef"),
    ("ResponseStatus", "responseStatus"),
    ("RequestObject", "requestObject"),
    ("ResponseObject", "responseObject"),
    ("RequestReceivedTime", "requestReceivedTimestamp"),
    ("StageReceivedTime", "stageTimestamp"),
    ("Annotations", "annotations"),
];

/// The members that are objects or lists, also if a column has their JSON as a text.
const NESTED: [&str; 8] = [
    "user",
    "impersonatedUser",
    "sourceIPs",
    "objectRef",
    "responseStatus",
    "requestObject",
    "responseObject",
    "annotations",
];

/// The columns without which a row is not that of such a table.
const REQUIRED: [&str; 4] = ["auditID", "requestURI", "verb", "user"];

/// The member of an event that a column is.
pub(super) fn member_of_column(column: &str) -> Option<&'static str> {
    let column = column.strip_suffix(" [UTC]").unwrap_or(column);
    COLUMNS.iter().find(|(known, _)| *known == column).map(|(_, member)| *member)
}

/// The event that cells of a row are, each with the member that its column is and its text.
pub(super) fn of_cells<'c>(cells: impl Iterator<Item = (&'static str, Cow<'c, str>)>) -> Option<String> {
    let mut event = String::from(r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1""#);
    let mut missing = REQUIRED.to_vec();
    for (member, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
        let is_nested = NESTED.contains(&member) && is_json(&cell);
        // A user or an object as a text would be one of nobody, or nothing.
        if !is_nested && matches!(member, "user" | "impersonatedUser" | "objectRef" | "responseStatus") {
            return None;
        }
        missing.retain(|required| *required != member);
        let value = if is_nested { cell } else { Cow::Owned(Value::from(&*cell).to_string()) };
        event.extend([",\"", member, "\":", &value]);
    }
    event.push('}');
    missing.is_empty().then_some(event)
}

/// The event that an object is whose members are the columns of such a table.
pub(super) fn of_row(object: &str) -> Option<String> {
    let mut cells = Vec::new();
    walk::member_spans(object, 1, |column, (start, end)| {
        let value = &object[start..end];
        let text = match value.as_bytes().first() {
            Some(b'"') => envelope::unquote(value),
            Some(b'{' | b'[') => Some(Cow::Borrowed(value)),
            _ => None,
        };
        if let (Some(member), Some(text)) = (member_of_column(column), text) {
            cells.push((member, text));
        }
    })
    .ok()?;
    of_cells(cells.into_iter())
}

/// Whether a text is an object or a list in JSON.
fn is_json(text: &str) -> bool {
    text.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The text of the value that a `kvlistValue` of OpenTelemetry is.
pub(super) fn of_key_values(text: &str) -> Option<String> {
    object_of(serde_json::from_str(text).ok()?).map(|value| value.to_string())
}

/// `{"values":[{"key":…,"value":{…}},…]}`
fn object_of(list: Value) -> Option<Value> {
    let mut members = Map::new();
    for pair in values_of(list)? {
        let Value::Object(mut pair) = pair else { return None };
        let Some(Value::String(key)) = pair.remove("key") else { return None };
        members.insert(key, plain(pair.remove("value").unwrap_or_default())?);
    }
    Some(Value::Object(members))
}

fn values_of(list: Value) -> Option<Vec<Value>> {
    let Value::Object(mut list) = list else { return None };
    match list.remove("values") {
        Some(Value::Array(values)) => Some(values),
        None => Some(Vec::new()),
        Some(_) => None,
    }
}

/// The value that a typed one is: `{"stringValue":"x"}`.
fn plain(typed: Value) -> Option<Value> {
    let Value::Object(typed) = typed else { return typed.is_null().then_some(Value::Null) };
    let Some((kind, value)) = typed.into_iter().next() else { return Some(Value::Null) };
    match (&*kind, value) {
        ("kvlistValue", list) => object_of(list),
        ("arrayValue", list) => {
            values_of(list)?.into_iter().map(plain).collect::<Option<Vec<_>>>().map(Value::from)
        }
        // Numbers of 64 bits are texts.
        ("intValue", Value::String(number)) => Some(number.parse::<i64>().ok()?.into()),
        ("stringValue" | "bytesValue", value @ Value::String(_))
        | ("intValue" | "doubleValue", value @ Value::Number(_))
        | ("boolValue", value @ Value::Bool(_)) => Some(value),
        _ => None,
    }
}

/// The bytes that a list of numbers is: `journalctl -o json` writes a message so that has bytes which are not text.
pub(super) fn bytes_of(list: &str) -> Option<Vec<u8>> {
    let numbers = list.strip_prefix('[')?.strip_suffix(']')?;
    numbers.split(',').map(|number| number.trim_ascii().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_azure_is_an_event() {
        let row = r#"{"AuditId":"1","Verb":"get","RequestUri":"/x?a=\"b","User":"{\"username\":\"jo\"}","SourceIps":["192.0.2.1"],"ObjectRef":"","Other":{}}"#;
        let event = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","verb":"get","requestURI":"/x?a=\"b","user":{"username":"jo"},"sourceIPs":["192.0.2.1"]}"#;
        assert_eq!(of_row(row).as_deref(), Some(event));
        for incomplete in [
            r#"{"AuditId":"1","Verb":"get","RequestUri":"/x"}"#,
            r#"{"AuditId":"1","Verb":"get","RequestUri":"/x","User":"jo"}"#,
            r#"{"AuditId":"1","Verb":"get","RequestUri":"/x","User":{},"ObjectRef":"{cut"}"#,
            r#"{"AuditId":"1""#,
        ] {
            assert_eq!(of_row(incomplete), None, "{incomplete}");
        }
    }

    #[test]
    fn typed_values_are_plain_ones() {
        let typed = r#"{"values":[{"key":"a","value":{"stringValue":"x"}},{"key":"b","value":{"intValue":"200"}},
            {"key":"c","value":{"arrayValue":{"values":[{"boolValue":true},{}]}}},
            {"key":"d","value":{"kvlistValue":{"values":[{"key":"e","value":{"doubleValue":0.5}}]}}},{"key":"f"}]}"#;
        let plain = r#"{"a":"x","b":200,"c":[true,null],"d":{"e":0.5},"f":null}"#;
        assert_eq!(of_key_values(typed).as_deref(), Some(plain));
        for other in ["{}x", r#"{"values":[1]}"#, r#"{"values":[{"key":"a","value":{"stringValue":1}}]}"#] {
            assert_eq!(of_key_values(other), None, "{other}");
        }
        let deep = format!(
            "{}{}",
            r#"{"values":[{"key":"a","value":{"kvlistValue":"#.repeat(10_000),
            "}".repeat(10_000)
        );
        assert_eq!(of_key_values(&deep), None);
    }

    #[test]
    fn numbers_are_bytes() {
        assert_eq!(bytes_of("[123, 34,125]").as_deref(), Some(&b"{\"}"[..]));
        assert_eq!(bytes_of("[256]"), None);
        assert_eq!(bytes_of("[\"a\"]"), None);
    }
}
