//! What can be seen of a queue, in the same words for Redis and for its reference.

use std::collections::BTreeMap;

/// All of a queue, except times.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) orders: BTreeMap<String, RecordView>,
    pub(crate) open: Vec<String>,
    pub(crate) schedule: BTreeMap<String, DueAt>,
    /// Orders that wait for a balance.
    pub(crate) held: Vec<String>,
    /// The open orders of each state but `submitting`.
    pub(crate) states: BTreeMap<String, Vec<String>>,
    /// The entries of the result streams, sorted.
    pub(crate) results: Vec<ResultEntry>,
    /// What was charged, by currency, in minor units.
    pub(crate) spent: BTreeMap<String, u64>,
    /// How many producers' own streams are in the list of those that were written.
    pub(crate) own_streams: usize,
    /// The kind of each event, and its order if it has one.
    pub(crate) events: Vec<(String, String)>,
    pub(crate) dead_letters: usize,
    pub(crate) inbox: usize,
    /// How many entries have left the inbox before a worker took them, as far as a claim has noticed.
    pub(crate) lost: u32,
    pub(crate) paused: bool,
    pub(crate) is_balance_held: bool,
    pub(crate) breaker: Breaker,
    /// How many calls of the rate are used up, if Redis remembers.
    pub(crate) calls: Option<i64>,
    pub(crate) is_throttled: bool,
    pub(crate) epoch: EpochView,
}

/// The record of an order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RecordView {
    pub(crate) state: String,
    pub(crate) claim: u64,
    pub(crate) attempts: u32,
    pub(crate) checks: u32,
    pub(crate) crashes: u32,
    pub(crate) is_doubted: bool,
    /// How many repetitions wait for a copy of its result.
    pub(crate) replays: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DueAt {
    Due,
    Later,
    /// An operator decides.
    Never,
}

/// An entry of a result stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ResultEntry {
    pub(crate) own_stream: bool,
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) reason: String,
    pub(crate) meta: String,
    pub(crate) is_copy: bool,
    pub(crate) has_cards: bool,
}

impl ResultEntry {
    /// Whether it is the first result of its order.
    pub(crate) fn is_first(&self) -> bool {
        let answers_an_entry = self.status == "conflict" || self.reason == "invalid_job";
        !self.is_copy && !answers_an_entry
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breaker {
    pub(crate) failures: u32,
    /// The number of pauses, if it is open.
    pub(crate) pauses: u32,
    /// The order that probes HitPoints, and its claim.
    pub(crate) probe: String,
}

/// The present epoch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct EpochView {
    pub(crate) is_lossy: bool,
    pub(crate) doubts: bool,
    pub(crate) claims: u64,
}
