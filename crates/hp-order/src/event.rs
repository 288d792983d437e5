use std::time::Duration;

use hp_api::{Doubt, DoubtKind, Lookup, Mismatch, NotFoundAnswer, Order, Outcome, RefusalKind};

use crate::{balance_scope::BalanceScope, terminal_outcome::Rejection};

/// What happened to a claimed order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The worker submitted the order: the outcome of the call.
    Submitted(Outcome),
    /// The worker submitted the order, and HitPoints refused the account. A control call failed in the same way.
    AccountRefused(Outcome),
    /// The worker submitted the order, and HitPoints refused it like an account. But a control call worked, so only this
    /// order is at fault.
    OrderRefused(Outcome),
    /// The worker queried HitPoints for the record.
    Queried(QueryVerdict),
    /// A reconciliation run queried HitPoints for the record.
    Reconciled(QueryVerdict),
    /// An operator resolves an order in review; a query was made just before.
    Resolved(Resolution, QueryVerdict),
    /// An operator wants the order to be tried again; nothing was sent.
    Retried,
    /// The product list does not allow the order; nothing was sent.
    Declined(Rejection),
    /// A time limit passed before anything was sent.
    Expired(Expiry),
    /// The worker released the order untouched; nothing was sent.
    Released,
    /// The balance may be too low, and Redis could not say whether another order tests it; nothing was sent. The order is
    /// due after this time.
    BalanceHeld(Duration),
    /// A balance is known to be too low; nothing was sent. The order waits until the hold on this scope is lifted.
    HeldForBalance(BalanceScope),
    /// The worker's code panicked; anything may have been sent.
    Panicked,
    /// Too many claimants vanished or panicked.
    Crashed,
    /// The order was submitted on [another account](crate::Record::other_account), so no query was made.
    OtherAccount,
    /// The order has ended, and a repetition of its job requests the result.
    ReplayRequested,
}

/// What the processing of an order shows about HitPoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VendorSignal {
    /// Nothing: no call was made.
    None,
    /// Nothing, though a call may have been made: the failure was the worker's own.
    OwnFailure,
    /// Nothing: the request could not leave this machine.
    NeverSent,
    /// HitPoints gave a definite answer.
    Answered,
    /// The request left, and its outcome is unknown.
    NoAnswer,
    /// A front end asks to send less: for how long to send nothing, if the answer says it.
    Throttled(Option<Duration>),
}

impl Event {
    /// Returns what this event shows about HitPoints.
    pub fn vendor_signal(&self) -> VendorSignal {
        match self {
            Self::Submitted(outcome) => outcome_signal(outcome),
            // Ten refused orders in a row are no fault of single orders.
            Self::OrderRefused(_) => VendorSignal::NoAnswer,
            Self::AccountRefused(_) | Self::Panicked => VendorSignal::OwnFailure,
            Self::Queried(verdict) | Self::Reconciled(verdict) | Self::Resolved(_, verdict) => {
                verdict.vendor_signal()
            }
            _ => VendorSignal::None,
        }
    }
}

fn outcome_signal(outcome: &Outcome) -> VendorSignal {
    match outcome {
        Outcome::NotCharged(refusal) if refusal.kind == RefusalKind::NeverSent => {
            VendorSignal::NeverSent
        }
        Outcome::NotCharged(_) | Outcome::Charged(_) => VendorSignal::Answered,
        Outcome::Unknown(doubt) => doubt_signal(doubt),
    }
}

fn doubt_signal(doubt: &Doubt) -> VendorSignal {
    match doubt.kind {
        DoubtKind::NeverSent => VendorSignal::NeverSent,
        DoubtKind::TurnedAway(time) | DoubtKind::Throttled(time) => VendorSignal::Throttled(time),
        DoubtKind::Exists | DoubtKind::Mismatch | DoubtKind::Pending => VendorSignal::Answered,
        _ => VendorSignal::NoAnswer,
    }
}

/// How an operator resolves an order in review. HitPoints' record overrides the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Complete the order: it needs a record that matches.
    Completed,
    /// Close the order as not charged: there must certainly be no record.
    NotCharged,
    /// Submit the order again: there must certainly be no record.
    Resubmit,
    /// Close the order although HitPoints has a record: it must not fit the order.
    Closed,
}

/// Which time limit passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// The producer's deadline.
    Deadline,
    /// [`Policy::give_up_after`](crate::Policy::give_up_after).
    GiveUp,
}

/// What a record query proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryVerdict {
    /// HitPoints has the record, and it matches the order.
    Found(Box<Order>),
    /// HitPoints has the record, and it does not match the order.
    Mismatch(Mismatch),
    /// HitPoints gave exactly the answer that it gives for an id that never existed.
    NotFound,
    /// The answer proves nothing.
    Unknown(Doubt),
    /// HitPoints refused the account, and a control call failed in the same way.
    AccountRefused(Doubt),
    /// HitPoints refused the query like an account, twice. But a control call worked, so only this order is at fault.
    OrderRefused(Doubt),
}

impl QueryVerdict {
    /// Judges a lookup. "Not found" counts only if it equals what HitPoints answered to the probe: the query for an id
    /// that certainly never existed. Without a probe it proves nothing.
    pub fn of(lookup: Lookup, probe: Option<NotFoundAnswer>) -> Self {
        match lookup {
            Lookup::Found(order) => Self::Found(order),
            Lookup::Mismatch(mismatch) => Self::Mismatch(mismatch),
            Lookup::NotFound(answer) if probe == Some(answer) => Self::NotFound,
            Lookup::NotFound(answer) => Self::inconclusive(answer, DIFFERS_FROM_PROBE),
            Lookup::Unknown(doubt) => Self::Unknown(doubt),
        }
    }

    /// Creates the verdict on a "not found" that proves nothing, with the reason.
    pub fn inconclusive(answer: NotFoundAnswer, reason: &str) -> Self {
        let (kind, code) = match answer {
            NotFoundAnswer::Code(code) => (DoubtKind::Code, Some(code)),
            NotFoundAnswer::NoData => (DoubtKind::NoData, None),
        };
        Self::Unknown(Doubt {
            kind,
            code,
            message: format!("{answer}; {reason}"),
        })
    }

    /// Returns what this query shows about HitPoints.
    pub fn vendor_signal(&self) -> VendorSignal {
        match self {
            Self::Unknown(doubt) => doubt_signal(doubt),
            // A query for an order in review must open no breaker, and proves nothing about other orders.
            Self::AccountRefused(_) | Self::OrderRefused(_) => VendorSignal::OwnFailure,
            _ => VendorSignal::Answered,
        }
    }
}

const DIFFERS_FROM_PROBE: &str =
    "the probe for an id that never existed did not get the same answer";
