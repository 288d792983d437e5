use std::collections::{BTreeMap, VecDeque};

use hp_order::{Next, State, Step};

use crate::operation::ORDERS;

/// The books as they ought to be, kept as plainly as can be.
#[derive(Default)]
pub(crate) struct Reference {
    pub(crate) orders: BTreeMap<String, Order>,
    pub(crate) inbox: VecDeque<Entry>,
    pub(crate) paused: bool,
    /// Counts the restarts of Redis that a take has noticed.
    pub(crate) epoch: u32,
    /// A restart that no take has noticed yet.
    pub(crate) restarted: bool,
    /// Answers to conflicting and repeated entries.
    pub(crate) conflicts: usize,
    pub(crate) repeated: usize,
    pub(crate) nonsense: usize,
}

pub(crate) enum Entry {
    Order {
        id: String,
        quantity: u32,
        own_stream: bool,
    },
    Nonsense,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) quantity: u32,
    pub(crate) own_stream: bool,
    pub(crate) state: State,
    pub(crate) claim: u64,
    pub(crate) attempts: u32,
    pub(crate) checks: u32,
    pub(crate) crashes: u32,
    pub(crate) settled: u64,
    pub(crate) epoch: u32,
    pub(crate) is_due: bool,
}

pub(crate) fn id_of(order: usize) -> String {
    format!("A-{}", order % ORDERS)
}

impl Reference {
    /// Takes all there is; gives the ids, in no order.
    pub(crate) fn take(&mut self, lease_is_over: bool) -> Vec<String> {
        if std::mem::take(&mut self.restarted) {
            self.epoch += 1;
        }
        if self.paused {
            return Vec::new();
        }
        let due: Vec<_> = self.due();
        let mut taken = Vec::new();
        while let Some(entry) = self.inbox.pop_front() {
            taken.extend(self.receive(entry));
        }
        for id in &due {
            self.reclaim(id);
        }
        taken.extend(due);
        for id in &taken {
            self.orders.get_mut(id).unwrap().is_due = lease_is_over;
        }
        taken
    }

    fn due(&self) -> Vec<String> {
        let due = self.orders.iter().filter(|(_, order)| order.is_due);
        due.map(|(id, _)| id.clone()).collect()
    }

    fn receive(&mut self, entry: Entry) -> Option<String> {
        let Entry::Order {
            id,
            quantity,
            own_stream,
        } = entry
        else {
            self.nonsense += 1;
            return None;
        };
        match self.orders.get(&id) {
            Some(known) if known.quantity != quantity => self.conflicts += 1,
            Some(known) if known.state.has_ended() => self.repeated += 1,
            Some(_) => {}
            None => {
                let is_doubted = self.epoch > 0;
                let order = Order {
                    quantity,
                    own_stream,
                    state: if is_doubted {
                        State::Uncertain
                    } else {
                        State::Submitting
                    },
                    claim: 1,
                    attempts: 1,
                    checks: u32::from(is_doubted),
                    crashes: 0,
                    settled: 0,
                    epoch: self.epoch,
                    is_due: false,
                };
                self.orders.insert(id.clone(), order);
                return Some(id);
            }
        }
        None
    }

    fn reclaim(&mut self, id: &str) {
        let order = self.orders.get_mut(id).unwrap();
        let is_older = order.epoch != self.epoch;
        order.epoch = self.epoch;
        let died = order.settled != order.claim && !is_older;
        order.claim += 1;
        match order.state {
            State::Queued | State::Waiting => {
                order.attempts += 1;
                order.state = State::Submitting;
                if is_older {
                    order.checks += 1;
                    order.state = State::Uncertain;
                }
            }
            State::Submitting | State::Uncertain => {
                order.checks += 1;
                order.crashes += u32::from(died);
                order.state = State::Uncertain;
            }
            other => panic!("{id} is due in state {other}"),
        }
    }

    /// Whether a settling takes effect.
    pub(crate) fn settle(&mut self, id: &str, claim: u64, epoch: u32, step: &Step) -> bool {
        let is_present = epoch == self.epoch && !self.restarted;
        let order = self.orders.get_mut(id).unwrap();
        if order.claim != claim || order.epoch != epoch {
            return false;
        }
        if order.state.has_ended() {
            return true;
        }
        if matches!(step.next, Next::End(_)) && !is_present {
            return false;
        }
        order.state = step.state;
        order.attempts = step.attempts;
        order.checks = step.checks;
        order.crashes = step.crashes;
        order.is_due = step.next == Next::After(std::time::Duration::ZERO);
        if !order.state.has_ended() {
            order.settled = claim;
        }
        true
    }

    pub(crate) fn open(&self) -> Vec<String> {
        let open = self
            .orders
            .iter()
            .filter(|(_, order)| !order.state.has_ended());
        open.map(|(id, _)| id.clone()).collect()
    }
}
