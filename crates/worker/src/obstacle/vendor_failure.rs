use hp_api::{Doubt, DoubtKind, Outcome};
use hp_order::{Event, QueryVerdict};

use super::kind::ObstacleKind;

/// How a call to HitPoints failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VendorFailure {
    pub(crate) kind: ObstacleKind,
    pub(crate) detail: String,
}

impl VendorFailure {
    /// Returns how the call of this event failed, if it failed.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        let (kind, detail) = match event {
            Event::OrderRefused(Outcome::NotCharged(refusal)) => {
                (ObstacleKind::VendorError, &refusal.message)
            }
            Event::OrderRefused(Outcome::Unknown(doubt))
            | Event::Submitted(Outcome::Unknown(doubt))
            | Event::Queried(QueryVerdict::Unknown(doubt))
            | Event::Reconciled(QueryVerdict::Unknown(doubt))
            | Event::Resolved(_, QueryVerdict::Unknown(doubt)) => (kind(doubt)?, &doubt.message),
            _ => return None,
        };
        Some(Self {
            kind,
            detail: detail.clone(),
        })
    }
}

fn kind(doubt: &Doubt) -> Option<ObstacleKind> {
    match doubt.kind {
        DoubtKind::Lost => Some(ObstacleKind::VendorSilent),
        DoubtKind::Garbled | DoubtKind::Unverified | DoubtKind::NoData => {
            Some(ObstacleKind::VendorUnusable)
        }
        DoubtKind::Code | DoubtKind::Blocked => Some(ObstacleKind::VendorError),
        DoubtKind::ControlDenied => Some(ObstacleKind::ControlDenied),
        // The request did not leave this worker, a front end asks to send less, or the answer is definite about this order.
        DoubtKind::NeverSent
        | DoubtKind::TurnedAway(_)
        | DoubtKind::Throttled(_)
        | DoubtKind::Exists
        | DoubtKind::Mismatch
        | DoubtKind::Pending => None,
    }
}
