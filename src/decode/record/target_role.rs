//! The role that a call of AssumeRole asked for.

use std::borrow::Cow;

use super::json::Json;
use super::walk::{Scanner, Walk};

/// `requestParameters.roleArn` of a record, if it is a text.
///
/// ```
/// let record = r#"{"eventName":"AssumeRole","requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/a"}}"#;
/// assert_eq!(firstseen::decode::target_role(record).as_deref(), Some("arn:aws:iam::111122223333:role/a"));
/// ```
pub fn target_role(record: &str) -> Option<Cow<'_, str>> {
    scanned(record).map_or_else(|_| parsed(record), |role| role.map(Cow::Borrowed))
}

/// Of a key that is given twice the last value counts.
fn scanned(record: &str) -> Walk<Option<&str>> {
    let mut role = None;
    Scanner::new(record, 0).object(|scanner, key| {
        if key != "requestParameters" {
            return scanner.skip();
        }
        role = None;
        if scanner.peek() != Some(b'{') {
            return scanner.skip();
        }
        scanner.object(|scanner, key| {
            if key != "roleArn" {
                return scanner.skip();
            }
            role = scanner.text()?;
            Ok(())
        })
    })?;
    Ok(role)
}

fn parsed(record: &str) -> Option<Cow<'_, str>> {
    let role = Json::new(record).member("requestParameters")?.member("roleArn")?;
    role.as_str().starts_with('"').then(|| role.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_read_the_same() {
        for (parameters, role) in [
            (r#"{"a":{"roleArn":"x"},"roleArn":"r"}"#, Some("r")),
            (r#"{"roleArn":"r","roleArn":"s"}"#, Some("s")),
            (r#"{"roleArn":7}"#, None),
            (r#"{"roleArn":"\u0072"}"#, Some("r")),
            (r#""roleArn""#, None),
            ("null", None),
            ("{}", None),
        ] {
            let record =
                format!(r#"{{"eventName":"AssumeRole","requestParameters":{parameters},"x":[{{}}]}}"#);
            assert_eq!(target_role(&record).as_deref(), role, "{parameters}");
            assert_eq!(parsed(&record).as_deref(), role, "{parameters}");
        }
        assert_eq!(target_role("{"), None);
    }
}
