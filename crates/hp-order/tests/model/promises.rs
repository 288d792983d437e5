//! What must hold in every world.

use crate::{
    action::{Action, QueryAnswer, Verdict},
    redis::{ClaimSource, Ended},
    setting::Setting,
    world::{Phase, Sender, World},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Promise {
    NeverChargedTwice,
    OneResult,
    CompletedOnlyIfCharged,
    NotChargedOnlyIfNot,
    EndsAreFinal,
    CopiesOnlyAfterTheEnd,
    OwnRecordIsAccepted,
    OneOrderPausesNothing,
    NeverLost,
}

impl World {
    /// Returns the promise that this world breaks.
    pub(crate) fn broken_promise(&self, setting: &Setting) -> Option<Promise> {
        let charges = self.vendor.charges;
        let ended = self.redis.ended;
        let is_open = || self.redis.order.is_some_and(|o| !o.state.has_ended());
        if charges > 1 {
            Some(Promise::NeverChargedTwice)
        } else if self.redis.results > 1 {
            Some(Promise::OneResult)
        } else if ended == Some(Ended::Charged) && charges == 0 {
            Some(Promise::CompletedOnlyIfCharged)
        } else if ended == Some(Ended::NotCharged) && charges > 0 {
            Some(Promise::NotChargedOnlyIfNot)
        } else if ended.is_some() && is_open() {
            Some(Promise::EndsAreFinal)
        } else if self.redis.copies > self.late_repetitions {
            Some(Promise::CopiesOnlyAfterTheEnd)
        } else if self.broken.is_some() {
            self.broken
        } else if setting.looks_ahead && !self.ends_without_failures(setting) {
            Some(Promise::NeverLost)
        } else {
            None
        }
    }

    /// Returns `true` if the order comes to its end when nothing fails from here on.
    fn ends_without_failures(&self, setting: &Setting) -> bool {
        let setting = &setting.without_claim_bound();
        let mut world = self.clone();
        for _ in 0..20 {
            for worker in 0..setting.bounds.workers {
                let _ = world.apply(Action::LeaveOldMaster(worker), setting);
                let _ = world.apply(Action::ReportWatermark(worker), setting);
                world.finish_job(worker, setting);
            }
            if world.is_finished() {
                return true;
            }
            world.budget.failures = 1;
            let claims =
                [ClaimSource::Inbox, ClaimSource::Schedule].map(|from| Action::Claim(0, from));
            let _ = claims
                .into_iter()
                .find_map(|claim| world.apply(claim, setting));
            world.finish_job(0, setting);
            let _ = world.apply(Action::Tick, setting);
            world.canonicalize(setting);
        }
        false
    }

    /// The worker does everything that its claimed order needs.
    fn finish_job(&mut self, w: usize, setting: &Setting) {
        while let Some(job) = &self.workers[w].job {
            let request = self
                .requests
                .iter()
                .position(|request| request.sender == Sender::Waiting(w));
            let next = match (job.phase, request) {
                (Phase::Claimed, _) => self.first_possible_action(w, setting),
                (Phase::AwaitingAnswer, Some(request)) => Action::Arrive(request, Verdict::Accept),
                (Phase::AwaitingAnswer, None) => Action::StopWaiting(w),
                (Phase::Settling(_), _) => Action::Settle(w),
            };
            self.budget.failures = 1;
            if self.apply(next, setting).is_none() {
                return;
            }
        }
    }

    fn first_possible_action(&self, w: usize, setting: &Setting) -> Action {
        let actions = [
            Action::Send(w),
            Action::Query(w, QueryAnswer::Truth),
            Action::Conclude(w),
        ];
        actions
            .into_iter()
            .find(|action| self.clone().apply(*action, setting).is_some())
            .unwrap_or(Action::Release(w))
    }
}
