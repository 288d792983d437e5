//! How a worker claims the order, and what Redis learns from the worker.

use hp_order::State;

use crate::{
    budget::{require, spend},
    epoch::Epoch,
    redis::ClaimSource,
    setting::{Fault, Setting},
    world::{Durability, Job, Observation, Phase, Purpose, World},
};

impl World {
    pub(crate) fn claim(&mut self, w: usize, source: ClaimSource, setting: &Setting) -> Option<()> {
        require(self.workers[w].job.is_none())?;
        match source {
            ClaimSource::Inbox => require(!self.redis.inbox.is_empty())?,
            ClaimSource::Schedule | ClaimSource::Name => self.require_due(setting)?,
        }
        let order = self
            .redis
            .order
            .as_mut()
            .filter(|_| source != ClaimSource::Inbox);
        if let Some(order) = order
            && !setting.has(Fault::QueriesNewAccount)
            && order.leave_to_operator(self.account)
        {
            return Some(());
        }
        self.assign(w, source, None, setting);
        Some(())
    }

    /// A lease that ends while its worker is alive is a failure.
    fn require_due(&mut self, setting: &Setting) -> Option<()> {
        let order = self.redis.order.as_ref()?;
        let is_open = !order.state.has_ended() && order.state != State::Review;
        require(is_open && order.is_due(setting) && order.claim < setting.bounds.claims)?;
        require(order.is_settled || !setting.has(Fault::LeasesNeverEnd))?;
        let is_claimed = self.jobs().any(|job| job.order.is_same_claim(order));
        if is_claimed && !order.is_settled {
            spend(&mut self.budget.failures)?;
        }
        Some(())
    }

    /// A reconciliation run claims any open order that is unclaimed. An operator claims only an order in review.
    pub(crate) fn claim_named(
        &mut self,
        w: usize,
        purpose: Purpose,
        setting: &Setting,
    ) -> Option<()> {
        let order = self.redis.order.as_ref()?;
        let is_unclaimed = order.is_settled || order.is_due(setting);
        let may_query = order.account == self.account || order.state.is_unsent();
        require(may_query || setting.has(Fault::QueriesNewAccount))?;
        require(match purpose {
            Purpose::Reconcile => !order.state.has_ended() && is_unclaimed,
            Purpose::GiveUp | Purpose::Resubmit | Purpose::Close | Purpose::Retry => {
                order.state == State::Review
            }
        })?;
        require(self.workers[w].job.is_none() && order.claim < setting.bounds.claims)?;
        spend(&mut self.budget.failures)?;
        if matches!(purpose, Purpose::GiveUp | Purpose::Close) {
            spend(&mut self.budget.refusals)?;
        }
        self.assign(w, ClaimSource::Name, Some(purpose), setting);
        Some(())
    }

    fn assign(
        &mut self,
        w: usize,
        source: ClaimSource,
        purpose: Option<Purpose>,
        setting: &Setting,
    ) {
        self.show_watermark(w, setting);
        let claim = self.redis.claim(source, self.account, setting);
        let Some((order, not_found_valid_in)) = claim else {
            return;
        };
        self.is_forgotten = false;
        self.workers[w].watermark = self.redis.epoch.as_ref().map(Epoch::watermark);
        self.workers[w].job = Some(Job {
            order,
            not_found_valid_in,
            since_claim: 0,
            account: self.account,
            durability: if self.saved.is_none() {
                Durability::Saved
            } else {
                Durability::Unsaved
            },
            purpose,
            phase: if purpose == Some(Purpose::Retry) {
                Phase::Settling(Observation::Retried)
            } else {
                Phase::Claimed
            },
        });
    }

    pub(crate) fn report_watermark(&mut self, w: usize, setting: &Setting) -> Option<()> {
        let epoch = self.redis.epoch_of(self.generation);
        let is_boundary_due = epoch.is_some_and(Epoch::is_boundary_due);
        require(self.workers[w].has_evidence || is_boundary_due)?;
        self.show_watermark(w, setting);
        Some(())
    }

    fn show_watermark(&mut self, w: usize, setting: &Setting) {
        let old_master = if self.is_promoted {
            setting.old_master()
        } else {
            0
        };
        let worker = &mut self.workers[w];
        self.redis
            .update_epoch(self.generation, worker.watermark, old_master, setting);
        worker.has_evidence = false;
        worker.watermark = self.redis.epoch.as_ref().map(Epoch::watermark);
    }
}
