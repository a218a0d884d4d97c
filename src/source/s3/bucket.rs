//! One archive in S3: a bucket and a prefix in it.

use std::borrow::Cow;
use std::sync::Arc;

use aws_config::Region;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::list_objects_v2::builders::ListObjectsV2FluentBuilder;
use aws_sdk_s3::types::{EncodingType, OptionalObjectAttributes, RequestPayer};
use percent_encoding::percent_decode_str;
use tokio::time::Instant;

use super::connection::Connection;
use super::failure::Failure;
use super::mirror::Mirror;
use super::pagination::Pagination;
use super::retry::{with_retries, with_retries_at_start};
use super::session_state::SessionState;
use super::store::Store;
use super::traffic::{CountAttempts, NoteHost, count};
use super::whole_answer::CheckEnd;
use super::{diagnosis, lock};
use crate::coverage::ObjectSkip;
use crate::model::Text;
use crate::source::object_key::folders_of_clusters;
use crate::source::s3_name::S3Name;
use crate::source::{ArchiveError, GivenArchive, LogObject, S3Access, S3Problem, S3ProblemKind};

impl S3Access {
    /// Attributes a problem with credentials to the profile or role that they come from.
    pub(super) fn explain(&self, problem: S3Problem) -> S3Problem {
        let named = self.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok());
        match (problem.kind, named) {
            // Without a profile on the command line, the whole chain is used.
            (S3ProblemKind::NoCredentials, named) if self.profile.is_none() => {
                let kind = if named.is_some() { S3ProblemKind::Profile } else { problem.kind };
                let profile = named.as_deref().unwrap_or("default");
                S3Problem { kind, detail: diagnosis::credentials(profile, &problem.detail) }
            }
            (S3ProblemKind::NoCredentials, Some(profile)) => {
                let detail = diagnosis::profile(&profile, &problem.detail);
                S3Problem { kind: S3ProblemKind::Profile, detail }
            }
            (S3ProblemKind::WrongCredentials, Some(profile)) => S3Problem {
                kind: S3ProblemKind::Profile,
                detail: format!("profile '{profile}': {}", problem.detail),
            },
            (S3ProblemKind::Program, named) => {
                let profile = named.as_deref().unwrap_or("default");
                S3Problem { detail: format!("profile '{profile}': {}", problem.detail), ..problem }
            }
            (S3ProblemKind::Expired, Some(profile)) => {
                S3Problem { detail: format!("profile '{profile}': {}", problem.detail), ..problem }
            }
            (S3ProblemKind::WrongCredentials, None) if !self.roles.is_empty() => {
                S3Problem { kind: S3ProblemKind::Role, ..problem }
            }
            _ => problem,
        }
    }
}

/// One archive.
#[derive(Clone, Debug)]
pub(in crate::source) struct Bucket(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    /// Empty, or a folder with its `/`. Paths of objects are relative to it.
    prefix: String,
    /// The name in the folder, if the archive is a single object.
    single: Option<String>,
    client: Client,
    /// Where its name is unique.
    store: Store,
    connection: Arc<Connection>,
    mirror: Option<Arc<Mirror>>,
}

impl Bucket {
    /// Opens `s3://bucket[/prefix]`.
    pub(super) async fn open(
        archive: &GivenArchive,
        connection: &Arc<Connection>,
    ) -> Result<Self, ArchiveError> {
        let failed =
            |problem| ArchiveError::S3 { name: archive.described(), problem: connection.explain(problem) };
        let name = archive.location.to_string_lossy();
        let named = S3Name::parse(&name).map_err(|reason| failed(bad_name(reason)))?;
        let (bucket, key) = (&*named.bucket, named.key);
        let mut inner = Inner {
            name: bucket.to_owned(),
            prefix: String::new(),
            single: None,
            client: client(connection, bucket, named.region().map(str::to_owned)),
            store: connection.store(None),
            connection: Arc::clone(connection),
            mirror: None,
        };
        let folder = if key.is_empty() { String::new() } else { format!("{key}/") };
        if inner.first_key(&folder).await.map_err(failed)?.is_some() {
            inner.prefix = folder;
        } else if !key.is_empty() && inner.first_key(key).await.map_err(failed)?.as_deref() == Some(key) {
            let (folder, single) = key.rsplit_once('/').map_or(("", key), |(folder, name)| (folder, name));
            inner.prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            inner.single = Some(single.to_owned());
        } else {
            let detail = match key {
                "" => "the bucket holds no object".to_owned(),
                key => format!("no object of the bucket '{bucket}' lies below '{key}/'"),
            };
            if key.contains(['*', '?']) {
                return Err(failed(bad_name(format!("{detail}; patterns are for files"))));
            }
            return Err(failed(S3Problem { kind: S3ProblemKind::Empty, detail }));
        }
        let region = inner.client.config().region().map(|region| region.as_ref());
        inner.store = connection.store(region);
        let session = &connection.session;
        if let Some(folder) = &session.settings.mirror {
            let mirror = session.mirror(folder, bucket, &inner.store);
            inner.mirror =
                Some(mirror.map_err(|source| ArchiveError::Mirror {
                    folder: folder.display().to_string(),
                    source,
                })?);
        }
        Ok(Self(Arc::new(inner)))
    }

    /// The folder at which the archive begins: empty, or with its `/`.
    pub(super) fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// What of the prefix says of which cluster its logs are.
    pub(in crate::source) fn above(&self) -> Option<Text> {
        folders_of_clusters(&self.0.prefix)
    }

    /// What to list first: the folder, or the single object.
    pub(super) fn start(&self) -> String {
        format!("{}{}", self.0.prefix, self.0.single.as_deref().unwrap_or_default())
    }

    /// Whether the archive is a single object.
    pub(super) fn is_single(&self) -> bool {
        self.0.single.is_some()
    }

    /// Whether everything in this archive is also in another one.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.0.name == other.0.name
            && self.0.store == other.0.store
            && !other.is_single()
            && self.start().starts_with(other.prefix())
    }

    /// The key of an object of this archive.
    pub(super) fn key(&self, object: &LogObject) -> String {
        format!("{}{}", self.0.prefix, object.path)
    }

    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    /// Where its name is unique.
    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(super) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(super) fn state(&self) -> &Arc<SessionState> {
        &self.0.connection.session
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.0.connection
    }

    /// Whether objects without events of this kind are listed, too: those that verifying needs.
    pub(super) fn lists(&self, reason: ObjectSkip) -> bool {
        let verifies = self.state().settings.lists_digests;
        match reason {
            ObjectSkip::Digest => verifies || self.mirror().is_some(),
            ObjectSkip::Aggregated => verifies,
            _ => false,
        }
    }

    pub(super) fn mirror(&self) -> Option<&Mirror> {
        self.0.mirror.as_deref()
    }

    /// One page of a list. Transient failures are waited out, since everything else depends on it.
    pub(super) async fn page(
        &self,
        ask: impl FnOnce(ListObjectsV2FluentBuilder) -> ListObjectsV2FluentBuilder,
    ) -> Result<ListObjectsV2Output, Failure> {
        let (state, connection) = (self.state(), self.connection());
        let list = ask(self.0.list());
        // Never closed.
        let _permit = state.gate.acquire().await;
        count(&state.counters.lists);
        with_retries(connection, || list.clone().send()).await
    }
}

impl Inner {
    /// The first key with this prefix. Switches to the Region of the bucket.
    async fn first_key(&mut self, prefix: &str) -> Result<Option<String>, S3Problem> {
        let (mut token, mut pagination) = (None::<String>, Pagination::default());
        loop {
            let ask = |list: ListObjectsV2FluentBuilder| {
                list.prefix(prefix).max_keys(1).set_continuation_token(token.clone())
            };
            let page = match self.first_page(ask).await {
                Err(Failure { region: Some(region), .. }) => {
                    self.client = client(&self.connection, &self.name, Some(region));
                    self.first_page(ask).await
                }
                answer => answer,
            };
            let page = page.map_err(|failure| self.explain(failure))?;
            if let Some(key) = page.contents().first().and_then(|object| object.key()) {
                return Ok(Some(decode(key, &page)));
            }
            // A page can be empty although more follow. Their start is requested again when the archive is listed.
            match pagination.next(&page, token.as_deref()) {
                Ok(Some(next)) => token = Some(next),
                Ok(None) => return Ok(None),
                Err(detail) => return Err(S3Problem { kind: S3ProblemKind::Other, detail }),
            }
        }
    }

    /// The reason why the bucket cannot be used; if there was no response, with the host.
    fn explain(&self, failure: Failure) -> S3Problem {
        let is_of_credentials = failure.is_of_credentials();
        let problem = failure.problem();
        let host = lock(&self.connection.host).clone();
        if problem.detail.starts_with("HTTP status") {
            let detail = format!("{host} does not answer as S3 does: {}", problem.detail);
            return S3Problem { detail, ..problem };
        }
        if problem.kind == S3ProblemKind::Unreachable && (is_of_credentials || host.is_empty()) {
            let waited = self.connection.session.settings.patience * 3;
            if let Some(detail) = diagnosis::hanging_program(&self.connection.access, waited) {
                return S3Problem { kind: S3ProblemKind::Program, detail };
            }
        }
        // No request was sent.
        if host.is_empty() && problem.kind == S3ProblemKind::Unreachable && !is_of_credentials {
            let is_late = problem.detail.contains("timeout");
            let what = if is_late { "no credentials came in time: " } else { "" };
            return S3Problem { detail: format!("{what}{}", problem.detail), ..problem };
        }
        if is_of_credentials
            || !matches!(problem.kind, S3ProblemKind::Unreachable | S3ProblemKind::Certificate)
        {
            return problem;
        }
        let region = self.client.config().region().map_or("none", |region| region.as_ref());
        let region = match self.name.starts_with("arn:") {
            true => format!("Region {region}, from its ARN"),
            false => diagnosis::region(&self.connection.access, region),
        };
        let proxy = diagnosis::proxy().map_or(String::new(), |name| format!(", by the proxy of {name}"));
        let detail = format!("no answer from {host} ({region}{proxy}): {}", problem.detail);
        S3Problem { detail, ..problem }
    }

    /// The first page, when the user waits to hear what is wrong.
    async fn first_page(
        &self,
        ask: impl FnOnce(ListObjectsV2FluentBuilder) -> ListObjectsV2FluentBuilder,
    ) -> Result<ListObjectsV2Output, Failure> {
        let session = &self.connection.session;
        count(&session.counters.lists);
        let list = ask(self.list());
        let end = Instant::now() + session.settings.patience * 3;
        let send = || {
            let left = end.saturating_duration_since(Instant::now());
            let timeout = TimeoutConfig::builder().operation_timeout(left).build();
            let config = aws_sdk_s3::config::Builder::new().timeout_config(timeout);
            list.clone().customize().config_override(config).send()
        };
        with_retries_at_start(&self.connection, end, send).await
    }

    fn list(&self) -> ListObjectsV2FluentBuilder {
        self.client
            .list_objects_v2()
            .bucket(&self.name)
            .encoding_type(EncodingType::Url)
            .optional_object_attributes(OptionalObjectAttributes::RestoreStatus)
            .set_request_payer(payer(&self.connection.access))
    }
}

/// Who pays for requests.
pub(super) fn payer(access: &S3Access) -> Option<RequestPayer> {
    access.request_payer.then_some(RequestPayer::Requester)
}

/// A name that does not mean a bucket.
fn bad_name(detail: String) -> S3Problem {
    S3Problem { kind: S3ProblemKind::Name, detail }
}

/// A client for one bucket.
fn client(connection: &Connection, bucket: &str, region: Option<String>) -> Client {
    let Connection { access, config, host, session, .. } = connection;
    let has_endpoint = connection.endpoint().is_some();
    // A certificate for *.s3.amazonaws.com does not cover two labels. An access point has a host of its own.
    let is_access_point = bucket.starts_with("arn:");
    let path_style = !is_access_point && access.path_style.unwrap_or(has_endpoint || bucket.contains('.'));
    let mut builder = aws_sdk_s3::config::Builder::from(config)
        .force_path_style(path_style)
        .interceptor(CountAttempts(Arc::clone(&session.counters)))
        .interceptor(NoteHost(Arc::clone(host)))
        .interceptor(CheckEnd);
    if access.endpoint_url.is_some() || Connection::has_empty_endpoint() {
        builder.set_endpoint_url(connection.endpoint());
    }
    if let Some(region) = region {
        builder = builder.region(Region::new(region));
    }
    Client::from_conf(builder.build())
}

/// Decodes a key or prefix of a page; S3 URL-encodes them, since XML cannot represent every key.
pub(super) fn decode(text: &str, page: &ListObjectsV2Output) -> String {
    if page.encoding_type().is_none() {
        return text.to_owned();
    }
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().map_or_else(|_| text.to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_keys_are_url_decoded() {
        let url = ListObjectsV2Output::builder().encoding_type(EncodingType::Url).build();
        assert_eq!(decode("a%2Bb/c+d%01%C3%A9", &url), "a+b/c d\u{1}\u{e9}");
        assert_eq!(decode("a%FF", &url), "a%FF");
        assert_eq!(decode("a+b", &ListObjectsV2Output::builder().build()), "a+b");
    }
}
