//! The state of a session, shared by all archives of a run.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::failure::Failure;
use super::lock;
use super::mirror::Mirror;
use super::traffic::Counters;
use crate::source::S3Settings;

/// The state shared by all archives of a run.
#[derive(Debug)]
pub(super) struct SessionState {
    pub(super) settings: S3Settings,
    pub(super) counters: Arc<Counters>,
    /// The host of the last request to a bucket.
    pub(super) host: Arc<Mutex<String>>,
    /// One permit per request in flight.
    pub(super) gate: Semaphore,
    /// Limits how many mirror files are read and written at once.
    pub(super) disk: Semaphore,
    /// Why no more requests are made: no credentials, or no responses.
    pub(super) ended: OnceLock<Failure>,
    /// The time of the last response.
    pub(super) answered: Mutex<Instant>,
    /// By bucket: several archives may be in one.
    pub(super) mirrors: Mutex<HashMap<String, Arc<Mirror>>>,
    pub(super) handle: Handle,
}

impl SessionState {
    /// The copy of a bucket.
    pub(super) fn mirror(&self, folder: &Path, bucket: &str) -> io::Result<Arc<Mirror>> {
        let mut mirrors = lock(&self.mirrors);
        if let Some(mirror) = mirrors.get(bucket) {
            return Ok(Arc::clone(mirror));
        }
        let mirror = Arc::new(Mirror::open(folder, bucket)?);
        mirrors.insert(bucket.to_owned(), Arc::clone(&mirror));
        Ok(mirror)
    }
}
