use hp_api::Order;

use crate::word::words;

/// How an order ended: everything that its result says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalOutcome {
    /// Charged once; the cards are in the order.
    Completed {
        /// The verified record from HitPoints. It matches what was ordered.
        order: Box<Order>,
        /// The call that returned the record.
        source: Source,
    },
    /// Not charged, or [`FailReason::Closed`].
    Failed {
        /// Why.
        reason: FailReason,
        /// The call that proved it.
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
    /// Not charged, except with the reason `closed`: see there.
    Failed,
    /// Never sent.
    Rejected,
    /// Not charged by its deadline.
    Expired,
    /// No order ended: an entry has the id of an order and is no repetition of its job.
    Conflict,
}

/// The `source` of a result: which call proved the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The answer to the submission.
    Fetch,
    /// A record query, because the outcome was unknown.
    Query,
    /// A reconciliation run.
    Reconcile,
    /// No call was needed.
    Worker,
}

/// Why an order failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailReason {
    /// HitPoints refused for good.
    Refused,
    /// Older than the policy allows, and known not to be charged.
    GaveUp,
    /// An operator closed it, and HitPoints has no record.
    Resolved,
    /// An operator closed it although HitPoints' record does not fit it. HitPoints may have charged something.
    Closed,
}

/// Why an order was rejected without a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// The signed product list does not contain the product.
    UnknownProduct,
    /// More cards than HitPoints sells of this product in one order.
    QuantityOverLimit,
}

words!(Status {
    Completed => "completed",
    Failed => "failed",
    Rejected => "rejected",
    Expired => "expired",
    Conflict => "conflict",
});
words!(Source { Fetch => "fetch", Query => "query", Reconcile => "reconcile", Worker => "worker" });
words!(FailReason { Refused => "refused", GaveUp => "gave_up", Resolved => "resolved", Closed => "closed" });
words!(Rejection {
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
