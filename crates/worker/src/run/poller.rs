use std::{sync::Arc, time::Duration};

use backon::ExponentialBackoff;
use hp_queue::{ClaimBatch, FirstSource, Inbox, QueueError};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    backend::Orders,
    claim_log::{ClaimLog, log_open_breaker},
    eagerness::{Outcome, Wake},
    order_watch::OrderWatch,
};
use crate::{
    clock,
    engine::{
        claimed_order::{ClaimRequestTime, ClaimedOrder},
        processor::OrderProcessor,
        pulse::Pulse,
        retry::{REDIS, endless_backoff},
        terms,
    },
};

/// The time between two claim requests while the queue is paused or its breaker is open.
const BLOCKED_INTERVAL: Duration = Duration::from_secs(1);
/// The longest time between two claim requests that fail.
const FAILURE_INTERVAL: Duration = Duration::from_secs(5);

/// The longest time that a round may take. A look for orders comes after five seconds at the latest. A look or a claim may
/// have to connect first, and a cluster is asked up to four times: about 30 seconds in all.
pub(super) const LONGEST_ROUND: Duration = Duration::from_mins(1);

/// What a poller works with.
pub(super) struct Settings {
    /// How many orders are processed at the same time.
    pub(super) slots: usize,
    /// How long the process may go on after `stop`.
    pub(super) drain: Duration,
    pub(super) stop: CancellationToken,
    /// Notes the rounds of the poller.
    pub(super) pulse: Pulse,
}

/// Starts to claim orders, no more than there are slots, and hands them to the backend.
pub(super) fn start(processor: Arc<OrderProcessor>, inbox: Inbox, settings: Settings) -> Orders {
    let Settings {
        slots,
        drain,
        stop,
        pulse,
    } = settings;
    let (hand_over, orders) = mpsc::channel(slots);
    let poller = Poller {
        watch: OrderWatch::new(Arc::clone(&processor), inbox),
        processor: Arc::clone(&processor),
        slots: Arc::new(Semaphore::new(slots)),
        hand_over,
        first_source: FirstSource::Inbox,
        log: ClaimLog::default(),
        delays: endless_backoff(),
        woken: Wake::Other,
        pulse,
        drain,
    };
    let polling = tokio::spawn(poller.run(stop.clone()));
    Orders::new(processor, orders, polling, stop)
}

struct Poller {
    processor: Arc<OrderProcessor>,
    watch: OrderWatch,
    slots: Arc<Semaphore>,
    hand_over: mpsc::Sender<ClaimedOrder>,
    first_source: FirstSource,
    log: ClaimLog,
    /// Delays while claim requests fail.
    delays: ExponentialBackoff,
    /// What the last rest has ended with.
    woken: Wake,
    pulse: Pulse,
    drain: Duration,
}

/// What to wait for before the next claim request.
enum Rest {
    None,
    For(Duration),
    /// For a call permit that is expected in this time.
    ForPermit(Duration),
    /// For a new entry or an order that is due. The first one is due in this time.
    ForOrders(Option<Duration>),
}

impl Poller {
    async fn run(mut self, stop: CancellationToken) {
        self.poll(&stop).await;
        self.pulse.drain(self.drain);
    }

    async fn poll(&mut self, stop: &CancellationToken) {
        loop {
            let slots = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                // Orders may take any time.
                slots = self.pulse.wait_for(free_slots(&self.slots)) => slots,
            };
            // Never cancelled: orders that Redis has already claimed for this worker would wait until their lease ends.
            let rest = self.claim(slots).await;
            let woken = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                woken = self.rest(rest) => woken,
            };
            self.woken = woken;
        }
    }

    async fn rest(&mut self, rest: Rest) -> Wake {
        match rest {
            Rest::None => Wake::Other,
            Rest::For(time) => {
                sleep(time).await;
                Wake::Other
            }
            Rest::ForPermit(time) if time > BLOCKED_INTERVAL => {
                self.watch.wait_for_permit(BLOCKED_INTERVAL).await;
                Wake::Other
            }
            Rest::ForPermit(time) => self.watch.wait_for_permit(time).await,
            Rest::ForOrders(next_due) => self.watch.wait_for_orders(next_due, &self.pulse).await,
        }
    }

    async fn claim(&mut self, slots: OwnedSemaphorePermit) -> Rest {
        let (ledger, lease) = (&self.processor.ledger, self.processor.lease);
        if self.processor.self_pause.is_paused() {
            return Rest::For(BLOCKED_INTERVAL);
        }
        if let Some(left) = self.processor.throttle.left() {
            return Rest::For(left.min(BLOCKED_INTERVAL));
        }
        self.watch.before_claim();
        let request = ClaimRequestTime::now();
        let claimed = ledger
            .claim_batch(slots.num_permits(), lease, self.first_source)
            .await;
        match claimed {
            Ok(batch) => {
                let opens = self.log.log(&batch);
                let rest = self.accept(batch, request, slots);
                if opens {
                    log_open_breaker(&self.processor.queue).await;
                }
                rest
            }
            Err(error) => self.rest_after_failure(&error),
        }
    }

    fn rest_after_failure(&mut self, error: &QueueError) -> Rest {
        terms::check_claim(&self.processor, error);
        self.processor.contact.note_failed_write(error);
        let retry_in = self.delays.next().unwrap_or(FAILURE_INTERVAL);
        warn!(obstacle = REDIS, %error, ?retry_in, "cannot claim orders");
        Rest::For(retry_in)
    }

    fn accept(
        &mut self,
        mut batch: ClaimBatch,
        request: ClaimRequestTime,
        mut slots: OwnedSemaphorePermit,
    ) -> Rest {
        self.delays = endless_backoff();
        if !batch.claims.is_empty() {
            self.processor.contact.note_write();
        }
        if batch.throttled_until.is_some() {
            self.processor.throttle.notice();
        }
        self.watch.after_claim(self.woken, outcome(&batch));
        self.alternate(&batch);
        let holds = std::mem::take(&mut batch.holds);
        self.processor.balance_gate.update(holds);
        let (times, rest) = (request.answered(batch.now), rest_after(&batch));
        let call = (times.sent_at(), clock::now());
        for replay in &batch.replays {
            self.processor.spans.replayed(replay, call);
        }
        for claim in batch.claims {
            let Some(slot) = slots.split(1) else { break };
            let slot = self.processor.metrics.orders.use_slot(slot);
            let admission = self.processor.spans.admitted(&claim, call);
            // Fails only after the backend and so the worker has stopped. Another worker claims the order after its lease.
            let _ = self
                .hand_over
                .try_send(ClaimedOrder::new(claim, times, admission, slot));
        }
        rest
    }

    /// Lets the other source come first next time, so that neither starves. An empty batch changes nothing: while the
    /// breaker lets single orders through, an order that cannot learn anything would otherwise be the next one again.
    fn alternate(&mut self, batch: &ClaimBatch) {
        if batch.claims.is_empty() {
            return;
        }
        self.first_source = match self.first_source {
            FirstSource::Inbox => FirstSource::Schedule,
            FirstSource::Schedule => FirstSource::Inbox,
        };
    }
}

fn outcome(batch: &ClaimBatch) -> Outcome {
    if !batch.claims.is_empty() || batch.took_entries {
        Outcome::Orders
    } else if batch.paused.is_some() {
        Outcome::Paused
    } else if batch.wait.is_some() {
        Outcome::NoPermit
    } else {
        Outcome::Nothing
    }
}

fn rest_after(batch: &ClaimBatch) -> Rest {
    match (&batch.paused, batch.wait) {
        (Some(_), _) => Rest::For(BLOCKED_INTERVAL),
        (None, Some(wait)) => Rest::ForPermit(wait),
        (None, None) if batch.more => Rest::None,
        (None, None) => Rest::ForOrders(batch.next_due),
    }
}

/// Returns all free slots, as soon as there is one.
async fn free_slots(slots: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    let Ok(mut free) = Arc::clone(slots).acquire_owned().await else {
        return std::future::pending().await;
    };
    let others = u32::try_from(slots.available_permits()).unwrap_or(u32::MAX);
    if let Ok(others) = Arc::clone(slots).try_acquire_many_owned(others) {
        free.merge(others);
    }
    free
}

#[cfg(test)]
mod tests;
