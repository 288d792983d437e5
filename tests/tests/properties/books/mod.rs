//! The books as they ought to be, kept as plainly as can be. What time does is told them.

mod epoch;
mod inbox;
mod settle;
mod take;

use std::collections::{BTreeMap, VecDeque};

use hp_order::State;

use crate::{
    operation::{Fault, ORDERS, Put},
    shown::{Breaker, Line, Shown, Told, When},
};

pub(crate) use epoch::{Epoch, Known, Life};
pub(crate) use settle::Settling;
pub(crate) use take::Taking;

/// What Redis has; a copy is what it had then.
#[derive(Clone, Default)]
pub(crate) struct Books {
    pub(crate) orders: BTreeMap<String, Order>,
    pub(crate) inbox: VecDeque<Entry>,
    pub(crate) told: Vec<Told>,
    pub(crate) set_aside: usize,
    pub(crate) paused: bool,
    pub(crate) held: bool,
    pub(crate) breaker: Breaker,
    pub(crate) breaker_pause_is_over: bool,
    pub(crate) epoch: Option<Epoch>,
}

#[derive(Clone)]
pub(crate) enum Entry {
    Order(Put),
    Nonsense,
}

/// The words of an entry that go back with the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) own_stream: bool,
    pub(crate) meta: String,
}

#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) has_other_quantity: bool,
    pub(crate) words: Words,
    pub(crate) state: State,
    pub(crate) claim: u64,
    pub(crate) attempts: u32,
    pub(crate) checks: u32,
    pub(crate) crashes: u32,
    /// The claim that was settled last, of those after which the order went on.
    pub(crate) settled: u64,
    pub(crate) life: Life,
    /// Redis may have forgotten that it was sent.
    pub(crate) is_doubted: bool,
    /// Its place in the schedule.
    pub(crate) when: Option<When>,
    /// Its first result, though it may have left its stream.
    pub(crate) first: Option<Told>,
    /// How a repetition that waits for its answer words it.
    pub(crate) again: Option<Words>,
    /// With which words its result was to be told when it was last taken.
    pub(crate) given: Words,
}

impl Order {
    fn line(&self) -> Line {
        Line {
            state: self.state.to_string(),
            claim: self.claim,
            attempts: self.attempts,
            checks: self.checks,
            crashes: self.crashes,
            is_doubted: self.is_doubted,
        }
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
            set_aside: self.set_aside,
            inbox: self.inbox.len(),
            paused: self.paused,
            held: self.held,
            breaker: self.breaker.clone(),
            epoch: self.epoch.map(Epoch::shown).unwrap_or_default(),
        }
    }
}
