//! What S3 and the SDK say, in our words. Nothing of a request enters a text, so that no secret can.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::coverage::FaultKind;
use crate::source::{ReadError, S3Problem, S3ProblemKind};

/// What may be expected of another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlook {
    /// It will fail in the same way.
    Final,
    /// It may well succeed.
    Passing,
    /// It will succeed as soon as fewer requests are made.
    Throttled,
}

/// A failed request.
#[derive(Debug)]
pub(super) struct Failure {
    /// S3's name for it.
    code: String,
    /// HTTP status, if there was an answer.
    status: u16,
    /// The Region that the bucket is in, if S3 said so.
    pub(super) region: Option<String>,
    /// Where credentials came from, or why they did not come.
    credentials: Option<S3ProblemKind>,
    detail: String,
}

impl Failure {
    /// What an error of the SDK says.
    pub(super) fn new<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let response = error.raw_response();
        let code = error.code().unwrap_or_default().to_owned();
        let header = |name| response.and_then(|response| response.headers().get(name)).map(str::to_owned);
        let status = response.map_or(0, |response| response.status().as_u16());
        let credentials = credentials_error(error).map(|error| (credentials_problem(error), causes(error)));
        let detail = match (error.message(), &*code) {
            _ if credentials.is_some() => {
                credentials.as_ref().map(|(_, detail)| detail.clone()).unwrap_or_default()
            }
            (Some(message), "") => message.to_owned(),
            (Some(message), code) => format!("{code}: {message}"),
            (None, "") if status > 0 => format!("HTTP status {status}"),
            (None, "") => causes(error),
            (None, code) => format!("{code} (HTTP status {status})"),
        };
        Self {
            code,
            status,
            region: header("x-amz-bucket-region"),
            credentials: credentials.map(|(kind, _)| kind),
            detail,
        }
    }

    /// Whether another try may help, and how soon.
    pub(super) fn outlook(&self) -> Outlook {
        let is = |codes: &[&str]| codes.iter().any(|code| self.code.contains(code));
        if self.credentials.is_some() {
            Outlook::Final
        } else if matches!(self.status, 429 | 503) || is(&["SlowDown", "Throttling", "RequestLimit"]) {
            Outlook::Throttled
        } else if matches!(self.status, 0 | 500..) || is(&["RequestTimeout", "InternalError"]) {
            Outlook::Passing
        } else {
            Outlook::Final
        }
    }

    /// Whether the credentials ended, so that nothing more will come.
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
            (_, 401 | 403) => Kind::AccessDenied,
            (_, 404) => Kind::NoBucket,
            (_, 0) => Kind::Unreachable,
            _ => Kind::Other,
        };
        S3Problem { kind, detail: self.detail }
    }

    /// As the reason why an object cannot be read.
    pub(super) fn read_error(self) -> ReadError {
        let kind = match (&*self.code, self.status) {
            _ if self.credentials.is_some() || self.is_expired() => FaultKind::Expired,
            ("InvalidObjectState", _) => archived(&self.detail),
            (code, _) if code.starts_with("KMS.") => FaultKind::KmsDenied,
            (_, 403) if self.detail.contains("kms:") => FaultKind::KmsDenied,
            (_, 401 | 403) => FaultKind::AccessDenied,
            (_, 404) => FaultKind::Missing,
            _ => FaultKind::Read,
        };
        ReadError { kind, detail: self.detail }
    }
}

/// The class of an archived object of which the listing said nothing: a tier of S3 Intelligent-Tiering, unless the answer
/// names another class.
fn archived(detail: &str) -> FaultKind {
    if detail.contains("DEEP_ARCHIVE") && !detail.contains("DEEP_ARCHIVE_ACCESS") {
        FaultKind::ArchivedDeep
    } else if detail.contains("GLACIER") {
        FaultKind::ArchivedGlacier
    } else {
        FaultKind::ArchivedTiering
    }
}

/// Something that went wrong before a request was made.
pub(super) fn problem(kind: S3ProblemKind, error: &dyn Error) -> S3Problem {
    S3Problem { kind, detail: causes(error) }
}

/// The error of the credentials, if that is what it comes from.
fn credentials_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e CredentialsError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn credentials_problem(error: &CredentialsError) -> S3ProblemKind {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => S3ProblemKind::NoCredentials,
        _ if causes(error).contains("sts:AssumeRole") => S3ProblemKind::Role,
        _ => S3ProblemKind::WrongCredentials,
    }
}

/// An error and what led to it, without what only repeats the line before.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        next = error.source();
    }
    text
}
