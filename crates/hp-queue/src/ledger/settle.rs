use std::time::Duration;

use hp_order::{Next, Step, TerminalOutcome, VendorSignal};

use super::{
    Ledger,
    charge::Charge,
    claim::Claim,
    packed::Packed,
    record_changes::{Pins, add_result_fields, record_changes},
};
use crate::{error::QueueError, rules::millis, script::script};

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
        let mut answer = String::from("more");
        while answer == "more" {
            answer = self.settle_packed(self.pack(claim, step, signal)).await?;
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

    /// Packs an order as `settle.lua` reads it.
    fn pack(&self, claim: &Claim, step: &Step, signal: VendorSignal) -> Packed {
        let (keys, record) = (&self.handle.keys, &claim.record);
        let pins = match &step.next {
            Next::End(TerminalOutcome::Completed { order, .. }) => {
                Some(Pins::new(order, &self.rules().seal_to))
            }
            _ => None,
        };
        let long_texts = pins.as_ref().map_or(0, Pins::len);
        let mut order = Packed::with_room_for(long_texts + claim.meta.as_ref().map_or(0, Vec::len));
        order.list(14);
        order.text(claim.id().as_str());
        order.display(record.claim);
        order.text(&*claim.epoch);
        order.text(claim.reply_to.as_ref().unwrap_or(&keys.results));
        match &step.next {
            Next::After(delay) | Next::Held { at_most: delay, .. } => {
                order.display(millis(*delay));
            }
            next => order.text(next_step(claim, next)),
        }
        match step.next {
            Next::Held { scope, .. } => order.display(scope),
            _ => order.text(""),
        }
        order.text(signal_name(signal));
        match signal {
            VendorSignal::Throttled(asked) => order.display(self.rules().slow_down(asked)),
            _ => order.text(""),
        }
        order.text(history(claim, step));
        let changes = record_changes(record, step);
        order.list(changes.removed.len());
        for name in &changes.removed {
            order.text(name);
        }
        order.fields(|fields| {
            for (name, value) in &changes.set {
                fields.text(name, value);
            }
        });
        order.fields(|fields| {
            if let Next::End(outcome) = &step.next {
                add_result_fields(fields, claim, step, outcome, pins.as_ref());
                if let Some(meta) = &claim.meta {
                    fields.text("meta", meta);
                }
                if let Some(traceparent) = &claim.traceparent {
                    fields.text("traceparent", traceparent);
                }
            }
        });
        let charge = Charge::of(step);
        order.text(charge.currency());
        order.display(charge.minor_units);
        order
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

/// What happens next to an order for which no time is set.
fn next_step(claim: &Claim, next: &Next) -> &'static str {
    match next {
        Next::End(_) if claim.record.state.has_ended() => "replay",
        Next::End(TerminalOutcome::Completed { .. }) => "charged",
        Next::End(_) => "uncharged",
        _ => "review",
    }
}

const fn signal_name(signal: VendorSignal) -> &'static str {
    match signal {
        // A call that could not leave needs no permit either.
        VendorSignal::None | VendorSignal::NeverSent => "no_call",
        VendorSignal::Answered => "answered",
        VendorSignal::NoAnswer => "no_answer",
        VendorSignal::OwnFailure => "own_failure",
        VendorSignal::Throttled(_) => "throttled",
    }
}

/// An order's history contains only those replays that an operator requested.
fn history(claim: &Claim, step: &Step) -> String {
    let record = &claim.record;
    if record.state.has_ended() && claim.note.is_none() {
        return String::new();
    }
    let note = claim.note.as_deref();
    claim.history.after(record, claim.at, step, note)
}
