use hp_api::FetchCards;
use redis::Value;

use super::Inspector;
use crate::{agreement::Account, error::QueueError, fields::FieldReader};

impl Inspector {
    /// Reads the order that was charged last. Returns `None` if there is none, if it cannot be read, or if it was charged on
    /// another account than this one.
    pub async fn last_charged(&self, account: &Account) -> Result<Option<FetchCards>, QueueError> {
        let mut command = redis::cmd("HGETALL");
        command.arg(&self.handle.keys.charged);
        let fields: Vec<Value> = command
            .query_async(&mut self.handle.connection.clone())
            .await?;
        Ok(read(&Value::Array(fields), account))
    }
}

fn read(value: &Value, account: &Account) -> Option<FetchCards> {
    let fields = FieldReader::new(value);
    let charged_on = fields.text("account").filter(|name| !name.is_empty());
    if charged_on.is_some_and(|name| name != account.as_str()) {
        return None;
    }
    Some(FetchCards {
        order_id: fields.text("order_id")?.parse().ok()?,
        product_id: fields.text("product_id")?.parse().ok()?,
        quantity: fields.text("quantity")?.parse().ok()?,
    })
}
