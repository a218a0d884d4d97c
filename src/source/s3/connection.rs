//! What archives that are reached in the same way share: credentials, and whether they still work.

use std::sync::{Arc, Mutex, OnceLock};

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use tokio::time::Instant;

use super::failure::Failure;
use super::session_state::SessionState;
use super::store::Store;
use crate::model::partition_of;
use crate::source::{AccessKey, S3Access, S3Problem};

/// The variable that names another store for S3 alone.
const OF_S3: &str = "AWS_ENDPOINT_URL_S3";

/// A way to reach buckets. When it fails, other archives of the run are still read.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) access: S3Access,
    pub(super) config: SdkConfig,
    /// The host of the last request.
    pub(super) host: Arc<Mutex<String>>,
    /// Why no more requests are made: no credentials, or no responses.
    pub(super) ended: OnceLock<Failure>,
    /// The time of the last response.
    pub(super) answered: Mutex<Instant>,
    pub(super) session: Arc<SessionState>,
}

impl Connection {
    pub(super) fn new(access: S3Access, config: SdkConfig, session: &Arc<SessionState>) -> Self {
        Self {
            access,
            config,
            host: Arc::default(),
            ended: OnceLock::new(),
            answered: Mutex::new(Instant::now()),
            session: Arc::clone(session),
        }
    }

    /// The key that requests are signed with, if there is one. No request is made for it, except those that get credentials.
    pub(super) async fn access_key(&self) -> Option<AccessKey> {
        let credentials = self.config.credentials_provider()?.provide_credentials().await.ok()?;
        let account = credentials.account_id().map(|account| account.as_str().to_owned());
        Some(AccessKey { id: credentials.access_key_id().to_owned(), account })
    }

    /// The store that is reached, with the Region of a bucket in it.
    pub(super) fn store(&self, region: Option<&str>) -> Store {
        match self.endpoint() {
            Some(url) => Store::Other(Box::new((url, self.access.clone()))),
            None => Store::Partition(partition_of(region.unwrap_or_default())),
        }
    }

    /// The URL of a store that was named. An empty variable counts as none.
    pub(super) fn endpoint(&self) -> Option<String> {
        let of_run = std::env::var(OF_S3).ok();
        let of_config = self.config.endpoint_url().map(str::to_owned);
        [self.access.endpoint_url.clone(), of_run, of_config]
            .into_iter()
            .flatten()
            .find(|url| !url.is_empty())
    }

    /// Whether the SDK would take an empty variable for the URL of a store.
    pub(super) fn has_empty_endpoint() -> bool {
        let is_empty = |name| std::env::var_os(name).map(|url| url.is_empty());
        is_empty(OF_S3).or_else(|| is_empty("AWS_ENDPOINT_URL")) == Some(true)
    }

    /// See [`S3Access::explain`].
    pub(super) fn explain(&self, problem: S3Problem) -> S3Problem {
        self.access.explain(problem)
    }
}
