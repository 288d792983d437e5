//! What the scripts do to one ledger record.

use std::time::Duration;

use hp_order::{Next, State, Step, TerminalOutcome};

use crate::{
    epoch::{Epoch, EpochId},
    real::{Doubt, MAX_CRASHES},
    redis::Order,
    rules::{Fault, LEASE, Setting},
    world::{Age, Ended, older},
};

impl Order {
    /// A new order, just claimed. `restarted`: it may be an old one that Redis has forgotten.
    pub(crate) fn admitted(epoch: EpochId, restarted: Option<Age>, setting: &Setting) -> Self {
        let mut order = Self {
            state: State::Submitting,
            claim: 1,
            epoch,
            attempts: 1,
            crashes: 0,
            doubt: None,
            submitted: Some(0),
            restarted: None,
            due_in: LEASE,
            is_settled: false,
            is_old: false,
        };
        if let Some(age) = restarted {
            order.state = State::Uncertain;
            order.doubt = Some(Doubt::RedisRestarted);
            order.restarted = Some((epoch.0, age));
            order.submitted = None;
        } else if setting.lacks(Fault::StoresAttemptsTooLate) {
            order.state = State::Queued;
            order.attempts = 0;
        }
        order
    }

    /// As in doubt, in the place of a record that Redis has forgotten. The shorter of the waits that may follow is the one
    /// that is looked at.
    pub(crate) fn restored(&self, epoch: Option<&Epoch>, start: u8, setting: &Setting) -> Self {
        let id = epoch.map_or(EpochId(start, false), |epoch| epoch.id(setting));
        Self {
            state: State::Uncertain,
            epoch: id,
            doubt: Some(Doubt::RedisRestarted),
            restarted: Some((id.0, 0)),
            due_in: 0,
            is_settled: true,
            ..*self
        }
    }

    /// Claims an open order that has come due. `restarted`: it is older than the last start of Redis.
    ///
    /// One that is named, and certainly not charged, stays as it is.
    pub(crate) fn reclaim(
        &mut self,
        epoch: EpochId,
        restarted: Option<Age>,
        is_named: bool,
        setting: &Setting,
    ) {
        let is_unsent = matches!(self.state, State::Queued | State::Waiting);
        let is_sent = matches!(self.state, State::Submitting | State::Uncertain);
        let was_deserted = is_sent && restarted.is_none() && !self.is_settled;
        if is_unsent && restarted.is_none() && is_named {
            self.restarted = None;
        } else if is_unsent && restarted.is_none() {
            self.send(setting);
        } else if is_unsent {
            self.attempts += 1;
            self.doubt = Some(Doubt::RedisRestarted);
            self.state = State::Uncertain;
        } else if self.state == State::Submitting {
            self.doubt = Some(Doubt::WorkerDied);
            self.state = State::Uncertain;
        }
        if let Some(age) = restarted {
            self.restarted = Some((epoch.0, age));
        }
        self.crashes = MAX_CRASHES.min(self.crashes + u8::from(was_deserted));
        self.claim += 1;
        self.epoch = epoch;
        self.due_in = LEASE;
        self.is_settled = false;
    }

    /// The rule that carries most: `submitting` is stored, with the attempt, before anybody can send.
    fn send(&mut self, setting: &Setting) {
        if setting.lacks(Fault::StoresAttemptsTooLate) {
            return;
        }
        self.attempts += 1;
        self.state = State::Submitting;
        self.submitted = Some(0);
    }

    /// The record in the hands of the worker. It is the stored one, but for the planted fault.
    pub(crate) fn as_taken(&self, setting: &Setting) -> Self {
        let mut taken = *self;
        let is_unsent = matches!(self.state, State::Queued | State::Waiting);
        if setting.lacks(Fault::StoresAttemptsTooLate) && is_unsent {
            taken.attempts += 1;
            taken.state = State::Submitting;
            taken.submitted = Some(0);
        }
        taken
    }

    /// Whether a claim is the current one. Numbers of claims are given out anew after a fall-back, so the epoch counts too.
    pub(crate) fn may_be_settled_by(&self, claimed: &Self, setting: &Setting) -> bool {
        let is_claim = self.claim == claimed.claim;
        let is_epoch = self.epoch == claimed.epoch || setting.lacks(Fault::SettlesWithoutEpoch);
        (is_claim && is_epoch) || setting.lacks(Fault::SettlesWithoutClaim)
    }

    pub(crate) fn is_same_claim(&self, other: &Self) -> bool {
        (self.claim, self.epoch) == (other.claim, other.epoch)
    }

    /// Stores a step.
    pub(crate) fn apply(&mut self, step: &Step) {
        self.state = step.state;
        self.attempts = u8::try_from(step.attempts).unwrap_or(u8::MAX);
        self.crashes = u8::try_from(step.crashes).unwrap_or(u8::MAX);
        self.doubt = step.cause.map(Doubt::of);
        self.is_settled = true;
        self.is_old &= step.renewed_at.is_none();
        if !matches!(self.state, State::Uncertain | State::Review) {
            self.restarted = None;
        }
        // Pauses are a matter of pace: it may come due at once. Only asking anew waits for the next tick, since
        // within one it would tell nothing new.
        let asks_anew = step.state == State::Uncertain && step.next != Next::After(Duration::ZERO);
        self.due_in = u8::from(asks_anew);
    }

    /// One tick later.
    pub(crate) fn age(&mut self) {
        self.submitted = self.submitted.map(older);
        self.restarted = self.restarted.map(|(start, age)| (start, older(age)));
        self.due_in = self.due_in.saturating_sub(1);
    }
}

impl Ended {
    pub(crate) fn of(ending: &TerminalOutcome) -> Self {
        match ending {
            TerminalOutcome::Completed { .. } => Self::Charged,
            TerminalOutcome::Failed { .. }
            | TerminalOutcome::Rejected(_)
            | TerminalOutcome::Expired => Self::NotCharged,
        }
    }
}
