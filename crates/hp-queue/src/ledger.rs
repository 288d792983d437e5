use std::{
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use hp_order::{Next, Policy, Step, TerminalOutcome, VendorSignal};
use redis::Cmd;

use crate::{
    Claim, Prefix, QueueError,
    claim::EpochWatermark,
    codec::{pins, record_fields, restored_fields, result_fields},
    connect::{Client, Connection},
    keys::Keys,
    script::{Script, call, run},
};

static SETTLE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("scripts/server.lua"),
        include_str!("scripts/settle.lua")
    ))
});
static RESTORE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/restore.lua")));
static RENEW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/renew.lua")));
/// The worker's side of the queue: takes orders and settles them. Cheap to clone; one connection serves all.
#[derive(Clone)]
pub struct Ledger {
    pub(crate) connection: Connection,
    pub(crate) keys: Keys,
    pub(crate) rules: Rules,
    pub(crate) watermark: Arc<Mutex<EpochWatermark>>,
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

/// How long what has ended is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Entries of result streams, read or not.
    pub results: Duration,
    /// Ledger records of ended orders; while one is kept, a repetition of its order is recognised.
    pub ledger: Duration,
}

/// What became of a settling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The step is applied; an ending has the entry id of its result.
    Applied(Option<String>),
    /// The order was claimed by another in the meantime, or Redis may have forgotten that it was. Nothing was changed:
    /// HitPoints is asked what became of it.
    Stale,
    /// Redis had forgotten the order. It is there again, as in doubt: HitPoints is asked what became of it.
    Restored,
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
            watermark: Arc::default(),
        })
    }

    /// In microseconds; zero: no limit.
    pub(crate) fn interval(&self) -> u64 {
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
        claimed: &Claim,
        step: &Step,
        contact: VendorSignal,
    ) -> Result<Settled, QueueError> {
        let command = self.settle_command(claimed, step, contact);
        let answer: String = run(&SETTLE, &command, &mut self.connection.clone()).await?;
        Ok(match answer.as_str() {
            "stale" => Settled::Stale,
            "gone" if claimed.record.state.has_ended() => Settled::Stale,
            "gone" => self.restore(claimed, step).await?,
            "" => Settled::Applied(None),
            _ => Settled::Applied(Some(answer)),
        })
    }

    async fn restore(&self, claimed: &Claim, step: &Step) -> Result<Settled, QueueError> {
        let (keys, id) = (&self.keys, claimed.id());
        let order = keys.order(id);
        let mut command = call(&RESTORE, &[&order, &keys.schedule, &keys.open, &keys.epoch]);
        command.arg(id.as_str()).arg(claimed.record.accepted_at.0);
        for (name, value) in restored_fields(claimed, step) {
            command.arg(name).arg(value);
        }
        let is_restored: bool = run(&RESTORE, &command, &mut self.connection.clone()).await?;
        Ok(if is_restored {
            Settled::Restored
        } else {
            Settled::Stale
        })
    }

    fn settle_command(&self, claimed: &Claim, step: &Step, contact: VendorSignal) -> Cmd {
        let (keys, record) = (&self.keys, &claimed.record);
        let id = &record.wanted.order_id;
        let wanted_in = claimed.reply_to.as_ref().unwrap_or(&keys.results);
        let (order, repetitions) = (keys.order(id), keys.repetitions(id));
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
                &keys.epoch,
                &repetitions,
                &keys.charged,
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
            Next::End(TerminalOutcome::Completed { .. }) => command.arg("charged"),
            Next::End(_) => command.arg("uncharged"),
        };
        let (pause, longest_pause) = self.rules.policy.backoff.outage();
        command
            .arg(millis(self.rules.retention.results))
            .arg(millis(self.rules.retention.ledger))
            .arg(match contact {
                VendorSignal::None => "none",
                VendorSignal::Answered => "answer",
                VendorSignal::NoAnswer => "silence",
                VendorSignal::OwnFailure => "ours",
            })
            .arg(millis(pause))
            .arg(millis(longest_pause))
            .arg(self.interval());
        let mut fields = record_fields(record, step);
        // Telling a result again is no part of an order's life, unless a person did it.
        if !record.state.has_ended() || claimed.note.is_some() {
            let note = claimed.note.as_deref();
            let story = claimed.story.after(record, claimed.at, step, note);
            fields.push(("story", story));
        }
        command.arg(fields.len() * 2);
        for (name, value) in &fields {
            command.arg(*name).arg(value);
        }
        if let Next::End(ending) = &step.next {
            for (name, value) in &result_fields(claimed, step, ending) {
                command.arg(*name).arg(value);
            }
            if let TerminalOutcome::Completed { order, .. } = ending {
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
    pub async fn renew(&self, claimed: &Claim, lease: Duration) -> Result<bool, QueueError> {
        let (record, id) = (&claimed.record, claimed.id());
        let mut command = call(&RENEW, &[&self.keys.order(id), &self.keys.schedule]);
        command
            .arg(id.as_str())
            .arg(record.claim)
            .arg(&*claimed.epoch)
            .arg(millis(lease));
        run(&RENEW, &command, &mut self.connection.clone()).await
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
