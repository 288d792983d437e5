use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use hp_queue::{Claimed, QueueError};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::Buyer;

/// Renews the order's lease every third of it while `work` goes on. Not while it is settled: a renewal that
/// overtook the settling would put the order's next turn off.
pub(crate) async fn leased<T>(
    buyer: &Buyer,
    claimed: &Claimed,
    work: impl Future<Output = T>,
) -> T {
    let renewing = async {
        loop {
            sleep(buyer.lease / 3).await;
            match buyer.ledger.renew(claimed, buyer.lease).await {
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
pub(super) async fn alive(buyer: Arc<Buyer>) {
    let every = (buyer.lease / 3).min(SHOWN_EVERY);
    loop {
        let (remembered, alive) = tokio::join!(
            buyer.ledger.show_memory(),
            buyer.ledger.alive(&buyer.name, buyer.lease)
        );
        let pause = match remembered.and(alive) {
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
pub(super) async fn gone(buyer: &Buyer) {
    let told = buyer.ledger.alive(&buyer.name, Duration::ZERO);
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
