//! Everything that can happen, one thing at a time.

use crate::{
    redis::Source,
    rules::Setting,
    world::{Doing, World},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// The shop puts the order into the inbox, for the first time or again.
    Put,
    Take(usize, Source),
    /// The order is claimed by its name.
    Name(usize, Named),
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
    /// It does, and does not hear that it is done: so it does it again.
    SettleUnheard(usize),
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

/// What an order is claimed by its name for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Named {
    /// A reconciliation run asks about it.
    Run,
    /// A person takes an order in review for not charged, and gives it up.
    GiveUp,
    /// A person takes it for not charged, and wants it submitted again.
    Resubmit,
    /// A person has it asked about anew.
    Retry,
}

impl Named {
    const ALL: [Self; 4] = [Self::Run, Self::GiveUp, Self::Resubmit, Self::Retry];
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
    /// All actions that may be possible in a world.
    pub(crate) fn all(world: &World, setting: &Setting) -> Vec<Self> {
        let mut all = vec![
            Self::Put,
            Self::ShowRecord,
            Self::GrowOld,
            Self::Save,
            Self::FallBack,
            Self::Tick,
        ];
        for w in 0..setting.bounds.workers {
            all.extend([Self::ShowEvidence(w), Self::Crash(w)]);
            let job = world.workers[w].job.as_ref();
            all.extend(Self::of_worker(w, job.map(|job| job.doing)));
        }
        for request in 0..world.requests.len() {
            let verdicts = [Verdict::Accept, Verdict::Refuse, Verdict::LowBalance];
            all.extend(verdicts.map(|verdict| Self::Arrive(request, verdict)));
        }
        all
    }

    fn of_worker(w: usize, doing: Option<Doing>) -> Vec<Self> {
        match doing {
            None => {
                let takes = [Source::Inbox, Source::Schedule].map(|from| Self::Take(w, from));
                let names = Named::ALL.map(|named| Self::Name(w, named));
                takes.into_iter().chain(names).collect()
            }
            Some(Doing::Holding) => vec![
                Self::Send(w),
                Self::FailToSend(w),
                Self::Decline(w),
                Self::GiveBack(w),
                Self::Conclude(w),
                Self::Ask(w, Answer::Truth),
                Self::Ask(w, Answer::OddNo),
                Self::Ask(w, Answer::Silence),
            ],
            Some(Doing::Waiting) => vec![Self::StopWaiting(w)],
            Some(Doing::Told(_)) => vec![Self::Settle(w), Self::SettleUnheard(w)],
        }
    }
}
