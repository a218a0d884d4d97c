//! The state of a session, which all archives of a run share.

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

/// What all archives of a run share.
#[derive(Debug)]
pub(super) struct SessionState {
    pub(super) settings: S3Settings,
    pub(super) counters: Arc<Counters>,
    /// Whom the last request to a bucket went to.
    pub(super) host: Arc<Mutex<String>>,
    /// One permit for each request under way.
    pub(super) gate: Semaphore,
    /// Files of a mirror are read and written by so many at once.
    pub(super) disk: Semaphore,
    /// Why nobody asks any more: there are no credentials, or nobody answers.
    pub(super) ended: OnceLock<Failure>,
    /// When something was answered at last.
    pub(super) answered: Mutex<Instant>,
    /// By bucket: several archives may lie in one.
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
