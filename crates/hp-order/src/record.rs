use std::{fmt, str::FromStr, time::Duration};

use hp_api::{DoubtKind, FetchCards};

use crate::{FailReason, Millis, Policy, Rejection, Source, time::DecisionInputs};

/// Where an order stands. The words are the contract's: they are the `state` field of its ledger record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Admitted, nothing was ever sent.
    Queued,
    /// Claimed to be sent; it may have left.
    Submitting,
    /// Sent, and nobody knows what became of it.
    Uncertain,
    /// Certainly not charged; to be submitted (again) later.
    Waiting,
    /// Given to a person.
    Review,
    /// Ended: charged once, cards delivered.
    Completed,
    /// Ended: not charged.
    Failed,
    /// Ended: never sent.
    Rejected,
    /// Ended: not charged by its deadline.
    Expired,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Submitting,
        Self::Uncertain,
        Self::Waiting,
        Self::Review,
        Self::Completed,
        Self::Failed,
        Self::Rejected,
        Self::Expired,
    ];

    /// The word in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Submitting => "submitting",
            Self::Uncertain => "uncertain",
            Self::Waiting => "waiting",
            Self::Review => "review",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }

    /// Whether the order has ended: its result is published and final.
    pub const fn has_ended(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Rejected | Self::Expired
        )
    }
}

/// A word that is not one of the vocabulary it was read as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a word of this vocabulary")]
pub struct UnknownWord(pub String);

impl FromStr for State {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| UnknownWord(word.into()))
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an order is in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The worker that was to submit it vanished or panicked.
    WorkerDied,
    /// It is older than the last start of Redis, which may have forgotten that it was sent.
    RedisRestarted,
    /// HitPoints refused for good, but an earlier submission was once in doubt: the record has the last word.
    Refused,
    /// The answer to the submission proved nothing.
    Answer(DoubtKind),
}

impl Cause {
    /// The word in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WorkerDied => "worker_died",
            Self::RedisRestarted => "redis_restarted",
            Self::Refused => "refused",
            Self::Answer(kind) => kind.as_str(),
        }
    }
}

impl FromStr for Cause {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "worker_died" => Ok(Self::WorkerDied),
            "redis_restarted" => Ok(Self::RedisRestarted),
            "refused" => Ok(Self::Refused),
            other => other
                .parse()
                .map(Self::Answer)
                .map_err(|_| UnknownWord(word.into())),
        }
    }
}

/// What the ledger knows of one order. Holds no card key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The order as it was placed.
    pub wanted: FetchCards,
    /// Where it stands. After a claim: [`State::Submitting`] for an order that is to be sent,
    /// [`State::Uncertain`] for one that is to be asked about.
    pub state: State,
    /// How many times a worker took it. Only the holder of the latest claim can settle it.
    pub claim: u64,
    /// Submissions so far, the one this claim is for included.
    pub attempts: u32,
    /// Record queries so far, the one this claim is for included.
    pub checks: u32,
    /// Workers that died with it in their hands.
    pub crashes: u32,
    /// When it was admitted.
    pub accepted_at: Millis,
    /// When a person had it begin anew: [`Policy::give_up_after`] counts from there.
    pub renewed_at: Option<Millis>,
    /// When the last submission left.
    pub submitted_at: Option<Millis>,
    /// Where it is older than the last start of Redis: until then a submission that Redis has forgotten may
    /// still arrive, and "not found" proves nothing.
    pub not_found_valid_from: Option<Millis>,
    /// When it was to be looked at by itself, where a run or a person took it before that time.
    pub due_at: Option<Millis>,
    /// The producer's deadline.
    pub deadline: Option<Millis>,
    /// Why it is in doubt, while it is.
    pub cause: Option<Cause>,
    /// Code of the last answer from HitPoints.
    pub code: Option<i64>,
    /// Text of the last answer from HitPoints.
    pub message: Option<String>,
    /// Why it ended, if it failed, and how that is known.
    pub failed: Option<(FailReason, Source)>,
    /// Why it ended, if it was rejected.
    pub rejected: Option<Rejection>,
}

impl Record {
    /// The record of a new order before its first claim: [`claim`](crate::claim()) it to get what Redis stores.
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
            submitted_at: None,
            not_found_valid_from: None,
            due_at: None,
            deadline: None,
            cause: None,
            code: None,
            message: None,
            failed: None,
            rejected: None,
        }
    }

    /// Whether nothing of this order can have reached HitPoints before the present claim.
    pub const fn is_first_attempt(&self) -> bool {
        self.attempts <= 1
    }

    /// Whether so many workers died with it that it is only safe in a person's hands.
    pub const fn is_poison(&self, policy: &Policy) -> bool {
        self.crashes >= policy.max_crashes
    }

    /// Whether "not found" decides anything: an order in doubt, of which no request can arrive any more, would be sent again or
    /// closed, and what is said of an ended one judged by it.
    pub fn is_decided_by_not_found(&self, policy: &Policy, now: Millis) -> bool {
        let is_in_doubt = matches!(self.state, State::Uncertain | State::Review);
        self.state.has_ended() || is_in_doubt && self.not_found_valid_in(policy, now).is_zero()
    }

    /// How long a submission may still arrive of which HitPoints knows nothing yet.
    pub fn not_found_valid_in(&self, policy: &Policy, now: Millis) -> Duration {
        let left = |until: Millis| until.since(now);
        let forgotten = self.not_found_valid_from.map_or(Duration::ZERO, left);
        // An earlier doubt was over before the submission that was refused, and a refused one arrives no more.
        if self.cause == Some(Cause::Refused) {
            return forgotten;
        }
        let delayed = self
            .submitted_at
            .map_or(Duration::ZERO, |at| left(at.plus(policy.resubmit_after)));
        forgotten.max(delayed)
    }

    /// From when [`Policy::give_up_after`] counts.
    pub(crate) fn begun_at(&self) -> Millis {
        self.renewed_at.unwrap_or(self.accepted_at)
    }

    pub(crate) fn age(&self, moment: DecisionInputs) -> Duration {
        moment.now.since(self.begun_at())
    }

    /// Whether the producer does not want it to be submitted any more.
    pub fn is_past_deadline(&self, now: Millis) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }
}
