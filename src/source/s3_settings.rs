//! Settings for access to buckets: plain values, also in a build without S3.

use std::path::PathBuf;
use std::time::Duration;

/// How a bucket is reached. The default is the default chain of the AWS SDKs: environment, profile, container, instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Access {
    /// A profile of the AWS configuration files.
    pub profile: Option<String>,
    /// The Region to start with; that of a bucket elsewhere is detected.
    pub region: Option<String>,
    /// A store other than AWS. Applies only to S3, not to STS.
    pub endpoint_url: Option<String>,
    /// Bucket names in the path instead of the host; automatic with an endpoint and for names with dots.
    pub path_style: Option<bool>,
    /// No credentials: public buckets.
    pub anonymous: bool,
    /// The requester agrees to pay.
    pub request_payer: bool,
    /// Roles to assume, each with the credentials of the previous one.
    pub roles: Vec<S3Role>,
    /// The session name of all roles; it appears in the trails of their accounts.
    pub role_session_name: String,
}

/// The key that requests are signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Its id, which is no secret.
    pub id: String,
    /// The account that it belongs to, if the source of the credentials says so.
    pub account: Option<String>,
}

/// Settings for reading buckets.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// How buckets are reached, except those of archives that say it themselves.
    pub access: S3Access,
    /// How many requests are in flight at once, at least 1.
    pub concurrency: usize,
    /// Approximately how many bytes of objects wait in memory at once. A larger object is read alone.
    pub bytes_ahead: usize,
    /// Objects with more stored bytes than this are not fetched: an object must fit into memory.
    pub max_object_size: u64,
    /// How long a response may stall before it is requested again.
    pub patience: Duration,
    /// How long a request that fails for transient reasons is repeated.
    pub outage: Duration,
    /// A local folder to store the objects in.
    pub mirror: Option<PathBuf>,
    /// Whether digests and aggregated events are listed, as skipped objects. Otherwise their folders are not listed at all.
    pub lists_digests: bool,
    /// Polled while an archive is opened: whether to give up.
    pub interrupted: fn() -> bool,
}

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Role {
    /// `arn:aws:iam::123456789012:role/name`
    pub arn: String,
    /// The external id that its owner requires.
    pub external_id: Option<String>,
}

/// The default session name: an import is recognisable in the trail it leaves.
pub const DEFAULT_ROLE_SESSION_NAME: &str = "firstseen-log-import";

/// Requests in flight at once. On a loopback 8 are as fast as more, and 64 cost nothing; at 40 ms per response 64 give
/// 1,400 objects a second. More would be faster still, but a store may have others to serve (docs/performance.md).
pub const DEFAULT_CONCURRENCY: usize = 64;

impl Default for S3Access {
    fn default() -> Self {
        Self {
            profile: None,
            region: None,
            endpoint_url: None,
            path_style: None,
            anonymous: false,
            request_payer: false,
            roles: Vec::new(),
            role_session_name: DEFAULT_ROLE_SESSION_NAME.to_owned(),
        }
    }
}

impl Default for S3Settings {
    fn default() -> Self {
        Self {
            access: S3Access::default(),
            concurrency: DEFAULT_CONCURRENCY,
            bytes_ahead: 64 << 20,
            max_object_size: u64::MAX,
            patience: Duration::from_secs(10),
            outage: Duration::from_secs(120),
            mirror: None,
            lists_digests: false,
            interrupted: || false,
        }
    }
}
