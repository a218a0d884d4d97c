//! The meaning of a record: who acted, what was done, whether it worked, and the evidence for it.
//!
//! A CloudTrail [`Record`] or a Kubernetes [`AuditRecord`] holds the few relevant texts of a record, as slices of the log
//! object; `interpret` makes an [`Event`] of it or says why it is not one. Knows nothing of files and JSON.

mod aggregated;
mod identity;
mod insight;
mod kubernetes;
mod logging;

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use crate::model::{Arn, Evidence, PrincipalKey, PrincipalKind, Traits, is_account_id, is_unique_id};
use crate::time::{TimeForm, Timestamp};

pub use aggregated::is_of_aggregated_server;
pub use identity::{DerivedIdentity, Identity, IdentityLink, Issuer, OnBehalfOf, Principal};
pub use insight::Insight;
use kubernetes::is_like_iam;
pub use kubernetes::{
    AuditRecord, AuditSettings, Cluster, KubernetesUser, Login, ObjectRef, account_and_log_group,
    cluster_of_log_group,
};
pub use logging::{LoggingCall, LoggingRequest, ManagementSelector};

/// A record of any source.
#[derive(Clone, Copy, Debug)]
pub enum AnyRecord<'r> {
    /// From CloudTrail.
    CloudTrail(&'r Record<'r>),
    /// From the API server of a Kubernetes cluster.
    Kubernetes(&'r AuditRecord<'r>),
}

impl<'r> AnyRecord<'r> {
    /// The record, if it is from CloudTrail.
    pub const fn cloudtrail(self) -> Option<&'r Record<'r>> {
        match self {
            Self::CloudTrail(record) => Some(record),
            Self::Kubernetes(_) => None,
        }
    }

    /// `eventID` or `auditID`; empty if the record has none.
    pub fn event_id(self) -> &'r str {
        match self {
            Self::CloudTrail(record) => record.event_id,
            Self::Kubernetes(record) => record.audit_id,
        }
        .unwrap_or_default()
    }

    /// What all records of one event have in common besides its id, so that another event with this id is told from a copy: the
    /// account whose log it is. A client may choose the id of a request to a cluster, so for that it is the verb, URI, address, agent, user
    /// and time.
    pub fn common_to_copies(self) -> [&'r str; 6] {
        match self {
            Self::CloudTrail(record) => [record.owner(), "", "", "", "", ""],
            Self::Kubernetes(record) => {
                let AuditRecord { verb, request_uri, source_ip, user_agent, received, user, .. } = record;
                let texts = [*verb, *request_uri, *source_ip, *user_agent, user.username, *received];
                texts.map(Option::unwrap_or_default)
            }
        }
    }

    /// The evidence for the event of this record.
    pub fn evidence(self) -> Evidence<'r> {
        match self {
            Self::CloudTrail(record) => record.evidence(),
            Self::Kubernetes(record) => record.evidence(),
        }
    }
}

/// The relevant texts of one record. An empty text counts as absent, as does a value of the wrong type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record<'a> {
    /// `eventTime`
    pub event_time: Option<&'a str>,
    /// `eventSource`, for example `iam.amazonaws.com`
    pub event_source: Option<&'a str>,
    /// `eventName`, for example `CreateUser`
    pub event_name: Option<&'a str>,
    /// `eventType`, for example `AwsApiCall`
    pub event_type: Option<&'a str>,
    /// `eventCategory`, for example `Management`
    pub event_category: Option<&'a str>,
    /// `eventID`
    pub event_id: Option<&'a str>,
    /// `awsRegion`
    pub region: Option<&'a str>,
    /// `sourceIPAddress`: an address, a service name or `AWS Internal`
    pub source_ip: Option<&'a str>,
    /// `userAgent`
    pub user_agent: Option<&'a str>,
    /// `errorCode`
    pub error_code: Option<&'a str>,
    /// `errorMessage`
    pub error_message: Option<&'a str>,
    /// `recipientAccountId`: whose log this is
    pub recipient_account: Option<&'a str>,
    /// `readOnly`, a boolean or its text
    pub read_only: Option<bool>,
    /// `sessionCredentialFromConsole`, a boolean or its text: the credentials are those of a console session.
    pub from_console: Option<bool>,
    /// `userIdentity`
    pub identity: Identity<'a>,
    /// The text of `requestParameters`, if the reader has it at hand.
    pub request: ElementText<'a>,
    /// The text of `responseElements`, if the reader has it at hand.
    pub response_text: ElementText<'a>,
    /// The text of `resources`, if the reader has it at hand.
    pub resources: ElementText<'a>,
    /// The relevant part of `responseElements`, see [`Record::creates_principal`] and [`Record::signs_in`].
    pub response: Response<'a>,
}

/// The text of a member of a record, if the reader has it at hand. It adds no information to that of the record.
#[derive(Clone, Copy, Debug, Default)]
pub struct ElementText<'a>(pub Option<&'a str>);

impl PartialEq for ElementText<'_> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ElementText<'_> {}

/// The relevant texts of `responseElements`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response<'a> {
    /// Of a sign-in, its result: the member with the name of the event, else that of `serviceEventDetails`; `Success` or `Failure`.
    pub sign_in: Option<&'a str>,
    /// `role` of CreateRole and CreateServiceLinkedRole
    pub role: Created<'a>,
    /// `user` of CreateUser
    pub user: Created<'a>,
}

/// A role or user that a call created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Created<'a> {
    /// `arn`
    pub arn: Option<&'a str>,
    /// `roleId` or `userId`
    pub id: Option<&'a str>,
}

/// A record with its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// When the call was completed.
    pub time: Timestamp,
    /// The form of that time in the record.
    pub time_form: TimeForm,
    /// Who acted.
    pub principal: Principal<'a>,
    /// `eventSource`; empty for a request to a Kubernetes cluster.
    pub source: &'a str,
    /// `eventName`, or verb and resource of a Kubernetes request.
    pub name: Cow<'a, str>,
    /// Whether the call failed.
    pub failed: bool,
    /// Whether the call only read; `None` if the record does not say.
    pub read_only: Option<bool>,
    /// The role or user that this event created; its link has its unique id, if the record says it.
    pub creation: Option<Principal<'a>>,
}

impl Event<'_> {
    /// The action, under its [name](action_name).
    pub fn action(&self) -> String {
        action_name(self.source, &self.name)
    }
}

/// The name of an action: `eventSource:eventName`, or the name alone if there is no source.
///
/// ```
/// use firstseen::event::action_name;
///
/// assert_eq!(action_name("iam.amazonaws.com", "CreateUser"), "iam.amazonaws.com:CreateUser");
/// assert_eq!(action_name("", "create core/pods/exec"), "create core/pods/exec");
/// ```
pub fn action_name(source: &str, name: &str) -> String {
    if source.is_empty() { name.to_owned() } else { format!("{source}:{name}") }
}

/// Why a readable record is not an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEvent {
    /// A CloudTrail Insights event.
    Insight,
    /// A summary of data events.
    Aggregated,
    /// An S3 event notification.
    Notification,
    /// No `eventSource` or no `eventName`.
    NoAction,
    /// `eventTime` is missing or unreadable. This one is a fault.
    BadTime,
}

/// The kind of error of a sign-in that failed without an error code, as most do.
const FAILED_SIGN_IN: &str = "failed-sign-in";

/// The kind of error of any other call that failed without an error code.
const WITHOUT_CODE: &str = "without-code";

/// Whether an event source is the one of sign-ins, in any partition: `signin.amazonaws.com`, `signin.amazonaws.com.cn`.
#[inline]
pub fn is_sign_in(source: &str) -> bool {
    source.starts_with("signin.")
}

impl<'a> Record<'a> {
    /// Whether a call of this name may create a role or a user, which `responseElements` then names. Readers may skip it otherwise.
    pub fn creates_principal(event_name: Option<&str>) -> bool {
        matches!(event_name, Some("CreateRole" | "CreateServiceLinkedRole" | "CreateUser"))
    }

    /// Whether this is a sign-in or a step of one, whose result stands under the name of the event.
    #[inline]
    pub fn signs_in(&self) -> bool {
        self.event_source.is_some_and(is_sign_in) || self.event_name == Some("ConsoleLogin")
    }

    /// Whether this is a call of AssumeRole in one of its forms.
    pub fn assumes_role(&self) -> bool {
        self.event_name.is_some_and(|name| name.starts_with("AssumeRole"))
    }

    /// Whether anything in this record shows that it is a record.
    pub fn looks_like_one(&self) -> bool {
        self.event_name.is_some() || self.event_source.is_some() || self.event_category.is_some()
    }

    /// Whether it says who acted, or which account's log it is from.
    pub fn tells_who(&self) -> bool {
        let identity = &self.identity;
        [
            identity.identity_type,
            identity.principal_id,
            identity.arn,
            identity.account_id,
            identity.invoked_by,
        ]
        .into_iter()
        .chain([self.recipient_account])
        .any(|text| present(text).is_some())
    }

    /// A hash of everything read from this record.
    #[inline]
    pub fn fingerprint(&self, start: u64) -> u64 {
        hash_of_texts(start ^ self.identity.fingerprint(), self.texts())
    }

    /// All texts except the event id and those of the identity, each in a fixed position.
    #[inline]
    pub fn texts(&self) -> [Option<&'a str>; 16] {
        let response = &self.response;
        [
            self.event_time,
            self.event_source,
            self.event_name,
            self.event_type,
            self.event_category,
            self.region,
            self.source_ip,
            self.user_agent,
            self.error_code,
            self.error_message,
            self.recipient_account,
            response.sign_in,
            response.role.arn,
            response.role.id,
            response.user.arn,
            response.user.id,
        ]
    }

    /// The account that received this copy of the event: copies of one event share this account and the event id.
    pub fn owner(&self) -> &'a str {
        present(self.recipient_account).or(present(self.identity.account_id)).unwrap_or_default()
    }

    /// When the call was completed, and the form of that time; `None` if it is missing or unreadable.
    pub fn time(&self) -> Option<(Timestamp, TimeForm)> {
        self.event_time.and_then(Timestamp::parse_any_form)
    }

    /// Reads the meaning of this record.
    ///
    /// # Errors
    /// The reason why the record is not an event.
    pub fn interpret(&self, key: PrincipalKey) -> Result<Event<'a>, NoEvent> {
        let (source, name) = self.action()?;
        let (time, time_form) = self.time().ok_or(NoEvent::BadTime)?;
        let failed = self.failed();
        let creation = if failed { None } else { self.creation(name, key) };
        Ok(Event {
            time,
            time_form,
            principal: self.identity.principal(present(self.recipient_account), key),
            source,
            name: Cow::Borrowed(name),
            failed,
            read_only: self.read_only,
            creation,
        })
    }

    /// Whether an account's root user acted, with console or keys or in an `AssumeRoot` session. Calls that a service made
    /// for root do not count, nor do events of services (CIS AWS Foundations Benchmark, "usage of the root user").
    pub fn is_root_activity(&self) -> bool {
        self.identity.is_root_itself() && self.event_type != Some("AwsServiceEvent")
    }

    /// The evidence for the event of this record.
    pub fn evidence(&self) -> Evidence<'a> {
        Evidence {
            event_id: self.event_id.unwrap_or_default(),
            region: self.region,
            source_ip: self.source_ip,
            user_agent: self.user_agent,
            error_code: self.error_code.map(Cow::Borrowed),
            access_key_id: self.identity.access_key_id,
            session_name: self.identity.session_name(),
            principal_id: self.identity.unique_id(),
            detail: self.identity.on_behalf_of(),
            ..Evidence::default()
        }
    }

    /// What dimensions read of the event of this record, which belongs to a principal of `account`; the role that
    /// AssumeRole asks for is left to the caller.
    pub fn traits(&self, account: &str) -> Traits<'a> {
        let is_service = self.identity.identity_type == Some("AWSService");
        Traits {
            source_ip: self.source_ip,
            user_agent: self.user_agent,
            // The Region of a sign-in is that of the endpoint, which a cookie may choose (AWS CloudTrail User Guide, "AWS Management
            // Console sign-in events").
            region: self.region.filter(|_| !self.signs_in()),
            access_key_id: self.identity.access_key_id,
            error_code: present(self.error_code).or_else(|| self.failure_without_code()),
            target_role: None,
            target_account: self
                .recipient_account
                .filter(|recipient| is_account_id(account) && *recipient != account),
            impersonator: None,
            is_service,
            is_forwarded: !is_service && present(self.identity.invoked_by).is_some(),
            is_from_console: self.from_console == Some(true),
        }
    }

    fn action(&self) -> Result<(&'a str, &'a str), NoEvent> {
        let (Some(source), Some(name)) = (present(self.event_source), present(self.event_name)) else {
            return Err(match (self.event_category, self.event_type) {
                (Some("Insight"), _) | (_, Some("AwsCloudTrailInsight")) => NoEvent::Insight,
                (Some("Aggregated"), _) | (_, Some("AwsAggregatedEvent")) => NoEvent::Aggregated,
                _ => NoEvent::NoAction,
            });
        };
        // What S3, Kinesis, DynamoDB and SQS hand to functions shares the wrapper and the key names; CloudTrail sources are DNS names.
        match source.strip_prefix("aws:") {
            None => Ok((source, name)),
            Some("s3") => Err(NoEvent::Notification),
            Some(_) => Err(NoEvent::NoAction),
        }
    }

    /// A call failed if it has an error code, or only a message, or is a sign-in or a step of one that reports failure: those
    /// have no error code (AWS CloudTrail User Guide, "AWS Management Console sign-in events"; IAM Identity Center User Guide,
    /// "Understanding IAM Identity Center sign-in events").
    fn failed(&self) -> bool {
        present(self.error_code).is_some() || self.failure_without_code().is_some()
    }

    /// The kind of error of a call that failed, if it has no error code.
    fn failure_without_code(&self) -> Option<&'static str> {
        if self.response.sign_in == Some("Failure") {
            return Some(FAILED_SIGN_IN);
        }
        present(self.error_message).map(|_| WITHOUT_CODE)
    }

    fn creation(&self, name: &str, key: PrincipalKey) -> Option<Principal<'a>> {
        let (created, kind) = match name {
            "CreateRole" => (&self.response.role, PrincipalKind::Role),
            "CreateServiceLinkedRole" => (&self.response.role, PrincipalKind::ServiceLinkedRole),
            "CreateUser" => (&self.response.user, PrincipalKind::User),
            _ => return None,
        };
        let arn = present(created.arn)?;
        let account = Arn::parse(arn)?.account;
        let key = match key {
            PrincipalKey::Id => present(created.id)?,
            _ => arn,
        };
        let unique_id = created.id.filter(|id| is_unique_id(id));
        let identity_link = unique_id.map(|unique_id| IdentityLink { unique_id, arn });
        Some(Principal { account, key: Cow::Borrowed(key), kind, arn: None, identity_link })
    }
}

/// A hash of texts, from `start` on. Every text is hashed separately, which lets the processor do several at a time;
/// the rotation distinguishes equal texts in different positions. Fast, and not cryptographic.
#[inline]
pub fn hash_of_texts<const N: usize>(start: u64, texts: [Option<&str>; N]) -> u64 {
    let hash = |text: &str| {
        let mut hasher = FixedState::default().build_hasher();
        hasher.write(text.as_bytes());
        hasher.finish() ^ text.len() as u64
    };
    texts.into_iter().fold(start, |content, text| content.rotate_left(7).wrapping_add(text.map_or(0, hash)))
}

/// An empty text counts as absent.
fn present(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Dimension;

    fn record() -> Record<'static> {
        Record {
            event_time: Some("2024-03-09T04:12:33Z"),
            event_source: Some("iam.amazonaws.com"),
            event_name: Some("CreateUser"),
            recipient_account: Some("111122223333"),
            ..Record::default()
        }
    }

    #[test]
    fn a_console_sign_in_fails_without_an_error_code() {
        let mut login = record();
        login.event_name = Some("ConsoleLogin");
        assert!(!login.interpret(PrincipalKey::Arn).unwrap().failed);
        login.response.sign_in = Some("Failure");
        assert!(login.interpret(PrincipalKey::Arn).unwrap().failed);
    }

    #[test]
    fn every_failure_has_a_kind_of_error() {
        let kind = |change: fn(&mut Record<'static>)| {
            let mut record = record();
            change(&mut record);
            let kind = Dimension::Error.value(&record.traits("111122223333"));
            assert_eq!(record.interpret(PrincipalKey::Arn).unwrap().failed, kind.is_some());
            kind.map(Cow::into_owned)
        };
        let failed_sign_in = |record: &mut Record<'static>| {
            record.event_name = Some("ConsoleLogin");
            record.error_message = Some("Failed authentication");
            record.response.sign_in = Some("Failure");
        };
        assert_eq!(kind(|record| record.error_code = Some("")), None);
        assert_eq!(kind(|record| record.response.sign_in = Some("Success")), None);
        assert_eq!(kind(failed_sign_in).as_deref(), Some("failed-sign-in"));
        assert_eq!(kind(|record| record.error_message = Some("odd")).as_deref(), Some("without-code"));
        assert_eq!(kind(|record| record.error_code = Some("NoSuchEntity")).as_deref(), Some("not-found"));
    }

    #[test]
    fn a_sign_in_has_no_region_of_its_own() {
        let region = |source, name| {
            let (event_source, event_name, region) = (Some(source), Some(name), Some("eu-north-1"));
            let record = Record { event_source, event_name, region, ..record() };
            assert_eq!(record.evidence().region, region);
            record.traits("111122223333").region
        };
        assert_eq!(region("signin.amazonaws.com", "ConsoleLogin"), None);
        assert_eq!(region("signin.amazonaws.com", "CredentialVerification"), None);
        assert_eq!(region("iam.amazonaws.com", "CreateUser"), Some("eu-north-1"));
    }

    #[test]
    fn a_created_user_is_named_by_arn_or_id() {
        let mut create = record();
        create.response.user =
            Created { arn: Some("arn:aws-cn:iam::111122223333:user/eva"), id: Some("AIDAEVA") };
        let created = |key| create.interpret(key).unwrap().creation.unwrap();
        assert_eq!(created(PrincipalKey::Arn).key, "arn:aws-cn:iam::111122223333:user/eva");
        assert_eq!(created(PrincipalKey::Id).key, "AIDAEVA");
        assert_eq!(created(PrincipalKey::Id).account, "111122223333");
        create.error_code = Some("EntityAlreadyExists");
        assert_eq!(create.interpret(PrincipalKey::Arn).unwrap().creation, None);
    }

    #[test]
    fn records_that_are_not_events_have_a_reason() {
        let why = |change: fn(&mut Record<'static>)| {
            let mut record = record();
            change(&mut record);
            record.interpret(PrincipalKey::Arn).err()
        };
        assert_eq!(why(|record| record.event_name = Some("")), Some(NoEvent::NoAction));
        assert_eq!(why(|record| record.event_time = None), Some(NoEvent::BadTime));
        assert_eq!(why(|record| record.event_source = Some("aws:s3")), Some(NoEvent::Notification));
        assert_eq!(why(|record| record.event_source = Some("aws:kinesis")), Some(NoEvent::NoAction));
        assert_eq!(
            why(|record| (record.event_source, record.event_category) = (None, Some("Insight"))),
            Some(NoEvent::Insight)
        );
    }
}
