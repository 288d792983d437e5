//! Everything that can happen, one thing at a time.

use crate::{
    redis::ClaimSource,
    setting::Setting,
    world::{Phase, Purpose, World},
};

/// `usize` is a worker, except in [`Action::Arrive`] and [`Action::ArriveBehindRefusal`], where it is a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// The shop enqueues the order, for the first time or again.
    Enqueue,
    Claim(usize, ClaimSource),
    ClaimNamed(usize, Purpose),
    /// A claim call that claims nothing and shows what the worker knows.
    ReportWatermark(usize),
    /// The request leaves.
    Send(usize),
    /// The request cannot leave.
    FailToSend(usize),
    /// The product list does not allow the order.
    Decline(usize),
    /// The worker releases the order: it stalled or shuts down.
    Release(usize),
    /// The task needs no call.
    Conclude(usize),
    /// A query and its answer.
    Query(usize, QueryAnswer),
    /// A submission arrives and is answered.
    Arrive(usize, Verdict),
    /// A submission arrives and is accepted, but its worker gets the refusal of another request.
    ArriveBehindRefusal(usize, Verdict),
    /// The worker gets the refusal of another request while its own is still on its way.
    GetSurplusRefusal(usize),
    /// The worker stops waiting for the answer.
    StopWaiting(usize),
    Settle(usize),
    /// The reply to the settle call is lost, so the worker settles again.
    SettleWithoutReply(usize),
    /// The worker is killed; a new one starts in its place.
    Crash(usize),
    /// HitPoints shows its record of the charge.
    ShowRecord,
    /// `retry.give_up_after` passes.
    GrowOld,
    /// The state of Redis reaches the disk or the replica.
    Save,
    /// Redis fails and restarts with what was saved.
    RollBack,
    /// The replica, with what was saved, becomes the master. The old master lives on, and the workers are still there.
    Promote,
    /// The worker finds the new master.
    LeaveOldMaster(usize),
    /// Time passes.
    Tick,
    /// The clock of Redis steps ahead, further than any delay.
    StepForward,
    /// The clock of Redis steps back, further than any delay.
    StepBackward,
    /// The ledger and the stream forget the ended order.
    Expire,
    /// The queue gets another account.
    SwitchAccount,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueryAnswer {
    /// The record, or the denial for an order that never existed.
    Truth,
    /// Another denial.
    OtherDenial,
    /// A front end refuses the query, and only queries for this order.
    Blocked,
    None,
}

/// What HitPoints does with a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accept,
    Refuse,
    LowBalance,
    /// A front end refuses the call, and only calls about this order.
    Block,
    /// A front end turns the call away, and HitPoints never sees it.
    TurnAway,
}

impl Action {
    /// All actions that may be possible in a world.
    pub(crate) fn all(world: &World, setting: &Setting) -> Vec<Self> {
        let mut all = vec![
            Self::Enqueue,
            Self::ShowRecord,
            Self::GrowOld,
            Self::Save,
            Self::RollBack,
            Self::Tick,
            Self::Promote,
            Self::StepForward,
            Self::StepBackward,
            Self::Expire,
            Self::SwitchAccount,
        ];
        for w in 0..setting.bounds.workers {
            all.extend([
                Self::ReportWatermark(w),
                Self::Crash(w),
                Self::LeaveOldMaster(w),
            ]);
            let job = world.workers[w].job.as_ref();
            all.extend(Self::of_worker(w, job.map(|job| job.phase)));
        }
        for request in 0..world.requests.len() {
            let verdicts = [
                Verdict::Accept,
                Verdict::Refuse,
                Verdict::LowBalance,
                Verdict::Block,
                Verdict::TurnAway,
            ];
            all.extend(verdicts.map(|verdict| Self::Arrive(request, verdict)));
            let refusals = [Verdict::Refuse, Verdict::LowBalance, Verdict::Block];
            all.extend(refusals.map(|refusal| Self::ArriveBehindRefusal(request, refusal)));
        }
        all
    }

    fn of_worker(w: usize, phase: Option<Phase>) -> Vec<Self> {
        match phase {
            None => vec![
                Self::Claim(w, ClaimSource::Inbox),
                Self::Claim(w, ClaimSource::Schedule),
                Self::ClaimNamed(w, Purpose::Reconcile),
                Self::ClaimNamed(w, Purpose::GiveUp),
                Self::ClaimNamed(w, Purpose::Resubmit),
                Self::ClaimNamed(w, Purpose::Close),
                Self::ClaimNamed(w, Purpose::Retry),
            ],
            Some(Phase::Claimed) => vec![
                Self::Send(w),
                Self::FailToSend(w),
                Self::Decline(w),
                Self::Release(w),
                Self::Conclude(w),
                Self::Query(w, QueryAnswer::Truth),
                Self::Query(w, QueryAnswer::OtherDenial),
                Self::Query(w, QueryAnswer::Blocked),
                Self::Query(w, QueryAnswer::None),
            ],
            Some(Phase::AwaitingAnswer) => vec![Self::StopWaiting(w), Self::GetSurplusRefusal(w)],
            Some(Phase::Settling(_)) => vec![Self::Settle(w), Self::SettleWithoutReply(w)],
        }
    }
}
