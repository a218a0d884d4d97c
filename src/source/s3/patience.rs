//! Requests that are refused because there are too many.
//!
//! The SDK repeats a request a few times, and stops to do so once many have failed, which is what throttling looks like.
//! Then it is us who have to wait: the request is made again while it keeps its place among those under way, so that
//! fewer and fewer are made until S3 takes them.

use std::error::Error;
use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::problem::{Failure, Outlook};

/// Refusals in a row, beyond those that the SDK swallows: some two minutes.
const MOST_REFUSALS: u32 = 50;

/// The first pause; each one after that is half as long again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Makes a request until it is no longer refused for being one too many.
pub(super) async fn patiently<T, E, F>(request: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..MOST_REFUSALS {
        match request().await.map_err(|error| Failure::new(&error)) {
            Err(failure) if failure.outlook() == Outlook::Throttled => tokio::time::sleep(pause).await,
            answer => return answer,
        }
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
    request().await.map_err(|error| Failure::new(&error))
}
