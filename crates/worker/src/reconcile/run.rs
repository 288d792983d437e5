use std::{
    collections::{BTreeSet, HashSet},
    panic::AssertUnwindSafe,
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use hp_api::OrderId;
use hp_order::{
    DecisionInputs, Event, Millis, QueryVerdict, Record, State, Step, VendorSignal, step,
};
use hp_queue::{Claim, ClaimBatch, ClaimSkip, Inspector, OpenOrderScan, QueueError, Settled};
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::report::Report;
use crate::{
    patience::retry_while_unreachable,
    run::{OrderProcessor, Shutdown, keep::leased},
};

/// Orders of one step of the walk.
const PAGE: usize = 256;
/// How many are asked about at a time: runs leave room for new orders.
const AT_A_TIME: usize = 16;
/// So many calls in a row without an answer end what does not count for the breaker.
const SILENCES: u32 = 10;
/// So long a run waits for a silent HitPoints, all in all.
const PATIENCE: Duration = Duration::from_mins(1);

/// Why a run ended before it had gone through everything.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("the queue is paused: {0}; see to it, then `worker resume`")]
    Paused(String),
    #[error("HitPoints does not serve this account: {0}; see to it, and begin again")]
    Trouble(String),
    #[error("HitPoints gives no answers; the next run goes on")]
    Silent,
    #[error(
        "HitPoints gave no definite answer about {0} of the ended orders; begin the audit again"
    )]
    Unanswered(u64),
    #[error("another worker makes this run: this one was away for too long")]
    Lost,
    #[error("it was interrupted; what it had done stands, and the next run goes on")]
    Interrupted,
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// A run over open orders, by the same claims and steps as all other work on them.
pub(crate) struct Run<'a> {
    pub(crate) processor: &'a OrderProcessor,
    pub(crate) report: Report,
    pub(crate) progress: &'a (dyn Progress + Sync),
    /// Asked, it gives back what it has claimed, and ends.
    stop: Shutdown,
    began: Instant,
    waited: Duration,
    is_heard: bool,
    silences: u32,
    /// Its orders were named by somebody, not by the indexes.
    pub(super) is_named: bool,
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
        processor: &'a OrderProcessor,
        report: Report,
        progress: &'a (dyn Progress + Sync),
        stop: Shutdown,
    ) -> Self {
        Self {
            processor,
            report,
            progress,
            stop,
            began: Instant::now(),
            waited: Duration::ZERO,
            is_heard: false,
            silences: 0,
            is_named: false,
        }
    }

    /// Its report, now that it has ended in this way.
    pub(crate) fn reported(self, ended: &Result<(), Stopped>) -> Report {
        let took = self.began.elapsed();
        Report {
            finished_at: Millis(self.report.started_at).plus(took).0,
            incomplete: ended.as_ref().err().map(ToString::to_string),
            ..self.report
        }
    }

    /// Every open order that was admitted by `until`, and what is in the schedule without being open.
    pub(crate) async fn through_all(&mut self, until: Millis) -> Result<(), Stopped> {
        self.processor.probe.refresh().await;
        let mut walk = OpenOrderScan::default();
        loop {
            let (page, further) =
                retry_while_unreachable(|| next_page(&self.processor.inspector, &walk, until))
                    .await?;
            walk = further;
            if page.is_empty() {
                break;
            }
            self.through(&page).await?;
        }
        let mut cursor = 0;
        loop {
            let (page, further) = retry_while_unreachable(|| {
                unlisted_orders(&self.processor.inspector, cursor, until)
            })
            .await?;
            cursor = further;
            self.through(&page).await?;
            if cursor == 0 {
                return self.was_heard();
            }
        }
    }

    /// These orders, which somebody has named.
    pub(crate) async fn through_named(&mut self, ids: &[OrderId]) -> Result<(), Stopped> {
        let each: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
        self.is_named = true;
        self.through(&Vec::from_iter(each)).await?;
        self.was_heard()
    }

    /// A run that was not told anything by HitPoints has not done what it is for.
    fn was_heard(&self) -> Result<(), Stopped> {
        if self.silences > 0 && !self.is_heard {
            return Err(Stopped::Silent);
        }
        Ok(())
    }

    pub(super) fn hear(&mut self, contact: VendorSignal) {
        match contact {
            VendorSignal::Answered => {
                self.is_heard = true;
                self.silences = 0;
            }
            VendorSignal::NoAnswer => self.silences += 1,
            VendorSignal::None | VendorSignal::OwnFailure => {}
        }
    }

    /// The same, where the breaker does not hear of it.
    pub(super) fn hear_alone(&mut self, finding: &QueryVerdict) -> Result<(), Stopped> {
        self.hear(finding.vendor_signal());
        match finding {
            QueryVerdict::Unknown(doubt) if doubt.is_account_failure() => {
                Err(Stopped::Trouble(doubt.message.clone()))
            }
            _ if self.silences >= SILENCES => Err(Stopped::Silent),
            _ => Ok(()),
        }
    }

    /// These orders, as far as nobody is at them.
    async fn through(&mut self, ids: &[String]) -> Result<(), Stopped> {
        if self.report.dry_run {
            return self.preview(ids).await;
        }
        let mut left: Vec<&str> = ids.iter().map(String::as_str).collect();
        while !left.is_empty() {
            self.may_go_on()?;
            let (processor, before) = (self.processor, left.len());
            let take = || {
                processor
                    .ledger
                    .claim_named(AT_A_TIME, processor.lease, &left)
            };
            let taken = retry_while_unreachable(take).await?;
            let seen = names(&taken);
            left.retain(|id| !seen.contains(*id));
            self.progress.advance(before - left.len());
            let (wait, is_silent) = (taken.wait, taken.breaker_open_since.is_some());
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
            let control = &self.processor.control;
            let leave = retry_while_unreachable(|| control.acquire_permits(calls)).await?;
            if let Some(reason) = leave.paused {
                return Err(Stopped::Paused(reason));
            }
            if leave.calls > 0 {
                return Ok(leave.calls);
            }
            self.wait(leave.wait, leave.is_breaker_open).await?;
        }
    }

    async fn deal_with(&mut self, taken: ClaimBatch) -> Result<(), Stopped> {
        if let Some(reason) = taken.paused {
            return Err(Stopped::Paused(reason));
        }
        for (id, told) in taken.skips {
            match told {
                ClaimSkip::Claimed => self.report.in_hand += 1,
                ClaimSkip::Ended => self.report.ended += 1,
                ClaimSkip::Unknown if self.is_named => self.report.add_unknown(&id),
                // Another run has mended that since it was read.
                ClaimSkip::Unknown => {}
                ClaimSkip::Repaired(repair) => self.report.add_repair(repair),
                ClaimSkip::Unusable(why) => self.report.add_unreadable(&id, &why),
            }
        }
        for (id, why) in taken.unreadable {
            self.report.add_unreadable(&id, &why);
        }
        let (processor, stop) = (self.processor, self.stop.clone());
        let orders = taken.claims.iter();
        let mut orders: FuturesUnordered<_> = orders
            .map(|claimed| look_at(processor, claimed, &stop))
            .collect();
        // What one of them meets is no reason to leave the others half-way.
        let (mut end, mut trouble) = (Ok(()), None);
        while let Some((claimed, contact, seen)) = orders.next().await {
            self.hear(contact);
            match seen {
                Ok(Seen::Settled(outcome)) => {
                    let id = claimed.id().as_str();
                    self.report.add(id, claimed.record.state, contact, &outcome);
                    trouble = trouble.or(outcome.pause);
                }
                Ok(Seen::ClaimBatch) => self.report.in_hand += 1,
                Ok(Seen::GivenBack) if end.is_ok() => end = Err(Stopped::Interrupted),
                Ok(Seen::GivenBack) => {}
                Err(error) => end = Err(error.into()),
            }
        }
        match trouble {
            Some(reason) => Err(self.give_in(reason).await?),
            None => end,
        }
    }

    /// What is in the way of a worker is in the way of all. A person's own settings are nobody else's.
    async fn give_in(&self, reason: String) -> Result<Stopped, QueueError> {
        if self.report.tick.is_none() {
            return Ok(Stopped::Trouble(reason));
        }
        let (control, by) = (&self.processor.control, &self.processor.name);
        retry_while_unreachable(|| control.pause(&reason, by)).await?;
        warn!(%reason, "the queue is paused: no orders are taken until `worker resume`");
        Ok(Stopped::Paused(reason))
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

async fn next_page(
    inspector: &Inspector,
    walk: &OpenOrderScan,
    until: Millis,
) -> Result<(Vec<String>, OpenOrderScan), QueueError> {
    let mut walk = walk.clone();
    let page = inspector.open_orders(&mut walk, until, PAGE).await?;
    Ok((page, walk))
}

async fn unlisted_orders(
    inspector: &Inspector,
    mut cursor: u64,
    until: Millis,
) -> Result<(Vec<String>, u64), QueueError> {
    let page = inspector.unlisted_orders(&mut cursor, until).await?;
    Ok((page, cursor))
}

fn names(taken: &ClaimBatch) -> HashSet<String> {
    let told = taken.skips.iter().map(|(id, _)| id.clone());
    let unreadable = taken.unreadable.iter().map(|(id, _)| id.clone());
    let claimed = taken.claims.iter().map(|claimed| claimed.id().to_string());
    told.chain(unreadable).chain(claimed).collect()
}

/// What came of a look at a claimed order.
enum Seen {
    Settled(Step),
    /// Somebody else has it by now.
    ClaimBatch,
    /// The run was asked to stop.
    GivenBack,
}

/// Asks HitPoints for the record of a claimed order, and settles what follows.
async fn look_at<'a>(
    processor: &OrderProcessor,
    claimed: &'a Claim,
    stop: &Shutdown,
) -> (&'a Claim, VendorSignal, Result<Seen, QueueError>) {
    let moment = DecisionInputs {
        now: claimed.at,
        jitter: rand::random(),
    };
    let asked = async {
        tokio::select! {
            biased;
            event = ask(processor, &claimed.record, claimed.at) => event,
            () = stop.wait() => Event::Released,
        }
    };
    let asked = AssertUnwindSafe(leased(processor, claimed, asked)).catch_unwind();
    let event = asked.await.unwrap_or_else(|_| {
        warn!(order = %claimed.id(), "the order's code failed; nothing is known of it");
        Event::Panicked
    });
    let is_given_back = event == Event::Released;
    let contact = event.vendor_signal();
    let settled = settle(processor, claimed, event, moment).await;
    let seen = settled.map(|applied| match applied {
        _ if is_given_back => Seen::GivenBack,
        Some(applied) => Seen::Settled(applied),
        None => Seen::ClaimBatch,
    });
    (claimed, contact, seen)
}

/// Asks HitPoints for an order's record, unless that has killed too many workers.
pub(super) async fn ask(processor: &OrderProcessor, record: &Record, now: Millis) -> Event {
    match record.state {
        State::Failed | State::Rejected | State::Expired => Event::ReplayRequested,
        state if !state.has_ended() && record.is_poison(&processor.policy) => Event::Crashed,
        _ => Event::Reconciled(processor.look_up(record, now).await),
    }
}

/// Applies what happened to a claimed order, but for its [`pause`](Step::pause). None: it was not ours any more.
pub(crate) async fn settle(
    processor: &OrderProcessor,
    claimed: &Claim,
    event: Event,
    moment: DecisionInputs,
) -> Result<Option<Step>, QueueError> {
    let contact = event.vendor_signal();
    let step = step(&claimed.record, event, &processor.policy, moment);
    match retry_while_unreachable(|| processor.ledger.settle(claimed, &step, contact)).await? {
        Settled::Applied(_) => Ok(Some(step)),
        Settled::Stale | Settled::Restored => Ok(None),
    }
}
