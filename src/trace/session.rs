//! What a record says of the session that made the call (CloudTrail User Guide, "CloudTrail userIdentity element", sessionContext).

use crate::decode::Json;
use crate::time::Timestamp;

/// What the attributes of a session say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// When its credentials were issued (`creationDate`).
    pub created: Option<Timestamp>,
    /// Whether who got them had authenticated with MFA (`mfaAuthenticated`).
    pub has_mfa: Option<bool>,
}

impl Session {
    /// Reads it from the text of a record.
    pub(super) fn of(record: &str) -> Self {
        let attributes = ["userIdentity", "sessionContext", "attributes"]
            .iter()
            .try_fold(Json::new(record), |json, name| json.member(name));
        let text = |name| attributes.as_ref()?.member(name).map(|value| value.text());
        // A text in logs that CloudTrail delivers; other writers make it a boolean.
        let has_mfa = text("mfaAuthenticated").and_then(|text| match &*text.to_ascii_lowercase() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        });
        let created = text("creationDate").and_then(|text| Timestamp::parse_any_form(&text));
        Self { created: created.map(|(time, _)| time), has_mfa }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_where_a_record_has_them() {
        let of = |attributes: &str| {
            let text = format!(r#"{{"userIdentity":{{"sessionContext":{{"attributes":{attributes}}}}}}}"#);
            let Session { created, has_mfa } = Session::of(&text);
            (created.map(|time| time.to_string()), has_mfa)
        };
        let created = Some("2024-03-09T10:00:00Z".to_owned());
        let date = r#""creationDate":"2024-03-09T10:00:00Z""#;
        assert_eq!(of(&format!(r#"{{{date},"mfaAuthenticated":"true"}}"#)), (created.clone(), Some(true)));
        assert_eq!(of(&format!(r#"{{"mfaAuthenticated":false,{date}}}"#)), (created.clone(), Some(false)));
        // In the forms that times of events may have.
        for date in ["2024-03-09 10:00:00", "2024-03-09T11:00:00+0100"] {
            assert_eq!(of(&format!(r#"{{"creationDate":"{date}"}}"#)), (created.clone(), None), "{date}");
        }
        assert_eq!(of(r#"{"creationDate":"soon","mfaAuthenticated":"maybe"}"#), (None, None));
        assert_eq!(of("null"), (None, None));
        assert_eq!(Session::of("{"), Session::default());
    }
}
