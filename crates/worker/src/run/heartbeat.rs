use std::{sync::Arc, time::Duration};

use hp_queue::QueueError;
use tokio::time::{Instant, sleep, timeout};
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
    let mut presence = Presence::default();
    loop {
        let reported = presence.report(&processor).await;
        if let Some(step_ms) = processor.ledger.take_clock_step() {
            warn!(
                step_ms,
                "Redis' clock was set: no worker claims orders for one lease, and no order in doubt is resubmitted earlier"
            );
        }
        let pause = match reported {
            Ok(()) => interval,
            Err(error) => {
                processor.contact.note_failed_write(&error);
                debug!(%error, "heartbeat failed; `worker status` may not show this worker");
                interval.min(RETRY_INTERVAL)
            }
        };
        sleep(pause).await;
    }
}

/// What Redis knows of this worker. A worker that has nothing to say needs one script for a heartbeat.
#[derive(Default)]
struct Presence {
    reported: Option<Report>,
}

/// The last report that this worker is alive.
struct Report {
    at: Instant,
    /// In this life of Redis. Another one may have forgotten it.
    epoch: String,
    fault: Option<String>,
}

impl Presence {
    async fn report(&mut self, processor: &OrderProcessor) -> Result<(), QueueError> {
        let fault = processor.self_pause.reason();
        let watermark = self.report_watermark(processor).await;
        // A Redis that is full refuses the watermark, and not this report.
        if self.is_due(processor.lease) || self.is_news(processor, fault.as_ref()) {
            let report =
                processor
                    .ledger
                    .report_worker(&processor.name, processor.lease, fault.as_deref());
            processor.count_workers(report.await?);
            self.note(processor, fault);
        }
        watermark
    }

    /// Reports the watermark. If a report is due and Redis knows of no fault, it renews the report with the same script.
    async fn report_watermark(&mut self, processor: &OrderProcessor) -> Result<(), QueueError> {
        let renews = self.is_due(processor.lease) && !self.is_news(processor, None);
        let time = if renews {
            processor.lease
        } else {
            Duration::ZERO
        };
        let ledger = &processor.ledger;
        if let Some(alive) = ledger.report_watermark_of(&processor.name, time).await? {
            // The report is a write that a full Redis refuses.
            processor.contact.note_write();
            processor.count_workers(alive);
            self.note(processor, None);
        }
        Ok(())
    }

    fn note(&mut self, processor: &OrderProcessor, fault: Option<String>) {
        self.reported = Some(Report {
            at: Instant::now(),
            epoch: processor.ledger.known_epoch(),
            fault,
        });
    }

    /// A report counts for a lease.
    fn is_due(&self, lease: Duration) -> bool {
        let reported = self.reported.as_ref();
        reported.is_none_or(|report| report.at.elapsed() >= lease / 3)
    }

    /// `true` if Redis does not know that this worker is alive with this fault.
    fn is_news(&self, processor: &OrderProcessor, fault: Option<&String>) -> bool {
        self.reported.as_ref().is_none_or(|report| {
            report.fault.as_ref() != fault || report.epoch != processor.ledger.known_epoch()
        })
    }
}

/// Reports that the worker has stopped. If Redis is unreachable, the last heartbeat expires within a lease.
pub(super) async fn report_stopped(processor: &OrderProcessor) {
    let report = processor
        .ledger
        .report_alive(&processor.name, Duration::ZERO);
    let _ = timeout(Duration::from_secs(1), report).await;
}
