use hp_order::{Cause, State};

use super::{Books, Doubt, Doubts, Epoch, Order, Scene};
use crate::shown::When;

/// A take, as the worker asks for it.
#[derive(Clone, Copy)]
pub(crate) struct Taking {
    pub(crate) n: usize,
    pub(crate) lease_is_over: bool,
    pub(crate) schedule_first: bool,
    pub(crate) scene: Scene,
}

/// Why nothing is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    Paused,
    Silent,
    RateUsedUp,
}

impl Books {
    pub(crate) fn gate(&self) -> Gate {
        if self.paused {
            Gate::Paused
        } else if self.breaker.pauses > 0 && !self.breaker_pause_is_over {
            Gate::Silent
        } else if self.rate.is_used_up() {
            Gate::RateUsedUp
        } else {
            Gate::Open
        }
    }

    /// The orders that are taken, in order.
    pub(crate) fn take(&mut self, taking: Taking) -> Vec<String> {
        let epoch = self.notice(taking.scene);
        if self.gate() != Gate::Open {
            return Vec::new();
        }
        let is_probe = self.breaker.pauses > 0;
        let n = if is_probe || self.rate.is_limited {
            1
        } else {
            taking.n
        };
        let waiting = self.due();
        let mut taken = Vec::new();
        if taking.schedule_first {
            self.take_due(n, epoch, &waiting, &mut taken);
            self.take_inbox(n, epoch, &mut taken);
        } else {
            self.take_inbox(n, epoch, &mut taken);
            self.take_due(n, epoch, &waiting, &mut taken);
        }
        let lease = if taking.lease_is_over {
            When::Due
        } else {
            When::Later
        };
        for id in &taken {
            self.orders.get_mut(id).unwrap().when = Some(lease);
        }
        if let Some(first) = taken.first() {
            self.history.push(taking.scene.number);
            self.count(first, is_probe);
        }
        taken
    }

    fn count(&mut self, first: &str, is_probe: bool) {
        self.epoch.as_mut().unwrap().takes += 1;
        if is_probe {
            self.breaker.probe = format!("{first} {}", self.orders[first].claim);
            self.breaker_pause_is_over = false;
        }
        self.rate.use_up();
    }

    /// Whether another take would find something to do.
    pub(crate) fn is_left(&self, taken: &[String]) -> bool {
        !self.inbox.is_empty() || self.due().iter().any(|id| !taken.contains(id))
    }

    /// What comes due by this very take stands behind what was `waiting`.
    fn take_due(&mut self, n: usize, epoch: Epoch, waiting: &[String], taken: &mut Vec<String>) {
        let mut due = self.due();
        due.retain(|id| !taken.contains(id));
        due.sort_by_key(|id| !waiting.contains(id));
        due.truncate(n - taken.len());
        for id in due {
            let order = self.orders.get_mut(&id).unwrap();
            if order.state == State::Review {
                order.when = Some(When::Never);
            } else {
                order.reclaim(epoch);
                taken.push(id);
            }
        }
    }
}

impl Order {
    fn reclaim(&mut self, epoch: Epoch) {
        let is_older = self.life != epoch.life && epoch.doubts != Doubts::None;
        let worker_died = self.settled != self.claim && !is_older;
        self.claim += 1;
        self.life = epoch.life;
        self.given = self.repetitions.front().unwrap_or(&self.words).clone();
        if self.state.has_ended() {
            return;
        }
        if is_older {
            self.doubt = Doubt::in_epoch(epoch);
        }
        match self.state {
            State::Queued | State::Waiting => {
                self.attempts += 1;
                self.checks += u32::from(is_older);
                self.state = if is_older {
                    self.cause = Some(Cause::RedisRestarted);
                    State::Uncertain
                } else {
                    State::Submitting
                };
            }
            state => {
                if state == State::Submitting {
                    self.cause = Some(Cause::WorkerDied);
                }
                self.checks += 1;
                self.crashes += u32::from(worker_died);
                self.state = State::Uncertain;
            }
        }
    }
}
