//! Requests that fail for transient reasons: throttling, a network that is down, a failing server.
//!
//! The SDK repeats a request a few times, and stops once many have failed, as during throttling and outages. Then this
//! program waits: the request is repeated while it keeps its place among those in flight, so that fewer and fewer are made
//! until S3 accepts them. Credentials that cannot be renewed are waited for, too. Once they are given up, or there was no
//! response at all for that long, no more requests are made.

use std::error::Error;
use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use tokio::time::Instant;

use super::connection::Connection;
use super::failure::Failure;
use super::lock;

/// The first pause; each later one is half as long again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Repeats a request until it succeeds, fails permanently, or has failed for as long as the settings allow.
pub(super) async fn with_retries<T, E, F>(
    connection: &Connection,
    request: impl Fn() -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    let end = Instant::now() + connection.session.settings.outage;
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(failure) = connection.ended.get() {
            return Err(failure.clone());
        }
        let failure = match request().await {
            Ok(answer) => {
                *lock(&connection.answered) = Instant::now();
                return Ok(answer);
            }
            Err(error) => Failure::new(&error),
        };
        if failure.is_partial() {
            *lock(&connection.answered) = Instant::now();
        }
        if !failure.is_transient() || Instant::now() + pause > end {
            let nobody_answers = failure.is_transient()
                && lock(&connection.answered).elapsed() > connection.session.settings.outage;
            if failure.is_end() || nobody_answers {
                let _ = connection.ended.set(failure.clone());
            }
            return Err(failure);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}
