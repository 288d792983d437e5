use std::{
    sync::{Arc, LazyLock, MutexGuard, PoisonError},
    time::Duration,
};

use hp_api::{Currency, OrderId};
use hp_order::{Millis, Record};
use redis::Value;

use crate::{
    History, Ledger, QueueError,
    codec::Answered,
    rules::millis,
    script::{Script, call, run},
    watermark::EpochWatermark,
};

pub(crate) static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("scripts/take/begin.lua"),
        include_str!("scripts/server.lua"),
        include_str!("scripts/take/epoch.lua"),
        include_str!("scripts/take/gates.lua"),
        include_str!("scripts/take/entry.lua"),
        include_str!("scripts/take/answer.lua"),
        include_str!("scripts/take/claim.lua"),
        include_str!("scripts/take/inbox.lua"),
        include_str!("scripts/take/due.lua"),
        include_str!("scripts/take/end.lua")
    ))
});
/// The most orders of one take: a script must not hold up Redis for long.
const LARGEST_TAKE: usize = 256;

/// Where [`Ledger::take`] looks first. To alternate keeps both from starving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstSource {
    /// New orders.
    Inbox,
    /// Open orders whose time has come.
    Schedule,
}

/// An order that is ours until its lease ends.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its record, this claim included.
    pub record: Record,
    /// Which life of Redis it was claimed in: a restarted one may give out the same claim again.
    pub epoch: Arc<str>,
    /// The key of the stream its result goes to, if the producer named one.
    pub reply_to: Option<String>,
    /// The producer's words, returned with the result.
    pub meta: Option<Vec<u8>>,
    /// The producer's trace context.
    pub traceparent: Option<String>,
    /// What became of it so far.
    pub story: History,
    /// When it was claimed, by Redis' clock.
    pub at: Millis,
    /// For its story: who claimed it, and why, where it is a person.
    pub note: Option<String>,
}

/// What a take brought.
#[derive(Debug)]
pub struct ClaimBatch {
    /// The time of the take, by Redis' clock.
    pub now: Millis,
    /// The orders that are ours now.
    pub claimed: Vec<Claim>,
    /// Records that cannot be read: the id, and what is wrong. They come due again when the lease ends.
    pub unreadable: Vec<(String, String)>,
    /// Why nothing is taken, while the queue is paused.
    pub paused: Option<String>,
    /// Whether another take would find something to do.
    pub more: bool,
    /// How long until the next open order comes due.
    pub next_due: Option<Duration>,
    /// How long no worker is to take more: the breaker is open, or the rate used up.
    pub wait: Option<Duration>,
    /// Since when the breaker has been open: HitPoints is silent, and single orders try whether it is back.
    pub silent_since: Option<Millis>,
    /// Until when balances are known to be too low.
    pub holds: Vec<(Currency, Millis)>,
    /// Of orders that were named: what there is to say.
    pub told: Vec<(String, ClaimSkip)>,
    /// How many calls may be made that concern no claimed order.
    pub(crate) calls: usize,
}

/// What is said of an order that was to be claimed by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimSkip {
    /// It has ended and is not wanted again: it is not claimed.
    Ended,
    /// A worker may be at it: it is not claimed.
    InHand,
    /// There is no such order.
    Unknown,
    /// Its record cannot be used, for this reason.
    Unusable(String),
    /// An index was wrong about it, and is mended.
    Repaired(Repair),
}

/// What was wrong, and is mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Repair {
    /// An index named an order that has no record.
    Forgotten,
    /// An open order was not among the open ones.
    Listed,
    /// An open order would never have come due.
    Scheduled,
    /// An ended order was among the open ones.
    Unlisted,
    /// An order had ended without a result: it is claimed, to be told.
    WithoutResult,
}

impl Ledger {
    /// Claims up to `n` orders for the time of a `lease`. An order to be submitted is stored as such before this
    /// returns.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses. What was claimed then comes due again when the lease ends, and
    /// is treated as if it might have been submitted.
    pub async fn claim_batch(
        &self,
        n: usize,
        lease: Duration,
        first: FirstSource,
    ) -> Result<ClaimBatch, QueueError> {
        let source = match first {
            FirstSource::Inbox => "inbox",
            FirstSource::Schedule => "schedule",
        };
        self.claim(n, lease, source, &[]).await
    }

    /// Claims these orders, up to `n` of them, in whatever state they are, but none that is being worked on: what
    /// [`ClaimBatch::told`] and [`ClaimBatch::claimed`] do not name was not looked at. What is certainly not charged stays as it
    /// is, and what is not as it must be in the indexes is mended.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub async fn claim_named(
        &self,
        n: usize,
        lease: Duration,
        ids: &[&str],
    ) -> Result<ClaimBatch, QueueError> {
        self.claim(n, lease, "schedule", ids).await
    }

    /// Shows Redis what this process remembers of it, so that it finds out if it has lost writes, and remembers what it
    /// has. Whoever may have something in hand is to do this at least every two seconds.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn report_watermark(&self) -> Result<(), QueueError> {
        self.claim(0, Duration::ZERO, "calls", &[]).await.map(drop)
    }

    async fn claim(
        &self,
        n: usize,
        lease: Duration,
        source: &str,
        ids: &[&str],
    ) -> Result<ClaimBatch, QueueError> {
        let keys = &self.handle.keys;
        let (_, longest_pause) = self.rules.policy.backoff.outage();
        let mut command = call(
            &TAKE,
            &[
                &keys.jobs,
                &keys.schedule,
                &keys.open,
                &keys.results,
                &keys.rejected,
                &keys.paused,
                &keys.epoch,
                &keys.breaker,
                &keys.rate,
                &keys.holds,
            ],
        );
        command
            .arg(&keys.prefix)
            .arg(n.min(LARGEST_TAKE))
            .arg(millis(lease))
            .arg(source)
            .arg(millis(self.rules.retention.results))
            .arg(millis(self.rules.policy.resubmit_after))
            .arg(millis(self.rules.longest_turn.max(longest_pause)))
            .arg(self.rules.call_interval());
        {
            let known = self.watermark();
            command.arg(&*known.epoch).arg(known.take);
        }
        command.arg(ids);
        let answer = run(&TAKE, &command, &mut self.handle.connection.clone()).await?;
        let (taken, watermark) = read_take(answer);
        self.watermark().learn(watermark);
        Ok(taken)
    }

    fn watermark(&self) -> MutexGuard<'_, EpochWatermark> {
        self.watermark
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A take's answer, as its script describes it.
pub(crate) type Answer = (
    u64,
    String,
    i64,
    String,
    Vec<Value>,
    String,
    u64,
    i64,
    String,
    Vec<String>,
    Vec<String>,
);

pub(crate) fn read_take(answer: Answer) -> (ClaimBatch, EpochWatermark) {
    let (now, paused, next_due, more, claimed, epoch, take, wait, silent_since, holds, told) =
        answer;
    let epoch: Arc<str> = epoch.into();
    let time = |ms: i64| u64::try_from(ms).ok().map(Duration::from_millis);
    let mut taken = ClaimBatch {
        now: Millis(now),
        claimed: Vec::with_capacity(claimed.len()),
        unreadable: Vec::new(),
        paused: Some(paused).filter(|reason| !reason.is_empty()),
        more: !more.is_empty(),
        next_due: time(next_due),
        wait: time(wait),
        silent_since: silent_since.parse().ok().map(Millis),
        holds: holds.chunks_exact(2).filter_map(read_hold).collect(),
        told: told
            .chunks_exact(2)
            .filter(|told| !told[0].is_empty())
            .map(|told| (told[0].clone(), ClaimSkip::read(&told[1])))
            .collect(),
        calls: match &told[..] {
            [nobody, calls] if nobody.is_empty() => calls.parse().unwrap_or(0),
            _ => 0,
        },
    };
    for value in &claimed {
        let fields = Answered::new(value);
        match fields.record(taken.now) {
            Ok(record) => taken
                .claimed
                .push(read_claimed(&fields, record, &epoch, taken.now)),
            Err(why) => taken
                .unreadable
                .push((fields.text("order_id").unwrap_or_default().into(), why)),
        }
    }
    (taken, EpochWatermark { epoch, take })
}

fn read_claimed(fields: &Answered<'_>, record: Record, epoch: &Arc<str>, at: Millis) -> Claim {
    Claim {
        record,
        epoch: Arc::clone(epoch),
        reply_to: fields
            .text("again_reply_to")
            .or(fields.text("reply_to"))
            .map(Into::into),
        meta: fields
            .bytes("again_meta")
            .or(fields.bytes("meta"))
            .map(Into::into),
        traceparent: fields
            .text("again_traceparent")
            .or(fields.text("traceparent"))
            .map(Into::into),
        story: fields.text("story").map(History::read).unwrap_or_default(),
        at,
        note: None,
    }
}

impl ClaimSkip {
    fn read(word: &str) -> Self {
        let repaired = Self::Repaired;
        match word {
            "ended" => Self::Ended,
            "in_hand" => Self::InHand,
            "unknown" => Self::Unknown,
            "forgotten" => repaired(Repair::Forgotten),
            "listed" => repaired(Repair::Listed),
            "scheduled" => repaired(Repair::Scheduled),
            "unlisted" => repaired(Repair::Unlisted),
            "without_result" => repaired(Repair::WithoutResult),
            why => Self::Unusable(why.into()),
        }
    }
}

fn read_hold(hold: &[String]) -> Option<(Currency, Millis)> {
    Some((hold[0].parse().ok()?, Millis(hold[1].parse().ok()?)))
}

impl Claim {
    /// The order's id.
    pub const fn id(&self) -> &OrderId {
        &self.record.wanted.order_id
    }
}
