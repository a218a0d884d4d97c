//! Archives in S3. The only place that knows the AWS SDK and its runtime.
//!
//! A [`Session`] holds the credentials and the runtime of a run, a [`Bucket`] one archive. Listing goes down the layout
//! by common prefixes and merges what all Regions hold by delivery time ([`listing`]); objects are fetched ahead in that
//! order ([`stream`]) and handed out as they arrive. Nothing is written to disk but in a mirror ([`mirror`]).

mod abort;
mod archive;
mod bucket;
mod connect;
mod diagnosis;
mod failure;
mod fetch;
mod layout;
mod listing;
mod merge;
mod mirror;
mod object_metadata;
mod pagination;
mod prefix_walk;
mod proof;
mod retry;
mod session;
mod session_state;
mod stream;
mod traffic;

use super::log_object::Kept;
use super::{LogObject, ReadError};

pub(super) use bucket::Bucket;
pub(super) use fetch::Fetched;
pub(super) use session::Session;
pub(super) use stream::Stream;

/// What changes with the content of an object, as it was listed.
fn etag(object: &LogObject) -> Option<&str> {
    match &object.kept {
        Kept::Remote { etag, .. } => etag.as_deref(),
        Kept::File | Kept::OddFile(_) => None,
    }
}

/// A lock whose content stays usable if another thread panicked while it held it.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// An object that could not be read.
fn read_error(kind: crate::coverage::FaultKind, detail: impl Into<String>) -> ReadError {
    ReadError { kind, detail: detail.into() }
}
