use std::time::Duration;

use hp_api::Currency;
use hp_order::Millis;

use super::Control;
use crate::{error::QueueError, rules::millis, script::script};

script! {
    BalanceHold<'a> = "balance_hold.lua";
    queue: holds;
    order: ;
    arguments: currency: &'a str, expected_end: &'a str, time: u64;
}

impl Control {
    /// Holds the orders of a currency whose balance is too low, for this time.
    pub async fn hold_balance(&self, currency: Currency, time: Duration) -> Result<(), QueueError> {
        self.set_hold(currency, "", time).await.map(drop)
    }

    /// Requests to submit one order of a currency whose balance hold ended at `until`. If the answer is `true`, the other
    /// orders wait for this time more. If it is `false`, another worker submits one.
    pub async fn try_balance_hold(
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
        expected_end: &str,
        time: Duration,
    ) -> Result<bool, QueueError> {
        let call = BalanceHold {
            currency: currency.as_str(),
            expected_end,
            time: millis(time),
        }
        .call(&self.handle.keys);
        call.run(&mut self.handle.connection.clone()).await
    }

    /// Lifts the balance hold of a currency: its balance suffices again.
    pub async fn lift_balance_hold(&self, currency: Currency) -> Result<(), QueueError> {
        let mut command = redis::cmd("HDEL");
        command.arg(&self.handle.keys.holds).arg(currency.as_str());
        Ok(command
            .query_async(&mut self.handle.connection.clone())
            .await?)
    }
}
