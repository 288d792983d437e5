//! The state of everything that takes part, as little of it as matters.
//!
//! Times are ages in ticks, and stop growing where nothing depends on them any more.

use hp_order::State;

use crate::{
    action::Named,
    redis::{Order, Redis},
    rules::{Bounds, RESUBMIT},
    tidy::Labels,
};

/// The most workers that there is room for.
pub(crate) const WORKERS: usize = 3;

/// Ticks since something happened.
pub(crate) type Age = u8;

pub(crate) fn older(age: Age) -> Age {
    RESUBMIT.min(age + 1)
}

/// One order, and everything that has to do with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) redis: Redis,
    /// The state that Redis falls back to if it fails now: the last that has reached the disk or the replica.
    pub(crate) saved: Option<Redis>,
    /// Which start of Redis this is.
    pub(crate) start: u8,
    /// Since Redis last fell back.
    pub(crate) fallen: Option<Age>,
    pub(crate) workers: [Worker; WORKERS],
    pub(crate) requests: Vec<Request>,
    pub(crate) vendor: Vendor,
    /// Redis has forgotten that it ever knew the order.
    pub(crate) is_forgotten: bool,
    pub(crate) left: Left,
    pub(crate) labels: Labels,
}

/// A worker process, as far as this order goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Worker {
    /// Epoch and number of the last take it knows of.
    pub(crate) known: Option<(u8, u8)>,
    /// It knows of takes that Redis has forgotten, and has not shown it.
    pub(crate) has_evidence: bool,
    pub(crate) job: Option<Job>,
}

/// The order in the hands of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Job {
    /// The record as the take answered it.
    pub(crate) order: Order,
    /// `not_found_valid_from`, in ticks from now.
    pub(crate) doubt_left: Option<u8>,
    /// Since the take.
    pub(crate) taken: Age,
    pub(crate) memory: Memory,
    /// What it was claimed by its name for, if it was.
    pub(crate) named: Option<Named>,
    pub(crate) doing: Doing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Doing {
    /// It has not acted yet.
    Holding,
    /// The request has left; no answer yet.
    Waiting,
    /// It knows what happened, and is to settle.
    Told(Told),
}

/// What happened: an `hp_order::Event` in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Told {
    Charged,
    Refused,
    LowBalance,
    NeverSent,
    NoAnswer,
    Exists,
    Found,
    NotFound,
    /// A "no" that is not the one for an order that never existed.
    OddNo,
    Silence,
    Declined,
    TooOld,
    Crashed,
    Released,
    Retried,
}

/// Whether Redis will remember a claim after a fall-back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Memory {
    Kept,
    /// It is younger than the saved state.
    Unsaved,
    /// Redis has fallen back to before it.
    Erased,
}

/// A submission on its way to HitPoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    pub(crate) age: Age,
    pub(crate) memory: Memory,
    pub(crate) sender: Sender,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sender {
    /// This worker waits for the answer.
    Waits(usize),
    /// This worker lives, and waits no more.
    GaveUp(usize),
    /// The worker is dead.
    Dead,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Vendor {
    pub(crate) charges: u8,
    /// The request of a charge whose record is not shown yet.
    pub(crate) hidden: Option<Request>,
}

/// What may still go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Left {
    pub(crate) mishaps: u8,
    pub(crate) refusals: u8,
    pub(crate) falls: u8,
    pub(crate) puts: u8,
}

/// How the first result in the stream says that the order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ended {
    Charged,
    NotCharged,
}

impl World {
    pub(crate) fn new(bounds: Bounds, redis: Redis) -> Self {
        Self {
            redis,
            saved: None,
            start: 0,
            fallen: None,
            workers: Default::default(),
            requests: Vec::new(),
            vendor: Vendor::default(),
            is_forgotten: false,
            left: Left {
                mishaps: bounds.mishaps,
                refusals: bounds.refusals,
                falls: bounds.falls,
                puts: bounds.puts,
            },
            labels: Labels::new(),
        }
    }

    /// Whether nothing more needs to happen: the order has its result, or a person has it; or Redis has never heard
    /// of it, or no longer knows.
    pub(crate) fn is_settled(&self) -> bool {
        let redis = &self.redis;
        let ended = match &redis.order {
            None => true,
            Some(order) if order.state == State::Review => true,
            Some(order) => order.state.has_ended() && redis.results == 1,
        };
        ended && redis.inbox.is_empty()
    }
}
