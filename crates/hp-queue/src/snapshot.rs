//! Looking at orders without touching them.

use std::sync::LazyLock;

use hp_order::{Millis, Record};
use redis::Value;

use crate::{
    History, Inspector, QueueError,
    codec::Answered,
    script::{Script, call, run},
};

static SNAPSHOT: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/snapshot.lua")));

/// An order as the ledger has it.
#[derive(Clone, Debug)]
pub struct OrderSnapshot {
    /// Its record.
    pub record: Record,
    /// When it last changed.
    pub updated_at: Option<Millis>,
    /// When it ended.
    pub finished_at: Option<Millis>,
    /// What became of it.
    pub story: History,
    /// The entry id of its first result.
    pub result: Option<String>,
    /// The stream that its producer wants the result in.
    pub reply_to: Option<String>,
    /// Whether a worker may be at it.
    pub is_in_hand: bool,
    /// What its result said was charged.
    pub told: Option<Charge>,
}

/// What was charged for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// In major units.
    pub total_price: String,
    /// ISO 4217.
    pub currency: String,
    /// In cards.
    pub pin_count: String,
}

impl Inspector {
    /// The orders with these ids that there are, in this order; an `Err` says which record cannot be read, and why.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn snapshot(
        &self,
        ids: &[&str],
    ) -> Result<Vec<Result<OrderSnapshot, (String, String)>>, QueueError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys = &self.handle.keys;
        let mut command = call(&SNAPSHOT, &[&keys.schedule]);
        command.arg(&keys.prefix).arg(ids);
        let seen: Vec<Value> =
            run(&SNAPSHOT, &command, &mut self.handle.connection.clone()).await?;
        Ok(seen.iter().map(read).collect())
    }
}

fn read(value: &Value) -> Result<OrderSnapshot, (String, String)> {
    let fields = Answered::new(value);
    let id = || fields.text("order_id").unwrap_or_default().to_owned();
    let at_fault = |why| (id(), why);
    let time = |name| fields.time(name).map_err(at_fault);
    let text = |name| fields.text(name).map(str::to_owned);
    if fields.text("state").is_none() {
        return Err(at_fault("`state` is missing".into()));
    }
    Ok(OrderSnapshot {
        record: fields.record(Millis(0)).map_err(at_fault)?,
        updated_at: time("updated_at")?,
        finished_at: time("finished_at")?,
        story: fields.text("story").map(History::read).unwrap_or_default(),
        is_in_hand: fields.text("in_hand").is_some(),
        result: text("result"),
        reply_to: text("reply_to"),
        told: text("total_price").map(|total_price| Charge {
            total_price,
            currency: text("currency").unwrap_or_default(),
            pin_count: text("pin_count").unwrap_or_default(),
        }),
    })
}
