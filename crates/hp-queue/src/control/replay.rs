use hp_api::OrderId;
use hp_order::Millis;

use super::Control;
use crate::{error::QueueError, rules::millis};

/// A repetition without words of its own: an empty map in `MessagePack`.
const NO_WORDS: &[u8] = &[0x80];

impl Control {
    /// Requests that an ended order's result is published again, with the words of its first job. The order is due like an
    /// open one.
    pub async fn request_replay(&self, id: &OrderId, now: Millis) -> Result<(), QueueError> {
        let replays = self.handle.keys.replays(id);
        let retention = millis(self.rules().retention.ledger);
        redis::pipe()
            .atomic()
            .rpush(&replays, NO_WORDS)
            .pexpire(&replays, i64::try_from(retention).unwrap_or(i64::MAX))
            .cmd("ZADD")
            .arg(&self.handle.keys.schedule)
            .arg("NX")
            .arg(now.0)
            .arg(id.as_str())
            .query_async::<()>(&mut self.handle.connection.clone())
            .await?;
        Ok(())
    }
}
