use std::{sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use crate::engine::processor::OrderProcessor;

/// The time between two heartbeats, unless the lease needs shorter ones. `docs/adr/0007-a-redis-that-may-have-forgotten.md`
/// relies on it.
const INTERVAL: Duration = Duration::from_secs(2);
/// The time between two heartbeats while Redis is unreachable: a watermark that is reported too late does not count.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// Reports that the worker is alive, why it claims no orders, and its watermark, for as long as the worker runs: a worker may
/// process its orders for a long time without claiming another one.
pub(super) async fn run_heartbeat(processor: Arc<OrderProcessor>) {
    let interval = (processor.lease / 3).min(INTERVAL);
    loop {
        let (fault, ledger) = (processor.self_pause.reason(), &processor.ledger);
        let (watermark, alive) = tokio::join!(
            ledger.report_watermark(),
            ledger.report_worker(&processor.name, processor.lease, fault.as_deref())
        );
        if let Some(step_ms) = processor.ledger.take_clock_step() {
            warn!(
                step_ms,
                "Redis' clock was set: no worker claims orders for one lease, and no order in doubt is resubmitted earlier"
            );
        }
        let pause = match watermark.and(alive) {
            Ok(()) => interval,
            Err(error) => {
                debug!(%error, "heartbeat failed; `worker status` may not show this worker");
                interval.min(RETRY_INTERVAL)
            }
        };
        sleep(pause).await;
    }
}

/// Reports that the worker has stopped. If Redis is unreachable, the last heartbeat expires within a lease.
pub(super) async fn report_stopped(processor: &OrderProcessor) {
    let report = processor
        .ledger
        .report_alive(&processor.name, Duration::ZERO);
    let _ = timeout(Duration::from_secs(1), report).await;
}
