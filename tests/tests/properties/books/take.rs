use hp_order::State;

use super::{Books, Entry, Epoch, Known, Order, Put, Words};
use crate::{
    operation::Fault,
    shown::{Told, When},
};

/// A take, as the worker asks for it.
#[derive(Clone, Copy)]
pub(crate) struct Taking {
    pub(crate) n: usize,
    pub(crate) lease_is_over: bool,
    pub(crate) schedule_first: bool,
    pub(crate) known: Option<Known>,
    /// The server's present life.
    pub(crate) server: u32,
}

impl Books {
    /// The orders that are taken, in order.
    pub(crate) fn take(&mut self, taking: Taking) -> Vec<String> {
        let epoch = self.notice(taking.server, taking.known);
        let is_open = self.breaker.pauses > 0;
        if self.paused || is_open && !self.breaker_pause_is_over {
            return Vec::new();
        }
        let n = if is_open { 1 } else { taking.n };
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
            self.epoch.as_mut().unwrap().takes += 1;
            if is_open {
                self.breaker.probe = format!("{first} {}", self.orders[first].claim);
                self.breaker_pause_is_over = false;
            }
        }
        taken
    }

    /// Whether another take would find something to do.
    pub(crate) fn is_left(&self, taken: &[String]) -> bool {
        !self.inbox.is_empty() || self.due().iter().any(|id| !taken.contains(id))
    }

    fn take_inbox(&mut self, n: usize, epoch: Epoch, taken: &mut Vec<String>) {
        for _ in taken.len()..n {
            match self.inbox.pop_front() {
                None => return,
                Some(Entry::Nonsense) => self.set_aside += 1,
                Some(Entry::Order(put)) => taken.extend(self.receive(put, epoch)),
            }
        }
    }

    fn receive(&mut self, put: Put, epoch: Epoch) -> Option<String> {
        if matches!(put.fault, Fault::NoQuantity | Fault::ProductTwice) {
            self.reject(put, "invalid_job");
            return None;
        }
        let id = put.id();
        match self.orders.get_mut(&id) {
            None => {
                self.orders.insert(id.clone(), admitted(put, epoch));
                return Some(id);
            }
            Some(known) if known.has_other_quantity != put.has_other_quantity() => {
                self.reject(put, "order_id_conflict");
            }
            Some(known) => {
                if let Some(first) = known.first.clone() {
                    self.tell_again(put, first);
                }
            }
        }
        None
    }

    fn reject(&mut self, put: Put, reason: &str) {
        let Words { own_stream, meta } = put.words();
        self.told.push(Told {
            own_stream,
            id: put.id(),
            status: "rejected".into(),
            reason: reason.into(),
            meta,
            is_copy: false,
            has_cards: false,
        });
    }

    fn tell_again(&mut self, put: Put, first: Told) {
        let (id, own) = (put.id(), put.words());
        let order = self.orders.get_mut(&id).unwrap();
        let own_stream = own.own_stream || order.words.own_stream;
        if self.told.contains(&first) {
            let meta = if own.meta.is_empty() {
                first.meta.clone()
            } else {
                own.meta
            };
            self.told.push(Told {
                own_stream,
                meta,
                is_copy: true,
                ..first
            });
            return;
        }
        let meta = if own.meta.is_empty() {
            order.words.meta.clone()
        } else {
            own.meta
        };
        order.again = Some(Words { own_stream, meta });
        order.when = order.when.or(Some(When::Due));
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

fn admitted(put: Put, epoch: Epoch) -> Order {
    Order {
        has_other_quantity: put.has_other_quantity(),
        words: put.words(),
        state: if epoch.doubts {
            State::Uncertain
        } else {
            State::Submitting
        },
        claim: 1,
        attempts: 1,
        checks: u32::from(epoch.doubts),
        crashes: 0,
        settled: 0,
        life: epoch.life,
        is_doubted: epoch.doubts,
        when: None,
        first: None,
        again: None,
        given: put.words(),
    }
}

impl Order {
    fn reclaim(&mut self, epoch: Epoch) {
        let is_older = self.life != epoch.life;
        let worker_died = self.settled != self.claim && !is_older;
        self.claim += 1;
        self.life = epoch.life;
        self.given = self.again.as_ref().unwrap_or(&self.words).clone();
        if self.state.has_ended() {
            return;
        }
        self.is_doubted |= is_older;
        match self.state {
            State::Queued | State::Waiting => {
                self.attempts += 1;
                self.checks += u32::from(is_older);
                self.state = if is_older {
                    State::Uncertain
                } else {
                    State::Submitting
                };
            }
            _ => {
                self.checks += 1;
                self.crashes += u32::from(worker_died);
                self.state = State::Uncertain;
            }
        }
    }
}
