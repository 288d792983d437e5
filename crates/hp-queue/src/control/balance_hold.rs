use std::time::Duration;

use hp_order::{BalanceScope, Millis};

use super::Control;
use crate::{error::QueueError, rules::millis, script::script};

script! {
    BalanceHold<'a> = "balance_hold.lua";
    queue: holds, events;
    order: ;
    arguments: scope: &'a str, expected_end: &'a str, time: u64;
}

script! {
    LiftBalanceHold<'a> = "lift_balance_hold.lua";
    queue: holds, held, events;
    order: ;
    arguments: scope: &'a str;
}

impl Control {
    /// Holds the orders of a scope whose balance is too low, for this time.
    pub async fn hold_balance(
        &self,
        scope: BalanceScope,
        time: Duration,
    ) -> Result<(), QueueError> {
        self.set_hold(scope, "", time).await.map(drop)
    }

    /// Requests to submit one order of a scope whose balance hold ended at `until`. If the answer is `true`, the other
    /// orders wait for this time more. If it is `false`, another worker submits one.
    pub async fn try_balance_hold(
        &self,
        scope: BalanceScope,
        until: Millis,
        time: Duration,
    ) -> Result<bool, QueueError> {
        self.set_hold(scope, &until.0.to_string(), time).await
    }

    async fn set_hold(
        &self,
        scope: BalanceScope,
        expected_end: &str,
        time: Duration,
    ) -> Result<bool, QueueError> {
        let call = BalanceHold {
            scope: &scope.to_string(),
            expected_end,
            time: millis(time),
        }
        .call(&self.handle.keys);
        call.run(&mut self.handle.connection.clone()).await
    }

    /// Lifts a balance hold: the balance suffices again. The orders that it holds return with the next claims.
    pub async fn lift_balance_hold(&self, scope: BalanceScope) -> Result<(), QueueError> {
        let call = LiftBalanceHold {
            scope: &scope.to_string(),
        }
        .call(&self.handle.keys);
        call.run(&mut self.handle.connection.clone()).await
    }
}
