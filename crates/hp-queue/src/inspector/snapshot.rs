use hp_order::{BalanceScope, Millis, Record};
use redis::Value;

use super::Inspector;
use crate::{
    error::QueueError,
    fields::FieldReader,
    history::History,
    record::{read_record, time},
    script::script,
};

script! {
    Snapshot<'a> = "snapshot.lua";
    queue: schedule, paused;
    order: ;
    arguments: prefix: &'a str;
}

/// An order as the ledger has it.
#[derive(Clone, Debug)]
pub struct OrderSnapshot {
    /// Its record, without [`Record::not_found_valid_from`].
    pub record: Record,
    /// When it last changed.
    pub updated_at: Option<Millis>,
    /// When it ended.
    pub finished_at: Option<Millis>,
    /// Its history.
    pub history: History,
    /// The entry id of its first result.
    pub result: Option<String>,
    /// The stream that its producer wants the result in.
    pub reply_to: Option<String>,
    /// The account of its last submission.
    pub account: Option<String>,
    /// The balance hold that keeps it out of the schedule.
    pub held: Option<BalanceScope>,
    /// A worker may be processing it.
    pub is_claimed: bool,
    /// The charge that its result reported.
    pub charge: Option<Charge>,
}

/// What was charged for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// In major units.
    pub total_price: String,
    /// As HitPoints wrote it, if it gave one.
    pub currency: Option<String>,
    /// In cards.
    pub pin_count: String,
}

impl Inspector {
    /// Reads the orders with these ids, in this order. An `Err` names an order whose record cannot be read, and says why. An
    /// order without a record is left out.
    pub async fn snapshot(
        &self,
        ids: &[&str],
    ) -> Result<Vec<Result<OrderSnapshot, (String, String)>>, QueueError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys = &self.handle.keys;
        let mut call = Snapshot {
            prefix: &keys.prefix,
        }
        .call(keys);
        call.arg(ids);
        let snapshots: Vec<Value> = call.run(&mut self.handle.connection.clone()).await?;
        Ok(snapshots.iter().map(read_snapshot).collect())
    }
}

/// Reads a snapshot. The error names the order, and says what is wrong.
pub(crate) fn read_snapshot(value: &Value) -> Result<OrderSnapshot, (String, String)> {
    let fields = FieldReader::new(value);
    read_fields(&fields).map_err(|why| {
        let id = fields.text("order_id").unwrap_or_default();
        (id.to_owned(), why)
    })
}

fn read_fields(fields: &FieldReader<'_>) -> Result<OrderSnapshot, String> {
    let text = |name| fields.text(name).map(str::to_owned);
    if fields.text("state").is_none() {
        return Err("`state` is missing".into());
    }
    let record = read_record(fields, Millis(0))?;
    Ok(OrderSnapshot {
        history: History::of(fields, record.state, record.code),
        record,
        updated_at: time(fields, "updated_at")?,
        finished_at: time(fields, "finished_at")?,
        is_claimed: fields.text("is_claimed").is_some(),
        held: fields.parse("held")?,
        account: text("account"),
        result: text("result"),
        reply_to: text("reply_to"),
        charge: text("total_price").map(|total_price| Charge {
            total_price,
            currency: text("currency"),
            pin_count: text("pin_count").unwrap_or_default(),
        }),
    })
}
