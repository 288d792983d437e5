use std::{sync::Arc, time::Duration};

use hp_order::Millis;
use hp_queue::{Acquired, NotifierLease, QueueError, Takeover};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::{
    delivery::{Batch, Failed, Failure, FailureScope, Next, Now},
    message::Message,
    outbox::Outbox,
    sender::Sender,
};
use crate::{
    config::{Config, Notify},
    engine::{
        processor::OrderProcessor,
        retry::{REDIS, endless_backoff},
    },
};

/// The time between two looks for new events.
const INTERVAL: Duration = Duration::from_secs(1);
/// The most events of one read.
const PAGE: usize = 200;
/// The longest time for ending the lease at a shutdown.
const RELEASE_LIMIT: Duration = Duration::from_secs(1);
/// The longest time for finding the first event. The first order waits for it.
const BEGIN_LIMIT: Duration = Duration::from_secs(1);
/// The longest time between two looks whether another worker still holds the lease: it may have ended it.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Sends the events of the queue to the receiver until `stop` is cancelled, whenever no other worker does. Does nothing if no
/// receiver is set.
pub(crate) fn run_notifier(
    processor: &Arc<OrderProcessor>,
    config: &Config,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    let (processor, prefix) = (Arc::clone(processor), config.prefix.clone());
    let notify = config.notify.clone();
    async move {
        let Some(notify) = notify else { return };
        let receiver = Arc::clone(&notify);
        // It reads all authorities of the operating system, and orders would wait for that.
        let made = spawn_blocking(|| Sender::new(receiver).map_err(|error| error.to_string()));
        let sender = match made.await {
            Ok(Ok(sender)) => sender,
            Ok(Err(error)) => {
                // Orders do not depend on it.
                error!(
                    error,
                    "this worker sends no notifications: it cannot set up TLS"
                );
                return;
            }
            Err(_) => return,
        };
        let notifier = Notifier {
            processor,
            sender,
            notify,
            prefix,
            started: Instant::now(),
        };
        notifier.run(&stop).await;
    }
}

/// Lets the notifications of a queue begin with what happens from now on, if they never began. Does nothing if no receiver is
/// set.
pub(crate) async fn begin(processor: &OrderProcessor, config: &Config) {
    if config.notify.is_none() {
        return;
    }
    let lease = NotifierLease::new(processor.queue.clone(), String::new(), processor.lease);
    if !matches!(timeout(BEGIN_LIMIT, lease.begin()).await, Ok(Ok(()))) {
        debug!("notifications begin as soon as Redis answers");
    }
}

struct Notifier {
    processor: Arc<OrderProcessor>,
    notify: Arc<Notify>,
    sender: Sender,
    prefix: hp_queue::Prefix,
    started: Instant,
}

/// The lease is lost.
struct Lost;

impl Notifier {
    async fn run(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let lease = self.lease();
            let sent = async {
                let takeover = self.acquire(&lease).await;
                info!(
                    receiver = self.notify.shown_url(),
                    waiting = takeover.waiting.len(),
                    "this worker sends the notifications of the queue"
                );
                self.send_while_held(&lease, takeover).await;
                warn!("another worker sends the notifications now");
            };
            if stop.run_until_cancelled(sent).await.is_none() {
                let _ = timeout(RELEASE_LIMIT, lease.release()).await;
            }
        }
    }

    /// No process uses the name of a holder twice: a late write of an earlier one must not count.
    fn lease(&self) -> NotifierLease {
        let processor = &self.processor;
        let holder = format!("{} {}", processor.name, processor.random.alphanumeric(16));
        NotifierLease::new(processor.queue.clone(), holder, processor.lease)
    }

    /// Waits for the lease.
    async fn acquire(&self, lease: &NotifierLease) -> Takeover {
        let mut delays = endless_backoff();
        loop {
            let delay = match lease.acquire().await {
                Ok(Acquired::Held(takeover)) => return *takeover,
                Ok(Acquired::HeldByOther(left)) => {
                    (left + Duration::from_millis(1)).min(LOOK_INTERVAL)
                }
                Err(error) => {
                    debug!(%error, "cannot look who sends the notifications");
                    delays.next().unwrap_or(INTERVAL)
                }
            };
            sleep(delay).await;
        }
    }

    /// Sends events until the lease is lost. Renews it meanwhile: a receiver may take its time.
    async fn send_while_held(&self, lease: &NotifierLease, takeover: Takeover) {
        let renewed = async {
            loop {
                sleep(self.processor.lease / 3).await;
                if let Ok(false) = lease.renew().await {
                    return;
                }
            }
        };
        tokio::select! {
            _ = self.send_all(lease, takeover) => {}
            () = renewed => {}
        }
    }

    async fn send_all(&self, lease: &NotifierLease, takeover: Takeover) -> Result<(), Lost> {
        let mut clock = Clock::new(takeover.now);
        let gone = takeover.gone;
        let mut outbox = Outbox::new(takeover);
        if gone > 0 {
            warn_undelivered(gone, "the stream of events has dropped them");
            save(lease, &outbox).await?;
        }
        loop {
            let has_more = self.read(lease, &mut outbox, &mut clock).await?;
            let now = self.now(clock);
            match outbox.next(now) {
                Next::Send(batch) => self.send(lease, &mut outbox, &batch, clock).await?,
                Next::Wait(_) if has_more => {}
                Next::Wait(wait) => sleep(wait.min(INTERVAL)).await,
            }
        }
    }

    /// Reads the next events. Returns `true` if there may be more.
    async fn read(
        &self,
        lease: &NotifierLease,
        outbox: &mut Outbox,
        clock: &mut Clock,
    ) -> Result<bool, Lost> {
        let count = outbox.room().min(PAGE);
        if count == 0 {
            return Ok(false);
        }
        match lease.read(outbox.read_from(), count).await {
            Ok(None) => Err(Lost),
            Ok(Some(page)) => {
                *clock = Clock::new(page.now);
                let (lost, is_full) =
                    (page.lost, page.last.is_some() && page.events.len() == count);
                let has_changed = outbox.add(page);
                if lost > 0 {
                    warn_undelivered(lost, "the stream of events has dropped them");
                }
                if has_changed {
                    save(lease, outbox).await?;
                }
                Ok(is_full)
            }
            Err(error) => {
                warn!(obstacle = REDIS, %error, "cannot read events");
                Ok(false)
            }
        }
    }

    async fn send(
        &self,
        lease: &NotifierLease,
        outbox: &mut Outbox,
        batch: &Batch,
        clock: Clock,
    ) -> Result<(), Lost> {
        let message = Message::about(&batch.events, &self.prefix, self.notify.format);
        let failure = match self.sender.post(&message).await {
            Ok(answer) => answer.verdict().err(),
            Err(reason) => Some(Failure {
                reason,
                scope: FailureScope::Unclear,
            }),
        };
        let now = self.now(clock);
        match failure {
            None => {
                debug!(
                    id = message.id,
                    events = batch.events.len(),
                    "notification delivered"
                );
                if outbox.delivered(batch, now) {
                    info!("notifications are delivered again");
                }
            }
            Some(failure) => {
                let reason = failure.reason.clone();
                let failed = outbox.failed(batch, failure, now, self.processor.random.jitter());
                report_failure(&message, &reason, failed);
            }
        }
        save(lease, outbox).await
    }

    fn now(&self, clock: Clock) -> Now {
        Now {
            redis: clock.redis.plus(clock.read_at.elapsed()),
            steady: self.started.elapsed(),
        }
    }
}

/// Redis' time, and when it was read.
#[derive(Clone, Copy)]
struct Clock {
    redis: Millis,
    read_at: Instant,
}

impl Clock {
    fn new(redis: Millis) -> Self {
        let read_at = Instant::now();
        Self { redis, read_at }
    }
}

/// Stores the progress, however long it takes. A message that was sent must not be sent again for want of a record.
async fn save(lease: &NotifierLease, outbox: &Outbox) -> Result<(), Lost> {
    let progress = outbox.progress();
    let mut delays = endless_backoff();
    loop {
        let error: QueueError = match lease.save(&progress).await {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(Lost),
            Err(error) => error,
        };
        warn!(obstacle = REDIS, %error, "cannot store which notifications were delivered");
        sleep(delays.next().unwrap_or(INTERVAL)).await;
    }
}

/// Warns when failures begin, and of each event that is given up. Most failures repeat an earlier one.
fn report_failure(message: &Message, error: &str, failed: Failed) {
    let id = &message.id;
    if failed.is_first {
        warn!(
            id,
            error,
            "cannot deliver a notification; the worker tries again. `worker notify test` says more"
        );
    } else {
        debug!(id, error, "cannot deliver a notification");
    }
    if failed.given_up > 0 {
        warn_undelivered(failed.given_up, error);
    }
}

fn warn_undelivered(events: u64, error: &str) {
    warn!(
        events,
        error,
        "notifications were not delivered and are given up; `worker events` lists what has happened"
    );
}
