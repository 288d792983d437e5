//! All facts of a run. The check needs nothing else.

use std::collections::{BTreeMap, HashMap};

use e2e::Entry;
use hp_sandbox::Charge;

use super::{
    schedule::{Action, TimedAction},
    workload::{Order, Submission},
};

/// The facts of a run. All times are Unix milliseconds of the machine's clock: those of the servers step.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// The start.
    pub(crate) started_at: u64,
    /// The end of the storm.
    pub(crate) storm_ended: u64,
    /// The end of the run.
    pub(crate) finished: u64,
    /// The orders of the shops.
    pub(crate) orders: Vec<Order>,
    /// The entries of the shops, and when Redis accepted each one.
    pub(crate) submissions: Vec<(Submission, Vec<u64>)>,
    /// The actions of the storm.
    pub(crate) actions: Vec<TimedAction>,
    /// For each crash and each promotion, the start and the end of the time whose acknowledged writes may be lost.
    pub(crate) losses: Vec<(u64, u64)>,
    /// The bytes of its log that Redis lost in each loss.
    pub(crate) lost_bytes: Vec<u64>,
    /// The promotions, and those that no replica was ready for.
    pub(crate) promotions: (u64, u64),
    /// The charges of the vendor.
    pub(crate) charges: Vec<Charge>,
    /// Entries of the result streams as a consumer read them during the run.
    pub(crate) consumed: Vec<PublishedResult>,
    /// Entries of the result streams at the end.
    pub(crate) published: Vec<PublishedResult>,
    /// Ledger records by order id.
    pub(crate) records: BTreeMap<String, Entry>,
    /// The entries left in the inbox.
    pub(crate) inbox: Vec<Entry>,
    /// The dead letters.
    pub(crate) rejected: Vec<Entry>,
    /// The order ids in `{hp}:open`.
    pub(crate) open: Vec<String>,
    /// The order ids in `{hp}:schedule`, with their due times.
    pub(crate) schedule: HashMap<String, f64>,
    /// Named texts that must not contain card keys or secrets: logs, and all keys except result streams.
    pub(crate) texts: Vec<(String, String)>,
    /// The secrets that these texts must not contain.
    pub(crate) secrets: Vec<String>,
    /// The number of calls that met each fault of the vendor.
    pub(crate) faults: BTreeMap<String, u64>,
    /// The exits of the workers that were not killed.
    pub(crate) exits: Vec<String>,
}

/// An entry of a result stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublishedResult {
    /// The stream.
    pub(crate) stream: String,
    /// The entry's id.
    pub(crate) entry: String,
    /// When the consumer read it.
    pub(crate) read: u64,
    /// `true` if the consumer found it only on the former master after a promotion.
    pub(crate) only_on_former: bool,
    /// Its fields.
    pub(crate) fields: Entry,
}

/// The kind of an entry of a result stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first result of an order.
    First,
    /// A copy of it.
    Replay,
    /// The answer to an entry that makes no order: invalid, or in conflict with an order.
    Rejection,
}

impl PublishedResult {
    /// A field, empty if it is missing.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The order id.
    pub(crate) fn id(&self) -> &str {
        self.get("order_id")
    }

    /// Its kind.
    pub(crate) fn kind(&self) -> Kind {
        match (
            self.get("replay_of"),
            self.get("status"),
            self.get("reason"),
        ) {
            ("", "conflict", _) | ("", "rejected", "invalid_job") => Kind::Rejection,
            ("", ..) => Kind::First,
            _ => Kind::Replay,
        }
    }

    /// `true` for the same entry of the same stream. Entries that Redis lost may have the same id and other fields.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (&self.entry, &self.stream, &self.fields) == (&other.entry, &other.stream, &other.fields)
    }

    /// The fields that must be equal in every result of an order.
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
    /// `true` if a write that Redis acknowledged at this time may be lost.
    pub(crate) fn may_be_lost(&self, at: u64) -> bool {
        self.losses
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&at))
    }

    /// The number of steps of a clock.
    pub(crate) fn clock_steps(&self) -> usize {
        let is_step = |timed: &&TimedAction| {
            matches!(timed.action, Action::StepClock(..) | Action::SetClocksRight)
        };
        self.actions.iter().filter(is_step).count()
    }
}
