use std::str::FromStr;

use hp_api::Order;

use crate::UnknownWord;

/// How an order ended, all that its result needs to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalOutcome {
    /// Charged once; the cards are in the order.
    Completed {
        /// HitPoints' verified record, which fits what was wanted.
        order: Box<Order>,
        /// Which call brought it.
        source: Source,
    },
    /// Not charged.
    Failed {
        /// Why.
        reason: FailReason,
        /// Which call told us.
        source: Source,
    },
    /// Never sent.
    Rejected(Rejection),
    /// Not charged by its deadline.
    Expired,
}

/// The `status` of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Charged once.
    Completed,
    /// Not charged.
    Failed,
    /// Never sent.
    Rejected,
    /// Not charged by its deadline.
    Expired,
}

/// Where the knowledge in a result comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The answer to the submission.
    Fetch,
    /// A record query, made because the outcome had been unknown.
    Query,
    /// A reconciliation run.
    Reconcile,
    /// No call was needed.
    Worker,
}

/// Why an order failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailReason {
    /// HitPoints said no for good.
    Refused,
    /// Older than the policy allows, and known not to be charged.
    GaveUp,
    /// An operator closed it.
    Resolved,
}

/// Why an order was rejected without a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// The entry was at fault.
    InvalidJob,
    /// The id is taken by an order of another product or quantity.
    OrderIdConflict,
    /// Not in the signed product list.
    UnknownProduct,
    /// More cards than HitPoints sells of this product in one order.
    QuantityOverLimit,
}

/// Gives each word type its text, and its way back.
macro_rules! words {
    ($type:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $type {
            /// The contract's word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl FromStr for $type {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    other => Err(UnknownWord(other.into())),
                }
            }
        }
    };
}

words!(Status { Completed => "completed", Failed => "failed", Rejected => "rejected", Expired => "expired" });
words!(Source { Fetch => "fetch", Query => "query", Reconcile => "reconcile", Worker => "worker" });
words!(FailReason { Refused => "refused", GaveUp => "gave_up", Resolved => "resolved" });
words!(Rejection {
    InvalidJob => "invalid_job",
    OrderIdConflict => "order_id_conflict",
    UnknownProduct => "unknown_product",
    QuantityOverLimit => "quantity_over_limit",
});

impl TerminalOutcome {
    /// The `status` of the result.
    pub const fn status(&self) -> Status {
        match self {
            Self::Completed { .. } => Status::Completed,
            Self::Failed { .. } => Status::Failed,
            Self::Rejected(_) => Status::Rejected,
            Self::Expired => Status::Expired,
        }
    }

    /// The `reason` of the result; a completed order has none.
    pub const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Completed { .. } => None,
            Self::Failed { reason, .. } => Some(reason.as_str()),
            Self::Rejected(rejection) => Some(rejection.as_str()),
            Self::Expired => Some("deadline_passed"),
        }
    }

    /// The `source` of the result.
    pub const fn source(&self) -> Source {
        match self {
            Self::Completed { source, .. } | Self::Failed { source, .. } => *source,
            Self::Rejected(_) | Self::Expired => Source::Worker,
        }
    }
}
