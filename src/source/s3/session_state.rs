//! The state of a session, shared by all archives of a run.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::lock;
use super::mirror::Mirror;
use super::store::Store;
use super::traffic::Counters;
use crate::source::S3Settings;

/// The state shared by all archives of a run.
#[derive(Debug)]
pub(super) struct SessionState {
    pub(super) settings: S3Settings,
    pub(super) counters: Arc<Counters>,
    /// One permit per request in flight.
    pub(super) gate: Semaphore,
    /// Limits how many mirror files are read and written at once.
    pub(super) disk: Semaphore,
    /// By bucket: several archives may be in one.
    pub(super) mirrors: Mutex<HashMap<String, MirrorOfStore>>,
    pub(super) handle: Handle,
}

/// The mirror of a bucket, and the store that the bucket is in.
#[derive(Debug)]
pub(super) struct MirrorOfStore {
    store: Store,
    mirror: Arc<Mirror>,
}

impl SessionState {
    /// The copy of a bucket of a store. Its folder has the name of the bucket, so buckets of two stores that have the same name are
    /// refused.
    pub(super) fn mirror(&self, folder: &Path, bucket: &str, store: &Store) -> io::Result<Arc<Mirror>> {
        let mut mirrors = lock(&self.mirrors);
        match mirrors.get(bucket) {
            Some(known) if known.store == *store => return Ok(Arc::clone(&known.mirror)),
            Some(_) => {
                let what = format!(
                    "two stores have a bucket '{bucket}': read them in two runs, each with a mirror of its own"
                );
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
            }
            None => {}
        }
        let mirror = Arc::new(Mirror::open(folder, bucket)?);
        let of_store = MirrorOfStore { store: store.clone(), mirror: Arc::clone(&mirror) };
        mirrors.insert(bucket.to_owned(), of_store);
        Ok(mirror)
    }
}
