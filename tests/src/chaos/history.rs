//! Everything that is known after a run. The checker needs no more than this.

use std::collections::{BTreeMap, HashMap};

use hp_sandbox::Charge;

use super::{
    orders::{Order, Put},
    schedule::Deed,
};
use crate::Entry;

/// What happened. All times are Unix milliseconds of Redis' clock.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// When it began.
    pub began: u64,
    /// When everything was healed.
    pub calm: u64,
    /// When all was settled, or given up waiting for.
    pub over: u64,
    /// What the shops wanted.
    pub orders: Vec<Order>,
    /// What they put in, and when Redis said yes, each time.
    pub puts: Vec<(Put, Vec<u64>)>,
    /// What was done to the world.
    pub deeds: Vec<Deed>,
    /// From when to when what Redis had acknowledged may have been lost, for each crash.
    pub losses: Vec<(u64, u64)>,
    /// How much of its log Redis lost, each time that it was taken away.
    pub lost_bytes: Vec<u64>,
    /// What the vendor charged.
    pub charges: Vec<Charge>,
    /// Entries of result streams as a consumer read them while everything went on.
    pub live: Vec<ClaimSkip>,
    /// Entries of result streams as they stand at the end.
    pub told: Vec<ClaimSkip>,
    /// Ledger records by order id.
    pub records: BTreeMap<String, Entry>,
    /// What is left in the inbox.
    pub inbox: Vec<Entry>,
    /// What was set aside as unusable.
    pub rejected: Vec<Entry>,
    /// The order ids in `{hp}:open`.
    pub open: Vec<String>,
    /// The order ids in `{hp}:schedule`, and when they are due.
    pub schedule: HashMap<String, f64>,
    /// Whatever must be free of card keys and secrets, by name: logs, and all keys that are no result streams.
    pub texts: Vec<(String, String)>,
    /// What must not be seen there, besides the keys of all cards.
    pub secrets: Vec<String>,
    /// How often each fault of the vendor happened.
    pub faults: BTreeMap<String, u64>,
    /// How workers that were not killed have ended.
    pub ends: Vec<String>,
}

/// An entry of a result stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimSkip {
    /// The stream.
    pub stream: String,
    /// The entry's id.
    pub entry: String,
    /// When it was read.
    pub read: u64,
    /// What it says.
    pub fields: Entry,
}

/// What an entry of a result stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The first result of an order.
    First,
    /// A copy of it.
    Replay,
    /// The answer to an entry that makes no order: malformed, or in conflict with one.
    Objection,
}

impl ClaimSkip {
    /// A field, empty if it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The order that it is about.
    pub fn id(&self) -> &str {
        self.get("order_id")
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match (self.get("replay_of"), self.get("reason")) {
            ("", "invalid_job" | "order_id_conflict") => Kind::Objection,
            ("", _) => Kind::First,
            _ => Kind::Replay,
        }
    }

    /// What must be the same whenever an order's result is told.
    pub fn substance(&self) -> [&str; 8] {
        [
            "status",
            "reason",
            "product_id",
            "quantity",
            "hp_order_id",
            "total_price",
            "pin_count",
            "pins",
        ]
        .map(|name| self.get(name))
    }
}

impl History {
    /// Whether what Redis had said at this time may have been lost afterwards.
    pub fn may_be_lost(&self, at: u64) -> bool {
        self.losses
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&at))
    }
}

/// The time in an entry id.
pub(super) fn time_of(entry: &str) -> u64 {
    let time = entry.split_once('-').map_or(entry, |(time, _)| time);
    time.parse().unwrap_or_default()
}
