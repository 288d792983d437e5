use std::{fmt, str::FromStr};

use hp_api::DoubtKind;

use crate::word::{UnknownWord, words};

/// The state of an order: the `state` field of its ledger record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Admitted; nothing was ever sent.
    Queued,
    /// Claimed for submission; the request may have left.
    Submitting,
    /// The order may have been sent, and the outcome is unknown.
    Uncertain,
    /// Certainly not charged; to be submitted later.
    Waiting,
    /// Needs review by an operator.
    Review,
    /// Ended: charged once, cards delivered.
    Completed,
    /// Ended: not charged, or closed by an operator against a record that does not fit.
    Failed,
    /// Ended: never sent.
    Rejected,
    /// Ended: not charged by its deadline.
    Expired,
}

words!(State {
    Queued => "queued",
    Submitting => "submitting",
    Uncertain => "uncertain",
    Waiting => "waiting",
    Review => "review",
    Completed => "completed",
    Failed => "failed",
    Rejected => "rejected",
    Expired => "expired",
});

impl State {
    /// All states.
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

    /// Returns `true` if the order has ended: its result is published and final.
    pub const fn has_ended(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Rejected | Self::Expired
        )
    }

    /// Returns `true` if the order is open and may be charged.
    pub const fn is_in_doubt(self) -> bool {
        matches!(self, Self::Submitting | Self::Uncertain | Self::Review)
    }

    /// Returns `true` if the order is open and certainly not charged.
    pub const fn is_unsent(self) -> bool {
        matches!(self, Self::Queued | Self::Waiting)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why the outcome of an order is unknown: the `cause` field of its ledger record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The worker that was to submit the order vanished or panicked.
    WorkerDied,
    /// The order is older than the present epoch of Redis, which may have lost the note that it was sent.
    RedisRestarted,
    /// HitPoints refused for good, but an earlier submission was once in doubt: a query decides.
    Refused,
    /// The answer to the submission proves nothing.
    Answer(DoubtKind),
}

impl Cause {
    /// The word of the contract.
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
