//! Counts requests to S3.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

use super::lock;
use crate::source::Traffic;

/// The counters of a session.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) listed: AtomicU64,
    pub(super) lists: AtomicU64,
    pub(super) gets: AtomicU64,
    /// Requests on the wire, including repetitions.
    attempts: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) from_mirror: AtomicU64,
    pub(super) kept: AtomicU64,
    pub(super) replaced: AtomicU64,
}

/// Increments a counter.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    /// The current values of the counters.
    pub(super) fn traffic(&self, is_listed: bool) -> Traffic {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (lists, gets) = (of(&self.lists), of(&self.gets));
        Traffic {
            listed: of(&self.listed),
            is_listed,
            lists,
            gets,
            retries: of(&self.attempts).saturating_sub(lists + gets),
            bytes: of(&self.bytes),
            from_mirror: of(&self.from_mirror),
            kept: of(&self.kept),
            replaced: of(&self.replaced),
        }
    }
}

/// Counts every request that the SDK sends, including its own retries.
#[derive(Debug)]
pub(super) struct CountAttempts(pub(super) Arc<Counters>);

impl Intercept for CountAttempts {
    fn name(&self) -> &'static str {
        "CountAttempts"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        count(&self.0.attempts);
        Ok(())
    }
}

/// Notes the host of each request: the SDK's error for a host that does not respond lacks its name.
#[derive(Debug)]
pub(super) struct NoteHost(pub(super) Arc<Mutex<String>>);

impl Intercept for NoteHost {
    fn name(&self) -> &'static str {
        "NoteHost"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let url = context.request().uri();
        let host =
            url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?']).next().unwrap_or(url);
        let mut known = lock(&self.0);
        if *known != host {
            host.clone_into(&mut known);
        }
        Ok(())
    }
}
