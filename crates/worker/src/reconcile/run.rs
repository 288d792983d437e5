use std::{collections::HashSet, panic::AssertUnwindSafe, time::Duration};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use hp_order::{Event, Millis, Moment, Record, State, Step, step};
use hp_queue::{Claimed, QueueError, Settled, Taken, Told, Walk};
use tokio::time::sleep;
use tracing::warn;

use super::report::Report;
use crate::run::{Buyer, Stop, keep::leased};

/// Orders of one step of the walk.
const PAGE: usize = 256;
/// How many are asked about at a time: runs leave room for new orders.
const AT_A_TIME: usize = 16;
/// So long a run waits for a silent HitPoints, all in all.
const PATIENCE: Duration = Duration::from_mins(1);

/// Why a run ended before it had gone through everything.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("the queue is paused: {0}; see to it, then `worker resume`")]
    Paused(String),
    #[error("HitPoints gives no answers; the next run goes on")]
    Silent,
    #[error("another worker makes this run: this one was away for too long")]
    Lost,
    #[error("it was interrupted; what it had done stands, and the next run goes on")]
    Interrupted,
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// A run over open orders, by the same claims and steps as all other work on them.
pub(crate) struct Run<'a> {
    pub(crate) buyer: &'a Buyer,
    pub(crate) report: Report,
    pub(crate) progress: &'a (dyn Progress + Sync),
    /// Asked, it gives back what it has claimed, and ends.
    stop: Stop,
    waited: Duration,
}

/// Shows how far a run has come.
pub(crate) trait Progress {
    /// Orders that were gone through since the last time.
    fn advance(&self, orders: usize);
}

impl Progress for () {
    fn advance(&self, _: usize) {}
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        buyer: &'a Buyer,
        report: Report,
        progress: &'a (dyn Progress + Sync),
        stop: Stop,
    ) -> Self {
        Self {
            buyer,
            report,
            progress,
            stop,
            waited: Duration::ZERO,
        }
    }

    /// Every open order that was admitted by `until`, and what is in the schedule without being open.
    pub(crate) async fn through_all(&mut self, until: Millis) -> Result<(), Stopped> {
        self.buyer.probe.refresh().await;
        let mut walk = Walk::default();
        loop {
            let page = self
                .buyer
                .ledger
                .open_orders(&mut walk, until, PAGE)
                .await?;
            if page.is_empty() {
                break;
            }
            self.through(&page).await?;
        }
        let mut cursor = 0;
        loop {
            let page = self.buyer.ledger.strays(&mut cursor).await?;
            self.through(&page).await?;
            if cursor == 0 {
                return Ok(());
            }
        }
    }

    /// These orders, as far as nobody is at them.
    pub(crate) async fn through(&mut self, ids: &[String]) -> Result<(), Stopped> {
        let mut left: Vec<&str> = ids.iter().map(String::as_str).collect();
        while !left.is_empty() {
            self.may_go_on()?;
            let (buyer, before) = (self.buyer, left.len());
            let taken = buyer
                .ledger
                .take_named(AT_A_TIME, buyer.lease, &left)
                .await?;
            let seen = names(&taken);
            left.retain(|id| !seen.contains(*id));
            self.progress.advance(before - left.len());
            let (wait, is_silent) = (taken.wait, taken.silent_since.is_some());
            self.deal_with(taken).await?;
            if let Some(wait) = wait {
                self.wait(wait, is_silent).await?;
            }
        }
        Ok(())
    }

    /// Leave to make some calls, up to so many.
    pub(super) async fn leave(&mut self, calls: usize) -> Result<usize, Stopped> {
        loop {
            self.may_go_on()?;
            let leave = self.buyer.ledger.may_call(calls).await?;
            if let Some(reason) = leave.paused {
                return Err(Stopped::Paused(reason));
            }
            if leave.calls > 0 {
                return Ok(leave.calls);
            }
            self.wait(leave.wait, leave.is_silent).await?;
        }
    }

    async fn deal_with(&mut self, taken: Taken) -> Result<(), Stopped> {
        if let Some(reason) = taken.paused {
            return Err(Stopped::Paused(reason));
        }
        for (id, told) in taken.told {
            match told {
                Told::Ended | Told::InHand | Told::Unknown => self.report.in_hand += 1,
                Told::Repaired(repair) => self.report.add_repair(repair),
                Told::Unusable(why) => self.report.add_unreadable(&id, &why),
            }
        }
        for (id, why) in taken.unreadable {
            self.report.add_unreadable(&id, &why);
        }
        let (buyer, stop) = (self.buyer, self.stop.clone());
        let orders = taken.claimed.iter();
        let mut orders: FuturesUnordered<_> = orders
            .map(|claimed| look_at(buyer, claimed, &stop))
            .collect();
        // What one of them meets is no reason to leave the others half-way.
        let mut end = Ok(());
        while let Some((claimed, seen)) = orders.next().await {
            match seen {
                Ok(Seen::Settled(outcome)) => {
                    let id = claimed.id().as_str();
                    self.report.add(id, claimed.record.state, &outcome);
                }
                Ok(Seen::Taken) => self.report.in_hand += 1,
                Ok(Seen::GivenBack) if end.is_ok() => end = Err(Stopped::Interrupted),
                Ok(Seen::GivenBack) => {}
                Err(error) => end = Err(error.into()),
            }
        }
        end
    }

    pub(super) fn may_go_on(&self) -> Result<(), Stopped> {
        if self.stop.is_asked() {
            return Err(Stopped::Interrupted);
        }
        Ok(())
    }

    /// For the rate, or until the breaker lets somebody try.
    async fn wait(&mut self, time: Duration, is_silent: bool) -> Result<(), Stopped> {
        if is_silent {
            self.waited += time;
            if self.waited > PATIENCE {
                return Err(Stopped::Silent);
            }
        }
        tokio::select! {
            () = sleep(time) => Ok(()),
            () = self.stop.wait() => Err(Stopped::Interrupted),
        }
    }
}

fn names(taken: &Taken) -> HashSet<String> {
    let told = taken.told.iter().map(|(id, _)| id.clone());
    let unreadable = taken.unreadable.iter().map(|(id, _)| id.clone());
    let claimed = taken.claimed.iter().map(|claimed| claimed.id().to_string());
    told.chain(unreadable).chain(claimed).collect()
}

/// What came of a look at a claimed order.
enum Seen {
    Settled(Step),
    /// Somebody else has it by now.
    Taken,
    /// The run was asked to stop.
    GivenBack,
}

/// Asks HitPoints for the record of a claimed order, and settles what follows.
async fn look_at<'a>(
    buyer: &Buyer,
    claimed: &'a Claimed,
    stop: &Stop,
) -> (&'a Claimed, Result<Seen, QueueError>) {
    let moment = Moment {
        now: claimed.at,
        jitter: rand::random(),
    };
    let asked = async {
        tokio::select! {
            biased;
            event = ask(buyer, &claimed.record) => event,
            () = stop.wait() => Event::Released,
        }
    };
    let asked = AssertUnwindSafe(leased(buyer, claimed, asked)).catch_unwind();
    let event = asked.await.unwrap_or_else(|_| {
        warn!(order = %claimed.id(), "the order's code failed; nothing is known of it");
        Event::Panicked
    });
    let is_given_back = event == Event::Released;
    let settled = settle(buyer, claimed, event, moment).await;
    let seen = settled.map(|applied| match applied {
        _ if is_given_back => Seen::GivenBack,
        Some(applied) => Seen::Settled(applied),
        None => Seen::Taken,
    });
    (claimed, seen)
}

/// Asks HitPoints for an order's record, unless that has killed too many workers.
pub(super) async fn ask(buyer: &Buyer, record: &Record) -> Event {
    match record.state {
        State::Failed | State::Rejected | State::Expired => Event::Repeated,
        state if !state.has_ended() && record.is_poison(&buyer.policy) => Event::Crashed,
        _ => Event::Reconciled(buyer.look_up(&record.wanted).await),
    }
}

/// Applies what happened to a claimed order. None: it was not ours any more.
pub(crate) async fn settle(
    buyer: &Buyer,
    claimed: &Claimed,
    event: Event,
    moment: Moment,
) -> Result<Option<Step>, QueueError> {
    let contact = event.contact();
    let step = step(&claimed.record, event, &buyer.policy, moment);
    if let Some(reason) = &step.pause {
        buyer.ledger.pause(reason, &buyer.name).await?;
        warn!(%reason, "the queue is paused: no orders are taken until `worker resume`");
    }
    match buyer.ledger.settle(claimed, &step, contact).await? {
        Settled::Applied(_) => Ok(Some(step)),
        Settled::Stale | Settled::Restored => Ok(None),
    }
}
