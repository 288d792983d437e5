//! The books as they ought to be, kept as plainly as can be. What time does is told them.

mod epoch;
mod inbox;
mod order;
mod settle;
mod take;

use std::collections::{BTreeMap, VecDeque};

use crate::{
    operation::{Fault, ORDERS, Put},
    shown::{Breaker, ClaimSkip, Shown, When},
};

pub(crate) use epoch::{Doubts, Epoch, Known, Life, Scene};
pub(crate) use order::{Doubt, Order, Words};
pub(crate) use settle::{Effect, Settling};
pub(crate) use take::{Gate, Taking};

use inbox::Waiting;

/// What Redis has; a copy is what it had then.
#[derive(Clone, Default)]
pub(crate) struct Books {
    pub(crate) orders: BTreeMap<String, Order>,
    pub(crate) inbox: VecDeque<Waiting>,
    pub(crate) told: Vec<ClaimSkip>,
    pub(crate) dead_letters: usize,
    pub(crate) paused: bool,
    pub(crate) held: bool,
    pub(crate) breaker: Breaker,
    pub(crate) breaker_pause_is_over: bool,
    pub(crate) rate: Rate,
    pub(crate) epoch: Option<Epoch>,
    /// The numbers of the takes that left something in it.
    pub(crate) history: Vec<u64>,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Rate {
    /// One call an hour.
    pub(crate) is_limited: bool,
    /// How many calls are, where that is remembered.
    pub(crate) used_up: Option<i64>,
}

impl Rate {
    pub(crate) fn new(is_limited: bool) -> Self {
        Self {
            is_limited,
            used_up: None,
        }
    }

    fn is_used_up(self) -> bool {
        self.used_up.is_some_and(|calls| calls > 0)
    }

    fn use_up(&mut self) {
        self.used_up = self.is_limited.then_some(1);
    }

    fn give_back(&mut self) {
        self.used_up = self.used_up.map(|calls| calls - 1);
    }
}

impl Put {
    pub(crate) fn id(&self) -> String {
        id_of(self.order)
    }

    pub(crate) fn words(&self) -> Words {
        let meta = match self.meta {
            None => "",
            Some(false) => "one",
            Some(true) => "another",
        };
        Words {
            own_stream: self.own_stream,
            meta: meta.into(),
        }
    }

    fn has_other_quantity(&self) -> bool {
        self.fault == Fault::OtherQuantity
    }
}

pub(crate) fn id_of(order: usize) -> String {
    format!("A-{}", order % ORDERS)
}

impl Books {
    pub(crate) fn comes_due(&mut self, id: &str) -> bool {
        let order = self.orders.get_mut(id);
        let when = order.and_then(|order| order.when.as_mut());
        when.map(|when| *when = When::Due).is_some()
    }

    pub(crate) fn due(&self) -> Vec<String> {
        let due = |order: &Order| order.when == Some(When::Due);
        let due = self.orders.iter().filter(|(_, order)| due(order));
        due.map(|(id, _)| id.clone()).collect()
    }

    pub(crate) fn shown(&self) -> Shown {
        let orders = || self.orders.iter();
        let is_open = |order: &Order| !order.state.has_ended();
        let mut told = self.told.clone();
        told.sort();
        Shown {
            orders: orders()
                .map(|(id, order)| (id.clone(), order.line()))
                .collect(),
            open: orders()
                .filter(|(_, order)| is_open(order))
                .map(|(id, _)| id.clone())
                .collect(),
            schedule: orders()
                .filter_map(|(id, order)| Some((id.clone(), order.when?)))
                .collect(),
            told,
            dead_letters: self.dead_letters,
            inbox: self.inbox.len(),
            paused: self.paused,
            held: self.held,
            breaker: self.breaker.clone(),
            calls: self.rate.used_up,
            epoch: self.epoch.map(Epoch::shown).unwrap_or_default(),
        }
    }
}
