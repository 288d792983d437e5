use std::time::Duration;

use hp_api::{Doubt, DoubtKind, Lookup, Mismatch, NotFoundAnswer, Order, Outcome, RefusalKind};

use crate::Rejection;

/// What happened to a claimed order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was submitted, and this came back.
    Submitted(Outcome),
    /// HitPoints was asked for its record, and this came back.
    Queried(QueryVerdict),
    /// HitPoints was asked for its record by a reconciliation run, and this came back.
    Reconciled(QueryVerdict),
    /// An operator decides, and this came back when HitPoints was asked for its record just before.
    Resolved(Resolution, QueryVerdict),
    /// An operator wants it to be tried again: nothing was sent.
    Retried,
    /// The product list says no; nothing was sent.
    Declined(Rejection),
    /// Its time was up before anything was sent.
    Expired(Expiry),
    /// The worker gave it back untouched; nothing was sent.
    Released,
    /// The balance of its currency is known to be too low; nothing was sent. It comes back after this time.
    BalanceHeld(Duration),
    /// The worker's code failed half-way; anything may have been sent.
    Panicked,
    /// Too many workers died with it in their hands.
    Crashed,
    /// It had ended, and a repetition asks for its result once more.
    ReplayRequested,
}

/// What a worker's turn at an order tells about HitPoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VendorSignal {
    /// Nothing: no call was made.
    None,
    /// Nothing, though a call may have been made: the trouble was the worker's own.
    OwnFailure,
    /// HitPoints gave a definite answer.
    Answered,
    /// The call was never sent, or its outcome is unknown.
    NoAnswer,
}

impl Event {
    /// Whether HitPoints was heard.
    pub fn contact(&self) -> VendorSignal {
        match self {
            Self::Submitted(Outcome::NotCharged(refusal)) => match refusal.kind {
                RefusalKind::NeverSent => VendorSignal::NoAnswer,
                _ => VendorSignal::Answered,
            },
            Self::Submitted(Outcome::Unknown(doubt)) => contact(doubt),
            Self::Submitted(Outcome::Charged(_)) => VendorSignal::Answered,
            Self::Queried(finding) | Self::Reconciled(finding) | Self::Resolved(_, finding) => {
                finding.contact()
            }
            Self::Panicked => VendorSignal::OwnFailure,
            _ => VendorSignal::None,
        }
    }
}

fn contact(doubt: &Doubt) -> VendorSignal {
    match doubt.kind {
        _ if doubt.is_account_failure() => VendorSignal::OwnFailure,
        DoubtKind::Exists | DoubtKind::Mismatch | DoubtKind::Pending => VendorSignal::Answered,
        _ => VendorSignal::NoAnswer,
    }
}

/// What an operator takes an order in review for. HitPoints' record has the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It was charged: it is completed if the record is there and fits.
    Completed,
    /// It was not charged and is not wanted any more: it fails if there is certainly no record.
    NotCharged,
    /// It was not charged and is to be submitted again, if there is certainly no record.
    Resubmit,
}

/// Which limit passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// The producer's own deadline.
    Deadline,
    /// [`Policy::give_up_after`](crate::Policy::give_up_after).
    GiveUp,
}

/// What a record query proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryVerdict {
    /// The record is there and fits the order.
    Found(Box<Order>),
    /// The record is there and does not fit the order.
    Mismatch(Mismatch),
    /// HitPoints answered as it does for an id that never existed.
    NotFound,
    /// Nothing is proven.
    Unknown(Doubt),
}

impl QueryVerdict {
    /// A denial that proves nothing, and why.
    pub fn inconclusive(absence: NotFoundAnswer, why: &str) -> Self {
        let (kind, code) = match absence {
            NotFoundAnswer::Code(code) => (DoubtKind::Code, Some(code)),
            NotFoundAnswer::NoData => (DoubtKind::NoData, None),
        };
        Self::Unknown(Doubt {
            kind,
            code,
            message: format!("{absence}; {why}"),
        })
    }

    /// Whether HitPoints was heard.
    pub fn contact(&self) -> VendorSignal {
        match self {
            Self::Unknown(doubt) => contact(doubt),
            _ => VendorSignal::Answered,
        }
    }

    /// Weighs a lookup. "No such order" counts only if it is, to the letter, what HitPoints answered to the
    /// probe for an id that certainly never existed; without a probe nothing is proven by it.
    pub fn of(lookup: Lookup, probe: Option<NotFoundAnswer>) -> Self {
        match lookup {
            Lookup::Found(order) => Self::Found(order),
            Lookup::Mismatch(mismatch) => Self::Mismatch(mismatch),
            Lookup::NotFound(absence) if probe == Some(absence) => Self::NotFound,
            Lookup::NotFound(absence) => Self::inconclusive(absence, UNWEIGHED),
            Lookup::Unknown(doubt) => Self::Unknown(doubt),
        }
    }
}

const UNWEIGHED: &str = "it is not known to mean that there is no such order";
