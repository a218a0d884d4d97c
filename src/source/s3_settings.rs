//! How buckets are reached: plain values, also in a build without S3.

use std::path::PathBuf;
use std::time::Duration;

/// How buckets are reached. The default is the default chain of the AWS SDKs: environment, profile, container, instance.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// A profile of the AWS configuration files.
    pub profile: Option<String>,
    /// The Region to begin with; a bucket in another one is found by itself.
    pub region: Option<String>,
    /// Another store than AWS. It counts for S3 only, not for STS.
    pub endpoint_url: Option<String>,
    /// Bucket names in the path and not in the host; by itself with an endpoint and for names with dots.
    pub path_style: Option<bool>,
    /// No credentials: public buckets.
    pub anonymous: bool,
    /// The requester agrees to pay.
    pub request_payer: bool,
    /// Roles to assume, one with the credentials of the one before.
    pub roles: Vec<S3Role>,
    /// How the sessions of all roles are called; it shows in the trails of their accounts.
    pub role_session_name: String,
    /// How many requests are under way at once, at least 1.
    pub concurrency: usize,
    /// About how many bytes of objects wait in memory at once. A larger object is read alone.
    pub bytes_ahead: usize,
    /// No object is fetched that has more bytes as stored than this: it must fit into memory.
    pub max_object_size: u64,
    /// How long an answer may stand still before it is asked for again.
    pub patience: Duration,
    /// How long a request is made again that fails for reasons that may pass.
    pub outage: Duration,
    /// A local folder to keep the objects in.
    pub mirror: Option<PathBuf>,
    /// Asked now and then, while an archive is opened, whether to give up.
    pub interrupted: fn() -> bool,
}

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Role {
    /// `arn:aws:iam::123456789012:role/name`
    pub arn: String,
    /// What its owner wants to hear.
    pub external_id: Option<String>,
}

/// Sessions are called so unless someone says otherwise: an import is recognised in the trail it leaves.
pub const DEFAULT_ROLE_SESSION_NAME: &str = "firstseen-log-import";

/// Requests under way at once. On a loopback 8 are as fast as more, and 64 cost nothing; at 40 ms for each answer 64 are
/// 1,400 objects a second. More would be faster still, but a store may have others to serve (docs/performance.md).
pub const DEFAULT_CONCURRENCY: usize = 64;

impl Default for S3Settings {
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
            concurrency: DEFAULT_CONCURRENCY,
            bytes_ahead: 64 << 20,
            max_object_size: u64::MAX,
            patience: Duration::from_secs(10),
            outage: Duration::from_secs(120),
            mirror: None,
            interrupted: || false,
        }
    }
}
