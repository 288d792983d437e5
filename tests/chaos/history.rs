//! Everything that is known after a run. The checker needs no more than this.

use std::collections::{BTreeMap, HashMap};

use e2e::Entry;
use hp_sandbox::Charge;

use super::{
    schedule::TimedAction,
    workload::{Order, Submission},
};

/// What happened. All times are Unix milliseconds of Redis' clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// When it began.
    pub(crate) started_at: u64,
    /// When everything was healed.
    pub(crate) storm_ended: u64,
    /// When all was settled, or given up waiting for.
    pub(crate) finished: u64,
    /// What the shops wanted.
    pub(crate) orders: Vec<Order>,
    /// What they put in, and when Redis said yes, each time.
    pub(crate) submissions: Vec<(Submission, Vec<u64>)>,
    /// What was done to the world.
    pub(crate) actions: Vec<TimedAction>,
    /// From when to when what Redis had acknowledged may have been lost, for each crash.
    pub(crate) losses: Vec<(u64, u64)>,
    /// How much of its log Redis lost, each time that it was taken away.
    pub(crate) lost_bytes: Vec<u64>,
    /// What the vendor charged.
    pub(crate) charges: Vec<Charge>,
    /// Entries of result streams as a consumer read them while everything went on.
    pub(crate) consumed: Vec<PublishedResult>,
    /// Entries of result streams as they stand at the end.
    pub(crate) published: Vec<PublishedResult>,
    /// Ledger records by order id.
    pub(crate) records: BTreeMap<String, Entry>,
    /// What is left in the inbox.
    pub(crate) inbox: Vec<Entry>,
    /// What was set aside as unusable.
    pub(crate) rejected: Vec<Entry>,
    /// The order ids in `{hp}:open`.
    pub(crate) open: Vec<String>,
    /// The order ids in `{hp}:schedule`, and when they are due.
    pub(crate) schedule: HashMap<String, f64>,
    /// Whatever must be free of card keys and secrets, by name: logs, and all keys that are no result streams.
    pub(crate) texts: Vec<(String, String)>,
    /// What must not be seen there, besides the keys of all cards.
    pub(crate) secrets: Vec<String>,
    /// How often each fault of the vendor happened.
    pub(crate) faults: BTreeMap<String, u64>,
    /// How workers that were not killed have ended.
    pub(crate) exits: Vec<String>,
}

/// An entry of a result stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublishedResult {
    /// The stream.
    pub(crate) stream: String,
    /// The entry's id.
    pub(crate) entry: String,
    /// When it was read.
    pub(crate) read: u64,
    /// What it says.
    pub(crate) fields: Entry,
}

/// What an entry of a result stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first result of an order.
    First,
    /// A copy of it.
    Replay,
    /// The answer to an entry that makes no order: malformed, or in conflict with one.
    Rejection,
}

impl PublishedResult {
    /// A field, empty if it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The order that it is about.
    pub(crate) fn id(&self) -> &str {
        self.get("order_id")
    }

    /// What it is.
    pub(crate) fn kind(&self) -> Kind {
        match (self.get("replay_of"), self.get("reason")) {
            ("", "invalid_job" | "order_id_conflict") => Kind::Rejection,
            ("", _) => Kind::First,
            _ => Kind::Replay,
        }
    }

    /// What must be the same whenever an order's result is told.
    pub(crate) fn substance(&self) -> [&str; 8] {
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
    pub(crate) fn may_be_lost(&self, at: u64) -> bool {
        self.losses
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&at))
    }
}

/// The time in an entry id.
pub(crate) fn time_of(entry: &str) -> u64 {
    let time = entry.split_once('-').map_or(entry, |(time, _)| time);
    time.parse().unwrap_or_default()
}
