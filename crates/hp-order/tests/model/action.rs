//! Everything that can happen, one thing at a time.

use crate::redis::Source;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// The shop puts the order into the inbox, for the first time or again.
    Put,
    Take(usize, Source),
    /// The reconciler claims an order in review.
    Reconcile(usize),
    /// A take that claims nothing, and shows what the worker knows.
    ShowEvidence(usize),
    /// The request leaves.
    Send(usize),
    /// It cannot leave.
    FailToSend(usize),
    /// The product list says no.
    Decline(usize),
    /// The worker gives the order back: it is stalled or is told to stop.
    GiveBack(usize),
    /// What the worker is to do needs no call.
    Conclude(usize),
    /// A query, and HitPoints' look at its records.
    Ask(usize, Answer),
    /// A submission arrives, and is answered.
    Arrive(usize, Verdict),
    /// The worker stops waiting for the answer.
    StopWaiting(usize),
    /// The worker applies what it was told.
    Settle(usize),
    /// The worker is killed; a new one starts in its place.
    Crash(usize),
    /// HitPoints shows its record of the charge.
    ShowRecord,
    /// `retry.give_up_after` has passed.
    GrowOld,
    /// The state of Redis reaches the disk, or the replica.
    Save,
    /// Redis fails, and starts again with what was saved.
    FallBack,
    /// Time passes.
    Tick,
}

/// What a query is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The record, or the "no" for an order that never existed.
    Truth,
    /// Some other "no".
    OddNo,
    Silence,
}

/// What HitPoints does with a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accept,
    Refuse,
    LowBalance,
}

impl Action {
    /// All actions there are, possible or not.
    pub(crate) fn all(workers: usize, requests: usize) -> Vec<Self> {
        let mut all = vec![
            Self::Put,
            Self::ShowRecord,
            Self::GrowOld,
            Self::Save,
            Self::FallBack,
            Self::Tick,
        ];
        for worker in 0..workers {
            all.extend(Self::of_worker(worker));
        }
        for request in 0..requests {
            all.extend(
                [Verdict::Accept, Verdict::Refuse, Verdict::LowBalance]
                    .map(|verdict| Self::Arrive(request, verdict)),
            );
        }
        all
    }

    fn of_worker(worker: usize) -> [Self; 15] {
        [
            Self::Take(worker, Source::Inbox),
            Self::Take(worker, Source::Schedule),
            Self::Reconcile(worker),
            Self::ShowEvidence(worker),
            Self::Send(worker),
            Self::FailToSend(worker),
            Self::Decline(worker),
            Self::GiveBack(worker),
            Self::Conclude(worker),
            Self::Ask(worker, Answer::Truth),
            Self::Ask(worker, Answer::OddNo),
            Self::Ask(worker, Answer::Silence),
            Self::StopWaiting(worker),
            Self::Settle(worker),
            Self::Crash(worker),
        ]
    }
}
