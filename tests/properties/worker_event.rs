use std::time::Duration;

use hp_api::{Doubt, DoubtKind, Mismatch, Outcome, Refusal, RefusalKind};
use hp_order::{Event, Millis, Policy, QueryVerdict, Record, Rejection, State, Task, plan};

use crate::sample;

/// What happens to a worker's order. If its task does not allow this, the nearest event that it allows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WorkerEvent {
    Charged,
    Refused,
    LowBalance,
    StaleDate,
    NeverSent,
    Unknown,
    Throttled,
    Exists,
    NotFound,
    Declined,
    Withheld,
    Released,
    Panicked,
}

/// How long after its admission the order is processed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ProcessedAt {
    AtOnce,
    WhenNotFoundCounts,
    WhenItIsGivenUp,
}

impl ProcessedAt {
    pub(crate) const ALL: &[Self] = &[
        Self::AtOnce,
        Self::WhenNotFoundCounts,
        Self::WhenItIsGivenUp,
    ];

    pub(crate) fn of(self, record: &Record, policy: &Policy) -> Millis {
        let at = Duration::from_hours(1);
        record.accepted_at.plus(match self {
            Self::AtOnce => Duration::ZERO,
            Self::WhenNotFoundCounts => policy.resubmit_after + at,
            Self::WhenItIsGivenUp => policy.give_up_after + at,
        })
    }
}

impl WorkerEvent {
    pub(crate) const ALL: &[Self] = &[
        Self::Charged,
        Self::Refused,
        Self::LowBalance,
        Self::StaleDate,
        Self::NeverSent,
        Self::Unknown,
        Self::Throttled,
        Self::Exists,
        Self::NotFound,
        Self::Declined,
        Self::Withheld,
        Self::Released,
        Self::Panicked,
    ];

    /// The event for an order that is processed by its plan. An order that was claimed by its name is only queried.
    pub(crate) fn of(self, record: &Record, policy: &Policy, now: Millis) -> Event {
        match (self, plan(record, policy, now)) {
            (Self::Released, _) => Event::Released,
            (Self::Panicked, _) => Event::Panicked,
            _ if matches!(record.state, State::Queued | State::Waiting | State::Review) => {
                Event::Reconciled(self.finding(record))
            }
            (_, Task::Conclude(event)) => event,
            (Self::Declined, Task::Submit) => Event::Declined(Rejection::UnknownProduct),
            (Self::Withheld, _) => Event::HeldForBalance("CNY".parse().unwrap()),
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
            Self::Throttled => Outcome::Unknown(doubt(THROTTLED)),
            _ => Outcome::Unknown(doubt(DoubtKind::Lost)),
        }
    }

    fn finding(self, record: &Record) -> QueryVerdict {
        match self {
            Self::Charged | Self::Exists => QueryVerdict::Found(sample::order(&record.wanted)),
            Self::Refused => QueryVerdict::Mismatch(Mismatch::Quantity { wanted: 1, got: 2 }),
            Self::NotFound | Self::LowBalance | Self::StaleDate => QueryVerdict::NotFound,
            Self::Throttled => QueryVerdict::Unknown(doubt(THROTTLED)),
            _ => QueryVerdict::Unknown(doubt(DoubtKind::Lost)),
        }
    }
}

/// As long as the queue believes it.
const THROTTLED: DoubtKind = DoubtKind::Throttled(Some(Duration::from_hours(1)));

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
