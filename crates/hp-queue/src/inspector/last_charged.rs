use hp_api::FetchCards;
use redis::Value;

use super::Inspector;
use crate::{error::QueueError, fields::FieldReader};

impl Inspector {
    /// Reads the order that was charged last. Returns `None` if there is none, or if it cannot be read.
    pub async fn last_charged(&self) -> Result<Option<FetchCards>, QueueError> {
        let mut command = redis::cmd("HGETALL");
        command.arg(&self.handle.keys.charged);
        let fields: Vec<Value> = command
            .query_async(&mut self.handle.connection.clone())
            .await?;
        Ok(read(&Value::Array(fields)))
    }
}

fn read(value: &Value) -> Option<FetchCards> {
    let fields = FieldReader::new(value);
    Some(FetchCards {
        order_id: fields.text("order_id")?.parse().ok()?,
        product_id: fields.text("product_id")?.parse().ok()?,
        quantity: fields.text("quantity")?.parse().ok()?,
    })
}
