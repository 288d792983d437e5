use std::{collections::HashSet, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use hp_order::{Event, Millis, Moment, State, Step, step};
use hp_queue::{Claimed, QueueError, Settled, Taken, Told, Walk};
use tokio::time::sleep;
use tracing::warn;

use super::report::Report;
use crate::run::Buyer;

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
    ) -> Self {
        Self {
            buyer,
            report,
            progress,
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
            let (buyer, before) = (self.buyer, left.len());
            let lease = buyer.longest_turn;
            let taken = buyer.ledger.take_named(AT_A_TIME, lease, &left).await?;
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
        let buyer = self.buyer;
        let orders = taken.claimed.iter().map(|claimed| look_at(buyer, claimed));
        let mut orders: FuturesUnordered<_> = orders.collect();
        while let Some(done) = orders.next().await {
            let (claimed, step) = done?;
            match step {
                Some(step) => self
                    .report
                    .add(claimed.id().as_str(), claimed.record.state, &step),
                None => self.report.in_hand += 1,
            }
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
        sleep(time).await;
        Ok(())
    }
}

fn names(taken: &Taken) -> HashSet<String> {
    let told = taken.told.iter().map(|(id, _)| id.clone());
    let unreadable = taken.unreadable.iter().map(|(id, _)| id.clone());
    let claimed = taken.claimed.iter().map(|claimed| claimed.id().to_string());
    told.chain(unreadable).chain(claimed).collect()
}

/// Asks HitPoints for the record of a claimed order, and settles what follows. No step: somebody else has it by now.
async fn look_at<'a>(
    buyer: &Buyer,
    claimed: &'a Claimed,
) -> Result<(&'a Claimed, Option<Step>), QueueError> {
    let moment = Moment {
        now: claimed.at,
        jitter: rand::random(),
    };
    let event = match claimed.record.state {
        State::Failed | State::Rejected | State::Expired => Event::Repeated,
        _ => Event::Reconciled(buyer.look_up(&claimed.record.wanted).await),
    };
    let step = settle(buyer, claimed, event, moment).await?;
    Ok((claimed, step))
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
        Settled::Stale => Ok(None),
    }
}
