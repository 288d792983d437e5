use std::{pin::Pin, sync::Arc, time::Duration};

use backon::ExponentialBackoff;
use hp_queue::{ClaimBatch, FirstSource, Handle, Inbox, QueueError};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::backend::Orders;
use crate::{
    engine::{
        claimed_order::{ClaimRequestTime, ClaimedOrder},
        processor::OrderProcessor,
        retry::{REDIS, endless_backoff},
        terms,
    },
    obstacle::{Facts, of_queue},
};

/// The time between two claim requests while the queue is paused or its breaker is open.
const BLOCKED_INTERVAL: Duration = Duration::from_secs(1);
/// The longest time between two claim requests.
const IDLE_INTERVAL: Duration = Duration::from_secs(5);

/// The log waits no longer than this for the reason of an open breaker.
const LOG_LIMIT: Duration = Duration::from_secs(1);

/// Starts to claim orders, no more than there are slots, and hands them to the backend.
pub(super) fn start(
    processor: Arc<OrderProcessor>,
    inbox: Inbox,
    slots: usize,
    stop: CancellationToken,
) -> Orders {
    let (hand_over, orders) = mpsc::channel(slots);
    let poller = Poller {
        processor: Arc::clone(&processor),
        inbox_entry: wait_for_entry(inbox),
        slots: Arc::new(Semaphore::new(slots)),
        hand_over,
        first_source: FirstSource::Inbox,
        paused: None,
        is_breaker_open: false,
        is_throttled: false,
        claim_delays: endless_backoff(),
        inbox_delays: endless_backoff(),
    };
    let polling = tokio::spawn(poller.run(stop.clone()));
    Orders::new(processor, orders, polling, stop)
}

struct Poller {
    processor: Arc<OrderProcessor>,
    /// Ready when the inbox has an entry. Lives across several rests, because it blocks a connection.
    inbox_entry: InboxEntry,
    slots: Arc<Semaphore>,
    hand_over: mpsc::Sender<ClaimedOrder>,
    first_source: FirstSource,
    paused: Option<String>,
    is_breaker_open: bool,
    is_throttled: bool,
    /// Delays while claim requests fail.
    claim_delays: ExponentialBackoff,
    /// Delays while the inbox cannot be watched.
    inbox_delays: ExponentialBackoff,
}

type InboxEntry = Pin<Box<dyn Future<Output = (Inbox, Result<(), QueueError>)> + Send>>;

/// What to wait for before the next claim request.
enum Rest {
    None,
    For(Duration),
    /// For a call permit, and no longer than this.
    ForPermit(Duration),
    /// For a new entry or a rescheduled order, and no longer than this.
    ForOrders(Duration),
}

impl Poller {
    async fn run(mut self, stop: CancellationToken) {
        loop {
            let slots = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                slots = free_slots(&self.slots) => slots,
            };
            // Never cancelled: orders that Redis has already claimed for this worker would wait until their lease ends.
            let rest = self.claim(slots).await;
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.rest(rest) => {}
            }
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
        let request = ClaimRequestTime::now();
        let claimed = ledger
            .claim_batch(slots.num_permits(), lease, self.first_source)
            .await;
        match claimed {
            Ok(batch) => {
                let opens = batch.breaker_open_since.is_some() && !self.is_breaker_open;
                let rest = self.accept(batch, request, slots);
                if opens {
                    log_open_breaker(&self.processor.queue).await;
                }
                rest
            }
            Err(error) => {
                terms::check_claim(&self.processor, &error);
                let retry_in = self.claim_delays.next().unwrap_or(IDLE_INTERVAL);
                warn!(obstacle = REDIS, %error, ?retry_in, "cannot claim orders");
                Rest::For(retry_in)
            }
        }
    }

    fn accept(
        &mut self,
        mut batch: ClaimBatch,
        request: ClaimRequestTime,
        mut slots: OwnedSemaphorePermit,
    ) -> Rest {
        self.claim_delays = endless_backoff();
        self.log_changes(&batch);
        self.alternate(&batch);
        let holds = std::mem::take(&mut batch.holds);
        self.processor.balance_gate.update(holds);
        let (times, rest) = (request.answered(batch.now), rest_after(&batch));
        for claim in batch.claims {
            let Some(slot) = slots.split(1) else { break };
            // Fails only after the backend and so the worker has stopped. Another worker claims the order after its lease.
            let _ = self
                .hand_over
                .try_send(ClaimedOrder::new(claim, times, slot));
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

    async fn rest(&mut self, rest: Rest) {
        let at_most = match rest {
            Rest::None => return,
            Rest::For(time) => return sleep(time).await,
            Rest::ForPermit(at_most) => return wait_for_permit(&self.processor, at_most).await,
            Rest::ForOrders(at_most) => at_most,
        };
        tokio::select! {
            (inbox, waited) = &mut self.inbox_entry => {
                self.inbox_entry = wait_for_entry(inbox);
                self.after_inbox_wait(waited).await;
            }
            () = self.processor.rescheduled.notified() => {}
            () = sleep(at_most) => {}
        }
    }

    async fn after_inbox_wait(&mut self, waited: Result<(), QueueError>) {
        match waited {
            Ok(()) => self.inbox_delays = endless_backoff(),
            Err(error) => {
                let retry_in = self.inbox_delays.next().unwrap_or(IDLE_INTERVAL);
                warn!(obstacle = REDIS, %error, ?retry_in, "cannot watch the inbox");
                sleep(retry_in).await;
            }
        }
    }

    /// Logs changes of the queue's state, and records that cannot be read.
    fn log_changes(&mut self, batch: &ClaimBatch) {
        for (id, error) in &batch.unreadable {
            warn!(
                id,
                error,
                "cannot read this order's ledger record. Repair it; do not delete it, because the order may be charged"
            );
        }
        if batch.lost > 0 {
            warn!(
                entries = batch.lost,
                "orders are lost: entries have left the inbox before a worker took them. Remove MAXLEN and MINID from the producers' XADD, let nobody run XTRIM or XDEL on the inbox, and enqueue orders without a result again"
            );
        }
        let is_breaker_open = batch.breaker_open_since.is_some();
        if self.is_breaker_open != is_breaker_open {
            self.is_breaker_open = is_breaker_open;
            if !is_breaker_open {
                info!("breaker closed: HitPoints answers again");
            }
        }
        let is_throttled = batch.throttled_until.is_some();
        if is_throttled {
            self.processor.throttle.notice();
        }
        if is_throttled && !self.is_throttled {
            let pause = batch.wait.unwrap_or_default();
            warn!(
                ?pause,
                "a front end of HitPoints asks to send less (HTTP 429 or 503): all workers pause, then call more slowly"
            );
        }
        self.is_throttled = is_throttled;
        if self.paused != batch.paused {
            if let Some(reason) = &batch.paused {
                warn!(%reason, "queue paused: no worker claims orders until `worker resume`");
            } else {
                info!("queue resumed");
            }
            self.paused.clone_from(&batch.paused);
        }
    }
}

/// Logs what is wrong with HitPoints, in the words of `worker status`.
async fn log_open_breaker(queue: &Handle) {
    let facts = timeout(LOG_LIMIT, Facts::read(queue)).await;
    let obstacles = match facts {
        Ok(Ok(facts)) => of_queue(&facts),
        _ => Vec::new(),
    };
    let mut obstacles = obstacles.into_iter();
    let obstacle = obstacles.find(|obstacle| obstacle.kind.is_vendor_failure());
    let (kind, detail) = obstacle
        .map(|obstacle| (obstacle.kind.as_str(), obstacle.text))
        .unzip();
    warn!(
        failure = kind,
        detail, "breaker open: only one order at a time calls HitPoints, the others wait"
    );
}

fn rest_after(batch: &ClaimBatch) -> Rest {
    match batch.next_due {
        _ if batch.paused.is_some() => Rest::For(BLOCKED_INTERVAL),
        _ if batch.wait.is_some() => {
            Rest::ForPermit(batch.wait.unwrap_or(BLOCKED_INTERVAL).min(BLOCKED_INTERVAL))
        }
        _ if batch.more => Rest::None,
        next_due => Rest::ForOrders(next_due.unwrap_or(IDLE_INTERVAL).min(IDLE_INTERVAL)),
    }
}

/// An order that was settled without a call gives its permit back. So orders that need no call hardly wait for the rate.
async fn wait_for_permit(processor: &OrderProcessor, at_most: Duration) {
    tokio::select! {
        () = processor.permit_returned.notified() => {}
        () = sleep(at_most) => {}
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

fn wait_for_entry(mut inbox: Inbox) -> InboxEntry {
    Box::pin(async move {
        let waited = inbox.wait(IDLE_INTERVAL).await;
        (inbox, waited)
    })
}
