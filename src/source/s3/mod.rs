//! Archives in S3. The only place that knows the AWS SDK and its runtime.
//!
//! A [`Session`] holds the runtime of a run, a [`Connection`](connection::Connection) credentials, a [`Bucket`] one archive. Listing goes down the layout
//! by common prefixes and merges all Regions by delivery time ([`listing`]); objects are fetched ahead in that order
//! ([`stream`]) and handed out as they arrive. Only a mirror ([`mirror`]) writes to disk.

mod abort;
mod archive;
mod bucket;
mod connect;
mod connection;
mod diagnosis;
mod expected_checksums;
mod failure;
mod fetch;
mod layout;
mod listing;
mod merge;
mod mirror;
mod object_metadata;
mod pagination;
mod permission;
mod prefix_walk;
mod probe;
mod retry;
mod session;
mod session_state;
mod store;
mod stream;
mod traffic;
mod whole_answer;

use super::log_object::Location;
use super::{LogObject, ReadError};

pub(super) use bucket::Bucket;
pub(super) use fetch::Fetched;
pub(super) use session::Session;
pub(super) use stream::Stream;

/// The ETag of an object, as listed.
fn etag(object: &LogObject) -> Option<&str> {
    match &object.kept {
        Location::Remote { etag, .. } => etag.as_deref(),
        Location::File { .. } | Location::OddFile(_) => None,
    }
}

/// Locks a mutex, whose content stays usable if another thread panicked while holding it.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// An object that could not be read.
fn read_error(kind: crate::coverage::FaultKind, detail: impl Into<String>) -> ReadError {
    ReadError { kind, detail: detail.into() }
}
