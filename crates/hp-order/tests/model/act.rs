//! What each action does, and when it is possible: an impossible one is `None`.

use crate::{
    action::Action,
    redis::Redis,
    rules::{Assumption, LEASE, RESUBMIT, Setting},
    world::{Doing, Memory, Request, Sender, World, older},
};

pub(crate) fn allow(condition: bool) -> Option<()> {
    condition.then_some(())
}

pub(crate) fn spend(left: &mut u8) -> Option<()> {
    *left = left.checked_sub(1)?;
    Some(())
}

impl World {
    /// The world after an action, if it is possible here.
    pub(crate) fn after(&self, action: Action, setting: &Setting) -> Option<Self> {
        let mut next = self.clone();
        next.act(action, setting)?;
        next.tidy(setting);
        (next != *self).then_some(next)
    }

    pub(crate) fn act(&mut self, action: Action, setting: &Setting) -> Option<()> {
        match action {
            Action::Put => self.put(setting),
            Action::Take(w, source) => self.take(w, source, setting),
            Action::Name(w, named) => self.claim_named(w, named, setting),
            Action::ShowEvidence(w) => self.show_evidence(w, setting),
            Action::Send(w) => self.send(w, setting),
            Action::FailToSend(w) => self.fail_to_send(w, setting),
            Action::Decline(w) => self.decline(w, setting),
            Action::GiveBack(w) => self.give_back(w, setting),
            Action::Conclude(w) => self.conclude(w, setting),
            Action::Ask(w, answer) => self.ask(w, answer, setting),
            Action::Arrive(r, verdict) => self.arrive(r, verdict, setting),
            Action::StopWaiting(w) => self.stop_waiting(w),
            Action::Settle(w) => self.settle(w, setting),
            Action::SettleUnheard(w) => self.settle_unheard(w, setting),
            Action::Crash(w) => self.crash(w),
            Action::ShowRecord => self.vendor.hidden.take().map(drop),
            Action::GrowOld => self.grow_old(setting),
            Action::Save => self.save(),
            Action::FallBack => self.fall_back(),
            Action::Tick => self.tick(setting),
        }
    }

    fn put(&mut self, setting: &Setting) -> Option<()> {
        let is_late = self.is_forgotten && self.is_long_after_restart();
        allow(!is_late || !setting.assumes(Assumption::ForgottenOrdersAreRepeatedSoon))?;
        spend(&mut self.left.puts)?;
        self.redis.put(self.start, setting);
        Some(())
    }

    fn grow_old(&mut self, setting: &Setting) -> Option<()> {
        let order = self.redis.order.as_mut()?;
        allow(setting.bounds.grows_old && !order.is_old)?;
        order.is_old = true;
        Some(())
    }

    fn save(&mut self) -> Option<()> {
        allow(self.left.falls > 0 && self.saved.is_none())?;
        self.saved = Some(self.redis.clone());
        Some(())
    }

    fn fall_back(&mut self) -> Option<()> {
        let saved = self.saved.take()?;
        spend(&mut self.left.falls)?;
        for worker in &mut self.workers {
            let taken = saved.epoch.as_ref().map(|epoch| epoch.taken);
            worker.has_evidence |= worker.known.is_some_and(|(_, take)| Some(take) > taken);
            if let Some(job) = &mut worker.job {
                job.memory.fall_back();
            }
        }
        for request in self.requests.iter_mut().chain(&mut self.vendor.hidden) {
            request.memory.fall_back();
        }
        self.is_forgotten |= self.redis.order.is_some();
        self.is_forgotten &= saved.order.is_none() && saved.inbox.is_empty();
        self.redis = saved;
        self.start += 1;
        self.fallen = Some(0);
        Some(())
    }

    fn is_long_after_restart(&self) -> bool {
        let epoch = self.redis.epoch.as_ref();
        epoch.is_some_and(|epoch| epoch.start == self.start && epoch.since >= Some(RESUBMIT))
    }

    fn tick(&mut self, setting: &Setting) -> Option<()> {
        let a_lease_since_the_fall = self.fallen.is_some_and(|age| age + 1 >= LEASE);
        let is_shown = !self.workers.iter().any(|worker| worker.has_evidence);
        allow(!a_lease_since_the_fall || is_shown || !setting.assumes(Assumption::EvidenceInTime))?;
        let last_gasps_are_over = a_lease_since_the_fall
            && !self.redis.knows_of_loss(self.start)
            && setting.assumes(Assumption::LastGaspsAreShort);
        let is_over = |request: &Request| {
            let is_last_gasp = request.memory == Memory::Erased && request.sender == Sender::Dead;
            request.age + 1 >= RESUBMIT || (is_last_gasp && last_gasps_are_over)
        };
        self.requests.retain(|request| !is_over(request));
        self.vendor.hidden = self.vendor.hidden.filter(|request| !is_over(request));
        self.age(setting);
        Some(())
    }

    fn age(&mut self, setting: &Setting) {
        self.fallen = self.fallen.map(older);
        self.redis.age();
        if let Some(saved) = &mut self.saved {
            saved.age();
        }
        for request in self.requests.iter_mut().chain(&mut self.vendor.hidden) {
            request.age = older(request.age);
        }
        for job in self.workers.iter_mut().filter_map(|w| w.job.as_mut()) {
            job.age(setting);
        }
    }
}

impl Memory {
    fn fall_back(&mut self) {
        if *self == Self::Unsaved {
            *self = Self::Erased;
        }
    }
}

impl Redis {
    fn knows_of_loss(&self, start: u8) -> bool {
        let epoch = self.epoch.as_ref();
        epoch.is_some_and(|epoch| epoch.start == start && epoch.lost)
    }
}

impl Doing {
    pub(crate) fn is_told(self) -> bool {
        matches!(self, Self::Told(_))
    }
}
