//! Rare events: the clock of Redis steps, the ledger forgets an ended order, the queue gets another account.

use hp_order::State;

use crate::{
    budget::{require, spend},
    order::FAR,
    redis::{Inbox, Redis},
    setting::{Fault, Setting},
    time::RESUBMIT,
    world::World,
};

impl World {
    /// All leases end, and everything is due. What protects money does not depend on this clock.
    pub(crate) fn step_forward(&mut self, setting: &Setting) -> Option<()> {
        spend(&mut self.budget.clock_steps)?;
        let order = self.redis.order.as_mut()?;
        order.due_in = 0;
        if setting.has(Fault::WaitsByWallClock) {
            order.submitted = order.submitted.map(|_| RESUBMIT);
            order.restarted = order
                .restarted
                .map(|(generation, _)| (generation, RESUBMIT));
        }
        Some(())
    }

    /// All leases and due times lie further ahead than any delay.
    pub(crate) fn step_backward(&mut self) -> Option<()> {
        spend(&mut self.budget.clock_steps)?;
        self.redis.order.as_mut()?.due_in = FAR;
        Some(())
    }

    /// The retention is so long that nothing of the order is on its way any more.
    pub(crate) fn expire(&mut self) -> Option<()> {
        require(self.redis.order?.state.has_ended())?;
        require(self.requests.is_empty() && self.jobs().next().is_none())?;
        require(self.vendor.hidden.is_none())?;
        spend(&mut self.budget.expiries)?;
        self.redis = Redis {
            inbox: Inbox {
                before_end: 0,
                ..self.redis.inbox
            },
            epoch: self.redis.epoch.clone(),
            ..Redis::new_queue()
        };
        self.vendor.has_older_record |= self.vendor.charges > 0;
        self.vendor.charges = 0;
        self.vendor.charged = None;
        Some(())
    }

    /// Orders that may have been sent on the old account go to review.
    pub(crate) fn switch_account(&mut self, setting: &Setting) -> Option<()> {
        spend(&mut self.budget.account_switches)?;
        self.account += 1;
        let order = self.redis.order.as_mut();
        if let Some(order) = order.filter(|_| !setting.has(Fault::QueriesNewAccount)) {
            order.leave_to_operator(self.account);
        }
        Some(())
    }
}

impl crate::order::Order {
    /// An order in doubt whose submissions were on another account needs an operator. Returns whether it does.
    pub(crate) fn leave_to_operator(&mut self, account: u8) -> bool {
        let is_in_doubt = matches!(
            self.state,
            State::Submitting | State::Uncertain | State::Review
        );
        let is_elsewhere = is_in_doubt && self.account != account;
        if is_elsewhere {
            self.state = State::Review;
        }
        is_elsewhere
    }
}
