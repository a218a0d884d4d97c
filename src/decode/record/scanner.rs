//! The fast path: walks the keys of a record, takes the used texts as slices and skips the rest.
//!
//! Skipped values are not validated: only their brackets and strings must be balanced. Anything unusual in a
//! used value ends the walk, and the record goes to the fallback reader.

use super::identity_cache::IdentityCache;
use super::key_predictor::KeyPredictor;
use super::walk::{Scanner, Walk, text_at};
use crate::event::{Created, Identity, Issuer, OnBehalfOf, Record, Response};

/// Key predictors learnt from earlier records. They speed up the walk and never change the result.
#[derive(Debug)]
pub(in crate::decode) struct KeyPredictors {
    record: KeyPredictor<RecordField>,
    identity: KeyPredictor<IdentityField>,
}

impl Default for KeyPredictors {
    fn default() -> Self {
        Self {
            record: KeyPredictor::new(RecordField::Unread),
            identity: KeyPredictor::new(IdentityField::Unread),
        }
    }
}

/// The end of a record, and a list that it should not have.
#[derive(Clone, Copy, Debug)]
pub(in crate::decode) struct Extent {
    /// Position after its `}`.
    pub(in crate::decode) end: usize,
    /// Position of a list called `Records` inside the record.
    pub(in crate::decode) nested: Option<usize>,
}

/// Reads the record that begins with the `{` at `start` into `record`, which must be empty; returns its end.
/// If the record needs the fallback reader, `record` has the fields before that point.
pub(in crate::decode) fn record<'a>(
    text: &'a str,
    start: usize,
    predictors: &mut KeyPredictors,
    identities: &mut IdentityCache<'a>,
    record: &mut Record<'a>,
) -> Walk<Extent> {
    let (mut nested, mut details) = (None, None);
    let mut scanner = Scanner::new(text, start);
    scanner.object_in_order(&mut predictors.record, RecordField::of, |scanner, field| {
        match field {
            RecordField::Time => record.event_time = scanner.text()?,
            RecordField::Source => record.event_source = scanner.text()?,
            RecordField::Name => record.event_name = scanner.text()?,
            RecordField::Type => record.event_type = scanner.text()?,
            RecordField::Category => record.event_category = scanner.text()?,
            RecordField::Id => record.event_id = scanner.text()?,
            RecordField::Region => record.region = scanner.text()?,
            RecordField::SourceIp => record.source_ip = scanner.text()?,
            RecordField::UserAgent => record.user_agent = scanner.text()?,
            RecordField::ErrorCode => record.error_code = scanner.text()?,
            RecordField::ErrorMessage => record.error_message = scanner.text()?,
            RecordField::Recipient => record.recipient_account = scanner.text()?,
            RecordField::ReadOnly => record.read_only = scanner.flag()?,
            RecordField::FromConsole => record.from_console = scanner.flag()?,
            RecordField::Identity => {
                scanner.read_identity(&mut predictors.identity, identities, &mut record.identity)?
            }
            RecordField::Request => {
                let start = scanner.at;
                scanner.skip()?;
                record.request.0 = Some(&text[start..scanner.at]);
            }
            RecordField::Response => {
                let start = scanner.at;
                scanner.skip()?;
                record.response_text.0 = Some(&text[start..scanner.at]);
            }
            RecordField::ServiceDetails => {
                let start = scanner.at;
                scanner.skip()?;
                details = Some(&text[start..scanner.at]);
            }
            RecordField::Resources => {
                let start = scanner.at;
                scanner.skip()?;
                record.resources.0 = Some(&text[start..scanner.at]);
            }
            RecordField::Records => {
                nested = (scanner.peek() == Some(b'[')).then_some(scanner.at);
                scanner.skip()?;
            }
            RecordField::Unread => scanner.skip()?,
        }
        Ok(())
    })?;
    let end = scanner.at;
    if let Some(response) = record.response_text.0
        && Record::creates_principal(record.event_name)
    {
        record.response = Scanner::new(response, 0).response()?;
    }
    if record.signs_in() {
        record.response.sign_in = sign_in_result(record, details)?;
    }
    Ok(Extent { end, nested })
}

/// What a sign-in says of its result, in `responseElements` or in `serviceEventDetails`.
#[cold]
fn sign_in_result<'a>(record: &Record<'a>, details: Option<&'a str>) -> Walk<Option<&'a str>> {
    let Some(name) = record.event_name else { return Ok(None) };
    let result_in = |element: Option<&'a str>| element.map_or(Ok(None), |element| text_at(element, &[name]));
    Ok(result_in(record.response_text.0)?.or(result_in(details)?))
}

impl<'a> Scanner<'a> {
    /// Reads `userIdentity` into `identity`, from the cache if the same text is cached.
    #[inline]
    fn read_identity(
        &mut self,
        order: &mut KeyPredictor<IdentityField>,
        identities: &mut IdentityCache<'a>,
        identity: &mut Identity<'a>,
    ) -> Walk<()> {
        let start = self.at;
        if let Some((known, length)) = identities.find(&self.text[start..]) {
            self.at += length;
            identity.clone_from(known);
            return Ok(());
        }
        if self.peek() != Some(b'{') {
            *identity = Identity::default();
            return self.skip();
        }
        *identity = self.identity(order)?.with_known();
        identities.remember(&self.text[start..self.at], identity);
        Ok(())
    }

    fn identity(&mut self, order: &mut KeyPredictor<IdentityField>) -> Walk<Identity<'a>> {
        let mut identity = Identity::default();
        self.object_in_order(order, IdentityField::of, |scanner, field| {
            match field {
                IdentityField::Type => identity.identity_type = scanner.text()?,
                IdentityField::PrincipalId => identity.principal_id = scanner.text()?,
                IdentityField::Arn => identity.arn = scanner.text()?,
                IdentityField::AccountId => identity.account_id = scanner.text()?,
                IdentityField::AccessKeyId => identity.access_key_id = scanner.text()?,
                IdentityField::UserName => identity.user_name = scanner.text()?,
                IdentityField::InvokedBy => identity.invoked_by = scanner.text()?,
                IdentityField::CredentialId => identity.credential_id = scanner.text()?,
                IdentityField::OnBehalfOf => identity.on_behalf_of = scanner.on_behalf_of()?,
                IdentityField::SessionContext => {
                    (identity.issuer, identity.assumed_root) = scanner.session_context()?;
                }
                IdentityField::Unread => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok(identity)
    }

    fn on_behalf_of(&mut self) -> Walk<OnBehalfOf<'a>> {
        let mut on_behalf_of = OnBehalfOf::default();
        self.object_or_other(|scanner, key| {
            match key {
                "userId" => on_behalf_of.user_id = scanner.text()?,
                "identityStoreArn" => on_behalf_of.identity_store = scanner.text()?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok(on_behalf_of)
    }

    fn session_context(&mut self) -> Walk<(Issuer<'a>, Option<bool>)> {
        let (mut issuer, mut assumed_root) = (Issuer::default(), None);
        self.object_or_other(|scanner, key| {
            match key {
                "sessionIssuer" => issuer = scanner.issuer()?,
                "assumedRoot" => assumed_root = scanner.flag()?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok((issuer, assumed_root))
    }

    fn issuer(&mut self) -> Walk<Issuer<'a>> {
        let mut issuer = Issuer::default();
        self.object_or_other(|scanner, key| {
            match key {
                "arn" => issuer.arn = scanner.text()?,
                "principalId" => issuer.principal_id = scanner.text()?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok(issuer)
    }

    fn response(&mut self) -> Walk<Response<'a>> {
        let mut response = Response::default();
        self.object_or_other(|scanner, key| {
            match key {
                "role" => response.role = scanner.created("roleId")?,
                "user" => response.user = scanner.created("userId")?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok(response)
    }

    fn created(&mut self, id_key: &str) -> Walk<Created<'a>> {
        let mut created = Created::default();
        self.object_or_other(|scanner, key| {
            match key {
                "arn" => created.arn = scanner.text()?,
                _ if key == id_key => created.id = scanner.text()?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok(created)
    }
}

/// The members of a record that are read.
#[derive(Clone, Copy, Debug)]
enum RecordField {
    Time,
    Source,
    Name,
    Type,
    Category,
    Id,
    Region,
    SourceIp,
    UserAgent,
    ErrorCode,
    ErrorMessage,
    Recipient,
    ReadOnly,
    FromConsole,
    Identity,
    Request,
    Response,
    ServiceDetails,
    Resources,
    Records,
    Unread,
}

impl RecordField {
    fn of(key: &str) -> Self {
        match key {
            "eventTime" => Self::Time,
            "eventSource" => Self::Source,
            "eventName" => Self::Name,
            "eventType" => Self::Type,
            "eventCategory" => Self::Category,
            "eventID" => Self::Id,
            "awsRegion" => Self::Region,
            "sourceIPAddress" => Self::SourceIp,
            "userAgent" => Self::UserAgent,
            "errorCode" => Self::ErrorCode,
            "errorMessage" => Self::ErrorMessage,
            "recipientAccountId" => Self::Recipient,
            "readOnly" => Self::ReadOnly,
            "sessionCredentialFromConsole" => Self::FromConsole,
            "userIdentity" => Self::Identity,
            "requestParameters" => Self::Request,
            "responseElements" => Self::Response,
            "serviceEventDetails" => Self::ServiceDetails,
            "resources" => Self::Resources,
            "Records" => Self::Records,
            _ => Self::Unread,
        }
    }
}

/// The members of `userIdentity` that are read.
#[derive(Clone, Copy, Debug)]
enum IdentityField {
    Type,
    PrincipalId,
    Arn,
    AccountId,
    AccessKeyId,
    UserName,
    InvokedBy,
    CredentialId,
    OnBehalfOf,
    SessionContext,
    Unread,
}

impl IdentityField {
    fn of(key: &str) -> Self {
        match key {
            "type" => Self::Type,
            "principalId" => Self::PrincipalId,
            "arn" => Self::Arn,
            "accountId" => Self::AccountId,
            "accessKeyId" => Self::AccessKeyId,
            "userName" => Self::UserName,
            "invokedBy" => Self::InvokedBy,
            "credentialId" => Self::CredentialId,
            "onBehalfOf" => Self::OnBehalfOf,
            "sessionContext" => Self::SessionContext,
            _ => Self::Unread,
        }
    }
}
