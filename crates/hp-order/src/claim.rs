use std::time::Duration;

use crate::{
    record::Record,
    state::{Cause, State},
    time::Millis,
};

/// What Redis knows about an order when a worker claims it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimFacts {
    /// Time of the claim.
    pub now: Millis,
    /// The order's last claim is from an earlier epoch, and that epoch may have lost writes. For a new order: Redis may
    /// have forgotten an earlier admission.
    pub is_older_epoch: bool,
    /// The caller named the order (a reconciliation run or an operator); it was not just due.
    pub is_named: bool,
    /// The last claimant never settled.
    pub has_claimant_vanished: bool,
    /// How long a request that leaves under this claim may be on its way:
    /// [`Policy::resubmit_after`](crate::Policy::resubmit_after).
    pub resubmit_after: Duration,
    /// From when on "not found" counts if [`EpochDoubt::Begins`] with this claim.
    pub not_found_valid_from: Option<Millis>,
}

/// The facts that select the [`ClaimRule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClaimConditions {
    /// See [`ClaimFacts::is_older_epoch`].
    pub is_older_epoch: bool,
    /// See [`ClaimFacts::is_named`].
    pub is_named: bool,
    /// See [`ClaimFacts::has_claimant_vanished`].
    pub has_claimant_vanished: bool,
}

/// What a claim changes in the record, besides raising `claim` by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClaimRule {
    /// The state after the claim.
    pub state: State,
    /// The new cause, or `None` if the cause stays as it is.
    pub cause: Option<Cause>,
    /// 1 if the claim counts as a submission attempt, otherwise 0.
    pub attempts: u32,
    /// 1 if the claim counts as a record query, otherwise 0.
    pub checks: u32,
    /// 1 if the claim counts a vanished claimant, otherwise 0.
    pub crashes: u32,
    /// The worker may submit the order: `submitted_at` becomes the time of the claim, and `arrives_until` follows. So does
    /// `first_submitted_at` if the order was never submitted before.
    pub is_submission: bool,
    /// What happens to the doubt that a new epoch causes.
    pub epoch_doubt: EpochDoubt,
}

/// What a claim does to the doubt that a new epoch causes: `restarted_at` in Redis,
/// [`Record::not_found_valid_from`] in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EpochDoubt {
    /// Begins, or begins again: it counts from the start of the present epoch.
    Begins,
    /// Stays as it is, present or absent.
    Stays,
    /// Does not apply to this claim.
    Drops,
}

impl ClaimConditions {
    /// All combinations.
    pub const ALL: [Self; 8] = {
        let mut all = [Self::from_bits(0); 8];
        let mut bits = 0;
        while bits < all.len() {
            all[bits] = Self::from_bits(bits);
            bits += 1;
        }
        all
    };

    const fn from_bits(bits: usize) -> Self {
        Self {
            is_older_epoch: bits & 1 != 0,
            is_named: bits & 2 != 0,
            has_claimant_vanished: bits & 4 != 0,
        }
    }
}

impl From<&ClaimFacts> for ClaimConditions {
    fn from(facts: &ClaimFacts) -> Self {
        Self {
            is_older_epoch: facts.is_older_epoch,
            is_named: facts.is_named,
            has_claimant_vanished: facts.has_claimant_vanished,
        }
    }
}

/// Claims an order: returns its record as the claimant receives it. A new order is the claim of [`Record::admitted`].
///
/// Redis stores this record before the claimant can act on it. So an order found in [`State::Submitting`] was left
/// there by a worker that vanished, and may have been sent.
pub fn claim(record: &Record, facts: &ClaimFacts) -> Record {
    let rule = claim_rule(record.state, facts.into());
    Record {
        state: rule.state,
        cause: rule.cause.or(record.cause),
        claim: record.claim.saturating_add(1),
        attempts: record.attempts.saturating_add(rule.attempts),
        checks: record.checks.saturating_add(rule.checks),
        crashes: record.crashes.saturating_add(rule.crashes),
        first_submitted_at: if rule.is_submission {
            record.first_submitted_at.or(Some(facts.now))
        } else {
            record.first_submitted_at
        },
        submitted_at: if rule.is_submission {
            Some(facts.now)
        } else {
            record.submitted_at
        },
        arrives_until: if rule.is_submission {
            Some(facts.now.plus(facts.resubmit_after))
        } else {
            record.arrives_until
        },
        not_found_valid_from: match rule.epoch_doubt {
            EpochDoubt::Begins => facts.not_found_valid_from,
            EpochDoubt::Stays => record.not_found_valid_from,
            EpochDoubt::Drops => None,
        },
        ..record.clone()
    }
}

/// Decides what a claim changes. [`claim`] applies this rule, and so does the claim script in Redis: its table holds
/// the rule of every state and every combination of conditions.
pub const fn claim_rule(state: State, conditions: ClaimConditions) -> ClaimRule {
    match state {
        State::Queued | State::Waiting => unsent(state, conditions),
        State::Submitting => doubted(Some(Cause::WorkerDied), conditions),
        State::Uncertain => doubted(None, conditions),
        State::Review => ClaimRule {
            crashes: vanished(conditions),
            epoch_doubt: epoch_doubt(conditions),
            ..unchanged(state)
        },
        State::Completed | State::Failed | State::Rejected | State::Expired => unchanged(state),
    }
}

/// An order that was certainly not charged. A named claim only queries it, so it does not count as an attempt.
const fn unsent(state: State, conditions: ClaimConditions) -> ClaimRule {
    if conditions.is_older_epoch {
        return ClaimRule {
            state: State::Uncertain,
            cause: Some(Cause::RedisRestarted),
            attempts: 1,
            checks: 1,
            epoch_doubt: EpochDoubt::Begins,
            ..unchanged(state)
        };
    }
    if conditions.is_named {
        return ClaimRule {
            epoch_doubt: EpochDoubt::Drops,
            ..unchanged(state)
        };
    }
    ClaimRule {
        state: State::Submitting,
        attempts: 1,
        is_submission: true,
        ..unchanged(state)
    }
}

/// An order that may have been sent: query it, never submit it.
const fn doubted(cause: Option<Cause>, conditions: ClaimConditions) -> ClaimRule {
    ClaimRule {
        cause,
        checks: 1,
        crashes: vanished(conditions),
        epoch_doubt: epoch_doubt(conditions),
        ..unchanged(State::Uncertain)
    }
}

const fn unchanged(state: State) -> ClaimRule {
    ClaimRule {
        state,
        cause: None,
        attempts: 0,
        checks: 0,
        crashes: 0,
        is_submission: false,
        epoch_doubt: EpochDoubt::Stays,
    }
}

/// A new epoch may have lost the settle call, so it proves nothing about the claimant.
const fn vanished(conditions: ClaimConditions) -> u32 {
    (conditions.has_claimant_vanished && !conditions.is_older_epoch) as u32
}

const fn epoch_doubt(conditions: ClaimConditions) -> EpochDoubt {
    if conditions.is_older_epoch {
        EpochDoubt::Begins
    } else {
        EpochDoubt::Stays
    }
}
