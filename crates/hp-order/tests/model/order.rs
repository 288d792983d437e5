//! The ledger record, and what the scripts do to it.

use std::{sync::LazyLock, time::Duration};

use hp_api::FetchCards;
use hp_order::{
    Cause, ClaimFacts, EpochDoubt, Millis, Next, Record, State, Step, claim, claim_rule,
};

use crate::{
    epoch::{Epoch, EpochId},
    setting::{Fault, Feature, Setting},
    time::{Age, LEASE, RESUBMIT, older, older_until},
};

/// The number of crashes after which an order goes to review.
pub(crate) const MAX_CRASHES: u8 = 3;

pub(crate) const NOW: Millis = Millis(1_700_000_000_000);
pub(crate) const TICK: Duration = Duration::from_mins(1);
pub(crate) const GIVE_UP_AFTER: Duration = Duration::from_hours(1);

pub(crate) static WANTED: LazyLock<FetchCards> = LazyLock::new(|| FetchCards {
    order_id: "A-1".parse().unwrap(),
    product_id: "2".parse().unwrap(),
    quantity: "1".parse().unwrap(),
});

/// A due time that lies further ahead than any delay, because the clock was set back.
pub(crate) const FAR: u8 = u8::MAX;

/// The ledger record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Order {
    pub(crate) state: State,
    pub(crate) claim: u8,
    /// The epoch of the last claim.
    pub(crate) epoch: EpochId,
    pub(crate) attempts: u8,
    pub(crate) crashes: u8,
    pub(crate) cause: Option<Cause>,
    pub(crate) first_submitted: Option<Age>,
    pub(crate) submitted: Option<Age>,
    /// The account of the submissions.
    pub(crate) account: u8,
    /// `restarted_at`, and the generation of Redis that it belongs to.
    pub(crate) restarted: Option<(u8, Age)>,
    /// Ticks until the order is due.
    pub(crate) due_in: u8,
    /// The current claim has been settled.
    pub(crate) is_settled: bool,
    /// The order is older than `retry.give_up_after`.
    pub(crate) is_old: bool,
}

impl Order {
    /// A new order before its first claim.
    pub(crate) fn admitted(epoch: EpochId) -> Self {
        Self {
            state: State::Queued,
            claim: 0,
            epoch,
            attempts: 0,
            crashes: 0,
            cause: None,
            first_submitted: None,
            submitted: None,
            account: 0,
            restarted: None,
            due_in: 0,
            is_settled: true,
            is_old: false,
        }
    }

    /// The record in doubt that replaces one that Redis has forgotten. The shorter one of the waits that may follow is
    /// the one that is checked.
    pub(crate) fn restored(
        &self,
        epoch: Option<&Epoch>,
        generation: u8,
        setting: &Setting,
    ) -> Self {
        let unknown = EpochId {
            generation,
            has_lost_writes: false,
        };
        let id = epoch.map_or(unknown, |epoch| epoch.id(setting));
        Self {
            state: State::Uncertain,
            epoch: id,
            cause: Some(Cause::RedisRestarted),
            restarted: Some((id.generation, 0)),
            due_in: 0,
            is_settled: true,
            ..*self
        }
    }

    /// Claims the order by the real rule. `older_since`: the age of the present epoch, if the order's last claim is
    /// from an earlier one.
    pub(crate) fn claim(&self, epoch: EpochId, older_since: Option<Age>, is_named: bool) -> Self {
        let facts = ClaimFacts {
            now: NOW,
            is_older_epoch: older_since.is_some(),
            is_named,
            has_claimant_vanished: !self.is_settled,
            resubmit_after: TICK * u32::from(RESUBMIT),
            not_found_valid_from: None,
        };
        let claimed = claim(&self.record(None), &facts);
        // Redis stores `restarted_at`. The claim script answers `not_found_valid_from`, which follows from it.
        let restarted = match claim_rule(self.state, (&facts).into()).epoch_doubt {
            EpochDoubt::Begins => older_since.map(|since| (epoch.generation, since)),
            EpochDoubt::Stays => self.restarted,
            EpochDoubt::Drops => None,
        };
        Self {
            state: claimed.state,
            claim: small(claimed.claim),
            epoch,
            attempts: small(claimed.attempts),
            crashes: MAX_CRASHES.min(small(claimed.crashes)),
            cause: claimed.cause,
            first_submitted: claimed
                .first_submitted_at
                .map(|_| self.first_submitted.unwrap_or(0)),
            submitted: if claimed.submitted_at == Some(NOW) {
                Some(0)
            } else {
                self.submitted
            },
            account: self.account,
            restarted,
            due_in: LEASE,
            is_settled: false,
            is_old: self.is_old,
        }
    }

    /// What the claim stores. It is the claimed record, unless the fault is planted.
    pub(crate) fn stored_by_claim(&self, claimed: Self, setting: &Setting) -> Self {
        if setting.has(Fault::StoresAttemptsTooLate) && claimed.state == State::Submitting {
            return Self {
                state: self.state,
                attempts: self.attempts,
                first_submitted: self.first_submitted,
                submitted: self.submitted,
                ..claimed
            };
        }
        claimed
    }

    /// Returns `true` if a claim is the current one. Redis gives out claim numbers again after a rollback, so the epoch
    /// counts too.
    pub(crate) fn may_be_settled_by(&self, claimed: &Self, setting: &Setting) -> bool {
        let is_claim = self.claim == claimed.claim;
        let is_epoch = self.epoch == claimed.epoch || setting.has(Fault::SettlesWithoutEpoch);
        (is_claim && is_epoch) || setting.has(Fault::SettlesWithoutClaim)
    }

    pub(crate) fn is_same_claim(&self, other: &Self) -> bool {
        (self.claim, self.epoch) == (other.claim, other.epoch)
    }

    /// Stores a step.
    pub(crate) fn apply(&mut self, step: &Step) {
        self.state = step.state;
        self.attempts = small(step.attempts);
        self.crashes = small(step.crashes);
        self.cause = step.cause;
        self.is_settled = true;
        self.is_old &= step.renewed_at.is_none();
        if self.attempts == 0 {
            (self.first_submitted, self.submitted) = (None, None);
        }
        if !matches!(self.state, State::Uncertain | State::Review) {
            self.restarted = None;
        }
        // The length of a delay does not matter: the order may be due at once. Only a repeated query waits for the next
        // tick, because within a tick its answer is the same.
        let is_repeated_query =
            step.state == State::Uncertain && step.next != Next::After(Duration::ZERO);
        self.due_in = u8::from(is_repeated_query);
    }

    /// One tick passes.
    pub(crate) fn age(&mut self, setting: &Setting) {
        if setting.models(Feature::RecordAges) {
            self.first_submitted = self.first_submitted.map(older);
        }
        self.submitted = self.submitted.map(older);
        self.restarted = self
            .restarted
            .map(|(generation, age)| (generation, older_until(age, setting.longest_wait())));
        if self.due_in != FAR {
            self.due_in = self.due_in.saturating_sub(1);
        }
    }

    /// Returns `true` if the lease or the delay is over. A time that is further ahead than the longest delay shows that
    /// the clock was set back.
    pub(crate) fn is_due(&self, setting: &Setting) -> bool {
        self.due_in == 0 || self.due_in > LEASE && !setting.has(Fault::TrustsFarDueTime)
    }

    /// The same order as a record of `hp_order`.
    pub(crate) fn record(&self, not_found_valid_in: Option<u8>) -> Record {
        let age = if self.is_old {
            GIVE_UP_AFTER
        } else {
            Duration::ZERO
        };
        Record {
            state: self.state,
            claim: u64::from(self.claim),
            attempts: u32::from(self.attempts),
            crashes: u32::from(self.crashes),
            first_submitted_at: self
                .first_submitted
                .map(|age| NOW.before(TICK * u32::from(age))),
            submitted_at: self.submitted.map(|age| NOW.before(TICK * u32::from(age))),
            arrives_until: self
                .submitted
                .map(|age| NOW.plus(TICK * u32::from(RESUBMIT - age.min(RESUBMIT)))),
            not_found_valid_from: not_found_valid_in.map(|left| NOW.plus(TICK * u32::from(left))),
            cause: self.cause,
            ..Record::admitted(WANTED.clone(), NOW.before(age))
        }
    }
}

fn small(number: impl TryInto<u8>) -> u8 {
    number.try_into().unwrap_or(u8::MAX)
}
