//! What is in Redis, and the scripts `take` and `settle`: a transcription of `hp-queue`'s Lua, for one order.

use hp_order::{Next, State, Step};

use crate::{
    epoch::{Epoch, EpochId},
    real::Doubt,
    rules::{Fault, LEASE, RESUBMIT, Setting},
    world::{Age, Ended, older},
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Redis {
    pub(crate) inbox: Inbox,
    pub(crate) order: Option<Order>,
    /// First results of the order in the stream, and what the last one says.
    pub(crate) results: u8,
    pub(crate) ended: Option<Ended>,
    pub(crate) epoch: Option<Epoch>,
}

/// Entries of the order: those that may be of a forgotten one, and after them the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Inbox {
    pub(crate) doubted: u8,
    pub(crate) fresh: u8,
}

/// The ledger record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Order {
    pub(crate) state: State,
    pub(crate) claim: u8,
    /// The epoch of the last claim.
    pub(crate) epoch: EpochId,
    pub(crate) attempts: u8,
    pub(crate) crashes: u8,
    pub(crate) doubt: Option<Doubt>,
    pub(crate) submitted: Option<Age>,
    /// `restarted_at`, and which start that was.
    pub(crate) restarted: Option<(u8, Age)>,
    /// Ticks until it comes due.
    pub(crate) due_in: u8,
    /// The current claim has been settled.
    pub(crate) is_settled: bool,
    /// It is older than `retry.give_up_after`.
    pub(crate) is_old: bool,
}

/// Where a take finds an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    Inbox,
    Schedule,
    /// By its name, in whatever state it is.
    Name,
}

impl Inbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.doubted + self.fresh == 0
    }

    /// Removes the oldest entry; says whether it is in doubt.
    fn pop(&mut self) -> Option<bool> {
        let (from, is_doubted) = if self.doubted > 0 {
            (&mut self.doubted, true)
        } else {
            (&mut self.fresh, false)
        };
        *from = from.checked_sub(1)?;
        Some(is_doubted)
    }
}

impl Redis {
    /// An empty queue that has been in use for long.
    pub(crate) fn in_use() -> Self {
        let epoch = Epoch {
            start: 0,
            since: None,
            lost: false,
            taken: 0,
            taken_before: 0,
        };
        Self {
            epoch: Some(epoch),
            ..Self::brand_new()
        }
    }

    pub(crate) fn brand_new() -> Self {
        Self {
            inbox: Inbox::default(),
            order: None,
            results: 0,
            ended: None,
            epoch: None,
        }
    }

    /// `XADD` to the inbox. An entry carries its time: one of soon after a restart may be the repetition of an order
    /// that Redis has forgotten.
    pub(crate) fn put(&mut self, start: u8, setting: &Setting) {
        let epoch = self.epoch.as_ref().filter(|epoch| epoch.start == start);
        let since = epoch.and_then(|epoch| epoch.since);
        let is_soon = since.is_some_and(|since| since < RESUBMIT);
        if is_soon && !setting.lacks(Fault::DoubtsByTheTimeOfTheTake) {
            self.inbox.doubted += 1;
        } else {
            self.inbox.fresh += 1;
        }
    }

    /// One tick later.
    pub(crate) fn age(&mut self) {
        if let Some(order) = &mut self.order {
            order.age();
        }
        if let Some(since) = self.epoch.as_mut().and_then(|epoch| epoch.since.as_mut()) {
            *since = older(*since);
        }
    }

    /// `take`, of at most this order. Answers its record and `not_found_valid_from`, where it is claimed.
    pub(crate) fn take(
        &mut self,
        source: Source,
        setting: &Setting,
    ) -> Option<(Order, Option<u8>)> {
        let taken = match source {
            Source::Inbox => self.receive(setting),
            Source::Schedule => self.reclaim(false, setting),
            Source::Name => self.reclaim(true, setting),
        }?;
        let epoch = self.epoch.as_mut()?;
        epoch.taken += 1;
        let left = taken.restarted.map(|(id, age)| {
            let nobody_knows_better = id == epoch.start && !epoch.lost;
            let seems_unsent = taken.doubt == Some(Doubt::RedisRestarted);
            let is_short = nobody_knows_better && seems_unsent;
            (if is_short { LEASE } else { RESUBMIT }).saturating_sub(age)
        });
        Some((taken, left))
    }

    fn receive(&mut self, setting: &Setting) -> Option<Order> {
        let is_doubted = self.inbox.pop()?;
        // An order that is known needs no second: while it is open, the entry is dropped; else its result is told again.
        if self.order.is_some() {
            return None;
        }
        let epoch = self.epoch.as_ref()?;
        let by_the_take = setting.lacks(Fault::DoubtsByTheTimeOfTheTake);
        let restarted = epoch
            .since
            .filter(|since| is_doubted || (by_the_take && *since < RESUBMIT))
            .filter(|_| !setting.lacks(Fault::TrustsARestartedRedis));
        let order = Order::admitted(epoch.id(setting), restarted, setting);
        self.order = Some(order);
        Some(order.as_taken(setting))
    }

    fn reclaim(&mut self, is_named: bool, setting: &Setting) -> Option<Order> {
        let epoch = self.epoch.as_ref()?;
        let order = self.order.as_mut()?;
        let since = epoch.since.filter(|_| {
            order.epoch != epoch.id(setting) && !setting.lacks(Fault::TrustsARestartedRedis)
        });
        order.reclaim(epoch.id(setting), since, is_named, setting);
        Some(if is_named {
            *order
        } else {
            order.as_taken(setting)
        })
    }

    /// `settle`: applies a step, if the claim is still the current one; puts back an order that is forgotten. `start`: which start of Redis this is.
    pub(crate) fn settle(&mut self, claimed: &Order, step: &Step, start: u8, setting: &Setting) {
        let Some(order) = self.order.as_mut() else {
            self.order = Some(claimed.restored(self.epoch.as_ref(), start, setting));
            return;
        };
        let ends = matches!(step.next, Next::End(_));
        if !order.may_be_settled_by(claimed, setting) || (ends && order.state.has_ended()) {
            return;
        }
        // What another worker did since may be forgotten, and only a charge is true for good.
        let is_not_charged = ends && step.state != State::Completed;
        let now = self.epoch.as_ref().filter(|epoch| epoch.start == start);
        let is_now = now.is_some_and(|epoch| epoch.id(setting) == claimed.epoch);
        if is_not_charged && !is_now && !setting.lacks(Fault::EndsAcrossARestart) {
            return;
        }
        order.apply(step);
        if setting.lacks(Fault::StoresAttemptsTooLate) {
            order.submitted = claimed.submitted;
        }
        if let Next::End(ending) = &step.next {
            self.results += 1;
            self.ended = Some(Ended::of(ending));
        }
    }
}
