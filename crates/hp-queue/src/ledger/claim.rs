use std::{sync::Arc, time::Duration};

use hp_api::OrderId;
use hp_order::{BalanceScope, Millis, Record};

use crate::history::History;

/// Where [`claim_batch`](crate::Ledger::claim_batch) looks first. A caller that alternates starves neither source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstSource {
    /// New orders.
    Inbox,
    /// Open orders that are due.
    Schedule,
}

/// A claimed order. It belongs to this claim until its lease ends.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The record, including the changes of this claim.
    pub record: Record,
    /// The epoch of the claim: after a restart Redis may assign the same claim number again.
    pub epoch: Arc<str>,
    /// The key of the stream for the result, if the producer named one.
    pub reply_to: Option<String>,
    /// The producer's `meta`, returned with the result.
    pub meta: Option<Vec<u8>>,
    /// The producer's trace context.
    pub traceparent: Option<String>,
    /// The order's history so far.
    pub history: History,
    /// Time of the claim.
    pub at: Millis,
    /// For a new order: the time in the id of its entry. Redis' clock has chosen it, or the producer.
    pub enqueued_at: Option<Millis>,
    /// Who claimed the order and why, for its history, if an operator did.
    pub note: Option<String>,
    /// The balance hold that it waited for, if this claim took it out of that hold.
    pub held: Option<BalanceScope>,
}

/// What a claim call returned.
#[derive(Debug)]
pub struct ClaimBatch {
    /// Time of the call.
    pub now: Millis,
    /// The claimed orders.
    pub claims: Vec<Claim>,
    /// Orders whose record cannot be read: the id, and what is wrong. They are due again when the lease ends.
    pub unreadable: Vec<(String, String)>,
    /// The reason of the pause, if the queue is paused. Then nothing is claimed.
    pub paused: Option<String>,
    /// The call has taken entries from the inbox. Some may have made no order.
    pub took_entries: bool,
    /// Another call would find something to do.
    pub more: bool,
    /// Time until the next open order is due.
    pub next_due: Option<Duration>,
    /// Time until orders may be claimed again, if breaker or rate allow none.
    pub wait: Option<Duration>,
    /// Until when a front end of HitPoints has asked to send nothing.
    pub throttled_until: Option<Millis>,
    /// Since when the breaker is open. While it is, only one order at a time calls HitPoints.
    pub breaker_open_since: Option<Millis>,
    /// Number of entries that have left the inbox before a worker took them, since the last claim: another program has
    /// trimmed or deleted them. Each is reported once.
    pub lost: u64,
    /// How many of the oldest dead letters the call has dropped, because there were too many.
    pub dropped_letters: u64,
    /// Balances that are known to be too low, and until when.
    pub holds: Vec<(BalanceScope, Millis)>,
    /// Number of claimed orders whose former claim was never settled: its holder vanished, or Redis has forgotten the
    /// settlement.
    pub takeovers: u64,
    /// Results of ended orders that the call has published again for repetitions. Only for a ledger that
    /// [reports them](crate::Ledger::reporting_replays).
    pub replays: Vec<Replay>,
    /// Named orders that were not claimed, or whose indexes were repaired.
    pub skips: Vec<(String, ClaimSkip)>,
}

/// The result of an ended order, published again for a repetition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The order's id.
    pub order_id: String,
    /// The trace context of the repetition.
    pub traceparent: Option<String>,
    /// The trace context of the published result: that of the repetition, otherwise that of the first job.
    pub published: Option<String>,
    /// Entry id of the result.
    pub entry_id: String,
}

/// What a claim found out about an order that was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimSkip {
    /// Not claimed: it has ended, and no repetition waits for its result.
    Ended,
    /// Not claimed: it is certainly not charged, and [`claim_for_run`](crate::Ledger::claim_for_run) leaves such orders out.
    Unsent,
    /// Not claimed: another worker may be processing it.
    Claimed,
    /// There is no such order.
    Unknown,
    /// Its record cannot be used, for this reason.
    Unusable(String),
    /// An index was wrong about it, and is repaired.
    Repaired(Repair),
}

/// What was wrong in an index, and is repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Repair {
    /// An index named an order that has no record.
    Forgotten,
    /// An open order was missing among the open orders.
    Listed,
    /// An open order was missing in the schedule.
    Scheduled,
    /// An ended order was among the open orders.
    Unlisted,
    /// An order had ended without a result. It is claimed to publish one.
    WithoutResult,
}

impl Claim {
    /// The order's id.
    pub const fn id(&self) -> &OrderId {
        &self.record.wanted.order_id
    }
}
