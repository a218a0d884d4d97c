//! What a call issued: a credential, or a way in for another identity.

use std::borrow::Cow;

use super::json::Json;
use super::walk::text_at;
use crate::event::Record;

/// What a successful call of IAM or STS gave: the id of the access key that it returned, the ARN of the user or role that it
/// created, or `user/NAME` and `role/NAME` if it set a password or changed who may assume a role. Of EKS the principal that it admitted to a
/// cluster, `k8s:CLUSTER/ARN`. `text` is the record.
pub fn issued<'a>(record: &Record<'a>, text: &'a str) -> Option<Cow<'a, str>> {
    if record.error_code.is_some_and(|code| !code.is_empty()) {
        return None;
    }
    let element = |at_hand: Option<&'a str>, name| match at_hand {
        Some(element) => Some(Json::new(element)),
        None => Json::new(text).member(name),
    };
    let key_of =
        |member| match record.response_text.0.map(|response| text_at(response, &[member, "accessKeyId"])) {
            Some(Ok(key)) => key.filter(|key| !key.is_empty()).map(Cow::Borrowed),
            Some(Err(_)) | None => {
                let response = element(record.response_text.0, "responseElements")?;
                response.member(member)?.member("accessKeyId")?.non_empty_string()
            }
        };
    let requested =
        |parameter| element(record.request.0, "requestParameters")?.member(parameter)?.non_empty_string();
    let named = |what: &str, parameter| Some(Cow::Owned(format!("{what}/{}", requested(parameter)?)));
    match record.event_name? {
        "CreateAccessKey" => key_of("accessKey"),
        "GetSessionToken" | "GetFederationToken" | "AssumeRoot" => key_of("credentials"),
        name if name.starts_with("AssumeRole") => key_of("credentials"),
        // IAM Roles Anywhere User Guide, "CreateSession API".
        "CreateSession" if record.event_source == Some("rolesanywhere.amazonaws.com") => {
            let sets = element(record.response_text.0, "responseElements")?.member("credentialSet")?;
            sets.items().first()?.member("credentials")?.member("accessKeyId")?.non_empty_string()
        }
        "CreateUser" => record.response.user.arn.map(Cow::Borrowed),
        "CreateRole" | "CreateServiceLinkedRole" => record.response.role.arn.map(Cow::Borrowed),
        "CreateLoginProfile" | "UpdateLoginProfile" => named("user", "userName"),
        "UpdateAssumeRolePolicy" => named("role", "roleName"),
        // EKS API Reference, CreateAccessEntry and AssociateAccessPolicy.
        "CreateAccessEntry" | "AssociateAccessPolicy" => {
            let admitted = without_path(&requested("principalArn")?)?;
            Some(Cow::Owned(format!("k8s:{}/{admitted}", requested("name")?)))
        }
        _ => None,
    }
}

/// The ARN of a role or user without its path, as clusters know it.
fn without_path(arn: &str) -> Option<String> {
    let (type_of, path) = arn.split_once('/')?;
    let name = path.rsplit('/').next().unwrap_or(path);
    Some(format!("{type_of}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ElementText;

    /// What a record with these elements issued; the same if the elements are at hand.
    fn issued_by(name: &str, elements: &str) -> Option<String> {
        let text = format!(r#"{{"eventName":"{name}",{elements}}}"#);
        let record = Record { event_name: Some(name), ..Record::default() };
        let found = issued(&record, &text);
        let element = |name| ElementText(Json::new(&text).member(name).map(Json::as_str));
        let (request, response_text) = (element("requestParameters"), element("responseElements"));
        assert_eq!(issued(&Record { request, response_text, ..record }, &text), found, "{text}");
        found.map(Cow::into_owned)
    }

    #[test]
    fn keys_come_from_the_response_and_names_from_the_request() {
        let key = r#""responseElements":{"accessKey":{"accessKeyId":"AKIAEXAMPLE"}}"#;
        assert_eq!(issued_by("CreateAccessKey", key).as_deref(), Some("AKIAEXAMPLE"));
        let session = r#""responseElements":{"credentials":{"accessKeyId":"ASIAEXAMPLE"}}"#;
        for name in ["AssumeRole", "AssumeRoleWithSAML", "GetSessionToken", "GetFederationToken"] {
            assert_eq!(issued_by(name, session).as_deref(), Some("ASIAEXAMPLE"), "{name}");
        }
        let twice = r#""responseElements":{"credentials":{"accessKeyId":"ASIAONE"},"credentials":{"accessKeyId":"ASIA\u0054WO"}}"#;
        assert_eq!(issued_by("AssumeRole", twice).as_deref(), Some("ASIATWO"));
        let user = r#""requestParameters":{"userName":"eva"},"responseElements":null"#;
        assert_eq!(issued_by("UpdateLoginProfile", user).as_deref(), Some("user/eva"));
        assert_eq!(issued_by("DeleteUser", user), None);
        let entry =
            r#""requestParameters":{"name":"prod","principalArn":"arn:aws:iam::111122223333:role/ci/ops"}"#;
        let admitted = Some("k8s:prod/arn:aws:iam::111122223333:role/ops");
        assert_eq!(issued_by("CreateAccessEntry", entry).as_deref(), admitted);
    }

    #[test]
    fn a_session_for_a_certificate_is_the_first_of_a_list() {
        let text = r#"{"responseElements":{"credentialSet":[{"credentials":{"accessKeyId":"ASIAONE"}}]}}"#;
        let of = |source| Record {
            event_name: Some("CreateSession"),
            event_source: Some(source),
            ..Record::default()
        };
        assert_eq!(issued(&of("rolesanywhere.amazonaws.com"), text).as_deref(), Some("ASIAONE"));
        assert_eq!(issued(&of("s3express.amazonaws.com"), text), None);
        assert_eq!(
            issued(&of("rolesanywhere.amazonaws.com"), r#"{"responseElements":{"credentialSet":[]}}"#),
            None
        );
    }

    #[test]
    fn odd_responses_issue_nothing() {
        for elements in [
            r#""responseElements":{"credentials":{"accessKeyId":7}}"#,
            r#""responseElements":{"credentials":{"accessKeyId":""}}"#,
            r#""responseElements":{"credentials":{"accessKeyId":"ASIAONE"},"credentials":"none"}"#,
            r#""responseElements":{"x":{"credentials":{"accessKeyId":"ASIAONE"}},"accessKeyId":"ASIATWO"}"#,
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
