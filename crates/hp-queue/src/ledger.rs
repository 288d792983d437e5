use std::{sync::LazyLock, time::Duration};

use hp_api::OrderId;
use hp_order::{Ending, Millis, Next, Record, Step};
use redis::{Cmd, Value};

use crate::{
    Prefix, QueueError,
    codec::{Answered, pins, record_fields, result_fields},
    connect::{Client, Connection},
    keys::Keys,
    script::{Script, call, run},
};

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/take.lua")));
static SETTLE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/settle.lua")));
static RENEW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/renew.lua")));
static PAUSE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/pause.lua")));

/// The most orders of one take: a script must not hold up Redis for long.
const LARGEST_TAKE: usize = 256;

/// The worker's side of the queue: takes orders and settles them. Cheap to clone; one connection serves all.
#[derive(Clone)]
pub struct Ledger {
    connection: Connection,
    keys: Keys,
    retention: Retention,
}

/// How long what has ended is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Entries of result streams, read or not.
    pub results: Duration,
    /// Ledger records of ended orders; while one is kept, a repetition of its order is recognised.
    pub ledger: Duration,
}

/// Where [`Ledger::take`] looks first. To alternate keeps both from starving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookFirst {
    /// New orders.
    Inbox,
    /// Open orders whose time has come.
    Schedule,
}

/// An order that is ours until its lease ends.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its record, this claim included.
    pub record: Record,
    /// The key of the stream its result goes to, if the producer named one.
    pub reply_to: Option<String>,
    /// The producer's words, returned with the result.
    pub meta: Option<Vec<u8>>,
    /// The producer's trace context.
    pub traceparent: Option<String>,
}

/// What a take brought.
#[derive(Debug)]
pub struct Taken {
    /// The time of the take, by Redis' clock.
    pub now: Millis,
    /// The orders that are ours now.
    pub claimed: Vec<Claimed>,
    /// Records that cannot be read: the id, and what is wrong. They come due again when the lease ends.
    pub unreadable: Vec<(String, String)>,
    /// Why nothing is taken, while the queue is paused.
    pub paused: Option<String>,
    /// Whether another take would find something to do.
    pub more: bool,
    /// How long until the next open order comes due.
    pub next_due: Option<Duration>,
}

/// What became of a settling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The step is applied; an ending has the entry id of its result.
    Applied(Option<String>),
    /// The order was claimed by another in the meantime. Nothing was changed.
    Stale,
}

impl Ledger {
    /// A ledger over the queue under `prefix`; connects at its first use, and again when the connection breaks.
    /// Needs a tokio runtime.
    ///
    /// # Errors
    /// Where the client's settings cannot be used.
    pub fn open(
        client: &Client,
        prefix: &Prefix,
        retention: Retention,
    ) -> Result<Self, QueueError> {
        Ok(Self {
            connection: client.shared(),
            keys: Keys::new(prefix),
            retention,
        })
    }

    /// Claims up to `n` orders for the time of a `lease`. An order to be submitted is stored as such before this
    /// returns.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses. What was claimed then comes due again when the lease ends, and
    /// is treated as if it might have been submitted.
    pub async fn take(
        &self,
        n: usize,
        lease: Duration,
        first: LookFirst,
    ) -> Result<Taken, QueueError> {
        let keys = &self.keys;
        let mut command = call(
            &TAKE,
            &[
                &keys.jobs,
                &keys.schedule,
                &keys.open,
                &keys.results,
                &keys.rejected,
                &keys.paused,
            ],
        );
        command
            .arg(&keys.prefix)
            .arg(n.min(LARGEST_TAKE))
            .arg(millis(lease))
            .arg(if first == LookFirst::Inbox {
                "inbox"
            } else {
                "schedule"
            })
            .arg(millis(self.retention.results));
        let answer: (u64, String, i64, String, Vec<Value>) =
            run(&TAKE, &command, &mut self.connection.clone()).await?;
        Ok(read_take(answer))
    }

    /// Applies a step to a claimed order, all of it or nothing. May be repeated if the answer was lost.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses; the order is then as it was, or settled by this very step.
    pub async fn settle(&self, claimed: &Claimed, step: &Step) -> Result<Settled, QueueError> {
        let command = self.settle_command(claimed, step);
        let answer: String = run(&SETTLE, &command, &mut self.connection.clone()).await?;
        Ok(match answer.as_str() {
            "stale" => Settled::Stale,
            "" => Settled::Applied(None),
            _ => Settled::Applied(Some(answer)),
        })
    }

    fn settle_command(&self, claimed: &Claimed, step: &Step) -> Cmd {
        let (keys, record) = (&self.keys, &claimed.record);
        let id = &record.wanted.order_id;
        let wanted_in = claimed.reply_to.as_ref().unwrap_or(&keys.results);
        let order = keys.order(id);
        let mut command = call(
            &SETTLE,
            &[&order, &keys.schedule, &keys.open, &keys.results, wanted_in],
        );
        command.arg(id.as_str()).arg(record.claim);
        match &step.next {
            Next::After(delay) => command.arg(millis(*delay)),
            Next::Review => command.arg("review"),
            Next::End(_) if record.state.has_ended() => command.arg("again"),
            Next::End(_) => command.arg("end"),
        };
        command
            .arg(millis(self.retention.results))
            .arg(millis(self.retention.ledger));
        let fields = record_fields(record, step);
        command.arg(fields.len() * 2);
        for (name, value) in &fields {
            command.arg(*name).arg(value);
        }
        if let Next::End(ending) = &step.next {
            for (name, value) in &result_fields(claimed, step, ending) {
                command.arg(*name).arg(value);
            }
            if let Ending::Completed { order, .. } = ending {
                command.arg("pins").arg(pins(order).as_str());
            }
            if let Some(meta) = &claimed.meta {
                command.arg("meta").arg(meta);
            }
            if let Some(traceparent) = &claimed.traceparent {
                command.arg("traceparent").arg(traceparent);
            }
        }
        command
    }

    /// Puts off the end of a lease. `false`: the claim is no longer ours.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn renew(&self, record: &Record, lease: Duration) -> Result<bool, QueueError> {
        let id = &record.wanted.order_id;
        let mut command = call(&RENEW, &[&self.keys.order(id), &self.keys.schedule]);
        command
            .arg(id.as_str())
            .arg(record.claim)
            .arg(millis(lease));
        run(&RENEW, &command, &mut self.connection.clone()).await
    }

    /// Stops the taking of orders by all workers. `false`: it was stopped already, and its first reason stands.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn pause(&self, reason: &str, by: &str) -> Result<bool, QueueError> {
        let mut command = call(&PAUSE, &[&self.keys.paused]);
        command.arg(reason).arg(by);
        run(&PAUSE, &command, &mut self.connection.clone()).await
    }

    /// Lets orders be taken again. `false`: the queue was not paused.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn resume(&self) -> Result<bool, QueueError> {
        let mut command = redis::cmd("DEL");
        command.arg(&self.keys.paused);
        Ok(command.query_async(&mut self.connection.clone()).await?)
    }
}

fn read_take((now, paused, wait, more, claimed): (u64, String, i64, String, Vec<Value>)) -> Taken {
    let mut taken = Taken {
        now: Millis(now),
        claimed: Vec::with_capacity(claimed.len()),
        unreadable: Vec::new(),
        paused: Some(paused).filter(|reason| !reason.is_empty()),
        more: !more.is_empty(),
        next_due: u64::try_from(wait).ok().map(Duration::from_millis),
    };
    for value in &claimed {
        let fields = Answered::new(value);
        match fields.record(taken.now) {
            Ok(record) => taken.claimed.push(Claimed {
                record,
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
            }),
            Err(why) => taken
                .unreadable
                .push((fields.text("order_id").unwrap_or_default().into(), why)),
        }
    }
    taken
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Claimed {
    /// The order's id.
    pub const fn id(&self) -> &OrderId {
        &self.record.wanted.order_id
    }
}
