//! What concerns all orders at once: a pause, and balances that are too low; and what a person asks for.

use std::{sync::LazyLock, time::Duration};

use hp_api::{Currency, OrderId};
use hp_order::Millis;

use crate::{
    QueueError,
    claim::{TAKE, read_take},
    handle::Handle,
    rules::{Rules, millis},
    script::{Script, call, run},
};

static BALANCE_HOLD: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/balance_hold.lua")));
static REQUEUE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/requeue.lua")));
static PAUSE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/pause.lua")));

/// What concerns all orders of a queue at once: the pause, call permits, balance holds, replays and dead letters. Cheap
/// to clone.
#[derive(Clone)]
pub struct Control {
    handle: Handle,
    rules: Rules,
}

/// What breaker, rate and pause allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPermits {
    /// So many calls may be made now.
    pub calls: usize,
    /// If none, the time after which to ask again.
    pub wait: Duration,
    /// Whether the breaker is open.
    pub is_silent: bool,
    /// Why no calls are to be made, while the queue is paused.
    pub paused: Option<String>,
}

impl Control {
    /// The controls of a queue, by the rules that all its workers keep to.
    pub fn new(handle: Handle, rules: Rules) -> Self {
        Self { handle, rules }
    }

    /// Acquires permits for up to `n` calls that concern no claimed order, as breaker, rate and pause allow it.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn acquire_permits(&self, n: usize) -> Result<CallPermits, QueueError> {
        let keys = &self.handle.keys;
        let (_, longest_pause) = self.rules.policy.backoff.outage();
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
            .arg(n.min(256))
            .arg(0)
            .arg("calls")
            .arg(millis(self.rules.retention.results))
            .arg(millis(self.rules.policy.resubmit_after))
            .arg(millis(self.rules.longest_turn.max(longest_pause)))
            .arg(self.rules.call_interval())
            .arg("")
            .arg(0);
        let answer = run(&TAKE, &command, &mut self.handle.connection.clone()).await?;
        let (taken, _) = read_take(answer);
        Ok(CallPermits {
            calls: taken.calls,
            wait: taken.wait.unwrap_or_default(),
            is_silent: taken.silent_since.is_some(),
            paused: taken.paused,
        })
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
        let mut command = call(&BALANCE_HOLD, &[&self.handle.keys.holds]);
        command.arg(currency.as_str()).arg(until).arg(millis(time));
        run(&BALANCE_HOLD, &command, &mut self.handle.connection.clone()).await
    }

    /// The balance of this currency suffices again.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn lift_hold(&self, currency: Currency) -> Result<(), QueueError> {
        let mut command = redis::cmd("HDEL");
        command.arg(&self.handle.keys.holds).arg(currency.as_str());
        Ok(command
            .query_async(&mut self.handle.connection.clone())
            .await?)
    }

    /// Has an ended order's result told once more, in the words of its first job: it comes due like an open one.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn request_replay(&self, id: &OrderId, now: Millis) -> Result<(), QueueError> {
        /// No words of its own, as `MessagePack` writes it.
        const NO_WORDS: &[u8] = &[0x80];
        let (waiting, kept) = (
            self.handle.keys.repetitions(id),
            self.rules.retention.ledger,
        );
        redis::pipe()
            .atomic()
            .rpush(&waiting, NO_WORDS)
            .pexpire(&waiting, i64::try_from(millis(kept)).unwrap_or(i64::MAX))
            .cmd("ZADD")
            .arg(&self.handle.keys.schedule)
            .arg("NX")
            .arg(now.0)
            .arg(id.as_str())
            .query_async::<()>(&mut self.handle.connection.clone())
            .await?;
        Ok(())
    }

    /// Stops the taking of orders by all workers. `false`: it was stopped already, and its first reason stands.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn pause(&self, reason: &str, by: &str) -> Result<bool, QueueError> {
        let mut command = call(&PAUSE, &[&self.handle.keys.paused]);
        command.arg(reason).arg(by);
        run(&PAUSE, &command, &mut self.handle.connection.clone()).await
    }

    /// Lets orders be taken again. `false`: the queue was not paused.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn resume(&self) -> Result<bool, QueueError> {
        let mut command = redis::cmd("DEL");
        command.arg(&self.handle.keys.paused);
        Ok(command
            .query_async(&mut self.handle.connection.clone())
            .await?)
    }

    /// Puts an entry that was set aside into the inbox again, with these values in place of its own. None: there is no
    /// such entry.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn requeue(
        &self,
        entry: &str,
        values: &[(String, String)],
    ) -> Result<Option<String>, QueueError> {
        let mut command = call(
            &REQUEUE,
            &[&self.handle.keys.rejected, &self.handle.keys.jobs],
        );
        command.arg(entry);
        for (name, value) in values {
            command.arg(name).arg(value);
        }
        let added: String = run(&REQUEUE, &command, &mut self.handle.connection.clone()).await?;
        Ok(Some(added).filter(|added| !added.is_empty()))
    }

    /// Removes an entry that was set aside. `false`: there is none.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn discard(&self, entry: &str) -> Result<bool, QueueError> {
        let mut command = redis::cmd("XDEL");
        command.arg(&self.handle.keys.rejected).arg(entry);
        Ok(command
            .query_async(&mut self.handle.connection.clone())
            .await?)
    }
}
