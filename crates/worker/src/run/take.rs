use std::{pin::Pin, sync::Arc, time::Duration};

use backon::ExponentialBackoff;
use hp_queue::{ClaimBatch, FirstSource, Inbox, QueueError};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::sleep,
};
use tracing::{info, warn};

use super::{
    OrderProcessor,
    backend::Orders,
    held::{ClaimRequestTime, ClaimedOrder},
    keep::patience,
    stop::Shutdown,
};

/// How often a queue is looked at that is paused, or whose breaker is open.
const PAUSED: Duration = Duration::from_secs(1);
/// The longest time without a look.
const IDLE: Duration = Duration::from_secs(5);

/// Starts to take orders, no more than there are slots, and hands them to the backend.
pub(super) fn start(
    processor: Arc<OrderProcessor>,
    inbox: Inbox,
    slots: usize,
    stop: Shutdown,
) -> Orders {
    let (hand_over, orders) = mpsc::channel(slots);
    let taker = Poller {
        processor: Arc::clone(&processor),
        entry: entry_in(inbox),
        slots: Arc::new(Semaphore::new(slots)),
        hand_over,
        first: FirstSource::Inbox,
        paused: None,
        is_silent: false,
        no_take: patience(),
        no_watch: patience(),
    };
    let taking = tokio::spawn(taker.run(stop.clone()));
    Orders::new(processor, orders, taking, stop)
}

struct Poller {
    processor: Arc<OrderProcessor>,
    /// Ready when the inbox holds an entry. Kept from one rest to the next, since it blocks a connection.
    entry: Entry,
    slots: Arc<Semaphore>,
    hand_over: mpsc::Sender<ClaimedOrder>,
    first: FirstSource,
    paused: Option<String>,
    is_silent: bool,
    /// Pauses while orders cannot be taken, and while the inbox cannot be watched.
    no_take: ExponentialBackoff,
    no_watch: ExponentialBackoff,
}

type Entry = Pin<Box<dyn Future<Output = (Inbox, Result<(), QueueError>)> + Send>>;

/// What to wait for before the next take.
enum Rest {
    Not,
    For(Duration),
    ForOrders(Duration),
}

impl Poller {
    async fn run(mut self, stop: Shutdown) {
        loop {
            let slots = tokio::select! {
                biased;
                () = stop.wait() => return,
                slots = free(&self.slots) => slots,
            };
            // Never dropped half-way: what a take claims would lie idle until its lease ends.
            let rest = self.take(slots).await;
            tokio::select! {
                biased;
                () = stop.wait() => return,
                () = self.rest(rest) => {}
            }
        }
    }

    async fn take(&mut self, mut slots: OwnedSemaphorePermit) -> Rest {
        let asked = ClaimRequestTime::now();
        let mut taken = match self
            .processor
            .ledger
            .claim_batch(slots.num_permits(), self.processor.lease, self.first)
            .await
        {
            Ok(taken) => taken,
            Err(error) => {
                let again_in = self.no_take.next().unwrap_or(IDLE);
                warn!(%error, ?again_in, "orders cannot be taken");
                return Rest::For(again_in);
            }
        };
        self.no_take = patience();
        // Only after a take that brought something: of single orders that try whether HitPoints is back, one that
        // cannot tell would else be the next one again.
        if !taken.claims.is_empty() {
            self.first = match self.first {
                FirstSource::Inbox => FirstSource::Schedule,
                FirstSource::Schedule => FirstSource::Inbox,
            };
        }
        self.report(&taken);
        self.processor.holds.learn(std::mem::take(&mut taken.holds));
        let take = asked.answered(taken.now);
        let rest = match taken.next_due {
            _ if taken.paused.is_some() => Rest::For(PAUSED),
            _ if taken.wait.is_some() => Rest::For(taken.wait.unwrap_or(PAUSED).min(PAUSED)),
            _ if taken.more => Rest::Not,
            next_due => Rest::ForOrders(next_due.unwrap_or(IDLE).min(IDLE)),
        };
        for claimed in taken.claims {
            let Some(slot) = slots.split(1) else { break };
            // Fails only if the backend is gone, and with it the worker: the lease then gives the order to another.
            let _ = self
                .hand_over
                .try_send(ClaimedOrder::new(claimed, take, slot));
        }
        rest
    }

    async fn rest(&mut self, rest: Rest) {
        let at_most = match rest {
            Rest::Not => return,
            Rest::For(time) => return sleep(time).await,
            Rest::ForOrders(at_most) => at_most,
        };
        tokio::select! {
            (inbox, waited) = &mut self.entry => {
                self.entry = entry_in(inbox);
                match waited {
                    Ok(()) => self.no_watch = patience(),
                    Err(error) => {
                        let again_in = self.no_watch.next().unwrap_or(IDLE);
                        warn!(%error, ?again_in, "the inbox cannot be watched");
                        sleep(again_in).await;
                    }
                }
            }
            () = self.processor.postponed.notified() => {}
            () = sleep(at_most) => {}
        }
    }

    fn report(&mut self, taken: &ClaimBatch) {
        for (id, why) in &taken.unreadable {
            warn!(
                id,
                why,
                "this order's ledger record cannot be read: mend it, and do not delete it, for it may be charged"
            );
        }
        if self.is_silent != taken.breaker_open_since.is_some() {
            self.is_silent = taken.breaker_open_since.is_some();
            if self.is_silent {
                warn!(
                    "HitPoints gives no answers: one order at a time tries whether it is back, the others wait"
                );
            } else {
                info!("HitPoints answers again");
            }
        }
        if self.paused != taken.paused {
            if let Some(reason) = &taken.paused {
                warn!(%reason, "the queue is paused: no orders are taken until `worker resume`");
            } else {
                info!("the queue goes on");
            }
            self.paused.clone_from(&taken.paused);
        }
    }
}

/// All slots that are free, at least one.
async fn free(slots: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    let Ok(mut free) = Arc::clone(slots).acquire_owned().await else {
        return std::future::pending().await;
    };
    let others = u32::try_from(slots.available_permits()).unwrap_or(u32::MAX);
    if let Ok(others) = Arc::clone(slots).try_acquire_many_owned(others) {
        free.merge(others);
    }
    free
}

fn entry_in(mut inbox: Inbox) -> Entry {
    Box::pin(async move {
        let waited = inbox.wait(IDLE).await;
        (inbox, waited)
    })
}
