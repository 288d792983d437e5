use redis::Value;

use super::Account;
use crate::{error::QueueError, fields::FieldReader, handle::Handle, script::script};

script! {
    SwitchAccount<'a> = "switch_account.lua";
    queue: queue, open, states, schedule, charged, holds, held, breaker, products, epoch, events;
    order: ;
    arguments:
        prefix: &'a str, old_account: &'a str, account: &'a str, by: &'a str, why: &'a str, mode: &'a str, evidence: &'a str, note: &'a str,
        limit: usize;
}

/// The most orders that an answer names.
const MAX_NAMED: usize = 1000;

/// What a switch of the account found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSwitch {
    /// The queue has the new account now.
    pub is_switched: bool,
    /// Number of orders that may be charged on the old account.
    pub in_doubt: usize,
    /// The first of them.
    pub orders: Vec<OrderInDoubt>,
}

/// An order that may be charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderInDoubt {
    /// Its id.
    pub order_id: String,
    /// Its state before the switch.
    pub state: String,
}

impl Handle {
    /// Gives the queue another account. Orders that may be charged on the old account prevent that, unless they may move
    /// to review.
    pub async fn switch_account(
        &self,
        old: &Account,
        new: &Account,
        (by, why): (&str, &str),
        may_move: bool,
    ) -> Result<AccountSwitch, QueueError> {
        let note = format!("account switched by {by}: {why}");
        let note: String = note
            .replace(char::is_control, " ")
            .chars()
            .take(300)
            .collect();
        let call = SwitchAccount {
            prefix: &self.keys.prefix,
            old_account: old.as_str(),
            account: new.as_str(),
            by,
            why,
            mode: if may_move { "move" } else { "refuse" },
            evidence: &hp_order::other_account_evidence(old.as_str()),
            note: &note,
            limit: MAX_NAMED,
        }
        .call(&self.keys);
        let answer: Value = call.run(&mut self.connection.clone()).await?;
        let answer = FieldReader::new(&answer);
        let orders = answer.pairs("orders").into_iter();
        Ok(AccountSwitch {
            is_switched: answer.text("is_switched").is_some(),
            in_doubt: answer
                .parse("in_doubt")
                .map_err(QueueError::Protocol)?
                .unwrap_or(0),
            orders: orders
                .map(|(order_id, state)| OrderInDoubt { order_id, state })
                .collect(),
        })
    }
}
