use std::time::Duration;

use hp_order::{Next, Step, TerminalOutcome, VendorSignal};

use super::{
    Ledger,
    claim::Claim,
    record_changes::{pins, record_fields, result_fields},
};
use crate::{
    error::QueueError,
    fields::Fields,
    rules::millis,
    script::{Call, script},
};

script! {
    Settle<'a> = "settle.lua";
    queue: jobs, schedule, open, results, breaker, rate, throttle, epoch, charged, holds, held;
    order: record: &'a str, reply_to: &'a str, replays: &'a str;
    arguments:
        order_id: &'a str, claim: u64, epoch: &'a str, next_step: String, held: String, results_retention: u64, ledger_retention: u64,
        signal: &'a str, slow_down: u64, breaker_pause: u64, longest_breaker_pause: u64, call_interval: u64, record_values: usize;
}

script! {
    Renew<'a> = "renew.lua";
    queue: schedule;
    order: record: &'a str;
    arguments: order_id: &'a str, claim: u64, epoch: &'a str, lease: u64;
}

/// The effect of a settle call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The step is applied. If it ends the order: with the entry id of the result.
    Applied(Option<String>),
    /// Nothing changed: another worker has claimed the order since, or Redis may have forgotten that it did. The next
    /// claimant queries HitPoints.
    Stale,
    /// Redis had forgotten the order. It is restored, in doubt: the next claimant queries HitPoints.
    Restored,
}

impl Ledger {
    /// Applies a step to a claimed order, all of it or nothing, and reports `signal` to the breaker of all workers. Repeat
    /// the call if its answer was lost.
    ///
    /// After an error the order is as it was, or this step is applied.
    pub async fn settle(
        &self,
        claim: &Claim,
        step: &Step,
        signal: VendorSignal,
    ) -> Result<Settled, QueueError> {
        let call = self.settle_call(claim, step, signal);
        let mut answer = String::from("more");
        while answer == "more" {
            answer = call.run(&mut self.handle.connection.clone()).await?;
        }
        Ok(match answer.as_str() {
            "gone" if !claim.record.state.has_ended() && self.restore(claim, step).await? => {
                Settled::Restored
            }
            "stale" | "gone" => Settled::Stale,
            "" => Settled::Applied(None),
            _ => Settled::Applied(Some(answer)),
        })
    }

    fn settle_call(&self, claim: &Claim, step: &Step, signal: VendorSignal) -> Call {
        let (keys, record) = (&self.handle.keys, &claim.record);
        let values = record_values(claim, step);
        let (breaker_pause, longest_breaker_pause) = self.rules().policy.backoff.outage();
        let mut call = Settle {
            record: &keys.order(claim.id()),
            reply_to: claim.reply_to.as_ref().unwrap_or(&keys.results),
            replays: &keys.replays(claim.id()),
            order_id: claim.id().as_str(),
            claim: record.claim,
            epoch: &claim.epoch,
            next_step: next_step(claim, step),
            held: match step.next {
                Next::Held { scope, .. } => scope.to_string(),
                _ => String::new(),
            },
            results_retention: millis(self.rules().retention.results),
            ledger_retention: millis(self.rules().retention.ledger),
            signal: match signal {
                // A call that could not leave needs no permit either.
                VendorSignal::None | VendorSignal::NeverSent => "no_call",
                VendorSignal::Answered => "answered",
                VendorSignal::NoAnswer => "no_answer",
                VendorSignal::OwnFailure => "own_failure",
                VendorSignal::Throttled(_) => "throttled",
            },
            slow_down: match signal {
                VendorSignal::Throttled(asked) => self.rules().slow_down(asked),
                _ => 0,
            },
            breaker_pause: millis(breaker_pause),
            longest_breaker_pause: millis(longest_breaker_pause),
            call_interval: self.rules().call_interval(),
            record_values: values.len() * 2,
        }
        .call(keys);
        add_fields(&mut call, &values);
        if let Next::End(outcome) = &step.next {
            add_result(&mut call, claim, step, outcome);
        }
        call
    }

    /// Renews the lease of a claim, from now. Returns `false` if the claim is no longer the current one.
    pub async fn renew(&self, claim: &Claim, lease: Duration) -> Result<bool, QueueError> {
        let keys = &self.handle.keys;
        let call = Renew {
            record: &keys.order(claim.id()),
            order_id: claim.id().as_str(),
            claim: claim.record.claim,
            epoch: &claim.epoch,
            lease: millis(lease),
        }
        .call(keys);
        call.run(&mut self.handle.connection.clone()).await
    }
}

fn next_step(claim: &Claim, step: &Step) -> String {
    match &step.next {
        Next::After(delay) | Next::Held { at_most: delay, .. } => millis(*delay).to_string(),
        Next::Review | Next::Parked => "review".into(),
        Next::End(_) if claim.record.state.has_ended() => "replay".into(),
        Next::End(TerminalOutcome::Completed { .. }) => "charged".into(),
        Next::End(_) => "uncharged".into(),
    }
}

/// An order's history contains only those replays that an operator requested.
fn record_values(claim: &Claim, step: &Step) -> Fields {
    let record = &claim.record;
    let mut values = record_fields(record, step);
    if !record.state.has_ended() || claim.note.is_some() {
        let note = claim.note.as_deref();
        let history = claim.history.after(record, claim.at, step, note);
        values.push(("history", history));
    }
    values
}

fn add_fields(call: &mut Call, fields: &Fields) {
    for (name, value) in fields {
        call.arg(*name).arg(value);
    }
}

fn add_result(call: &mut Call, claim: &Claim, step: &Step, outcome: &TerminalOutcome) {
    add_fields(call, &result_fields(claim, step, outcome));
    if let TerminalOutcome::Completed { order, .. } = outcome {
        call.arg("pins").arg(pins(order).as_str());
    }
    if let Some(meta) = &claim.meta {
        call.arg("meta").arg(meta);
    }
    if let Some(traceparent) = &claim.traceparent {
        call.arg("traceparent").arg(traceparent);
    }
}
