use std::{sync::Arc, time::Duration};

use hp_api::{Currency, OrderId};
use hp_order::{Millis, Record};
use redis::Value;

use super::{
    Ledger,
    epoch::{DoubtTimes, Epoch},
    watermark::EpochWatermark,
};
use crate::{
    error::QueueError,
    fields::FieldReader,
    history::History,
    record::{read_record, time},
    rules::millis,
    script::{Call, script},
};

script! {
    ClaimBatchCall<'a> = "claim_batch.lua";
    queue: jobs, schedule, open, results, rejected, paused, epoch, breaker, rate, holds;
    order: ;
    arguments:
        prefix: &'a str, limit: usize, lease: u64, first: &'a str, results_retention: u64, resubmit_after: u64,
        longest_probe: u64, call_interval: u64, known_epoch: &'a str, known_claim: u64;
}

script! {
    ClaimNamedCall<'a> = "claim_named.lua";
    queue: jobs, schedule, open, results, rejected, paused, epoch, breaker, rate, holds;
    order: ;
    arguments:
        prefix: &'a str, limit: usize, lease: u64, resubmit_after: u64, longest_probe: u64, call_interval: u64,
        known_epoch: &'a str, known_claim: u64;
}

/// The most orders of one claim: a script must not keep Redis busy for long.
const MAX_CLAIMS: usize = 256;

/// Where [`Ledger::claim_batch`] looks first. A caller that alternates starves neither source.
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
    /// The epoch of the claim: after a restart Redis may give out the same claim number again.
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
    /// Who claimed the order and why, for its history, if an operator did.
    pub note: Option<String>,
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
    /// Another call would find something to do.
    pub more: bool,
    /// Time until the next open order is due.
    pub next_due: Option<Duration>,
    /// Time until orders may be claimed again, if breaker or rate allow none.
    pub wait: Option<Duration>,
    /// Since when the breaker is open. While it is, one order at a time probes HitPoints.
    pub breaker_open_since: Option<Millis>,
    /// Balances that are known to be too low, and until when.
    pub holds: Vec<(Currency, Millis)>,
    /// Named orders that were not claimed, or whose indexes were repaired.
    pub skips: Vec<(String, ClaimSkip)>,
}

/// What a claim found out about an order that was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimSkip {
    /// Not claimed: it has ended, and nobody asks for its result.
    Ended,
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

impl Ledger {
    /// Claims up to `limit` orders for a `lease`. Redis stores each claim before this returns.
    ///
    /// After an error some orders may be claimed. They are due again when the lease ends, and count as if their request
    /// may have left.
    pub async fn claim_batch(
        &self,
        limit: usize,
        lease: Duration,
        first: FirstSource,
    ) -> Result<ClaimBatch, QueueError> {
        let call = {
            let known = self.watermark();
            ClaimBatchCall {
                prefix: &self.handle.keys.prefix,
                limit: limit.min(MAX_CLAIMS),
                lease: millis(lease),
                first: match first {
                    FirstSource::Inbox => "inbox",
                    FirstSource::Schedule => "schedule",
                },
                results_retention: millis(self.rules.retention.results),
                resubmit_after: millis(self.rules.policy.resubmit_after),
                longest_probe: self.rules.longest_probe(),
                call_interval: self.rules.call_interval(),
                known_epoch: &known.epoch,
                known_claim: known.claim,
            }
            .call(&self.handle.keys)
        };
        self.claim(&call, lease).await
    }

    /// Claims the orders with these ids, up to `limit` of them, in whatever state they are. Leaves out orders that another
    /// worker may be processing, and repairs the indexes. An order that is certainly not charged keeps its state.
    ///
    /// The call looked at no order that the answer does not name.
    pub async fn claim_named(
        &self,
        limit: usize,
        lease: Duration,
        ids: &[&str],
    ) -> Result<ClaimBatch, QueueError> {
        let mut call = {
            let known = self.watermark();
            ClaimNamedCall {
                prefix: &self.handle.keys.prefix,
                limit: limit.min(MAX_CLAIMS),
                lease: millis(lease),
                resubmit_after: millis(self.rules.policy.resubmit_after),
                longest_probe: self.rules.longest_probe(),
                call_interval: self.rules.call_interval(),
                known_epoch: &known.epoch,
                known_claim: known.claim,
            }
            .call(&self.handle.keys)
        };
        call.arg(ids);
        self.claim(&call, lease).await
    }

    async fn claim(&self, call: &Call, lease: Duration) -> Result<ClaimBatch, QueueError> {
        let answer: Value = call.run(&mut self.handle.connection.clone()).await?;
        let answer = FieldReader::new(&answer);
        self.watermark().learn(EpochWatermark::read(&answer)?);
        let times = DoubtTimes {
            lease,
            resubmit_after: self.rules.policy.resubmit_after,
        };
        read_batch(&answer, times)
    }
}

fn read_batch(answer: &FieldReader<'_>, times: DoubtTimes) -> Result<ClaimBatch, QueueError> {
    let epoch = Epoch::read(answer)?;
    let now = Millis(answer.answer("now")?);
    let ms = |name| answer.text(name).and_then(|ms| ms.parse().ok());
    let (mut claims, mut unreadable) = (Vec::new(), Vec::new());
    for value in answer.list("claims") {
        let fields = FieldReader::new(value);
        match read_claim(&fields, now, &epoch, times) {
            Ok(claim) => claims.push(claim),
            Err(why) => {
                let id = fields.text("order_id").unwrap_or_default();
                unreadable.push((id.into(), why));
            }
        }
    }
    Ok(ClaimBatch {
        now,
        claims,
        unreadable,
        paused: answer.text("paused").map(Into::into),
        more: answer.text("more").is_some(),
        next_due: ms("next_due").map(Duration::from_millis),
        wait: ms("wait").map(Duration::from_millis),
        breaker_open_since: ms("breaker_open_since").map(Millis),
        holds: answer.pairs("holds").iter().filter_map(read_hold).collect(),
        skips: answer
            .pairs("skips")
            .into_iter()
            .map(|(id, word)| (id, ClaimSkip::read(word)))
            .collect(),
    })
}

/// The first repetition that waits for the result of an ended order has its own words; else those of the first job count.
fn read_claim(
    fields: &FieldReader<'_>,
    now: Millis,
    epoch: &Epoch,
    times: DoubtTimes,
) -> Result<Claim, String> {
    let record = read_record(fields, now)?;
    let restarted_at = time(fields, "restarted_at")?;
    let text = |name| fields.text(name).map(str::to_owned);
    Ok(Claim {
        record: Record {
            not_found_valid_from: restarted_at
                .map(|at| epoch.not_found_valid_from(at, record.cause, times)),
            ..record
        },
        epoch: Arc::clone(&epoch.id),
        reply_to: text("replay_reply_to").or_else(|| text("reply_to")),
        meta: fields
            .bytes("replay_meta")
            .or_else(|| fields.bytes("meta"))
            .map(Into::into),
        traceparent: text("replay_traceparent").or_else(|| text("traceparent")),
        history: fields
            .text("history")
            .map(History::read)
            .unwrap_or_default(),
        at: now,
        note: None,
    })
}

impl ClaimSkip {
    fn read(word: String) -> Self {
        match word.as_str() {
            "ended" => Self::Ended,
            "claimed" => Self::Claimed,
            "unknown" => Self::Unknown,
            "forgotten" => Self::Repaired(Repair::Forgotten),
            "listed" => Self::Repaired(Repair::Listed),
            "scheduled" => Self::Repaired(Repair::Scheduled),
            "unlisted" => Self::Repaired(Repair::Unlisted),
            "without_result" => Self::Repaired(Repair::WithoutResult),
            _ => Self::Unusable(word),
        }
    }
}

fn read_hold((currency, until): &(String, String)) -> Option<(Currency, Millis)> {
    Some((currency.parse().ok()?, Millis(until.parse().ok()?)))
}

impl Claim {
    /// The order's id.
    pub const fn id(&self) -> &OrderId {
        &self.record.wanted.order_id
    }
}
