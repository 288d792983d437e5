use std::time::Duration;

use hp_api::{Doubt, DoubtKind, Mismatch, Outcome, Refusal, RefusalKind};
use hp_order::{Event, Millis, Policy, QueryVerdict, Record, Rejection, Task, plan};

use crate::sample;

/// What a worker has to tell; of what comes closest where its task allows no such thing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum News {
    Charged,
    Refused,
    LowBalance,
    StaleDate,
    NeverSent,
    Unknown,
    Exists,
    NotFound,
    Declined,
    Withheld,
    Released,
    Panicked,
}

/// How long after it was admitted the order was worked on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hour {
    AtOnce,
    WhenNotFoundCounts,
    WhenItIsGivenUp,
}

impl Hour {
    pub(crate) const ALL: &[Self] = &[
        Self::AtOnce,
        Self::WhenNotFoundCounts,
        Self::WhenItIsGivenUp,
    ];

    pub(crate) fn of(self, record: &Record, policy: &Policy) -> Millis {
        let hour = Duration::from_hours(1);
        record.accepted_at.plus(match self {
            Self::AtOnce => Duration::ZERO,
            Self::WhenNotFoundCounts => policy.resubmit_after + hour,
            Self::WhenItIsGivenUp => policy.give_up_after + hour,
        })
    }
}

impl News {
    pub(crate) const ALL: &[Self] = &[
        Self::Charged,
        Self::Refused,
        Self::LowBalance,
        Self::StaleDate,
        Self::NeverSent,
        Self::Unknown,
        Self::Exists,
        Self::NotFound,
        Self::Declined,
        Self::Withheld,
        Self::Released,
        Self::Panicked,
    ];

    /// The event, for an order with which a worker has to do what the plan says.
    pub(crate) fn of(self, record: &Record, policy: &Policy, now: Millis) -> Event {
        match (self, plan(record, policy, now)) {
            (Self::Released, _) => Event::Released,
            (Self::Panicked, _) => Event::Panicked,
            (_, Task::Conclude(event)) => event,
            (Self::Declined, Task::Submit) => Event::Declined(Rejection::UnknownProduct),
            (Self::Withheld, _) => Event::BalanceHeld(Duration::from_hours(1)),
            (_, Task::Submit) => Event::Submitted(self.outcome(record)),
            (_, Task::Query) => Event::Queried(self.finding(record)),
        }
    }

    fn outcome(self, record: &Record) -> Outcome {
        match self {
            Self::Charged => Outcome::Charged(sample::order(&record.wanted)),
            Self::Refused => refused(RefusalKind::Final),
            Self::LowBalance => refused(RefusalKind::LowBalance),
            Self::StaleDate => refused(RefusalKind::StaleDate),
            Self::NeverSent => refused(RefusalKind::NeverSent),
            Self::Exists => Outcome::Unknown(doubt(DoubtKind::Exists)),
            _ => Outcome::Unknown(doubt(DoubtKind::Lost)),
        }
    }

    fn finding(self, record: &Record) -> QueryVerdict {
        match self {
            Self::Charged | Self::Exists => QueryVerdict::Found(sample::order(&record.wanted)),
            Self::Refused => QueryVerdict::Mismatch(Mismatch::Quantity),
            Self::NotFound | Self::LowBalance | Self::StaleDate => QueryVerdict::NotFound,
            _ => QueryVerdict::Unknown(doubt(DoubtKind::Lost)),
        }
    }
}

fn refused(kind: RefusalKind) -> Outcome {
    Outcome::NotCharged(Refusal {
        kind,
        code: Some(400_100),
        message: "no".into(),
    })
}

fn doubt(kind: DoubtKind) -> Doubt {
    Doubt {
        kind,
        code: None,
        message: "who knows".into(),
    }
}
