//! What each action does. An impossible action is `None`.

use crate::{
    action::Action,
    budget::{require, spend},
    redis::Redis,
    setting::{Assumption, Feature, Setting},
    time::{LEASE, OLD_MASTER, RESUBMIT, older},
    world::{Durability, Request, Sender, Worker, World},
};

impl World {
    /// Returns the world after an action, if the action is possible and changes anything.
    pub(crate) fn after(&self, action: Action, setting: &Setting) -> Option<Self> {
        let mut next = self.clone();
        next.apply(action, setting)?;
        next.canonicalize(setting);
        (next != *self).then_some(next)
    }

    pub(crate) fn apply(&mut self, action: Action, setting: &Setting) -> Option<()> {
        match action.writer() {
            Some(w) if self.workers[w].is_on_old_master => {
                self.on_old_master(w, setting, |world| world.apply_here(action, setting))
            }
            _ => self.apply_here(action, setting),
        }
    }

    fn apply_here(&mut self, action: Action, setting: &Setting) -> Option<()> {
        match action {
            Action::Enqueue => self.enqueue(setting),
            Action::Claim(w, source) => self.claim(w, source, setting),
            Action::ClaimNamed(w, purpose) => self.claim_named(w, purpose, setting),
            Action::ReportWatermark(w) => self.report_watermark(w, setting),
            Action::Send(w) => self.send(w, setting),
            Action::FailToSend(w) => self.fail_to_send(w, setting),
            Action::Decline(w) => self.decline(w, setting),
            Action::Release(w) => self.release(w, setting),
            Action::Conclude(w) => self.conclude(w, setting),
            Action::Query(w, answer) => self.query(w, answer, setting),
            Action::Arrive(r, verdict) => self.arrive(r, verdict, setting),
            Action::ArriveBehindRefusal(r, refusal) => {
                self.arrive_behind_refusal(r, refusal, setting)
            }
            Action::GetSurplusRefusal(w) => self.get_surplus_refusal(w, setting),
            Action::StopWaiting(w) => self.stop_waiting(w),
            Action::Settle(w) => self.settle(w, setting),
            Action::SettleWithoutReply(w) => self.settle_without_reply(w, setting),
            Action::Crash(w) => self.crash(w),
            Action::ShowRecord => self.vendor.hidden.take().map(drop),
            Action::GrowOld => self.grow_old(setting),
            Action::Save => self.save(),
            Action::RollBack => self.roll_back(),
            Action::Promote => self.promote(setting),
            Action::LeaveOldMaster(w) => self.leave_old_master(w),
            Action::Tick => self.tick(setting),
            Action::StepForward => self.step_forward(setting),
            Action::StepBackward => self.step_backward(),
            Action::Expire => self.expire(),
            Action::SwitchAccount => self.switch_account(setting),
        }
    }

    fn enqueue(&mut self, setting: &Setting) -> Option<()> {
        let is_late = self.is_forgotten && self.is_long_after_restart();
        require(!is_late || !setting.assumes(Assumption::ForgottenOrdersAreRepeatedSoon))?;
        spend(&mut self.budget.enqueues)?;
        let has_ended = self
            .redis
            .order
            .is_some_and(|order| order.state.has_ended());
        self.late_repetitions += u8::from(setting.models(Feature::Replays) && has_ended);
        self.redis.inbox.fresh += 1;
        Some(())
    }

    fn is_long_after_restart(&self) -> bool {
        let epoch = self.redis.epoch_of(self.generation);
        epoch.is_some_and(|epoch| epoch.since >= Some(epoch.longest_wait()))
    }

    fn grow_old(&mut self, setting: &Setting) -> Option<()> {
        let order = self.redis.order.as_mut()?;
        require(setting.bounds.grows_old && !order.is_old)?;
        order.is_old = true;
        Some(())
    }

    fn save(&mut self) -> Option<()> {
        let may_fall_back = self.budget.rollbacks > 0 || self.budget.promotions > 0;
        require(may_fall_back && self.saved.is_none())?;
        self.saved = Some(self.redis.clone());
        Some(())
    }

    fn roll_back(&mut self) -> Option<()> {
        spend(&mut self.budget.rollbacks)?;
        self.fall_back().map(drop)
    }

    /// Redis goes on with what was saved. Returns its state before.
    pub(crate) fn fall_back(&mut self) -> Option<Redis> {
        let saved = self.saved.take()?;
        let saved_calls = saved.epoch.as_ref().map(|epoch| epoch.claim_calls);
        for worker in &mut self.workers {
            let known = worker.watermark;
            worker.has_evidence |= known.is_some_and(|known| Some(known.claim_calls) > saved_calls);
            if let Some(job) = &mut worker.job {
                job.durability.roll_back();
            }
        }
        for request in self.requests.iter_mut().chain(&mut self.vendor.hidden) {
            request.durability.roll_back();
        }
        self.is_forgotten |= self.redis.order.is_some();
        self.is_forgotten &= saved.order.is_none() && saved.inbox.is_empty();
        self.generation += 1;
        self.since_rollback = Some(0);
        Some(std::mem::replace(&mut self.redis, saved))
    }

    fn tick(&mut self, setting: &Setting) -> Option<()> {
        let settled_after = LEASE + if self.is_promoted { OLD_MASTER } else { 0 };
        let is_lease_over = self
            .since_rollback
            .is_some_and(|age| age + 1 >= settled_after);
        let has_evidence = |worker: &Worker| worker.has_evidence || worker.is_on_old_master;
        let is_shown = !self.workers.iter().any(has_evidence);
        require(!is_lease_over || is_shown || !setting.assumes(Assumption::EvidenceInTime))?;
        self.expire_requests(is_lease_over, setting);
        self.age(setting);
        Some(())
    }

    /// Drops the requests that arrive no more.
    fn expire_requests(&mut self, is_lease_over: bool, setting: &Setting) {
        let epoch = self.redis.epoch_of(self.generation);
        let is_loss_known = epoch.is_some_and(|epoch| epoch.has_lost_writes);
        let are_dead_workers_requests_over = is_lease_over
            && !is_loss_known
            && setting.assumes(Assumption::DeadWorkersRequestsArriveSoon);
        let is_over = |request: &Request| {
            let is_lost = request.durability == Durability::Lost && request.sender == Sender::Dead;
            request.age + 1 >= RESUBMIT || (is_lost && are_dead_workers_requests_over)
        };
        self.requests.retain(|request| !is_over(request));
        self.vendor.hidden = self.vendor.hidden.filter(|request| !is_over(request));
    }

    fn age(&mut self, setting: &Setting) {
        self.since_rollback = self.since_rollback.map(older);
        self.redis.age(setting);
        if let Some(saved) = &mut self.saved {
            saved.age(setting);
        }
        if let Some(old) = &mut self.old_master {
            old.redis.age(setting);
            old.age = older(old.age);
        }
        if setting.models(Feature::RecordAges) {
            self.vendor.charged = self.vendor.charged.map(older);
        }
        for request in self.requests.iter_mut().chain(&mut self.vendor.hidden) {
            request.age = older(request.age);
        }
        for job in self.workers.iter_mut().filter_map(|w| w.job.as_mut()) {
            job.age(setting);
        }
    }
}

impl Durability {
    fn roll_back(&mut self) {
        if *self == Self::Unsaved {
            *self = Self::Lost;
        }
    }
}
