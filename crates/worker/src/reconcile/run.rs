use std::{
    collections::{BTreeSet, HashSet},
    panic::AssertUnwindSafe,
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use hp_api::OrderId;
use hp_order::{Contact, Event, Finding, Millis, Moment, Record, State, Step, step};
use hp_queue::{Claimed, Ledger, QueueError, Settled, Taken, Told, Walk};
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::report::Report;
use crate::{
    patience::patiently,
    run::{Buyer, Stop, keep::leased},
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
    pub(crate) buyer: &'a Buyer,
    pub(crate) report: Report,
    pub(crate) progress: &'a (dyn Progress + Sync),
    /// Asked, it gives back what it has claimed, and ends.
    stop: Stop,
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
        self.buyer.probe.refresh().await;
        let mut walk = Walk::default();
        loop {
            let (page, further) = patiently(|| next_page(&self.buyer.ledger, &walk, until)).await?;
            walk = further;
            if page.is_empty() {
                break;
            }
            self.through(&page).await?;
        }
        let mut cursor = 0;
        loop {
            let (page, further) = patiently(|| strays(&self.buyer.ledger, cursor, until)).await?;
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

    pub(super) fn hear(&mut self, contact: Contact) {
        match contact {
            Contact::Answer => {
                self.is_heard = true;
                self.silences = 0;
            }
            Contact::Silence => self.silences += 1,
            Contact::None | Contact::Ours => {}
        }
    }

    /// The same, where the breaker does not hear of it.
    pub(super) fn hear_alone(&mut self, finding: &Finding) -> Result<(), Stopped> {
        self.hear(finding.contact());
        match finding {
            Finding::Unknown(doubt) if doubt.is_ours() => {
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
            let (buyer, before) = (self.buyer, left.len());
            let take = || buyer.ledger.take_named(AT_A_TIME, buyer.lease, &left);
            let taken = patiently(take).await?;
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
            let ledger = &self.buyer.ledger;
            let leave = patiently(|| ledger.may_call(calls)).await?;
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
                Told::InHand => self.report.in_hand += 1,
                Told::Ended => self.report.ended += 1,
                Told::Unknown if self.is_named => self.report.add_unknown(&id),
                // Another run has mended that since it was read.
                Told::Unknown => {}
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
        let (mut end, mut trouble) = (Ok(()), None);
        while let Some((claimed, contact, seen)) = orders.next().await {
            self.hear(contact);
            match seen {
                Ok(Seen::Settled(outcome)) => {
                    let id = claimed.id().as_str();
                    self.report.add(id, claimed.record.state, contact, &outcome);
                    trouble = trouble.or(outcome.pause);
                }
                Ok(Seen::Taken) => self.report.in_hand += 1,
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
        let (ledger, by) = (&self.buyer.ledger, &self.buyer.name);
        patiently(|| ledger.pause(&reason, by)).await?;
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
    ledger: &Ledger,
    walk: &Walk,
    until: Millis,
) -> Result<(Vec<String>, Walk), QueueError> {
    let mut walk = walk.clone();
    let page = ledger.open_orders(&mut walk, until, PAGE).await?;
    Ok((page, walk))
}

async fn strays(
    ledger: &Ledger,
    mut cursor: u64,
    until: Millis,
) -> Result<(Vec<String>, u64), QueueError> {
    let page = ledger.strays(&mut cursor, until).await?;
    Ok((page, cursor))
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
) -> (&'a Claimed, Contact, Result<Seen, QueueError>) {
    let moment = Moment {
        now: claimed.at,
        jitter: rand::random(),
    };
    let asked = async {
        tokio::select! {
            biased;
            event = ask(buyer, &claimed.record, claimed.at) => event,
            () = stop.wait() => Event::Released,
        }
    };
    let asked = AssertUnwindSafe(leased(buyer, claimed, asked)).catch_unwind();
    let event = asked.await.unwrap_or_else(|_| {
        warn!(order = %claimed.id(), "the order's code failed; nothing is known of it");
        Event::Panicked
    });
    let is_given_back = event == Event::Released;
    let contact = event.contact();
    let settled = settle(buyer, claimed, event, moment).await;
    let seen = settled.map(|applied| match applied {
        _ if is_given_back => Seen::GivenBack,
        Some(applied) => Seen::Settled(applied),
        None => Seen::Taken,
    });
    (claimed, contact, seen)
}

/// Asks HitPoints for an order's record, unless that has killed too many workers.
pub(super) async fn ask(buyer: &Buyer, record: &Record, now: Millis) -> Event {
    match record.state {
        State::Failed | State::Rejected | State::Expired => Event::Repeated,
        state if !state.has_ended() && record.is_poison(&buyer.policy) => Event::Crashed,
        _ => Event::Reconciled(buyer.look_up(record, now).await),
    }
}

/// Applies what happened to a claimed order, but for its [`pause`](Step::pause). None: it was not ours any more.
pub(crate) async fn settle(
    buyer: &Buyer,
    claimed: &Claimed,
    event: Event,
    moment: Moment,
) -> Result<Option<Step>, QueueError> {
    let contact = event.contact();
    let step = step(&claimed.record, event, &buyer.policy, moment);
    match patiently(|| buyer.ledger.settle(claimed, &step, contact)).await? {
        Settled::Applied(_) => Ok(Some(step)),
        Settled::Stale | Settled::Restored => Ok(None),
    }
}
