use std::collections::{BTreeMap, VecDeque};

use hp_order::State;

use super::{epoch::Epoch, order::Order, waiting::Waiting};
use crate::view::{Breaker, DueAt, ResultEntry, View};

/// What Redis holds. A copy is a backup.
#[derive(Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a condition of its own"
)]
pub(crate) struct Reference {
    pub(crate) orders: BTreeMap<String, Order>,
    pub(crate) inbox: VecDeque<Waiting>,
    pub(crate) lost: LostEntries,
    pub(crate) results: Vec<ResultEntry>,
    pub(crate) spent: BTreeMap<String, u64>,
    pub(crate) has_own_stream: bool,
    pub(crate) events: Vec<(String, String)>,
    pub(crate) dead_letters: usize,
    pub(crate) paused: bool,
    pub(crate) is_balance_held: bool,
    pub(crate) breaker: Breaker,
    pub(crate) breaker_pause_is_over: bool,
    pub(crate) rate: Rate,
    /// A front end has asked to send nothing.
    pub(crate) is_throttled: bool,
    /// The share of reconciliation runs in the rate is used up.
    pub(crate) is_share_of_runs_used_up: bool,
    pub(crate) epoch: Option<Epoch>,
    /// The numbers of the calls that left something in it.
    pub(crate) history: Vec<u64>,
}

/// Entries that left the inbox before a worker took them.
#[derive(Clone, Copy, Default)]
pub(crate) struct LostEntries {
    /// A claim has looked at this inbox before.
    pub(super) is_counted: bool,
    pub(super) since_last_claim: u32,
    pub(super) noticed: u32,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Rate {
    /// One call an hour.
    pub(crate) is_limited: bool,
    /// How many calls are used up, if Redis remembers.
    pub(crate) used_up: Option<i64>,
}

impl Rate {
    pub(crate) fn new(is_limited: bool) -> Self {
        Self {
            is_limited,
            used_up: None,
        }
    }

    pub(super) fn is_used_up(self) -> bool {
        self.used_up.is_some_and(|calls| calls > 0)
    }

    pub(super) fn use_up(&mut self) {
        self.used_up = self.is_limited.then_some(1);
    }

    pub(super) fn give_back(&mut self) {
        self.used_up = self.used_up.map(|calls| calls - 1);
    }
}

impl Reference {
    /// Notes an event of an order, or of the queue if the id is empty.
    pub(crate) fn add_event(&mut self, event: &str, id: &str) {
        self.events.push((event.into(), id.into()));
    }

    /// Adds an entry to its stream.
    pub(super) fn publish(&mut self, entry: ResultEntry) {
        self.has_own_stream |= entry.own_stream;
        self.results.push(entry);
    }

    fn orders_in(&self, state: State) -> Vec<String> {
        let is_in = |order: &Order| order.record.state == state;
        let orders = self.orders.iter().filter(|(_, order)| is_in(order));
        orders.map(|(id, _)| id.clone()).collect()
    }

    pub(crate) fn make_due(&mut self, id: &str) -> bool {
        let order = self.orders.get_mut(id);
        let due_at = order.and_then(|order| order.due_at.as_mut());
        due_at.map(|due_at| *due_at = DueAt::Due).is_some()
    }

    pub(crate) fn due(&self) -> Vec<String> {
        let due = |order: &Order| order.due_at == Some(DueAt::Due);
        let due = self.orders.iter().filter(|(_, order)| due(order));
        due.map(|(id, _)| id.clone()).collect()
    }

    pub(crate) fn view(&self) -> View {
        let orders = || self.orders.iter();
        let is_open = |order: &Order| !order.record.state.has_ended();
        let mut results = self.results.clone();
        results.sort();
        View {
            orders: orders()
                .map(|(id, order)| (id.clone(), order.record_view()))
                .collect(),
            open: orders()
                .filter(|(_, order)| is_open(order))
                .map(|(id, _)| id.clone())
                .collect(),
            schedule: orders()
                .filter_map(|(id, order)| Some((id.clone(), order.due_at?)))
                .collect(),
            held: orders()
                .filter(|(_, order)| order.is_held)
                .map(|(id, _)| id.clone())
                .collect(),
            states: [
                State::Queued,
                State::Uncertain,
                State::Waiting,
                State::Review,
            ]
            .map(|state| (state.to_string(), self.orders_in(state)))
            .into(),
            results,
            spent: self.spent.clone(),
            own_streams: self.has_own_stream.into(),
            events: self.events.clone(),
            dead_letters: self.dead_letters,
            inbox: self.inbox.len(),
            lost: self.lost.noticed,
            paused: self.paused,
            is_balance_held: self.is_balance_held,
            breaker: self.breaker.clone(),
            calls: self.rate.used_up,
            is_throttled: self.is_throttled,
            epoch: self.epoch.map(Epoch::view).unwrap_or_default(),
        }
    }
}
