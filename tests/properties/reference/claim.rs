use hp_order::State;
use hp_queue::ClaimSkip;

use super::{epoch::Epoch, order::Order, request::ClaimRequest, state::Reference};
use crate::view::DueAt;

/// Why nothing is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    Paused,
    BreakerOpen,
    RateUsedUp,
}

impl Reference {
    pub(crate) fn gate(&self) -> Gate {
        self.gate_of(false)
    }

    /// The gate of a reconciliation run, or of another caller.
    pub(crate) fn gate_of(&self, is_run: bool) -> Gate {
        if self.paused {
            Gate::Paused
        } else if self.breaker.pauses > 0 && !self.breaker_pause_is_over {
            Gate::BreakerOpen
        } else if self.is_throttled
            || self.rate.is_used_up()
            || is_run && self.is_share_of_runs_used_up
        {
            Gate::RateUsedUp
        } else {
            Gate::Open
        }
    }

    /// How many calls the gate permits.
    fn permits(&self, n: usize) -> usize {
        self.permits_of(false, n)
    }

    fn permits_of(&self, is_run: bool, n: usize) -> usize {
        match self.gate_of(is_run) {
            Gate::Open if self.breaker.pauses > 0 || self.rate.is_limited => n.min(1),
            Gate::Open => n,
            Gate::Paused | Gate::BreakerOpen | Gate::RateUsedUp => 0,
        }
    }

    /// Calls without an order: only an order probes an open breaker.
    pub(crate) fn acquire_permits(&mut self, n: usize) -> usize {
        let calls = self.permits(n);
        if calls == 0 || self.breaker.pauses > 0 {
            return 0;
        }
        self.rate.use_up();
        calls
    }

    /// Returns the orders that are claimed, in their order, and how many entries are lost.
    pub(crate) fn claim_batch(
        &mut self,
        request: ClaimRequest,
        schedule_first: bool,
    ) -> (Vec<String>, u32) {
        let epoch = self.notice(request.caller);
        let lost = self.notice_lost(epoch.claims);
        let n = self.permits(request.n);
        let was_due = self.due();
        self.return_held(n);
        let mut claimed = Vec::new();
        if schedule_first {
            self.claim_due(n, epoch, &was_due, &mut claimed);
            self.claim_inbox(n, epoch, &mut claimed);
        } else {
            self.claim_inbox(n, epoch, &mut claimed);
            self.claim_due(n, epoch, &was_due, &mut claimed);
        }
        self.lease(&claimed, request);
        (claimed, lost)
    }

    /// Once the hold is lifted, each claim brings back as many orders as it may claim.
    fn return_held(&mut self, n: usize) {
        if self.is_balance_held {
            return;
        }
        let held = self.orders.values_mut().filter(|order| order.is_held);
        for order in held.take(n) {
            (order.is_held, order.due_at) = (false, Some(DueAt::Due));
        }
    }

    /// Returns the orders that are claimed, and those that are left out. An order that is left out needs no permit.
    pub(crate) fn claim_named(
        &mut self,
        request: ClaimRequest,
        ids: &[String],
        is_run: bool,
    ) -> (Vec<String>, Vec<(String, ClaimSkip)>) {
        let epoch = self.notice(request.caller);
        let n = self.permits_of(is_run, request.n);
        let (mut claimed, mut skips) = (Vec::new(), Vec::new());
        if !matches!(self.gate_of(is_run), Gate::Open | Gate::RateUsedUp) {
            return (claimed, skips);
        }
        for id in ids {
            let order = self.orders.get_mut(id);
            let skip = order.map_or(Some(ClaimSkip::Unknown), |order| {
                order.reason_to_leave_out(epoch, is_run)
            });
            match skip {
                Some(skip) => skips.push((id.clone(), skip)),
                None if claimed.len() >= n => break,
                None => {
                    self.orders.get_mut(id).unwrap().reclaim(epoch, true);
                    claimed.push(id.clone());
                }
            }
        }
        self.is_share_of_runs_used_up |= is_run && self.rate.is_limited && !claimed.is_empty();
        self.lease(&claimed, request);
        (claimed, skips)
    }

    fn lease(&mut self, claimed: &[String], request: ClaimRequest) {
        let lease_ends = if request.lease_is_over {
            DueAt::Due
        } else {
            DueAt::Later
        };
        for id in claimed {
            self.orders.get_mut(id).unwrap().due_at = Some(lease_ends);
        }
        let Some(first) = claimed.first() else { return };
        self.history.push(request.caller.number);
        self.epoch.as_mut().unwrap().claims += 1;
        if self.breaker.pauses > 0 {
            self.breaker.probe = format!("{first} {}", self.orders[first].record.claim);
            self.breaker_pause_is_over = false;
        }
        self.rate.use_up();
    }

    /// Whether another claim would find something to do.
    pub(crate) fn is_left(&self, claimed: &[String]) -> bool {
        !self.inbox.is_empty() || self.due().iter().any(|id| !claimed.contains(id))
    }

    /// Orders that this very claim made due stand behind those that were due before.
    fn claim_due(&mut self, n: usize, epoch: Epoch, was_due: &[String], claimed: &mut Vec<String>) {
        let mut due = self.due();
        due.retain(|id| !claimed.contains(id));
        due.sort_by_key(|id| !was_due.contains(id));
        due.truncate(n - claimed.len());
        for id in due {
            let order = self.orders.get_mut(&id).unwrap();
            if order.record.state == State::Review {
                order.due_at = Some(DueAt::Never);
            } else {
                order.reclaim(epoch, false);
                claimed.push(id);
            }
        }
    }
}

impl Order {
    /// Returns why it is left out, or `None` if it may be claimed.
    fn reason_to_leave_out(&mut self, epoch: Epoch, is_run: bool) -> Option<ClaimSkip> {
        if self.settled != self.record.claim && self.due_at == Some(DueAt::Later) {
            return Some(ClaimSkip::Claimed);
        }
        if self.record.state.has_ended() && self.replays.is_empty() {
            self.due_at = None;
            return Some(ClaimSkip::Ended);
        }
        let is_certainly_unsent = self.record.state.is_unsent() && !self.is_older_than(epoch);
        (is_run && is_certainly_unsent).then_some(ClaimSkip::Unsent)
    }
}
