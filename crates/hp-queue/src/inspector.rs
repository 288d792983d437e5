use std::collections::HashMap;

use hp_order::Millis;

use crate::{QueueError, handle::Handle, run_lease::redis_time};

/// Reads a queue and changes nothing: snapshots and scans of orders, the queue's status, facts about the server. Cheap to
/// clone.
#[derive(Clone)]
pub struct Inspector {
    pub(crate) handle: Handle,
}

impl Inspector {
    /// An inspector of this queue.
    pub fn new(handle: Handle) -> Self {
        Self { handle }
    }

    /// The time by Redis' clock.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn now(&self) -> Result<Millis, QueueError> {
        redis_time(&self.handle).await
    }

    /// Why no orders are taken, if the queue is paused.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn paused(&self) -> Result<Option<String>, QueueError> {
        let mut command = redis::cmd("HGETALL");
        command.arg(&self.handle.keys.paused);
        let mut paused: HashMap<String, String> = command
            .query_async(&mut self.handle.connection.clone())
            .await?;
        let reason = paused.remove("reason").filter(|reason| !reason.is_empty());
        Ok(reason.or_else(|| (!paused.is_empty()).then(|| "no reason given".into())))
    }
}
