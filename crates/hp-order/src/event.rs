use hp_api::{Absence, Doubt, DoubtKind, Lookup, Mismatch, Order, Outcome};

use crate::Rejection;

/// What happened to a claimed order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was submitted, and this came back.
    Submitted(Outcome),
    /// HitPoints was asked for its record, and this came back.
    Queried(Finding),
    /// The product list says no; nothing was sent.
    Declined(Rejection),
    /// Its time was up before anything was sent.
    Overdue(Overdue),
    /// The worker gave it back untouched; nothing was sent.
    Released,
    /// The worker's code failed half-way; anything may have been sent.
    Panicked,
    /// It had ended, and a repetition asks for its result once more.
    Repeated,
}

/// Which limit passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// The producer's own deadline.
    Deadline,
    /// [`Policy::give_up_after`](crate::Policy::give_up_after).
    GiveUp,
}

/// What a record query proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The record is there and fits the order.
    Found(Box<Order>),
    /// The record is there and does not fit the order.
    Contradiction(Mismatch),
    /// HitPoints answered as it does for an id that never existed.
    NotFound,
    /// Nothing is proven.
    Unknown(Doubt),
}

impl Finding {
    /// Weighs a lookup. "No such order" counts only if it is, to the letter, what HitPoints answered to the
    /// probe for an id that certainly never existed; without a probe nothing is proven by it.
    pub fn of(lookup: Lookup, probe: Option<Absence>) -> Self {
        match lookup {
            Lookup::Found(order) => Self::Found(order),
            Lookup::Contradiction(mismatch) => Self::Contradiction(mismatch),
            Lookup::Absent(absence) if probe == Some(absence) => Self::NotFound,
            Lookup::Absent(absence) => Self::Unknown(unweighed(absence)),
            Lookup::Unknown(doubt) => Self::Unknown(doubt),
        }
    }
}

fn unweighed(absence: Absence) -> Doubt {
    let (kind, code) = match absence {
        Absence::Code(code) => (DoubtKind::Code, Some(code)),
        Absence::NoData => (DoubtKind::NoData, None),
    };
    let message = format!("{absence}, which is not known to mean that there is no such order");
    Doubt {
        kind,
        code,
        message,
    }
}
