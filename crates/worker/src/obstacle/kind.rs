use std::fmt;

use serde::{Serialize, Serializer};

/// What kind of obstacle it is. `worker help reasons` has the meaning of each word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ObstacleKind {
    /// Redis has used up its memory.
    RedisFull,
    /// Redis refuses writes for another reason.
    RedisRefuses,
    /// Redis may lose orders, so workers claim nothing.
    RedisUnsafe,
    /// An operator or a worker has paused the queue.
    Paused,
    /// No worker is alive, or none of them claims orders.
    NoWorker,
    /// One worker claims no orders. Others may.
    WorkerFault,
    /// No request reaches HitPoints.
    VendorUnreachable,
    /// Requests leave, and no answer comes.
    VendorSilent,
    /// Answers come that are no proof of anything.
    VendorUnusable,
    /// Answers come with error codes that settle nothing.
    VendorError,
    /// HitPoints denies records of orders that it has charged.
    ControlDenied,
    /// A front end of HitPoints asks to send less.
    Throttled,
    /// The balance of a currency is too low.
    BalanceLow,
    /// An operator has to decide.
    Review,
    /// A ledger record cannot be read.
    Unreadable,
    /// Entries have left the inbox before a worker took them.
    LostEntries,
    /// Inbox entries name no usable order.
    DeadLetters,
    /// A worker is processing the order.
    Claimed,
    /// The order waits for a time.
    Waits,
    /// The next free worker takes the order.
    Due,
}

impl ObstacleKind {
    /// All kinds.
    pub(crate) const ALL: [Self; 20] = [
        Self::RedisFull,
        Self::RedisRefuses,
        Self::RedisUnsafe,
        Self::Paused,
        Self::NoWorker,
        Self::WorkerFault,
        Self::VendorUnreachable,
        Self::VendorSilent,
        Self::VendorUnusable,
        Self::VendorError,
        Self::ControlDenied,
        Self::Throttled,
        Self::BalanceLow,
        Self::Review,
        Self::Unreadable,
        Self::LostEntries,
        Self::DeadLetters,
        Self::Claimed,
        Self::Waits,
        Self::Due,
    ];

    /// The kind as one word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::RedisFull => "redis_full",
            Self::RedisRefuses => "redis_refuses",
            Self::RedisUnsafe => "redis_unsafe",
            Self::Paused => "paused",
            Self::NoWorker => "no_worker",
            Self::WorkerFault => "worker_fault",
            Self::VendorUnreachable => "vendor_unreachable",
            Self::VendorSilent => "vendor_silent",
            Self::VendorUnusable => "vendor_unusable",
            Self::VendorError => "vendor_error",
            Self::ControlDenied => "control_denied",
            Self::Throttled => "throttled",
            Self::BalanceLow => "balance_low",
            Self::Review => "review",
            Self::Unreadable => "unreadable",
            Self::LostEntries => "lost_entries",
            Self::DeadLetters => "dead_letters",
            Self::Claimed => "claimed",
            Self::Waits => "waits",
            Self::Due => "due",
        }
    }

    /// `true` if it needs an operator now. The other kinds end by themselves, or can wait.
    pub(crate) const fn is_urgent(self) -> bool {
        !matches!(
            self,
            Self::WorkerFault
                | Self::Throttled
                | Self::LostEntries
                | Self::DeadLetters
                | Self::Claimed
                | Self::Waits
                | Self::Due
        )
    }

    /// `true` if it is a failure of Redis.
    pub(crate) const fn is_of_redis(self) -> bool {
        matches!(
            self,
            Self::RedisFull | Self::RedisRefuses | Self::RedisUnsafe
        )
    }

    /// `true` if it is a failure of HitPoints.
    pub(crate) const fn is_vendor_failure(self) -> bool {
        matches!(
            self,
            Self::VendorUnreachable
                | Self::VendorSilent
                | Self::VendorUnusable
                | Self::VendorError
                | Self::ControlDenied
        )
    }
}

impl fmt::Display for ObstacleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ObstacleKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
