use std::time::Duration;

use redis::Value;

use super::Control;
use crate::{
    error::QueueError, fields::FieldReader, protocol::PROTOCOL, rules::RateShare, script::script,
};

script! {
    AcquirePermits<'a> = "acquire_permits.lua";
    queue: paused, queue, breaker, rate, rate_of_runs, throttle;
    order: ;
    arguments: limit: usize, longest_probe: u64, call_interval: u64, account: &'a str, protocol: u32, for_claim: u8,
        rate_share: u64;
}

script! {
    SlowDown = "slow_down.lua";
    queue: throttle;
    order: ;
    arguments: call_interval: u64, time: u64;
}

/// The most permits of one call.
const MAX_PERMITS: usize = 256;

/// The calls that pause, breaker and rate permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPermits {
    /// Number of calls that may be made now.
    pub calls: usize,
    /// If there are none: the time until the next call can succeed.
    pub wait: Duration,
    /// The breaker is open.
    pub is_breaker_open: bool,
    /// The reason of the pause, if the queue is paused.
    pub paused: Option<String>,
}

impl Control {
    /// Acquires permits for up to `limit` calls that concern no claimed order.
    pub async fn acquire_permits(&self, limit: usize) -> Result<CallPermits, QueueError> {
        self.acquire(limit, RateShare::All, false).await
    }

    /// The same for a reconciliation run: within its [share of the rate](RateShare::Runs).
    pub async fn acquire_run_permits(&self, limit: usize) -> Result<CallPermits, QueueError> {
        self.acquire(limit, RateShare::Runs, false).await
    }

    /// Returns `true` if the rules of the queue limit the rate of calls.
    pub fn has_rate(&self) -> bool {
        self.rules().call_interval() > 0
    }

    /// Acquires the permit for one more call in addition to the one that an order was claimed for. Only the rate can refuse
    /// it.
    pub async fn acquire_extra_permit(&self, share: RateShare) -> Result<CallPermits, QueueError> {
        self.acquire(1, share, true).await
    }

    async fn acquire(
        &self,
        limit: usize,
        share: RateShare,
        is_for_claim: bool,
    ) -> Result<CallPermits, QueueError> {
        let call = AcquirePermits {
            limit: limit.min(MAX_PERMITS),
            longest_probe: self.rules().longest_probe(),
            call_interval: self.rules().call_interval(),
            account: self.agreement.queue_account(),
            protocol: PROTOCOL,
            for_claim: is_for_claim.into(),
            rate_share: share.parts(),
        }
        .call(&self.handle.keys);
        let answer: Value = call.run(&mut self.handle.connection.clone()).await?;
        let answer = FieldReader::new(&answer);
        self.agreement.check_fence(&answer)?;
        let wait = answer.parse("wait").map_err(QueueError::Protocol)?;
        Ok(CallPermits {
            calls: answer.answer("calls")?,
            wait: wait.map_or(Duration::ZERO, Duration::from_millis),
            is_breaker_open: answer.text("breaker_open_since").is_some(),
            paused: answer.words("paused"),
        })
    }

    /// Stops the calls of all workers for a while: a front end has asked to send less, in the answer to a call that concerns no
    /// claimed order. `asked` is the time that it asked for.
    pub async fn slow_down(&self, asked: Option<Duration>) -> Result<(), QueueError> {
        let call = SlowDown {
            call_interval: self.rules().call_interval(),
            time: self.rules().slow_down(asked),
        }
        .call(&self.handle.keys);
        call.run(&mut self.handle.connection.clone()).await
    }
}
