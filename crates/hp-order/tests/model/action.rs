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

impl Action {
    /// The action for people. `names`: what the workers are called.
    pub(crate) fn in_words(self, names: &[usize]) -> String {
        match self {
            Self::Put => format!("the shop puts the order in"),
            Self::Take(w, Source::Inbox) => format!("worker {} takes from the inbox", names[w]),
            Self::Take(w, Source::Schedule) => format!("worker {} takes what is due", names[w]),
            Self::Reconcile(w) => format!("worker {} reconciles", names[w]),
            Self::ShowEvidence(w) => {
                format!("worker {} takes nothing, and tells what it knows", names[w])
            }
            Self::Send(w) => format!("worker {} sends the order", names[w]),
            Self::FailToSend(w) => format!("worker {} cannot send", names[w]),
            Self::Decline(w) => format!("worker {} finds that the product list says no", names[w]),
            Self::GiveBack(w) => format!("worker {} is to give it back", names[w]),
            Self::Conclude(w) => format!("worker {} needs no call", names[w]),
            Self::Ask(w, Answer::Truth) => format!("worker {} asks for the record", names[w]),
            Self::Ask(w, Answer::OddNo) => format!("worker {} asks, and gets an odd no", names[w]),
            Self::Ask(w, Answer::Silence) => {
                format!("worker {} asks, and gets no answer", names[w])
            }
            Self::Arrive(r, Verdict::Accept) => format!("request {r} arrives"),
            Self::Arrive(r, Verdict::Refuse) => format!("request {r} arrives and is refused"),
            Self::Arrive(r, Verdict::LowBalance) => {
                format!("request {r} arrives; the balance is too low")
            }
            Self::StopWaiting(w) => format!("worker {} waits for the answer no longer", names[w]),
            Self::Settle(w) => format!("worker {} settles", names[w]),
            Self::Crash(w) => format!("worker {} is killed", names[w]),
            Self::ShowRecord => format!("HitPoints shows its record"),
            Self::GrowOld => format!("the order is too old now"),
            Self::Save => format!("Redis' state is saved"),
            Self::FallBack => format!("Redis falls back to the saved state"),
            Self::Tick => format!("a tick passes"),
        }
    }
}
