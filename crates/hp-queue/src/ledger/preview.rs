use std::time::{Duration, Instant};

use hp_order::{ClaimConditions, ClaimFacts, Millis, Record, claim, claim_rule};
use redis::Value;

use super::{
    Ledger,
    epoch::{DoubtTimes, Epoch},
};
use crate::{
    agreement::Agreement,
    error::QueueError,
    fields::FieldReader,
    inspector::snapshot::{OrderSnapshot, read_snapshot},
    record::time,
    rules::millis,
    script::script,
};

script! {
    PreviewClaims<'a> = "preview_claims.lua";
    queue: schedule, epoch, jobs, paused, workers;
    order: ;
    arguments: prefix: &'a str, resubmit_after: u64, known_epoch: &'a str, known_claim: u64,
        vouched_time: u64, expected_now: u64, old_master: u64;
}

/// An order, and what [`Ledger::claim_named`] would find now.
#[derive(Clone, Debug)]
pub struct ClaimPreview {
    /// The order as it is.
    pub snapshot: OrderSnapshot,
    /// The facts of the claim.
    pub facts: ClaimFacts,
}

impl ClaimPreview {
    /// Returns the record as the claim would return it.
    pub fn claimed(&self) -> Record {
        claim(&self.snapshot.record, &self.facts)
    }
}

impl Ledger {
    /// Reads the orders with these ids, and what [`claim_named`](Self::claim_named) with this lease would find. Changes
    /// nothing. An `Err` names an order whose record cannot be read, and says why. An order without a record is left out.
    pub async fn preview_claims(
        &self,
        lease: Duration,
        ids: &[&str],
    ) -> Result<Vec<Result<ClaimPreview, (String, String)>>, QueueError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let resubmit_after = self.rules().policy.resubmit_after;
        let mut call = {
            let (known, asked_at) = (self.watermark(), Instant::now());
            PreviewClaims {
                prefix: &self.handle.keys.prefix,
                resubmit_after: millis(resubmit_after),
                known_epoch: &known.epoch,
                known_claim: known.claim,
                vouched_time: known.vouched_time(asked_at),
                expected_now: known.expected_now(asked_at),
                old_master: self.old_master_time(),
            }
            .call(&self.handle.keys)
        };
        call.arg(ids);
        let answer: Value = call.run(&mut self.handle.connection.clone()).await?;
        let answer = FieldReader::new(&answer);
        let (now, epoch) = (Millis(answer.answer("now")?), Epoch::read(&answer)?);
        let times = self.doubt_times(lease);
        let orders = answer.list("orders").iter();
        Ok(orders
            .map(|order| read_preview(order, now, &epoch, times, &self.agreement))
            .collect())
    }
}

fn read_preview(
    value: &Value,
    now: Millis,
    epoch: &Epoch,
    times: DoubtTimes,
    agreement: &Agreement,
) -> Result<ClaimPreview, (String, String)> {
    let mut snapshot = read_snapshot(value)?;
    let fields = FieldReader::new(value);
    let conditions = ClaimConditions {
        is_older_epoch: fields.text("is_older_epoch").is_some(),
        is_named: true,
        has_claimant_vanished: fields.text("has_claimant_vanished").is_some(),
    };
    let record = &mut snapshot.record;
    record.other_account = agreement.other_account_of(snapshot.account.as_deref());
    let cause = claim_rule(record.state, conditions).cause.or(record.cause);
    let valid_from = |at| epoch.by_clock(now, epoch.not_found_valid_from(at, cause, times));
    let unreadable = |why| (record.wanted.order_id.to_string(), why);
    let restarted_at = time(&fields, "restarted_at").map_err(unreadable)?;
    let arrives_until = epoch
        .arrives_until(&fields, record, now, times)
        .map_err(unreadable)?;
    record.not_found_valid_from = restarted_at.map(valid_from);
    record.arrives_until = arrives_until;
    Ok(ClaimPreview {
        snapshot,
        facts: ClaimFacts {
            now,
            is_older_epoch: conditions.is_older_epoch,
            is_named: conditions.is_named,
            has_claimant_vanished: conditions.has_claimant_vanished,
            resubmit_after: times.resubmit_after,
            not_found_valid_from: Some(valid_from(epoch.since)),
        },
    })
}
