//! A replica is promoted while the old master lives on: for a while both give out orders.

use crate::{
    action::Action,
    budget::{require, spend},
    redis::Redis,
    setting::{Assumption, Setting},
    time::{Age, OLD_MASTER},
    world::{Durability, World},
};

/// The master whose replica was promoted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OldMaster {
    pub(crate) redis: Redis,
    /// Ticks since the promotion.
    pub(crate) age: Age,
}

impl Action {
    /// The worker that calls Redis, if any.
    pub(crate) const fn writer(self) -> Option<usize> {
        match self {
            Self::Claim(w, _)
            | Self::ClaimNamed(w, _)
            | Self::ReportWatermark(w)
            | Self::Settle(w)
            | Self::SettleWithoutReply(w) => Some(w),
            _ => None,
        }
    }
}

impl World {
    pub(crate) fn promote(&mut self, setting: &Setting) -> Option<()> {
        spend(&mut self.budget.promotions)?;
        let redis = self.fall_back()?;
        self.old_master = Some(OldMaster { redis, age: 0 });
        self.is_promoted = true;
        for worker in self.workers.iter_mut().take(setting.bounds.workers) {
            worker.is_on_old_master = true;
            worker.has_evidence = false;
        }
        Some(())
    }

    /// The worker finds the new master. It shows what it knows with its first call.
    pub(crate) fn leave_old_master(&mut self, w: usize) -> Option<()> {
        let worker = &mut self.workers[w];
        require(worker.is_on_old_master)?;
        worker.is_on_old_master = false;
        worker.has_evidence = worker.watermark.is_some();
        if !self.workers.iter().any(|worker| worker.is_on_old_master) {
            self.old_master = None;
        }
        Some(())
    }

    /// Runs an action of a worker on the old master.
    pub(crate) fn on_old_master(
        &mut self,
        w: usize,
        setting: &Setting,
        action: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<()> {
        let is_bounded = setting.assumes(Assumption::OldMasterIsBounded);
        require(self.old_master.as_ref()?.age <= OLD_MASTER || !is_bounded)?;
        let (is_forgotten, had_job) = (self.is_forgotten, self.workers[w].job.is_some());
        self.swap_masters();
        let done = action(self);
        self.swap_masters();
        let has_claimed = !had_job && self.workers[w].job.is_some();
        if has_claimed && let Some(job) = &mut self.workers[w].job {
            job.durability = Durability::Lost;
        }
        let is_unknown_here = self.redis.order.is_none() && self.redis.inbox.is_empty();
        self.is_forgotten = is_forgotten || has_claimed && is_unknown_here;
        done
    }

    fn swap_masters(&mut self) {
        let Some(old) = &mut self.old_master else {
            return;
        };
        std::mem::swap(&mut self.redis, &mut old.redis);
        self.generation ^= 1;
    }
}
