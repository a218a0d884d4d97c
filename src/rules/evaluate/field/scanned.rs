//! Fields that the scanner reads of every record.

use crate::model::LogSource;
use crate::rules::evaluate::event_context::{EventContext, Value};

/// A scanned field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Scanned {
    EventName,
    EventSource,
    /// Without `.amazonaws.com`.
    ShortSource,
    EventTime,
    EventId,
    EventType,
    EventCategory,
    Region,
    SourceIp,
    UserAgent,
    ErrorCode,
    ErrorMessage,
    RecipientAccount,
    IdentityType,
    PrincipalId,
    Arn,
    AccountId,
    AccessKeyId,
    InvokedBy,
    IssuerArn,
    AuditId,
    Stage,
    Verb,
    RequestUri,
    UserName,
    ImpersonatedName,
    Resource,
    Subresource,
    ApiGroup,
    Namespace,
    ResponseCode,
    ResponseReason,
    Decision,
}

/// Path of each field in a CloudTrail record.
const IN_CLOUDTRAIL: [(&[&str], Scanned); 19] = [
    (&["eventName"], Scanned::EventName),
    (&["eventSource"], Scanned::EventSource),
    (&["eventTime"], Scanned::EventTime),
    (&["eventID"], Scanned::EventId),
    (&["eventType"], Scanned::EventType),
    (&["eventCategory"], Scanned::EventCategory),
    (&["awsRegion"], Scanned::Region),
    (&["sourceIPAddress"], Scanned::SourceIp),
    (&["userAgent"], Scanned::UserAgent),
    (&["errorCode"], Scanned::ErrorCode),
    (&["errorMessage"], Scanned::ErrorMessage),
    (&["recipientAccountId"], Scanned::RecipientAccount),
    (&["userIdentity", "type"], Scanned::IdentityType),
    (&["userIdentity", "principalId"], Scanned::PrincipalId),
    (&["userIdentity", "arn"], Scanned::Arn),
    (&["userIdentity", "accountId"], Scanned::AccountId),
    (&["userIdentity", "accessKeyId"], Scanned::AccessKeyId),
    (&["userIdentity", "invokedBy"], Scanned::InvokedBy),
    (&["userIdentity", "sessionContext", "sessionIssuer", "arn"], Scanned::IssuerArn),
];

/// Path of each field in a Kubernetes audit event.
const IN_KUBERNETES: [(&[&str], Scanned); 14] = [
    (&["auditID"], Scanned::AuditId),
    (&["stage"], Scanned::Stage),
    (&["verb"], Scanned::Verb),
    (&["requestURI"], Scanned::RequestUri),
    (&["userAgent"], Scanned::UserAgent),
    (&["user", "username"], Scanned::UserName),
    (&["impersonatedUser", "username"], Scanned::ImpersonatedName),
    (&["objectRef", "resource"], Scanned::Resource),
    (&["objectRef", "subresource"], Scanned::Subresource),
    (&["objectRef", "apiGroup"], Scanned::ApiGroup),
    (&["objectRef", "namespace"], Scanned::Namespace),
    (&["responseStatus", "code"], Scanned::ResponseCode),
    (&["responseStatus", "reason"], Scanned::ResponseReason),
    (&["annotations", "authorization.k8s.io/decision"], Scanned::Decision),
];

impl Scanned {
    /// The field at this path of a record.
    pub(super) fn at(keys: &[&str], source: LogSource) -> Option<Self> {
        let table: &[(&[&str], Self)] = match source {
            LogSource::CloudTrail => &IN_CLOUDTRAIL,
            LogSource::Kubernetes => &IN_KUBERNETES,
        };
        table.iter().find(|(known, _)| *known == keys).map(|(_, scanned)| *scanned)
    }

    /// The value of the field.
    pub(super) fn value<'a>(self, event: &'a EventContext<'_>) -> Value<'a> {
        if let Some(code) = event.kubernetes().filter(|_| self == Self::ResponseCode).and_then(|it| it.code) {
            return Value::One(code.to_string().into());
        }
        Value::some(self.text(event))
    }

    /// The value of the field, if it is a text in the record.
    pub(in crate::rules) fn text<'a>(self, event: &'a EventContext<'_>) -> Option<&'a str> {
        event.cloudtrail().map_or_else(|| self.of_kubernetes(event), |_| self.of_cloudtrail(event))
    }

    fn of_cloudtrail<'a>(self, event: &'a EventContext<'_>) -> Option<&'a str> {
        let record = event.cloudtrail()?;
        let identity = &record.identity;
        match self {
            Self::EventName => record.event_name,
            Self::EventSource => record.event_source,
            Self::ShortSource => record.event_source.map(Self::short),
            Self::EventTime => record.event_time,
            Self::EventId => record.event_id,
            Self::EventType => record.event_type,
            Self::EventCategory => record.event_category,
            Self::Region => record.region,
            Self::SourceIp => record.source_ip,
            Self::UserAgent => record.user_agent,
            Self::ErrorCode => record.error_code,
            Self::ErrorMessage => record.error_message,
            Self::RecipientAccount => record.recipient_account,
            Self::IdentityType => identity.identity_type,
            Self::PrincipalId => identity.principal_id,
            Self::Arn => identity.arn,
            Self::AccountId => identity.account_id,
            Self::AccessKeyId => identity.access_key_id,
            Self::InvokedBy => identity.invoked_by,
            Self::IssuerArn => identity.issuer.arn,
            _ => None,
        }
    }

    fn of_kubernetes<'a>(self, event: &'a EventContext<'_>) -> Option<&'a str> {
        let record = event.kubernetes()?;
        match self {
            Self::AuditId => record.audit_id,
            Self::Stage => record.stage,
            Self::Verb => record.verb,
            Self::RequestUri => record.request_uri,
            Self::UserAgent => record.user_agent,
            Self::UserName => record.user.username,
            Self::ImpersonatedName => record.impersonated.username,
            Self::Resource => record.object.resource,
            Self::Subresource => record.object.subresource,
            Self::ApiGroup => record.object.api_group,
            Self::Namespace => record.object.namespace,
            Self::ResponseReason => record.reason,
            Self::Decision => record.decision,
            _ => None,
        }
    }

    /// The name of a service without its domain.
    pub(in crate::rules) fn short(source: &str) -> &str {
        source.strip_suffix(".amazonaws.com").filter(|rest| !rest.is_empty()).unwrap_or(source)
    }
}
