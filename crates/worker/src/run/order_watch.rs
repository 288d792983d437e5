use std::{sync::Arc, time::Duration};

use backon::ExponentialBackoff;
use hp_queue::{Inbox, QueueError};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::warn;

use super::{
    eagerness::{Eagerness, Outcome, Wake},
    inbox_wait::{Arrival, InboxWait},
};
use crate::engine::{
    processor::OrderProcessor,
    pulse::Pulse,
    retry::{REDIS, endless_backoff},
};

/// The longest time between two looks for orders of which this worker does not know: another process has scheduled them, or
/// the connection that waits for entries leads to the wrong server.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// The longest time between two claim requests of an idle worker. A claim also counts lost entries, trims old results, and
/// finds orders whose time the clock has moved.
const CLAIM_INTERVAL: Duration = Duration::from_mins(1);
/// For so long after a step of Redis' clock, times in Redis may be wrong, and an idle worker claims as often as it looks.
const WRONG_TIMES: Duration = Duration::from_hours(1);

/// Waits until a claim would bring orders, without waking all workers for the same order.
pub(super) struct OrderWatch {
    processor: Arc<OrderProcessor>,
    inbox: InboxWait,
    eagerness: Eagerness,
    /// Delays while the inbox cannot be watched.
    delays: ExponentialBackoff,
}

/// One wait for orders.
struct Plan {
    claim_at: Instant,
    look_at: Instant,
    /// When the first order is due, as Redis has said.
    due_at: Option<Instant>,
    patience_for_entry: Duration,
    patience_for_due: Duration,
    /// There was an entry. The worker looks whether it is still there before it waits for another one.
    is_entry_seen: bool,
}

impl OrderWatch {
    pub(super) fn new(processor: Arc<OrderProcessor>, inbox: Inbox) -> Self {
        Self {
            processor,
            inbox: InboxWait::new(inbox),
            eagerness: Eagerness::new(),
            delays: endless_backoff(),
        }
    }

    /// Notes that a claim request is sent now.
    pub(super) fn before_claim(&mut self) {
        self.inbox.before_claim();
        self.processor.rescheduled.forget();
    }

    /// Learns from the claim to which `wake` has led.
    pub(super) fn after_claim(&mut self, wake: Wake, outcome: Outcome) {
        let others = self.processor.other_workers();
        self.eagerness.learn(wake, outcome, others);
    }

    /// Waits until a call permit is expected, in `time` or when an order gives its permit back: orders that need no call
    /// hardly wait for the rate.
    pub(super) async fn wait_for_permit(&mut self, time: Duration) -> Wake {
        let patience = self.plan(None).patience_for_entry;
        tokio::select! {
            () = self.processor.permit_returned.notified() => Wake::Other,
            () = sleep(time + patience) => Wake::Permit,
        }
    }

    /// Waits for a new entry or an order that is due. Returns after a minute at the latest. Each look for orders is a round.
    pub(super) async fn wait_for_orders(
        &mut self,
        next_due: Option<Duration>,
        pulse: &Pulse,
    ) -> Wake {
        let mut plan = self.plan(next_due);
        loop {
            pulse.note_round();
            let due_at = plan.due_at(self.processor.rescheduled.first_due());
            tokio::select! {
                biased;
                arrival = self.inbox.next(), if !plan.is_entry_seen => {
                    if let Some(wake) = self.after_arrival(arrival, &mut plan) {
                        return wake;
                    }
                }
                () = self.processor.rescheduled.changed() => {}
                () = sleep_until(plan.wake_at(due_at)) => {
                    if let Some(wake) = self.after_sleep(due_at, &mut plan).await {
                        return wake;
                    }
                }
            }
        }
    }

    fn plan(&self, next_due: Option<Duration>) -> Plan {
        let (processor, now) = (&self.processor, Instant::now());
        let jitter = processor.random.jitter();
        let patience = self.eagerness.patience(processor.other_workers(), jitter);
        let interval = if processor.ledger.has_clock_stepped_within(WRONG_TIMES) {
            LOOK_INTERVAL
        } else {
            CLAIM_INTERVAL
        };
        Plan {
            claim_at: now + interval,
            look_at: now + LOOK_INTERVAL,
            due_at: next_due.map(|left| now + left),
            patience_for_entry: patience.0,
            patience_for_due: patience.1,
            is_entry_seen: false,
        }
    }

    /// Returns why to claim now, if so.
    fn after_arrival(&mut self, arrival: Arrival, plan: &mut Plan) -> Option<Wake> {
        let is_alone = self.processor.other_workers() == 0;
        match arrival {
            Arrival::Entry { is_old } => {
                self.delays = endless_backoff();
                if plan.is_eager() && (is_alone || !is_old) {
                    return Some(Wake::Orders);
                }
                plan.is_entry_seen = true;
                plan.look_at = plan.look_at.min(Instant::now() + plan.patience_for_entry);
                None
            }
            Arrival::None => {
                self.delays = endless_backoff();
                None
            }
            Arrival::Failed(error) => {
                self.wait_after(&error);
                Some(Wake::Other)
            }
        }
    }

    fn wait_after(&mut self, error: &QueueError) {
        let retry_in = self.delays.next().unwrap_or(LOOK_INTERVAL);
        warn!(obstacle = REDIS, %error, ?retry_in, "cannot watch the inbox");
        self.inbox.pause(retry_in);
    }

    /// Returns why to claim now, if so.
    async fn after_sleep(&mut self, due_at: Option<Instant>, plan: &mut Plan) -> Option<Wake> {
        let now = Instant::now();
        if plan.is_eager() && due_at.is_some_and(|due_at| due_at <= now) {
            return Some(Wake::Orders);
        }
        if plan.claim_at <= now {
            return Some(Wake::Other);
        }
        // The answer says when the first order is due.
        self.processor.rescheduled.forget();
        let Ok(waiting) = self.processor.ledger.look().await else {
            // The claim logs what is wrong.
            return Some(Wake::Other);
        };
        if waiting.is_paused {
            // The claim logs the pause.
            return Some(Wake::Other);
        }
        if waiting.has_entries && !plan.is_entry_seen && plan.look_at <= now {
            // Its own connection has not reported the entries for seconds.
            self.inbox.reconnect();
        }
        plan.after_look(waiting.next_due);
        let is_due = waiting.next_due.is_some_and(|left| left.is_zero());
        (waiting.has_entries || is_due).then_some(Wake::Orders)
    }
}

impl Plan {
    const fn is_eager(&self) -> bool {
        self.patience_for_entry.is_zero()
    }

    /// When this worker reacts to the first order that is due.
    fn due_at(&self, rescheduled: Option<Instant>) -> Option<Instant> {
        let first = self.due_at.into_iter().chain(rescheduled).min();
        first.map(|due_at| due_at + self.patience_for_due)
    }

    fn wake_at(&self, due_at: Option<Instant>) -> Instant {
        let first = self.claim_at.min(self.look_at);
        due_at.map_or(first, |due_at| due_at.min(first))
    }

    fn after_look(&mut self, next_due: Option<Duration>) {
        let now = Instant::now();
        self.due_at = next_due.map(|left| now + left);
        self.look_at = now + LOOK_INTERVAL;
        self.is_entry_seen = false;
    }
}
