use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use hp_queue::{Claim, QueueError};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::OrderProcessor;

/// Renews the order's lease every third of it while `work` goes on. Not while it is settled: a renewal that
/// overtook the settling would put the order's next turn off.
pub(crate) async fn leased<T>(
    processor: &OrderProcessor,
    claimed: &Claim,
    work: impl Future<Output = T>,
) -> T {
    let renewing = async {
        loop {
            sleep(processor.lease / 3).await;
            match processor.ledger.renew(claimed, processor.lease).await {
                Ok(true) => {}
                Ok(false) => break warn!("another worker holds this order now"),
                Err(error) => warn!(%error, "the lease cannot be renewed"),
            }
        }
        std::future::pending().await
    };
    tokio::select! {
        biased;
        done = work => done,
        never = renewing => never,
    }
}

/// Shows for as long as the worker runs that it does, and what it remembers of Redis: a worker may be at its orders for
/// long without taking another.
pub(super) async fn alive(processor: Arc<OrderProcessor>) {
    let every = (processor.lease / 3).min(SHOWN_EVERY);
    loop {
        let (watermark, alive) = tokio::join!(
            processor.ledger.report_watermark(),
            processor
                .ledger
                .report_alive(&processor.name, processor.lease)
        );
        let pause = match watermark.and(alive) {
            Ok(()) => every,
            Err(error) => {
                debug!(%error, "`worker status` may count this worker as gone");
                every.min(SHOWN_AGAIN)
            }
        };
        sleep(pause).await;
    }
}

const SHOWN_EVERY: Duration = Duration::from_secs(2);
/// As soon as Redis is back, since what is not shown in time does not count.
const SHOWN_AGAIN: Duration = Duration::from_millis(500);

/// Tells that it does not any more. If Redis cannot be told now, it finds out within a lease.
pub(super) async fn gone(processor: &OrderProcessor) {
    let told = processor
        .ledger
        .report_alive(&processor.name, Duration::ZERO);
    let _ = timeout(Duration::from_secs(1), told).await;
}

/// Repeats what may be repeated until Redis has taken it.
pub(super) async fn until_written<T, F>(mut write: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, QueueError>>,
{
    let mut pauses = patience();
    loop {
        match write().await {
            Ok(written) => return written,
            Err(error) => {
                warn!(%error, "cannot be written to Redis; kept and tried again");
                sleep(pauses.next().unwrap_or(LONGEST)).await;
            }
        }
    }
}

const LONGEST: Duration = Duration::from_secs(2);

/// Growing pauses while Redis is in trouble, without end.
pub(super) fn patience() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(LONGEST)
        .with_jitter()
        .without_max_times()
        .build()
}
