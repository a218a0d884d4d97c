//! The names of fields in Sigma rules: paths of keys, checked as far as the keys of events are known.

use crate::model::LogSource;
use crate::rules::error::similar;
use crate::rules::evaluate::field::Field;
use crate::rules::evaluate::path::Path;

/// Keys of an object.
type Keys = &'static [&'static str];

/// Keys of events of CloudTrail. Not those of aggregated events, which rules do not see.
const OF_CLOUDTRAIL: Keys = &[
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "readOnly",
    "resources",
    "apiVersion",
    "eventType",
    "recipientAccountId",
    "sharedEventID",
    "vpcEndpointId",
    "serviceEventDetails",
    "managementEvent",
    "eventCategory",
    "addendum",
    "sessionCredentialFromConsole",
    "edgeDeviceDetails",
    "tlsDetails",
    "vpcEndpointAccountId",
    "eventContext",
    "annotation",
    "insightDetails",
];

/// Keys of audit events of Kubernetes, of all versions.
const OF_KUBERNETES: Keys = &[
    "kind",
    "apiVersion",
    "level",
    "auditID",
    "stage",
    "requestURI",
    "verb",
    "user",
    "impersonatedUser",
    "authenticationMetadata",
    "sourceIPs",
    "userAgent",
    "objectRef",
    "responseStatus",
    "requestObject",
    "responseObject",
    "requestReceivedTimestamp",
    "stageTimestamp",
    "annotations",
    "metadata",
    "timestamp",
];

const OF_USER: Keys = &["username", "uid", "groups", "extra"];

/// Keys of the objects at these keys of an event.
const BELOW: [(&str, Keys); 5] = [
    (
        "userIdentity",
        &[
            "type",
            "principalId",
            "arn",
            "accountId",
            "accessKeyId",
            "userName",
            "sessionContext",
            "invokedBy",
            "invokedByDelegate",
            "identityProvider",
            "credentialId",
            "onBehalfOf",
            "inScopeOf",
        ],
    ),
    ("user", OF_USER),
    ("impersonatedUser", OF_USER),
    (
        "objectRef",
        &["resource", "namespace", "name", "uid", "apiGroup", "apiVersion", "resourceVersion", "subresource"],
    ),
    ("responseStatus", &["metadata", "status", "message", "reason", "details", "code"]),
];

/// The field with a name, in events of a source.
pub(super) fn at(name: &str, source: LogSource) -> Field {
    Field::at(Path::dotted(name, source), source)
}

/// Checks the name of a field. Returns a warning if events probably have no such field. New fields are no mistake, so a key that
/// is not known is none, either.
///
/// # Errors
/// If no event can have the field.
pub(super) fn check(name: &str, source: LogSource) -> Result<Option<String>, String> {
    let mut keys = name.split('.');
    let (first, second) = (keys.next().unwrap_or_default(), keys.next());
    if name.split('.').any(|key| key == "*") {
        return Err(
            "'*' is no key; all items of a list are looked at anyway, and other keys have names".to_owned()
        );
    }
    let events = source.name();
    let known = match source {
        LogSource::CloudTrail => OF_CLOUDTRAIL,
        LogSource::Kubernetes => OF_KUBERNETES,
    };
    if let Some(spelt) = in_other_case(first, known) {
        return Err(format!("events of {events} have no field '{first}'; did you mean '{spelt}'?"));
    }
    if !known.contains(&first) {
        let near = similar(first, known.iter().copied());
        return Ok(Some(format!("events of {events} have no field '{first}', as far as is known{near}")));
    }
    let below = BELOW.into_iter().find(|(key, _)| *key == first);
    let Some((second, (_, known))) = second.zip(below).filter(|(second, (_, known))| !known.contains(second))
    else {
        return Ok(None);
    };
    let near = match in_other_case(second, known) {
        Some(spelt) => format!("; did you mean '{spelt}'?"),
        None => similar(second, known.iter().copied()),
    };
    let reason = || format!("'{first}' of events of {events} has no '{second}', as far as is known{near}");
    Ok((!near.is_empty()).then(reason))
}

/// The known key that differs only in upper and lower case.
fn in_other_case(key: &str, known: Keys) -> Option<&'static str> {
    known.iter().copied().find(|known| *known != key && known.eq_ignore_ascii_case(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_fields_and_new_ones_below_them_are_accepted() {
        for name in [
            "eventName",
            "requestParameters.a.b",
            "insightDetails.state",
            "userIdentity.newField",
            "tlsDetails.x",
        ] {
            assert_eq!(check(name, LogSource::CloudTrail), Ok(None), "{name}");
        }
        for name in
            ["verb", "annotations.authorization.k8s.io/decision", "objectRef.apiGroup", "user.extra.arn"]
        {
            assert_eq!(check(name, LogSource::Kubernetes), Ok(None), "{name}");
        }
    }

    #[test]
    fn a_field_in_another_case_or_without_a_name_is_an_error() {
        let why = |name| check(name, LogSource::CloudTrail).unwrap_err();
        assert_eq!(
            why("eventname"),
            "events of cloudtrail have no field 'eventname'; did you mean 'eventName'?"
        );
        assert!(why("EventSource.x").contains("did you mean 'eventSource'?"));
        assert!(why("requestParameters.*.y").starts_with("'*' is no key"));
        // A key may contain it: the stages of an API have settings for `*/*`.
        assert_eq!(check("responseElements.methodSettings.*/*.x", LogSource::CloudTrail), Ok(None));
    }

    #[test]
    fn an_unknown_field_is_a_warning() {
        let doubt = |name, source| check(name, source).unwrap().unwrap();
        assert_eq!(
            doubt("evntName", LogSource::CloudTrail),
            "events of cloudtrail have no field 'evntName', as far as is known; did you mean 'eventName'?"
        );
        assert_eq!(
            doubt("capabilities", LogSource::Kubernetes),
            "events of kubernetes have no field 'capabilities', as far as is known"
        );
        assert_eq!(
            doubt("userIdentity.username", LogSource::CloudTrail),
            "'userIdentity' of events of cloudtrail has no 'username', as far as is known; did you mean 'userName'?"
        );
    }
}
