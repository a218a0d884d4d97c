//! Describes errors of S3 and the SDK in own words. No text contains part of a request, so that no secret can leak.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ErrorMetadata, ProvideErrorMetadata, SdkError};

use crate::coverage::FaultKind;
use crate::source::{ReadError, S3Problem, S3ProblemKind};

/// A failed request.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// The S3 error code.
    code: String,
    /// HTTP status, if there was a response.
    status: u16,
    /// The Region of the bucket, if S3 named it.
    pub(super) region: Option<String>,
    /// What is wrong with the credentials, if they are the reason.
    credentials: Option<S3ProblemKind>,
    /// Whether no request was sent.
    is_construction: bool,
    /// Whether only a part of the answer came.
    is_partial: bool,
    /// Storage class of an archived object.
    archived: Option<String>,
    detail: String,
}

impl Failure {
    /// Reads an error of the SDK.
    pub(super) fn new<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let response = error.raw_response();
        let code = error.code().unwrap_or_default().to_owned();
        let header = |name| response.and_then(|response| response.headers().get(name)).map(str::to_owned);
        let status = response.map_or(0, |response| response.status().as_u16());
        let body = response.and_then(|response| response.body().bytes()).unwrap_or_default();
        let credentials = credentials_errors(error);
        // The SDK has no other reason to fail after the head of an answer and before its content.
        let is_partial = matches!(error, SdkError::ResponseError(_)) && credentials.is_empty();
        let detail = match (credentials.last(), error.message(), &*code) {
            (Some(error), ..) => credentials_detail(error),
            _ if is_partial => format!("the answer broke off: {}", innermost(error)),
            (None, Some(message), "") => message.to_owned(),
            (None, Some(message), code) => format!("{code}: {message}"),
            (None, None, "") if (200..300).contains(&status) => {
                format!("HTTP status {status}, with an answer that is not one of S3")
            }
            (None, None, "") if status > 0 => format!("HTTP status {status}"),
            (None, None, "") => causes(error),
            (None, None, code) => format!("{code} (HTTP status {status})"),
        };
        Self {
            archived: (code == "InvalidObjectState").then(|| element(body, "StorageClass")),
            code,
            status,
            region: header("x-amz-bucket-region"),
            credentials: credentials.last().map(|error| credentials_problem(error)),
            is_construction: matches!(error, SdkError::ConstructionFailure(_)) && credentials.is_empty(),
            is_partial,
            detail,
        }
    }

    /// Whether a retry may help.
    pub(super) fn is_transient(&self) -> bool {
        let is = |codes: &[&str]| codes.iter().any(|code| self.code.contains(code));
        match (self.credentials, self.status) {
            (Some(S3ProblemKind::NoCredentials | S3ProblemKind::Expired | S3ProblemKind::Role), _) => false,
            // A program, a file or a service that provides them did not respond properly.
            (Some(_), _) => true,
            (None, _) if self.is_construction => false,
            (None, _) if self.is_partial => true,
            (None, 0 | 429 | 500..) => true,
            _ => self.is_of_load() || is(&["RequestTimeout", "InternalError"]),
        }
    }

    /// Whether a retry may help at the very start, where a host or credentials may be wrong: the store was reached.
    pub(super) fn may_pass_at_start(&self) -> bool {
        let is_unreached = ["(Connect)", "connect timeout"].iter().any(|mark| self.detail.contains(mark));
        self.credentials.is_none() && self.is_transient() && !is_unreached
    }

    /// Whether the store asks for fewer requests.
    fn is_of_load(&self) -> bool {
        let codes = ["SlowDown", "Throttling", "RequestLimit"];
        matches!(self.status, 429 | 503) || codes.iter().any(|code| self.code.contains(code))
    }

    /// Whether the store answered at all.
    pub(super) fn is_answer(&self) -> bool {
        self.status > 0
    }

    /// Whether the store answered, and a part of the answer was lost.
    pub(super) fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Whether the credentials are missing or expired, so that no request can succeed.
    pub(super) fn is_end(&self) -> bool {
        self.credentials.is_some() || self.is_expired()
    }

    /// Whether no request was sent because of missing credentials.
    pub(super) fn is_of_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    fn is_expired(&self) -> bool {
        matches!(&*self.code, "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired")
    }

    /// As the reason why a bucket cannot be used.
    pub(super) fn problem(self) -> S3Problem {
        use S3ProblemKind as Kind;
        let kind = match (&*self.code, self.status) {
            _ if self.credentials.is_some() => self.credentials.unwrap_or(Kind::Other),
            _ if self.is_expired() => Kind::Expired,
            (
                "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "InvalidToken"
                | "UnrecognizedClientException",
                _,
            ) => Kind::WrongCredentials,
            ("NoSuchBucket", _) => Kind::NoBucket,
            ("RequestTimeTooSkewed", _) => Kind::Clock,
            (
                "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException",
                _,
            )
            | (_, 301) => Kind::Region,
            ("InvalidBucketName", _) => Kind::Name,
            _ if self.is_construction => Kind::Setting,
            _ if self.is_of_load() => Kind::Busy,
            (_, 500..) => Kind::Busy,
            _ if self.is_partial => Kind::Busy,
            (_, 401 | 403) => Kind::AccessDenied,
            (_, 404) => Kind::NoBucket,
            (_, 0) if self.detail.contains("certificate") => Kind::Certificate,
            (_, 0) => Kind::Unreachable,
            _ => Kind::Other,
        };
        S3Problem { kind, detail: self.detail }
    }

    /// As the reason why an object cannot be read.
    pub(super) fn read_error(self) -> ReadError {
        let kind = match (&*self.code, self.status) {
            _ if self.is_end() => FaultKind::Expired,
            ("InvalidObjectState", _) => archived(self.archived.as_deref()),
            (code, _) if code.starts_with("KMS.") => FaultKind::KmsDenied,
            (_, 403) if self.detail.contains("kms:") => FaultKind::KmsDenied,
            (_, 401 | 403) => FaultKind::AccessDenied,
            (_, 404) => FaultKind::Missing,
            _ => FaultKind::Read,
        };
        ReadError { kind, detail: self.detail }
    }
}

/// The fault of an archived object whose class was not in the listing.
fn archived(class: Option<&str>) -> FaultKind {
    match class {
        Some("GLACIER") => FaultKind::ArchivedGlacier,
        Some("DEEP_ARCHIVE") => FaultKind::ArchivedDeep,
        _ => FaultKind::ArchivedTiering,
    }
}

/// The text of an XML element in a response.
fn element(xml: &[u8], name: &str) -> String {
    let xml = String::from_utf8_lossy(xml);
    let after = xml.split_once(&format!("<{name}>")).map(|(_, after)| after);
    after.and_then(|after| after.split_once('<')).map(|(text, _)| text.to_owned()).unwrap_or_default()
}

/// An error before a request was sent.
pub(super) fn problem(kind: S3ProblemKind, error: &dyn Error) -> S3Problem {
    S3Problem { kind, detail: causes(error) }
}

/// The credentials errors among the causes of an error, the innermost last: those of a role may be caused by those of
/// the identity that assumes it.
fn credentials_errors<'e>(error: &'e (dyn Error + 'static)) -> Vec<&'e CredentialsError> {
    let mut found = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        found.extend(error.downcast_ref::<CredentialsError>());
        next = error.source();
    }
    found
}

fn credentials_problem(error: &CredentialsError) -> S3ProblemKind {
    let said = causes(error).to_lowercase();
    match error {
        CredentialsError::CredentialsNotLoaded(_) => S3ProblemKind::NoCredentials,
        _ if said.contains("expired") || said.contains("sso token") => S3ProblemKind::Expired,
        _ if said.contains("external process") => S3ProblemKind::Program,
        _ if said.contains("imds") => S3ProblemKind::NoCredentials,
        _ if said.contains("dispatch failure") || said.contains("timed out") => S3ProblemKind::Unreachable,
        _ if said.contains("accessdenied") => S3ProblemKind::Role,
        _ => S3ProblemKind::WrongCredentials,
    }
}

/// What may be shown of a credentials error: never the output of a credential program.
fn credentials_detail(error: &CredentialsError) -> String {
    let said = causes(error);
    if let Some((_, attempts)) = said.split_once("Attempted:") {
        return reasons(attempts);
    }
    let end = ["Stderr", "stderr", "Stdout", "stdout", "\n"].iter().filter_map(|mark| said.find(mark)).min();
    let said = said[..end.unwrap_or(said.len())].trim_end_matches([' ', ':', '.', ',', '(']).to_owned();
    said.chars().take(LONGEST_DETAIL).collect()
}

/// Which sources of credentials say why they have none, from a line for each source in the default chain. They failed before a
/// program was run, so this holds no output of one.
fn reasons(attempts: &str) -> String {
    let mark = ": the credential provider was not enabled: ";
    let lines = attempts.lines().filter_map(|line| line.trim().split_once(mark));
    let told = lines.filter(|(source, _)| matches!(*source, PROFILE | INSTANCE));
    let told = told.map(|(source, reason)| format!("{BETWEEN_REASONS}{source}: {reason}"));
    format!("no credentials were found{}", told.collect::<String>())
}

/// What is between reasons.
pub(super) const BETWEEN_REASONS: &str = "; ";

/// What the SDK calls the profile in its chain.
pub(super) const PROFILE: &str = "Profile";

/// What the SDK calls the metadata service in its chain.
pub(super) const INSTANCE: &str = "Ec2InstanceMetadata";

/// The maximum length of a credentials message.
const LONGEST_DETAIL: usize = 400;

/// The first of the causes of an error.
fn innermost(error: &dyn Error) -> String {
    let mut first = error;
    while let Some(cause) = first.source() {
        first = cause;
    }
    first.to_string()
}

/// An error and its causes, without those that only repeat the previous line.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let cause = in_words(error);
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        next = error.source();
    }
    text
}

/// An error of the SDK as its code and message; nothing for the one around it, which only says that it is not in the SDK's model.
fn in_words(error: &(dyn Error + 'static)) -> String {
    let Some(answer) = error.downcast_ref::<ErrorMetadata>() else {
        let is_around = error.source().is_some_and(|source| source.is::<ErrorMetadata>());
        return if is_around { String::new() } else { error.to_string() };
    };
    match (answer.code(), answer.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(text), None) | (None, Some(text)) => text.to_owned(),
        (None, None) => "no reason".to_owned(),
    }
}
