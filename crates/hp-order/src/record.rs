use std::time::Duration;

use hp_api::{DoubtKind, FetchCards, Outcome, RefusalKind};

use crate::{
    policy::Policy,
    state::{Cause, State},
    terminal_outcome::{FailReason, Rejection, Source},
    time::Millis,
};

/// The ledger record of one order. It contains no card key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The order as it was placed.
    pub wanted: FetchCards,
    /// The state. After a claim: [`State::Submitting`] if the claimant is to submit the order, [`State::Uncertain`] if
    /// it is to query it.
    pub state: State,
    /// Number of claims. Only the holder of the latest claim can settle the order.
    pub claim: u64,
    /// Number of submissions, including the one that this claim is for.
    pub attempts: u32,
    /// Number of record queries, including the one that this claim is for.
    pub checks: u32,
    /// Number of claimants that vanished or panicked.
    pub crashes: u32,
    /// When the order was admitted.
    pub accepted_at: Millis,
    /// When an operator last requeued the order: [`Policy::give_up_after`] counts from then.
    pub renewed_at: Option<Millis>,
    /// When the first submission left. A record of HitPoints that is older does not belong to the order.
    pub first_submitted_at: Option<Millis>,
    /// When the last submission left.
    pub submitted_at: Option<Millis>,
    /// Until when the last submission may still arrive, and "not found" proves nothing: [`Policy::resubmit_after`] after it
    /// left. Redis measures this time so that a clock that is set cannot shorten it.
    pub arrives_until: Option<Millis>,
    /// Set if the order is older than the present epoch of Redis. Until this time a submission that Redis has forgotten
    /// may still arrive, and "not found" proves nothing.
    pub not_found_valid_from: Option<Millis>,
    /// When the order was due, if a reconciliation run or an operator claimed it before that time.
    pub due_at: Option<Millis>,
    /// The producer's deadline.
    pub deadline: Option<Millis>,
    /// Why the order is in doubt, while it is.
    pub cause: Option<Cause>,
    /// Code of the last answer from HitPoints.
    pub code: Option<i64>,
    /// Text of the last answer from HitPoints, or the evidence for an operator.
    pub message: Option<String>,
    /// The account of the last submission, if it is not the account of the claimant: a query with the claimant's account
    /// proves nothing about the order.
    pub other_account: Option<String>,
    /// Why the order failed, and which call proved it.
    pub failed: Option<(FailReason, Source)>,
    /// Why the order was rejected.
    pub rejected: Option<Rejection>,
    /// HitPoints' own number of the order whose cards the first result contains.
    pub hp_order_id: Option<u64>,
}

impl Record {
    /// Creates the record of a new order before its first claim. [`claim`](crate::claim()) makes of it what Redis
    /// stores.
    pub const fn admitted(wanted: FetchCards, at: Millis) -> Self {
        Self {
            wanted,
            state: State::Queued,
            claim: 0,
            attempts: 0,
            checks: 0,
            crashes: 0,
            accepted_at: at,
            renewed_at: None,
            first_submitted_at: None,
            submitted_at: None,
            arrives_until: None,
            not_found_valid_from: None,
            due_at: None,
            deadline: None,
            cause: None,
            code: None,
            message: None,
            other_account: None,
            failed: None,
            rejected: None,
            hp_order_id: None,
        }
    }

    /// Returns `true` if nothing of this order can have reached HitPoints before the present claim.
    pub const fn is_first_attempt(&self) -> bool {
        self.attempts <= 1
    }

    fn is_last_submission_refused(&self) -> bool {
        matches!(
            self.cause,
            Some(Cause::Refused | Cause::Answer(DoubtKind::TurnedAway(_)))
        )
    }

    /// Returns `true` if the only submission was refused for good, or turned away by a front end. Then "not found" needs no
    /// control: nothing but the refusal itself could be wrong, and an outage that refuses everything charges nothing.
    pub fn is_only_submission_refused(&self) -> bool {
        self.is_last_submission_refused()
            && self.is_first_attempt()
            && self.not_found_valid_from.is_none()
    }

    /// Returns `true` if this outcome looks like a failure of the worker's account or clock. A control call shows whether it is
    /// one, or whether only this order is at fault.
    pub fn is_account_suspect(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Charged(_) => false,
            Outcome::NotCharged(refusal) => match refusal.kind {
                RefusalKind::Credentials => true,
                RefusalKind::StaleDate => self.had_stale_date(),
                RefusalKind::Final | RefusalKind::LowBalance | RefusalKind::NeverSent => false,
            },
            Outcome::Unknown(doubt) => doubt.is_account_failure(),
        }
    }

    /// Returns `true` if the last answer was a refusal of the date. A second one in a row shows that a clock is wrong.
    pub(crate) fn had_stale_date(&self) -> bool {
        self.code.and_then(RefusalKind::from_code) == Some(RefusalKind::StaleDate)
    }

    /// Returns `true` if too many claimants vanished or panicked: the order needs review by an operator.
    pub const fn is_poison(&self, policy: &Policy) -> bool {
        self.crashes >= policy.max_crashes
    }

    /// Returns `true` if "not found" decides about this order: it has ended, or it is in doubt and no request can
    /// arrive any more.
    pub fn is_decided_by_not_found(&self, now: Millis) -> bool {
        let is_in_doubt = matches!(self.state, State::Uncertain | State::Review);
        self.state.has_ended() || is_in_doubt && self.not_found_valid_in(now).is_zero()
    }

    /// Returns for how long a submission may still arrive that HitPoints does not know yet.
    pub fn not_found_valid_in(&self, now: Millis) -> Duration {
        // Earlier doubt ended before this submission left, and a request that was refused or turned away does not arrive again.
        let has_arrived = self.is_last_submission_refused();
        self.submission_arrives_in(has_arrived, now)
    }

    /// Returns for how long a submission may still arrive that gives the order another record than HitPoints has now.
    pub fn closable_in(&self, now: Millis) -> Duration {
        // A signed answer that does not fit comes after HitPoints has processed the submission, as a refusal does.
        let answered = [Cause::Refused, Cause::Answer(DoubtKind::Mismatch)];
        let has_arrived = self.cause.is_some_and(|cause| answered.contains(&cause));
        self.submission_arrives_in(has_arrived, now)
    }

    /// The wait for a submission that Redis may have forgotten and, unless it has arrived, for the last one.
    fn submission_arrives_in(&self, has_arrived: bool, now: Millis) -> Duration {
        let left = |until: Option<Millis>| until.map_or(Duration::ZERO, |until| until.since(now));
        let forgotten = left(self.not_found_valid_from);
        if has_arrived {
            return forgotten;
        }
        forgotten.max(left(self.arrives_until))
    }

    /// Returns `true` if the producer no longer wants the order to be submitted.
    pub fn is_past_deadline(&self, now: Millis) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }

    /// Returns `true` if [`Policy::give_up_after`] has passed.
    pub(crate) fn is_too_old(&self, policy: &Policy, now: Millis) -> bool {
        now.since(self.age_counts_from()) >= policy.give_up_after
    }

    /// Returns when the worker stops submitting: at the deadline, or when [`Policy::give_up_after`] has passed.
    pub(crate) fn submittable_until(&self, policy: &Policy) -> Millis {
        let too_old_at = self.age_counts_from().plus(policy.give_up_after);
        self.deadline
            .map_or(too_old_at, |deadline| deadline.min(too_old_at))
    }

    fn age_counts_from(&self) -> Millis {
        self.renewed_at.unwrap_or(self.accepted_at)
    }
}
