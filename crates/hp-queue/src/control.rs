//! What concerns all orders at once: a pause, and balances that are too low; and what a person asks for.

use std::{sync::LazyLock, time::Duration};

use hp_api::{Currency, OrderId};
use hp_order::Millis;

use crate::{
    Ledger, QueueError,
    ledger::millis,
    script::{Script, call, run},
};

static BALANCE_HOLD: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/balance_hold.lua")));
static PAUSE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/pause.lua")));

impl Ledger {
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
        let mut command = call(&BALANCE_HOLD, &[&self.keys.holds]);
        command.arg(currency.as_str()).arg(until).arg(millis(time));
        run(&BALANCE_HOLD, &command, &mut self.connection.clone()).await
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

    /// Has an ended order's result told once more, in the words of its first job: it comes due like an open one.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn request_replay(&self, id: &OrderId, now: Millis) -> Result<(), QueueError> {
        /// No words of its own, as `MessagePack` writes it.
        const NO_WORDS: &[u8] = &[0x80];
        let (waiting, kept) = (self.keys.repetitions(id), self.rules.retention.ledger);
        redis::pipe()
            .atomic()
            .rpush(&waiting, NO_WORDS)
            .pexpire(&waiting, i64::try_from(millis(kept)).unwrap_or(i64::MAX))
            .cmd("ZADD")
            .arg(&self.keys.schedule)
            .arg("NX")
            .arg(now.0)
            .arg(id.as_str())
            .query_async::<()>(&mut self.connection.clone())
            .await?;
        Ok(())
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
