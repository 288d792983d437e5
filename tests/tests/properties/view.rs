//! What can be seen of a queue, in the same words for Redis and for the books.

use std::collections::BTreeMap;

/// All of it, but for times.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) orders: BTreeMap<String, Line>,
    pub(crate) open: Vec<String>,
    pub(crate) schedule: BTreeMap<String, When>,
    /// What is in the result streams, in order.
    pub(crate) told: Vec<ClaimSkip>,
    pub(crate) dead_letters: usize,
    pub(crate) inbox: usize,
    pub(crate) paused: bool,
    pub(crate) held: bool,
    pub(crate) breaker: Breaker,
    /// How many calls of the rate are used up, where that is remembered.
    pub(crate) calls: Option<i64>,
    pub(crate) epoch: Epoch,
}

/// What the ledger says of an order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) state: String,
    pub(crate) claim: u64,
    pub(crate) attempts: u32,
    pub(crate) checks: u32,
    pub(crate) crashes: u32,
    pub(crate) is_doubted: bool,
    /// How many wait to be told its result again.
    pub(crate) repetitions: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Due,
    Later,
    /// When a person says so.
    Never,
}

/// An entry of a result stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClaimSkip {
    pub(crate) own_stream: bool,
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) reason: String,
    pub(crate) meta: String,
    pub(crate) is_copy: bool,
    pub(crate) has_cards: bool,
}

impl ClaimSkip {
    /// Whether it is how its order ended, told for the first time.
    pub(crate) fn is_first(&self) -> bool {
        let answers_an_entry = ["order_id_conflict", "invalid_job"].contains(&self.reason.as_str());
        !self.is_copy && !answers_an_entry
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breaker {
    pub(crate) silences: u32,
    /// How many pauses there were, where it is open.
    pub(crate) pauses: u32,
    /// The order that tries it, and its claim.
    pub(crate) probe: String,
}

/// What Redis says of its present life.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Epoch {
    pub(crate) is_lossy: bool,
    pub(crate) doubts: bool,
    pub(crate) takes: u64,
}
