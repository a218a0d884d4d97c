//! Requests that fail for transient reasons: throttling, a network that is down, a failing server.
//!
//! The SDK repeats a request a few times, and stops once many have failed, as during throttling and outages. Then this
//! program waits: the request is repeated while it keeps its place among those in flight, so that fewer and fewer are made
//! until S3 accepts them. Credentials that cannot be renewed are waited for, too. Once they are given up, or there was no
//! response at all for that long, no more requests are made.
//!
//! At the very start a user waits to hear what is wrong: that takes less time, and only what a running store may answer is
//! waited for.

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

/// When a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Start,
    Run,
}

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
    repeat(connection, Stage::Run, end, request).await
}

/// Repeats the first request for an archive until it succeeds, fails for a reason that may not pass, or `end` is reached.
pub(super) async fn with_retries_at_start<T, E, F>(
    connection: &Connection,
    end: Instant,
    request: impl Fn() -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    repeat(connection, Stage::Start, end, request).await
}

async fn repeat<T, E, F>(
    connection: &Connection,
    stage: Stage,
    end: Instant,
    request: impl Fn() -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    let mut pause = FIRST_PAUSE;
    let mut answer_before = None;
    loop {
        if let (Stage::Run, Some(failure)) = (stage, connection.ended.get()) {
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
        let may_pass = match stage {
            Stage::Start => failure.may_pass_at_start(),
            Stage::Run => failure.is_transient(),
        };
        if !may_pass || Instant::now() + pause > end {
            if stage == Stage::Run {
                end_if_hopeless(connection, &failure);
                return Err(failure);
            }
            // That the time of the last try was too short says less than what the store answered.
            return Err(answer_before.filter(|_| !failure.is_answer()).unwrap_or(failure));
        }
        if failure.is_answer() {
            answer_before = Some(failure);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

/// Makes no more requests after a failure that all of them would have.
fn end_if_hopeless(connection: &Connection, failure: &Failure) {
    let nobody_answers =
        failure.is_transient() && lock(&connection.answered).elapsed() > connection.session.settings.outage;
    if failure.is_end() || nobody_answers {
        let _ = connection.ended.set(failure.clone());
    }
}
