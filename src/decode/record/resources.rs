//! The ARNs that a record names besides those of its caller.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::json::Json;
use crate::event::Record;

/// The start of an ARN that is a whole string.
static START: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"arn:"));

/// Calls `take` with every string that starts with `arn:` in `resources`, `requestParameters` and `responseElements` of a
/// record with this text, in this order. Keys do not count, nor do ARNs inside a longer string, such as a policy.
pub fn resources<'a>(record: &Record<'a>, text: &'a str, take: &mut dyn FnMut(Cow<'a, str>)) {
    let elements = [
        (record.resources.0, "resources"),
        (record.request.0, "requestParameters"),
        (record.response_text.0, "responseElements"),
    ];
    for (at_hand, name) in elements {
        // A reader that gives no slice may not have looked for it.
        let named = || memchr::memmem::find(text.as_bytes(), name.as_bytes());
        let element = match at_hand {
            Some(element) => Some(Json::new(element)),
            None => named().and_then(|_| Json::new(text).member(name)),
        };
        if let Some(element) = element {
            arns(element.as_str(), take);
        }
    }
}

/// The strings in a JSON text that start with `arn:`.
fn arns<'a>(json: &'a str, take: &mut dyn FnMut(Cow<'a, str>)) {
    let bytes = json.as_bytes();
    let mut from = 0;
    while let Some(found) = START.find(&bytes[from..]) {
        let start = from + found;
        let escapes = bytes[..start].iter().rev().take_while(|byte| **byte == b'\\').count();
        if escapes % 2 == 1 {
            // A quote within a string.
            from = start + 1;
            continue;
        }
        let mut end = start + 1;
        while let Some(at) = memchr::memchr2(b'"', b'\\', &bytes[end..]).map(|at| end + at)
            && bytes[at] == b'\\'
        {
            end = (at + 2).min(bytes.len());
        }
        let Some(at) = memchr::memchr(b'"', &bytes[end..]) else { return };
        let (string, rest) = json.split_at(end + at + 1);
        if !rest.trim_start().starts_with(':') {
            take(Json::new(&string[start..]).text());
        }
        from = end + at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ElementText;

    fn of(record: &Record<'_>, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        resources(record, text, &mut |arn| found.push(arn.into_owned()));
        found
    }

    #[test]
    fn arns_come_from_three_members_in_order() {
        let text = r#"{"responseElements":{"b":["arn:c"]},"requestParameters":{"a":"arn:b","x":"an arn:"},
            "userIdentity":{"arn":"arn:me"},"resources":[{"ARN":"arn:a","type":"AWS::S3::Object"}]}"#;
        assert_eq!(of(&Record::default(), text), ["arn:a", "arn:b", "arn:c"]);
        let at_hand = Record { request: ElementText(Some(r#"{"a":"arn:b"}"#)), ..Record::default() };
        assert_eq!(of(&at_hand, text), ["arn:a", "arn:b", "arn:c"]);
    }

    #[test]
    fn keys_and_texts_within_texts_do_not_count() {
        for (request, found) in [
            (r#"{"arn:key" : "arn:value"}"#, &["arn:value"][..]),
            (r#"{"policy":"{\"Resource\":\"arn:aws:s3:::x\"}"}"#, &[]),
            (r#"{"a":"back\\","b":"arn:x"}"#, &["arn:x"]),
            (r#"{"a":"arn:a\u0062\"c\\"}"#, &["arn:ab\"c\\"]),
            (r#"["arn:a","arn:"]"#, &["arn:a", "arn:"]),
            (r#"{"a":"arn:unended"#, &[]),
            (r#"{"a":"arn:unended\"#, &[]),
            ("null", &[]),
        ] {
            let record = Record { request: ElementText(Some(request)), ..Record::default() };
            assert_eq!(of(&record, request), found, "{request}");
        }
    }
}
