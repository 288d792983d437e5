use std::{
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use hp_order::{Next, Step, TerminalOutcome, VendorSignal};
use redis::Cmd;

use crate::{
    Claim, QueueError,
    codec::{pins, record_fields, restored_fields, result_fields},
    handle::Handle,
    rules::{Rules, millis},
    script::{Script, call, run},
    watermark::EpochWatermark,
};

static SETTLE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("scripts/server.lua"),
        include_str!("scripts/settle.lua")
    ))
});
static RESTORE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/restore.lua")));
static HEARTBEAT: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/heartbeat.lua")));
static RENEW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/renew.lua")));
/// The worker's side of the queue: takes orders and settles them. Cheap to clone; one connection serves all.
#[derive(Clone)]
pub struct Ledger {
    pub(crate) handle: Handle,
    pub(crate) rules: Rules,
    pub(crate) watermark: Arc<Mutex<EpochWatermark>>,
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
    /// The ledger of a queue, by the rules that all its workers keep to.
    pub fn new(handle: Handle, rules: Rules) -> Self {
        Self {
            handle,
            rules,
            watermark: Arc::default(),
        }
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
        let answer: String = run(&SETTLE, &command, &mut self.handle.connection.clone()).await?;
        Ok(match answer.as_str() {
            "stale" => Settled::Stale,
            "gone" if claimed.record.state.has_ended() => Settled::Stale,
            "gone" => self.restore(claimed, step).await?,
            "" => Settled::Applied(None),
            _ => Settled::Applied(Some(answer)),
        })
    }

    async fn restore(&self, claimed: &Claim, step: &Step) -> Result<Settled, QueueError> {
        let (keys, id) = (&self.handle.keys, claimed.id());
        let order = keys.order(id);
        let mut command = call(&RESTORE, &[&order, &keys.schedule, &keys.open, &keys.epoch]);
        command.arg(id.as_str()).arg(claimed.record.accepted_at.0);
        for (name, value) in restored_fields(claimed, step) {
            command.arg(name).arg(value);
        }
        let is_restored: bool =
            run(&RESTORE, &command, &mut self.handle.connection.clone()).await?;
        Ok(if is_restored {
            Settled::Restored
        } else {
            Settled::Stale
        })
    }

    fn settle_command(&self, claimed: &Claim, step: &Step, contact: VendorSignal) -> Cmd {
        let (keys, record) = (&self.handle.keys, &claimed.record);
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
            .arg(self.rules.call_interval());
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
        let mut command = call(
            &RENEW,
            &[&self.handle.keys.order(id), &self.handle.keys.schedule],
        );
        command
            .arg(id.as_str())
            .arg(record.claim)
            .arg(&*claimed.epoch)
            .arg(millis(lease));
        run(&RENEW, &command, &mut self.handle.connection.clone()).await
    }

    /// A worker's sign of life: it counts as alive for this time; for no time: it ends.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn report_alive(&self, name: &str, time: Duration) -> Result<(), QueueError> {
        let mut command = call(&HEARTBEAT, &[&self.handle.keys.workers]);
        command.arg(name).arg(millis(time));
        let _: String = run(&HEARTBEAT, &command, &mut self.handle.connection.clone()).await?;
        Ok(())
    }
}
