//! The order that was charged last.

use hp_api::FetchCards;
use redis::Value;

use crate::{Inspector, QueueError, codec::Answered};

impl Inspector {
    /// The order that was completed last; none: there was none, or it cannot be read.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
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
    let fields = Answered::new(value);
    Some(FetchCards {
        order_id: fields.text("order_id")?.parse().ok()?,
        product_id: fields.text("product_id")?.parse().ok()?,
        quantity: fields.text("quantity")?.parse().ok()?,
    })
}
