use std::{
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use hp_api::{Currency, OrderId};
use hp_order::{Contact, Ending, Millis, Next, Policy, Record, Step};
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
static HOLD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/hold.lua")));
static PAUSE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/pause.lua")));

/// The most orders of one take: a script must not hold up Redis for long.
const LARGEST_TAKE: usize = 256;

/// The worker's side of the queue: takes orders and settles them. Cheap to clone; one connection serves all.
#[derive(Clone)]
pub struct Ledger {
    pub(crate) connection: Connection,
    pub(crate) keys: Keys,
    rules: Rules,
    remembered: Arc<Mutex<Remembered>>,
}

/// What all workers of a queue keep to.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How long what has ended is kept.
    pub retention: Retention,
    /// Of the orders' life.
    pub policy: Policy,
    /// The longest that a worker may be at one order: its lease and a call.
    pub longest_turn: Duration,
    /// The time from one call to the next, over all workers, if their rate is limited.
    pub interval: Option<Duration>,
}

/// The latest take that this worker knows of. If Redis does not, it has lost writes.
#[derive(Default)]
struct Remembered {
    epoch: Arc<str>,
    take: u64,
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
    /// Which life of Redis it was claimed in: a restarted one may give out the same claim again.
    pub epoch: Arc<str>,
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
    /// How long no worker is to take more: the breaker is open, or the rate used up.
    pub wait: Option<Duration>,
    /// Since when the breaker has been open: HitPoints is silent, and single orders try whether it is back.
    pub silent_since: Option<Millis>,
    /// Until when balances are known to be too low.
    pub holds: Vec<(Currency, Millis)>,
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
    pub fn open(client: &Client, prefix: &Prefix, rules: Rules) -> Result<Self, QueueError> {
        Ok(Self {
            connection: client.shared(),
            keys: Keys::new(prefix),
            rules,
            remembered: Arc::default(),
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
            .arg(if first == LookFirst::Inbox {
                "inbox"
            } else {
                "schedule"
            })
            .arg(millis(self.rules.retention.results))
            .arg(millis(self.rules.policy.resubmit_after))
            .arg(millis(self.rules.longest_turn))
            .arg(self.interval());
        {
            let known = self.remembered();
            command.arg(&*known.epoch).arg(known.take);
        }
        let answer = run(&TAKE, &command, &mut self.connection.clone()).await?;
        let (taken, remembered) = read_take(answer);
        *self.remembered() = remembered;
        Ok(taken)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// In microseconds; zero: no limit.
    fn interval(&self) -> u64 {
        let micros = |interval: Duration| u64::try_from(interval.as_micros()).unwrap_or(u64::MAX);
        self.rules
            .interval
            .map_or(0, |interval| micros(interval).max(1))
    }

    /// Applies a step to a claimed order, all of it or nothing; `contact` goes to the breaker of all workers. May be
    /// repeated if the answer was lost.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses; the order is then as it was, or settled by this very step.
    pub async fn settle(
        &self,
        claimed: &Claimed,
        step: &Step,
        contact: Contact,
    ) -> Result<Settled, QueueError> {
        let command = self.settle_command(claimed, step, contact);
        let answer: String = run(&SETTLE, &command, &mut self.connection.clone()).await?;
        Ok(match answer.as_str() {
            "stale" => Settled::Stale,
            "" => Settled::Applied(None),
            _ => Settled::Applied(Some(answer)),
        })
    }

    fn settle_command(&self, claimed: &Claimed, step: &Step, contact: Contact) -> Cmd {
        let (keys, record) = (&self.keys, &claimed.record);
        let id = &record.wanted.order_id;
        let wanted_in = claimed.reply_to.as_ref().unwrap_or(&keys.results);
        let order = keys.order(id);
        let mut command = call(
            &SETTLE,
            &[
                &order,
                &keys.schedule,
                &keys.open,
                &keys.results,
                wanted_in,
                &keys.breaker,
                &keys.rate,
            ],
        );
        command
            .arg(id.as_str())
            .arg(record.claim)
            .arg(&*claimed.epoch);
        match &step.next {
            Next::After(delay) => command.arg(millis(*delay)),
            Next::Review => command.arg("review"),
            Next::End(_) if record.state.has_ended() => command.arg("again"),
            Next::End(_) => command.arg("end"),
        };
        let (pause, longest_pause) = self.rules.policy.backoff.outage();
        command
            .arg(millis(self.rules.retention.results))
            .arg(millis(self.rules.retention.ledger))
            .arg(match contact {
                Contact::None => "none",
                Contact::Answer => "answer",
                Contact::Silence => "silence",
            })
            .arg(millis(pause))
            .arg(millis(longest_pause))
            .arg(self.interval());
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
    pub async fn renew(&self, claimed: &Claimed, lease: Duration) -> Result<bool, QueueError> {
        let (record, id) = (&claimed.record, claimed.id());
        let mut command = call(&RENEW, &[&self.keys.order(id), &self.keys.schedule]);
        command
            .arg(id.as_str())
            .arg(record.claim)
            .arg(&*claimed.epoch)
            .arg(millis(lease));
        run(&RENEW, &command, &mut self.connection.clone()).await
    }

    /// Holds back the orders of a currency whose balance is too low, for this time.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn hold(&self, currency: Currency, time: Duration) -> Result<(), QueueError> {
        self.set_hold(currency, "", time).await.map(drop)
    }

    /// The right to try one order of a currency whose hold ended at `until`; the others wait for this time more.
    /// `false`: another worker has it.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn try_held(
        &self,
        currency: Currency,
        until: Millis,
        time: Duration,
    ) -> Result<bool, QueueError> {
        self.set_hold(currency, &until.0.to_string(), time).await
    }

    async fn set_hold(
        &self,
        currency: Currency,
        until: &str,
        time: Duration,
    ) -> Result<bool, QueueError> {
        let mut command = call(&HOLD, &[&self.keys.holds]);
        command.arg(currency.as_str()).arg(until).arg(millis(time));
        run(&HOLD, &command, &mut self.connection.clone()).await
    }

    /// The balance of this currency suffices again.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn lift_hold(&self, currency: Currency) -> Result<(), QueueError> {
        let mut command = redis::cmd("HDEL");
        command.arg(&self.keys.holds).arg(currency.as_str());
        Ok(command.query_async(&mut self.connection.clone()).await?)
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

/// A take's answer, as its script describes it.
type Answer = (
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
);

fn read_take(answer: Answer) -> (Taken, Remembered) {
    let (now, paused, next_due, more, claimed, epoch, take, wait, silent_since, holds) = answer;
    let epoch: Arc<str> = epoch.into();
    let time = |ms: i64| u64::try_from(ms).ok().map(Duration::from_millis);
    let mut taken = Taken {
        now: Millis(now),
        claimed: Vec::with_capacity(claimed.len()),
        unreadable: Vec::new(),
        paused: Some(paused).filter(|reason| !reason.is_empty()),
        more: !more.is_empty(),
        next_due: time(next_due),
        wait: time(wait),
        silent_since: silent_since.parse().ok().map(Millis),
        holds: holds.chunks_exact(2).filter_map(read_hold).collect(),
    };
    for value in &claimed {
        let fields = Answered::new(value);
        match fields.record(taken.now) {
            Ok(record) => taken.claimed.push(read_claimed(&fields, record, &epoch)),
            Err(why) => taken
                .unreadable
                .push((fields.text("order_id").unwrap_or_default().into(), why)),
        }
    }
    (taken, Remembered { epoch, take })
}

fn read_claimed(fields: &Answered<'_>, record: Record, epoch: &Arc<str>) -> Claimed {
    Claimed {
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
    }
}

fn read_hold(hold: &[String]) -> Option<(Currency, Millis)> {
    Some((hold[0].parse().ok()?, Millis(hold[1].parse().ok()?)))
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
