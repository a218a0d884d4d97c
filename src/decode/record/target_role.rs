//! The role that a call of AssumeRole asks for.

use std::borrow::Cow;

use super::json::Json;
use super::walk::text_at;
use crate::event::Record;

/// `requestParameters.roleArn` of a record with this text, if it is a text.
pub fn target_role<'a>(record: &Record<'a>, text: &'a str) -> Option<Cow<'a, str>> {
    match record.request.0.map(|request| text_at(request, &["roleArn"])) {
        Some(Ok(role)) => role.map(Cow::Borrowed),
        Some(Err(_)) | None => parsed(text),
    }
}

/// The role in the text of a record.
fn parsed(text: &str) -> Option<Cow<'_, str>> {
    let role = Json::new(text).member("requestParameters")?.member("roleArn")?;
    role.as_str().starts_with('"').then(|| role.text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ElementText;

    #[test]
    fn both_ways_read_the_same() {
        for (request, role) in [
            (r#"{"a":{"roleArn":"x"},"roleArn":"r"}"#, Some("r")),
            (r#"{"roleArn":"r","roleArn":"s"}"#, Some("s")),
            (r#"{"roleArn":7}"#, None),
            (r#"{"roleArn":"\u0072"}"#, Some("r")),
            (r#""roleArn""#, None),
            ("null", None),
            ("{}", None),
        ] {
            let text = format!(r#"{{"eventName":"AssumeRole","requestParameters":{request},"x":[{{}}]}}"#);
            let at_hand = Record { request: ElementText(Some(request)), ..Record::default() };
            assert_eq!(target_role(&at_hand, &text).as_deref(), role, "{request}");
            assert_eq!(target_role(&Record::default(), &text).as_deref(), role, "{request}");
        }
    }
}
