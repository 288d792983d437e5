//! How long a command at a person's or a shop's hand waits for Redis.

use backon::{ExponentialBuilder, Retryable};
use hp_queue::QueueError;

/// Repeats what may be repeated, for about fifteen seconds, where Redis is away for a moment.
pub(crate) async fn retry_while_unreachable<T, F>(work: impl FnMut() -> F) -> Result<T, QueueError>
where
    F: Future<Output = Result<T, QueueError>>,
{
    work.retry(ExponentialBuilder::default().with_max_times(4))
        .when(|error| matches!(error, QueueError::Unreachable(_)))
        .await
}
