//! What Redis stores, and the claim and settle scripts for one order.

use hp_order::{Cause, Next, State, Step, TerminalOutcome};

use crate::{
    epoch::{Epoch, Watermark},
    order::Order,
    setting::{Fault, Feature, Setting},
    time::{LEASE, RESUBMIT, older_until},
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Redis {
    pub(crate) inbox: Inbox,
    pub(crate) order: Option<Order>,
    /// The number of first results of the order in the stream.
    pub(crate) results: u8,
    /// The number of copies of that result.
    pub(crate) copies: u8,
    /// What the last result says.
    pub(crate) ended: Option<Ended>,
    pub(crate) epoch: Option<Epoch>,
}

/// Entries of the order: first those that may repeat a forgotten order, then the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Inbox {
    pub(crate) doubted: u8,
    pub(crate) fresh: u8,
    /// How many of them were there when the order ended.
    pub(crate) before_end: u8,
}

/// What a result says about the charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ended {
    Charged,
    NotCharged,
}

/// Where a claim finds the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ClaimSource {
    Inbox,
    Schedule,
    /// By its id, in any state.
    Name,
}

impl Inbox {
    pub(crate) fn is_empty(self) -> bool {
        self.doubted + self.fresh == 0
    }

    /// Doubts all present entries, and none that comes later.
    fn fix_boundary(&mut self) {
        self.doubted += std::mem::take(&mut self.fresh);
    }

    /// Removes the oldest entry; returns whether it is in doubt.
    fn pop(&mut self) -> Option<bool> {
        let (entries, is_doubted) = if self.doubted > 0 {
            (&mut self.doubted, true)
        } else {
            (&mut self.fresh, false)
        };
        *entries = entries.checked_sub(1)?;
        Some(is_doubted)
    }
}

impl Redis {
    pub(crate) fn new_queue() -> Self {
        Self {
            inbox: Inbox::default(),
            order: None,
            results: 0,
            copies: 0,
            ended: None,
            epoch: None,
        }
    }

    /// An empty queue that has been in use for a long time.
    pub(crate) fn used_queue() -> Self {
        Self {
            epoch: Some(Epoch::first()),
            ..Self::new_queue()
        }
    }

    /// One tick passes.
    pub(crate) fn age(&mut self, setting: &Setting) {
        if let Some(order) = &mut self.order {
            order.age(setting);
        }
        if let Some(epoch) = &mut self.epoch {
            let longest_wait = epoch.longest_wait();
            epoch.since = epoch.since.map(|since| older_until(since, longest_wait));
        }
    }

    /// The part of a claim call that notices a restart and lost writes.
    pub(crate) fn update_epoch(
        &mut self,
        generation: u8,
        watermark: Option<Watermark>,
        old_master: u8,
        setting: &Setting,
    ) {
        if self.epoch_of(generation).is_none() {
            let previous = self.epoch.as_ref();
            let epoch = Epoch::begin(previous, generation, watermark, old_master, setting);
            self.epoch = Some(epoch);
            self.inbox.fix_boundary();
        }
        let Some(epoch) = &mut self.epoch else { return };
        epoch.compare(watermark, setting);
        // What came while every entry was doubted may repeat a forgotten order, even if it is claimed later.
        if epoch.is_first_observation_after_window() && !setting.has(Fault::DoubtsByClaimTime) {
            self.inbox.fix_boundary();
        }
    }

    /// The present epoch, unless Redis was restarted and no claim call has noticed it.
    pub(crate) fn epoch_of(&self, generation: u8) -> Option<&Epoch> {
        self.epoch
            .as_ref()
            .filter(|epoch| epoch.generation == generation)
    }

    /// Claims at most this order. Returns the claimed record and the ticks until "not found" counts.
    pub(crate) fn claim(
        &mut self,
        source: ClaimSource,
        account: u8,
        setting: &Setting,
    ) -> Option<(Order, Option<u8>)> {
        let claimed = match source {
            ClaimSource::Inbox => self.admit(account, setting),
            ClaimSource::Schedule => self.reclaim(false, account, setting),
            ClaimSource::Name => self.reclaim(true, account, setting),
        }?;
        let epoch = self.epoch.as_mut()?;
        epoch.claim_calls += 1;
        let not_found_valid_in = claimed.restarted.map(|(generation, age)| {
            let is_loss_unknown = generation == epoch.generation && !epoch.has_lost_writes;
            let seems_unsent = claimed.cause == Some(Cause::RedisRestarted);
            let is_short = is_loss_unknown && seems_unsent;
            let wait = if is_short { LEASE } else { RESUBMIT };
            let ignores_old_master = !is_short && setting.has(Fault::LossWaitIgnoresOldMaster);
            let old_master = if ignores_old_master {
                0
            } else {
                epoch.old_master
            };
            (wait + old_master).saturating_sub(age)
        });
        Some((claimed, not_found_valid_in))
    }

    fn admit(&mut self, account: u8, setting: &Setting) -> Option<Order> {
        let is_doubted = self.inbox.pop()?;
        if let Some(order) = &self.order {
            let has_ended = order.state.has_ended();
            self.receive_repetition(has_ended, setting);
            return None;
        }
        let epoch = self.epoch.as_ref()?;
        // While the window is open, every entry is doubted.
        let is_doubted = is_doubted || epoch.is_window_open();
        let older_since = epoch
            .since
            .filter(|_| is_doubted && !setting.has(Fault::TrustsEntryTime));
        let new = Order::admitted(epoch.id(setting));
        Some(self.store_claim(&new, older_since, false, account, setting))
    }

    /// A repetition makes no order: it is dropped, or a copy of the result answers it.
    fn receive_repetition(&mut self, has_ended: bool, setting: &Setting) {
        let is_early = self.inbox.before_end > 0;
        self.inbox.before_end = self.inbox.before_end.saturating_sub(1);
        let is_dropped = !has_ended || is_early && !setting.has(Fault::ReplaysEarlyRepetitions);
        if is_dropped || !setting.models(Feature::Replays) {
            return;
        }
        if setting.has(Fault::ReplaysAsFirstResult) {
            self.results += 1;
        }
        self.copies += 1;
    }

    fn reclaim(&mut self, is_named: bool, account: u8, setting: &Setting) -> Option<Order> {
        let epoch = self.epoch.as_ref()?;
        let order = self.order?;
        let older_since = epoch.since.filter(|_| order.epoch != epoch.id(setting));
        Some(self.store_claim(&order, older_since, is_named, account, setting))
    }

    /// Claims the order and stores it: the rule that everything else relies on.
    fn store_claim(
        &mut self,
        order: &Order,
        older_since: Option<u8>,
        is_named: bool,
        account: u8,
        setting: &Setting,
    ) -> Order {
        let epoch = self
            .epoch
            .as_ref()
            .map_or(order.epoch, |epoch| epoch.id(setting));
        let older_since = older_since.filter(|_| !setting.has(Fault::TrustsRestartedRedis));
        let claimed = order.claim(epoch, older_since, is_named);
        let is_submission = claimed.state == State::Submitting;
        let claimed = Order {
            account: if is_submission {
                account
            } else {
                order.account
            },
            ..claimed
        };
        self.order = Some(order.stored_by_claim(claimed, setting));
        claimed
    }

    /// Settles: applies a step if the claim is still the current one. Restores an order that Redis has forgotten.
    pub(crate) fn settle(
        &mut self,
        claimed: &Order,
        step: &Step,
        generation: u8,
        setting: &Setting,
    ) {
        let Some(order) = &self.order else {
            let restored = claimed.restored(self.epoch.as_ref(), generation, setting);
            self.order = Some(restored);
            return;
        };
        let ends = matches!(step.next, Next::End(_));
        let has_ended = ends && order.state.has_ended();
        if has_ended || !order.may_be_settled_by(claimed, setting) {
            return;
        }
        // Redis may have forgotten what another worker did since. Only a charge is final.
        let is_not_charged = ends && step.state != State::Completed;
        if is_not_charged && !self.is_claim_of_this_epoch(claimed, generation, setting) {
            return;
        }
        self.apply(claimed, step, setting);
    }

    fn is_claim_of_this_epoch(&self, claimed: &Order, generation: u8, setting: &Setting) -> bool {
        let epoch = self.epoch_of(generation);
        let is_same = epoch.is_some_and(|epoch| epoch.id(setting) == claimed.epoch);
        is_same || setting.has(Fault::EndsAcrossRestart)
    }

    fn apply(&mut self, claimed: &Order, step: &Step, setting: &Setting) {
        let Some(order) = &mut self.order else { return };
        order.apply(step);
        if setting.has(Fault::StoresAttemptsTooLate) {
            order.submitted = claimed.submitted;
            order.first_submitted = claimed.first_submitted;
        }
        if let Next::End(outcome) = &step.next {
            self.results += 1;
            if setting.models(Feature::Replays) {
                self.inbox.before_end = self.inbox.doubted + self.inbox.fresh;
            }
            self.ended = Some(Ended::from(outcome));
        }
    }
}

impl From<&TerminalOutcome> for Ended {
    fn from(outcome: &TerminalOutcome) -> Self {
        match outcome {
            TerminalOutcome::Completed { .. } => Self::Charged,
            TerminalOutcome::Failed { .. }
            | TerminalOutcome::Rejected(_)
            | TerminalOutcome::Expired => Self::NotCharged,
        }
    }
}
