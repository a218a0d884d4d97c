//! What a call issued: a credential, or a way in for another identity.

use std::borrow::Cow;

use super::json::Json;
use crate::event::Record;

/// What a successful call of IAM or STS gave: the id of the access key that it returned, the ARN of the user or role that it
/// created, or `user/NAME` and `role/NAME` if it set a password or changed who may assume a role. `text` is the record.
pub fn issued<'a>(record: &Record<'a>, text: &'a str) -> Option<Cow<'a, str>> {
    if record.error_code.is_some_and(|code| !code.is_empty()) {
        return None;
    }
    let member = |path: [&str; 3]| path.into_iter().try_fold(Json::new(text), Json::member).and_then(text_of);
    let named = |what: &str, parameter: &str| {
        let name = Json::new(text).member("requestParameters")?.member(parameter).and_then(text_of)?;
        Some(Cow::Owned(format!("{what}/{name}")))
    };
    match record.event_name? {
        "CreateAccessKey" => member(["responseElements", "accessKey", "accessKeyId"]),
        "GetSessionToken" | "GetFederationToken" | "AssumeRoot" => {
            member(["responseElements", "credentials", "accessKeyId"])
        }
        name if name.starts_with("AssumeRole") => member(["responseElements", "credentials", "accessKeyId"]),
        "CreateUser" => record.response.user.arn.map(Cow::Borrowed),
        "CreateRole" | "CreateServiceLinkedRole" => record.response.role.arn.map(Cow::Borrowed),
        "CreateLoginProfile" | "UpdateLoginProfile" => named("user", "userName"),
        "UpdateAssumeRolePolicy" => named("role", "roleName"),
        _ => None,
    }
}

fn text_of(value: Json<'_>) -> Option<Cow<'_, str>> {
    let is_text = value.as_str().starts_with('"');
    Some(value.text()).filter(|text| is_text && !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued_by(name: &str, elements: &str) -> Option<String> {
        let text = format!(r#"{{"eventName":"{name}",{elements}}}"#);
        let record = Record { event_name: Some(name), ..Record::default() };
        issued(&record, &text).map(Cow::into_owned)
    }

    #[test]
    fn keys_come_from_the_response_and_names_from_the_request() {
        let key = r#""responseElements":{"accessKey":{"accessKeyId":"AKIAEXAMPLE"}}"#;
        assert_eq!(issued_by("CreateAccessKey", key).as_deref(), Some("AKIAEXAMPLE"));
        let session = r#""responseElements":{"credentials":{"accessKeyId":"ASIAEXAMPLE"}}"#;
        for name in ["AssumeRole", "AssumeRoleWithSAML", "GetSessionToken", "GetFederationToken"] {
            assert_eq!(issued_by(name, session).as_deref(), Some("ASIAEXAMPLE"), "{name}");
        }
        let user = r#""requestParameters":{"userName":"eva"},"responseElements":null"#;
        assert_eq!(issued_by("UpdateLoginProfile", user).as_deref(), Some("user/eva"));
        assert_eq!(issued_by("DeleteUser", user), None);
    }

    #[test]
    fn odd_responses_issue_nothing() {
        for elements in [
            r#""responseElements":{"credentials":{"accessKeyId":7}}"#,
            r#""responseElements":null"#,
            r#""x":1"#,
        ] {
            assert_eq!(issued_by("AssumeRole", elements), None, "{elements}");
        }
        let failed = Record {
            event_name: Some("UpdateLoginProfile"),
            error_code: Some("AccessDenied"),
            ..Record::default()
        };
        assert_eq!(issued(&failed, r#"{"requestParameters":{"userName":"eva"}}"#), None);
    }
}
