//! Retries of calls to Redis.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder, Retryable};
use hp_queue::QueueError;
use tokio::time::sleep;
use tracing::warn;

/// The name of the obstacle that Redis is away or refuses, in the log.
pub(crate) const REDIS: &str = "redis";

const LONGEST_DELAY: Duration = Duration::from_secs(2);

/// Repeats an idempotent call for about fifteen seconds while Redis is unreachable. For commands and reconciliation runs.
pub(crate) async fn retry_while_unreachable<T, F>(call: impl FnMut() -> F) -> Result<T, QueueError>
where
    F: Future<Output = Result<T, QueueError>>,
{
    call.retry(ExponentialBuilder::default().with_max_times(4))
        .when(|error| matches!(error, QueueError::Unreachable(_)))
        .await
}

/// Repeats an idempotent write until Redis has accepted it. For outcomes of calls that moved money.
pub(crate) async fn retry_until_written<T, F>(mut write: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, QueueError>>,
{
    let mut delays = endless_backoff();
    loop {
        match write().await {
            Ok(written) => return written,
            Err(error) => {
                warn!(obstacle = REDIS, %error, "cannot write to Redis; the worker keeps the outcome and retries");
                sleep(delays.next().unwrap_or(LONGEST_DELAY)).await;
            }
        }
    }
}

/// Growing delays between calls to Redis, without end.
pub(crate) fn endless_backoff() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(LONGEST_DELAY)
        .with_jitter()
        .without_max_times()
        .build()
}
