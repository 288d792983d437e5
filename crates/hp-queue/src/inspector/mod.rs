//! Reads a queue and changes nothing.

pub(crate) mod dead_letters;
mod last_charged;
pub(crate) mod metrics;
pub(crate) mod scan;
pub(crate) mod server_info;
pub(crate) mod snapshot;
pub(crate) mod status;

use std::collections::HashMap;

use hp_order::Millis;
use redis::RedisError;

use crate::{error::QueueError, handle::Handle};

/// Reads a queue and changes nothing: snapshots and scans of orders, the queue's status and metrics, dead letters, facts
/// about the server. Cheap to clone.
#[derive(Clone)]
pub struct Inspector {
    handle: Handle,
}

impl Inspector {
    /// Creates an inspector of this queue.
    pub fn new(handle: Handle) -> Self {
        Self { handle }
    }

    /// Reads the time of Redis' clock.
    pub async fn now(&self) -> Result<Millis, QueueError> {
        let connection = &self.handle.connection;
        let answer = connection
            .send_to_master_of(&self.handle.keys.jobs, &redis::cmd("TIME"))
            .await?;
        let (seconds, micros): (u64, u64) =
            redis::from_redis_value(answer).map_err(RedisError::from)?;
        Ok(Millis(seconds * 1000 + micros / 1000))
    }

    /// Reads the reason of the pause. Returns `None` if the queue is not paused.
    pub async fn paused(&self) -> Result<Option<String>, QueueError> {
        let mut command = redis::cmd("HGETALL");
        command.arg(&self.handle.keys.paused);
        let paused: HashMap<String, Vec<u8>> = command
            .query_async(&mut self.handle.connection.clone())
            .await?;
        let reason = paused.get("reason").filter(|reason| !reason.is_empty());
        let reason = reason.map(|reason| String::from_utf8_lossy(reason).into_owned());
        Ok(reason.or_else(|| (!paused.is_empty()).then(|| "no reason given".into())))
    }
}
