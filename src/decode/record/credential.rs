//! Credentials in a cluster: with which one a request was made, and what it issued.

use std::borrow::Cow;

use super::json::Json;
use super::object_name::name;
use crate::event::AuditRecord;

/// The id of the credential that the real user had, in `user.extra`: `JTI=…` of a token, `X509SHA256=…` of a certificate.
/// Collectors replace dots in names.
const USED: [&str; 2] =
    ["authentication.kubernetes.io/credential-id", "authentication_kubernetes_io/credential-id"];

/// The id of the token that a request returned, in `annotations`.
const ISSUED: [&str; 2] = [
    "authentication.kubernetes.io/issued-credential-id",
    "authentication_kubernetes_io/issued-credential-id",
];

/// The id of the credential with which the request of a record with this text was made. Clusters say it since Kubernetes 1.30.
pub fn credential_in_cluster(text: &str) -> Option<&str> {
    // The text of most records has it, but that of an older cluster need not be walked.
    memchr::memmem::find(text.as_bytes(), b"io/credential-id\"")?;
    let extra = Json::new(text).member("user")?.member("extra")?;
    let ids = USED.iter().find_map(|name| extra.member(name))?;
    match ids.items().first()?.non_empty_string()? {
        // No API server writes an id that needs escapes.
        Cow::Borrowed(id) => Some(id),
        Cow::Owned(_) => None,
    }
}

/// What a successful request issued: the id of the token that it returned, or the user name of the service account that it created.
/// `text` is the record.
pub fn issued_in_cluster<'a>(record: &AuditRecord<'a>, text: &'a str) -> Option<Cow<'a, str>> {
    let object = &record.object;
    let is_of_core = object.api_group.is_none_or(str::is_empty);
    let is_dry = record.request_uri.is_some_and(|uri| uri.contains("dryRun="));
    let creates = record.verb == Some("create") && object.resource == Some("serviceaccounts") && is_of_core;
    if !creates || is_dry || record.error_code().is_some() {
        return None;
    }
    match object.subresource.filter(|name| !name.is_empty()) {
        None => object.service_account(&name(record, text)?).map(Cow::Owned),
        Some("token") => {
            let annotations = Json::new(text).member("annotations")?;
            ISSUED.iter().find_map(|name| annotations.member(name))?.non_empty_string()
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ObjectRef;

    /// What a request for service accounts issued.
    fn issued(
        subresource: Option<&str>,
        change: impl Fn(&mut AuditRecord<'_>),
        members: &str,
    ) -> Option<String> {
        let object = ObjectRef {
            resource: Some("serviceaccounts"),
            subresource,
            namespace: Some("shop"),
            ..ObjectRef::default()
        };
        let mut record =
            AuditRecord { verb: Some("create"), object, code: Some(201), ..AuditRecord::default() };
        change(&mut record);
        issued_in_cluster(&record, &format!("{{{members}}}")).map(Cow::into_owned)
    }

    #[test]
    fn a_request_issues_an_account_or_a_token() {
        let same = |_: &mut AuditRecord<'_>| ();
        let named = r#""objectRef":{"name":"web"}"#;
        let expected = Some("system:serviceaccount:shop:web".to_owned());
        assert_eq!(issued(None, same, named), expected);
        assert_eq!(issued(Some(""), same, named), expected);
        let made =
            r#""objectRef":{"resource":"serviceaccounts"},"responseObject":{"metadata":{"name":"web"}}"#;
        assert_eq!(issued(None, same, made), expected);
        let token = r#""annotations":{"authentication.kubernetes.io/issued-credential-id":"JTI=1"}"#;
        assert_eq!(issued(Some("token"), same, token).as_deref(), Some("JTI=1"));
        assert_eq!(issued(Some("token"), same, named), None);
        assert_eq!(issued(Some("status"), same, token), None);
        for change in [
            |record: &mut AuditRecord<'_>| record.code = Some(403),
            |record: &mut AuditRecord<'_>| record.verb = Some("update"),
            |record: &mut AuditRecord<'_>| record.request_uri = Some("/x?dryRun=All"),
            |record: &mut AuditRecord<'_>| record.stage = Some("RequestReceived"),
            |record: &mut AuditRecord<'_>| record.object.api_group = Some("example.org"),
        ] {
            assert_eq!([issued(None, change, named), issued(Some("token"), change, token)], [None, None]);
        }
    }

    #[test]
    fn the_credential_is_that_of_the_real_user() {
        let of = |members: &str| credential_in_cluster(&format!("{{{members}}}")).map(str::to_owned);
        let user = r#"{"extra":{"authentication.kubernetes.io/credential-id":["JTI=1","JTI=2"]}}"#;
        assert_eq!(of(&format!(r#""user":{user}"#)).as_deref(), Some("JTI=1"));
        assert_eq!(of(&format!(r#""impersonatedUser":{user}"#)), None);
        assert_eq!(of(r#""user":{"extra":{"authentication.kubernetes.io/credential-id":"JTI=1"}}"#), None);
        assert_eq!(of(r#""user":{"extra":{"authentication.kubernetes.io/credential-id":[7]}}"#), None);
    }
}
