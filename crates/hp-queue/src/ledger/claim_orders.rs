use std::time::{Duration, Instant};

use redis::Value;

use super::{
    Ledger,
    claim::{ClaimBatch, FirstSource},
    read_claims::read_batch,
};
use crate::{
    error::QueueError,
    fields::FieldReader,
    protocol::PROTOCOL,
    rules::{RateShare, millis},
    script::{Call, script},
};

script! {
    ClaimBatchCall<'a> = "claim_batch.lua";
    queue: jobs, inbox, schedule, open, states, results, own_streams, rejected, paused, queue, epoch, breaker, rate, rate_of_runs, throttle, holds, held, workers, events;
    order: ;
    arguments:
        prefix: &'a str, limit: usize, lease: u64, first: &'a str, longest_delay: u64, results_retention: u64,
        resubmit_after: u64, longest_probe: u64, call_interval: u64, known_epoch: &'a str, known_claim: u64,
        vouched_time: u64, expected_now: u64, old_master: u64, account: &'a str, protocol: u32, balance_pause: u64,
        rate_share: u64, pins_encoding: &'a str, replays: u8;
}

script! {
    ClaimNamedCall<'a> = "claim_named.lua";
    queue: jobs, schedule, open, states, results, rejected, paused, queue, epoch, breaker, rate, rate_of_runs, throttle, holds, held, workers, events;
    order: ;
    arguments:
        prefix: &'a str, limit: usize, lease: u64, resubmit_after: u64, longest_probe: u64, call_interval: u64,
        known_epoch: &'a str, known_claim: u64, vouched_time: u64, expected_now: u64, old_master: u64, account: &'a str, protocol: u32,
        leaves_unsent: u8, rate_share: u64;
}

/// The most orders of one claim: a script must not keep Redis busy for long.
const MAX_CLAIMS: usize = 256;

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
            let (known, asked_at) = (self.watermark(), Instant::now());
            ClaimBatchCall {
                prefix: &self.handle.keys.prefix,
                limit: limit.min(MAX_CLAIMS),
                lease: millis(lease),
                first: match first {
                    FirstSource::Inbox => "inbox",
                    FirstSource::Schedule => "schedule",
                },
                longest_delay: self.rules().longest_delay(),
                results_retention: millis(self.rules().retention.results),
                resubmit_after: millis(self.rules().policy.resubmit_after),
                longest_probe: self.rules().longest_probe(),
                call_interval: self.rules().call_interval(),
                known_epoch: &known.epoch,
                known_claim: known.claim,
                vouched_time: known.vouched_time(asked_at),
                expected_now: known.expected_now(asked_at),
                old_master: self.old_master_time(),
                account: self.agreement.queue_account(),
                protocol: PROTOCOL,
                balance_pause: self.rules().balance_pause(),
                rate_share: RateShare::All.parts(),
                pins_encoding: self.rules().seal_to.encoding(),
                replays: u8::from(self.reports_replays),
            }
            .call(&self.handle.keys)
        };
        self.claim(("claim_batch", &call), lease).await
    }

    /// Claims the orders with these ids, up to `limit` of them, in whatever state they are. Leaves out orders that another
    /// worker may be processing, and repairs the indexes. An order that is certainly not charged keeps its state.
    ///
    /// The answer names every order that the call has examined. Orders that are left out need no call permit.
    pub async fn claim_named(
        &self,
        limit: usize,
        lease: Duration,
        ids: &[&str],
    ) -> Result<ClaimBatch, QueueError> {
        self.claim_by_name(limit, lease, ids, (false, RateShare::All))
            .await
    }

    /// Claims the orders with these ids like [`claim_named`](Self::claim_named), for a reconciliation run: within the
    /// [share of the rate](RateShare::Runs) that runs have. If `leaves_unsent` is set, orders that are certainly not charged
    /// are left out as well.
    pub async fn claim_for_run(
        &self,
        limit: usize,
        lease: Duration,
        ids: &[&str],
        leaves_unsent: bool,
    ) -> Result<ClaimBatch, QueueError> {
        self.claim_by_name(limit, lease, ids, (leaves_unsent, RateShare::Runs))
            .await
    }

    async fn claim_by_name(
        &self,
        limit: usize,
        lease: Duration,
        ids: &[&str],
        (leaves_unsent, share): (bool, RateShare),
    ) -> Result<ClaimBatch, QueueError> {
        let mut call = {
            let (known, asked_at) = (self.watermark(), Instant::now());
            ClaimNamedCall {
                prefix: &self.handle.keys.prefix,
                limit: limit.min(MAX_CLAIMS),
                lease: millis(lease),
                resubmit_after: millis(self.rules().policy.resubmit_after),
                longest_probe: self.rules().longest_probe(),
                call_interval: self.rules().call_interval(),
                known_epoch: &known.epoch,
                known_claim: known.claim,
                vouched_time: known.vouched_time(asked_at),
                expected_now: known.expected_now(asked_at),
                old_master: self.old_master_time(),
                account: self.agreement.queue_account(),
                protocol: PROTOCOL,
                leaves_unsent: leaves_unsent.into(),
                rate_share: share.parts(),
            }
            .call(&self.handle.keys)
        };
        call.arg(ids);
        self.claim(("claim_named", &call), lease).await
    }

    async fn claim(
        &self,
        (script, call): (&'static str, &Call),
        lease: Duration,
    ) -> Result<ClaimBatch, QueueError> {
        let answer: Value = call.run(&mut self.handle.connection.clone()).await?;
        let answer = FieldReader::new(&answer);
        self.agreement.check_fence(&answer)?;
        self.learn(&answer)?;
        let batch = read_batch(&answer, self.doubt_times(lease), &self.agreement)?;
        self.report_claims(script, &batch);
        Ok(batch)
    }

    fn report_claims(&self, script: &'static str, batch: &ClaimBatch) {
        let orders = batch.claims.len();
        self.handle.connection.observed().report(|observer| {
            if orders > 0 {
                observer.orders_in_call(script, orders);
            }
            if batch.takeovers > 0 {
                observer.leases_taken_over(batch.takeovers);
            }
        });
    }
}
