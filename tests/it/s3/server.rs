//! An S3 server inside the test process: `s3s-fs`, which checks every signature, behind a layer that refuses,
//! drops, cuts and stalls answers as the test wants, and logs all requests.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use firstseen::checksum::Checksum;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, ETAG, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use md5::{Digest, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::{
    ETag, GetObjectInput, GetObjectOutput, ListObjectsV2Input, ListObjectsV2Output, ObjectStorageClass,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::program::program;

/// The key pair of the only user.
pub(crate) const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct LoggedRequest {
    /// Counted from 0.
    pub(crate) number: usize,
    /// The number of earlier requests for the same path and query.
    pub(crate) before: usize,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HashMap<String, String>,
    /// Parameters of a call to STS.
    pub(crate) form: HashMap<String, String>,
}

impl LoggedRequest {
    pub(crate) fn is_list(&self) -> bool {
        self.query.contains("list-type=2")
    }

    pub(crate) fn is_get(&self) -> bool {
        !self.is_list() && self.form.is_empty()
    }
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Answered normally.
    Serve,
    /// Refused with this status, code, message and headers.
    Refuse(u16, &'static str, &'static str, Vec<(&'static str, String)>),
    /// The connection is closed.
    Drop,
    /// The connection breaks after this many bytes of the body.
    Cut(usize),
    /// The answer stalls after this many bytes of the body.
    Stall(usize),
    /// The answer is delayed.
    Slow(Duration),
    /// The answer waits until these paths were answered.
    Behind(Vec<String>),
    /// The answer, and its content length, is this much shorter than the object.
    Short(usize),
    /// The answer, and its content length, ends after the first element of this name.
    ShortAfter(&'static str),
    /// One byte of the answer is changed.
    Corrupt,
    /// The answer has an additional header.
    With(&'static str, String),
    /// One byte of the answer is changed, and its ETag is this one, or none.
    Other(Option<&'static str>),
    /// An HTML page with status 404, as from a server that is not S3.
    Page,
    /// This XML.
    Xml(String),
}

/// A refusal without a message.
pub(crate) fn refuse(status: u16, code: &'static str) -> Reply {
    Reply::Refuse(status, code, "as the test wants it", Vec::new())
}

type Plan = Box<dyn Fn(&LoggedRequest) -> Reply + Send + Sync>;

/// A running server.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<LoggedRequest>>>,
    _runtime: Runtime,
}

/// State shared by all connections.
struct Shared {
    service: S3Service,
    plan: Plan,
    gauge: Gauge,
    requests: Arc<Mutex<Vec<LoggedRequest>>>,
    /// The paths answered so far.
    done: Mutex<BTreeSet<String>>,
}

/// Settings of a server.
pub(crate) struct Setup {
    store: Store,
    is_public: bool,
    plan: Plan,
    gauge: Gauge,
}

/// The current and the maximum number of concurrent requests.
type Gauge = Arc<(AtomicUsize, AtomicUsize)>;

impl Setup {
    /// Serves the subfolders of `root` as buckets; listings have pages of three keys.
    pub(crate) fn new(root: &Path) -> Self {
        let files = FileSystem::new(root).unwrap();
        let sums = Sums::Neither;
        let store = Store {
            root: root.to_owned(),
            files,
            classes: HashMap::new(),
            page: 3,
            sums,
            signatures: HashMap::new(),
        };
        Self { store, is_public: false, plan: Box::new(|_| Reply::Serve), gauge: Gauge::default() }
    }

    /// Decides the answer to each request.
    pub(crate) fn plan(self, plan: impl Fn(&LoggedRequest) -> Reply + Send + Sync + 'static) -> Self {
        Self { plan: Box::new(plan), ..self }
    }

    /// Sets the storage classes of some keys.
    pub(crate) fn classes(mut self, classes: &[(String, &'static str)]) -> Self {
        self.store.classes = classes.iter().cloned().collect();
        self
    }

    /// The signatures in the metadata of some objects, by key.
    pub(crate) fn signatures(mut self, signatures: HashMap<String, String>) -> Self {
        self.store.signatures = signatures;
        self
    }

    /// Sets the number of keys in a page.
    pub(crate) fn page(mut self, page: i32) -> Self {
        self.store.page = page;
        self
    }

    /// Sets the checksums that the store returns.
    pub(crate) fn sums(mut self, sums: Sums) -> Self {
        self.store.sums = sums;
        self
    }

    /// Accepts unsigned requests.
    pub(crate) fn public(self) -> Self {
        Self { is_public: true, ..self }
    }

    /// Counts concurrent requests.
    pub(crate) fn gauge(self, gauge: Gauge) -> Self {
        Self { gauge, ..self }
    }

    pub(crate) fn start(self) -> Server {
        Server::start(self)
    }
}

impl Server {
    fn start(setup: Setup) -> Self {
        let Setup { store, is_public, plan, gauge } = setup;
        let mut builder = S3ServiceBuilder::new(store);
        if !is_public {
            builder.set_auth(Keys);
        }
        let requests = Arc::<Mutex<Vec<LoggedRequest>>>::default();
        let shared = Arc::new(Shared {
            service: builder.build(),
            plan,
            gauge,
            requests: Arc::clone(&requests),
            done: Mutex::default(),
        });
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let service = service_fn(|request| async {
                        let now = shared.gauge.0.fetch_add(1, Ordering::Relaxed) + 1;
                        shared.gauge.1.fetch_max(now, Ordering::Relaxed);
                        let path = request.uri().path().to_owned();
                        let answer = answer(&shared, request).await;
                        shared.done.lock().unwrap().insert(path);
                        shared.gauge.0.fetch_sub(1, Ordering::Relaxed);
                        answer
                    });
                    let connection = hyper::server::conn::http1::Builder::new();
                    // Cut answers end in an error.
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { url, requests, _runtime: runtime }
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        self.requests.lock().unwrap().clone()
    }

    /// The program, with only the keys of the user in its environment, and where to count what it runs if that is measured: else
    /// it would write that into its folder.
    pub(crate) fn firstseen(&self) -> Command {
        let mut command = program();
        let counts = std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file));
        command
            .env_clear()
            .envs(counts)
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
        command
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Response<Answer>, Closed> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let logged = note(shared, &parts, &body);
    let reply = (shared.plan)(&logged);
    match &reply {
        Reply::Drop => return Err(Closed),
        Reply::Slow(time) => tokio::time::sleep(*time).await,
        Reply::Behind(others) => {
            while !others.iter().all(|path| shared.done.lock().unwrap().contains(path)) {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Reply::Refuse(status, code, message, headers) => {
            let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
            let is_sts = !logged.form.is_empty();
            let text = if is_sts { format!("<ErrorResponse>{error}</ErrorResponse>") } else { error };
            let mut response = Response::new(Answer::whole(Bytes::from(text)));
            *response.status_mut() = StatusCode::from_u16(*status).unwrap();
            for (name, value) in headers {
                response.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
            }
            return Ok(response);
        }
        Reply::Page => {
            let mut response = Response::new(Answer::whole(Bytes::from("<html>not found</html>")));
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
        Reply::Xml(text) => return Ok(Response::new(Answer::whole(Bytes::from(text.clone())))),
        _ => {}
    }
    let request = Request::from_parts(parts, s3s::Body::from(body));
    let (mut parts, body) = shared.service.call(request).await.map_err(|_| Closed)?.into_parts();
    let bytes = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let answer = match reply {
        Reply::Cut(at) if at < bytes.len() => Answer::until(at, &bytes, End::Break),
        Reply::Stall(at) if at < bytes.len() => Answer::until(at, &bytes, End::Stall),
        Reply::Short(by) if parts.status.is_success() => {
            let length = bytes.len().saturating_sub(by);
            parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            Answer::whole(bytes.slice(..length))
        }
        Reply::ShortAfter(tag) if parts.status.is_success() => {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let end = text.find(&format!("</{tag}>")).map_or(text.len(), |at| at + tag.len() + 3);
            parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(end));
            Answer::whole(bytes.slice(..end))
        }
        Reply::Corrupt if parts.status.is_success() => {
            let mut bytes = bytes.to_vec();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x20;
            Answer::whole(Bytes::from(bytes))
        }
        Reply::Other(etag) => {
            match etag {
                Some(etag) => parts.headers.insert(ETAG, HeaderValue::from_static(etag)),
                None => parts.headers.remove(ETAG),
            };
            let mut bytes = bytes.to_vec();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x20;
            Answer::whole(Bytes::from(bytes))
        }
        Reply::With(name, value) => {
            parts.headers.insert(name, HeaderValue::from_str(&value).unwrap());
            Answer::whole(bytes)
        }
        _ => Answer::whole(bytes),
    };
    Ok(Response::from_parts(parts, answer))
}

fn note(shared: &Shared, parts: &hyper::http::request::Parts, body: &Bytes) -> LoggedRequest {
    let mut log = shared.requests.lock().unwrap();
    let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or_default().to_owned());
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let form = if parts.method == Method::POST { form(body) } else { HashMap::new() };
    let logged = LoggedRequest {
        number: log.len(),
        before: log.iter().filter(|logged| logged.path == path && logged.query == query).count(),
        path,
        query,
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        form,
    };
    log.push(logged.clone());
    logged
}

fn form(body: &Bytes) -> HashMap<String, String> {
    let body = String::from_utf8_lossy(body);
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.replace("%3A", ":").replace("%2F", "/"))).collect()
}

/// The connection is closed on purpose.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed on purpose")
    }
}

impl std::error::Error for Closed {}

/// A body that may break off or stall.
struct Answer {
    left: Option<Bytes>,
    end: End,
    total: usize,
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
}

const PAUSE: Duration = Duration::from_millis(10);

enum End {
    Whole,
    Break,
    Stall,
}

impl Answer {
    /// The first `at` bytes, then `end`.
    fn until(at: usize, bytes: &Bytes, end: End) -> Self {
        Self { left: Some(bytes.slice(..at)), end, total: bytes.len(), pause: None }
    }

    fn whole(bytes: Bytes) -> Self {
        Self::until(bytes.len(), &bytes, End::Whole)
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        match (self.left.take().filter(|left| !left.is_empty()), &self.end) {
            (Some(bytes), _) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            (None, End::Whole) => Poll::Ready(None),
            (None, End::Break) => {
                // The bytes sent so far arrive before the connection breaks.
                let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(PAUSE)));
                pause.as_mut().poll(context).map(|()| Some(Err(Closed)))
            }
            (None, End::Stall) => Poll::Pending,
        }
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact(self.total as u64)
    }
}

/// The secret key of the user, and of all sessions from the STS of a test.
struct Keys;

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match access_key {
            ACCESS_KEY => Ok(SecretKey::from(SECRET_KEY)),
            session if session.starts_with("ASIA") => Ok(SecretKey::from(SECRET_KEY)),
            _ => Err(s3_error!(InvalidAccessKeyId)),
        }
    }
}

/// Files as objects, some in another storage class.
struct Store {
    root: PathBuf,
    files: FileSystem,
    classes: HashMap<String, &'static str>,
    page: i32,
    sums: Sums,
    /// In the metadata of objects, by key.
    signatures: HashMap<String, String>,
}

/// The checksums that a store returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sums {
    /// ETags that are not the MD5.
    Neither,
    /// The MD5 as ETag.
    Md5,
    /// SHA-256, with ETags that are not the MD5.
    Sha256,
}

impl Store {
    fn content(&self, bucket: &str, key: &str) -> Vec<u8> {
        std::fs::read(self.root.join(bucket).join(key)).unwrap_or_default()
    }

    /// An ETag that depends on the content.
    fn etag(&self, bucket: &str, key: &str) -> ETag {
        let content = self.content(bucket, key);
        ETag::Strong(match self.sums {
            Sums::Md5 => Md5::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect(),
            Sums::Neither | Sums::Sha256 => Checksum::of(&content).to_string(),
        })
    }
}

/// Encodes a key as S3 does for `encoding-type=url`; `s3s-fs` does not.
fn as_in_url(key: &str) -> String {
    const ESCAPED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');
    utf8_percent_encode(key, ESCAPED).to_string().replace(' ', "+")
}

#[async_trait::async_trait]
impl S3 for Store {
    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        if self.classes.contains_key(&request.input.key) {
            return Err(s3_error!(InvalidObjectState));
        }
        let etag = self.etag(&request.input.bucket, &request.input.key);
        let signature = self.signatures.get(&request.input.key).cloned();
        // S3 sends no checksum of the object with a range of it.
        let is_requested = request.input.checksum_mode.is_some() && request.input.range.is_none();
        let sha256 = (is_requested && self.sums == Sums::Sha256).then(|| {
            let content = self.content(&request.input.bucket, &request.input.key);
            STANDARD.encode(Checksum::of(&content).as_bytes())
        });
        let mut response = self.files.get_object(request).await?;
        let signature = signature.unwrap_or_else(|| "00ff".to_owned());
        response.output.metadata = Some(HashMap::from([("signature".to_owned(), signature)]));
        response.output.e_tag = Some(etag);
        response.output.checksum_sha256 = sha256;
        Ok(response)
    }

    async fn list_objects_v2(
        &self,
        mut request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        request.input.max_keys = request.input.max_keys.or(Some(1000)).map(|keys| keys.min(self.page));
        assert_eq!(request.input.encoding_type.as_ref().map(|kind| kind.as_str()), Some("url"));
        let bucket = request.input.bucket.clone();
        let mut response = self.files.list_objects_v2(request).await?;
        for object in response.output.contents.iter_mut().flatten() {
            let class = object.key.as_ref().and_then(|key| self.classes.get(key));
            object.storage_class = class.map(|class| ObjectStorageClass::from(class.to_string()));
            object.e_tag = object.key.as_ref().map(|key| self.etag(&bucket, key));
            object.key = object.key.take().map(|key| as_in_url(&key));
        }
        for common in response.output.common_prefixes.iter_mut().flatten() {
            common.prefix = common.prefix.take().map(|prefix| as_in_url(&prefix));
        }
        Ok(response)
    }
}
