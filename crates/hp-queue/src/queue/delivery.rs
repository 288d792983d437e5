use std::{collections::HashMap, time::Duration};

use redis::{
    Cmd,
    aio::ConnectionLike,
    streams::{StreamId, StreamReadReply},
};

use super::result::{OrderResult, ResultError, read_result};
use crate::error::QueueError;

/// The longest wait for results.
pub(crate) const BLOCK: Duration = Duration::from_secs(5);

/// Whether to wait for results that are not there yet, for up to five seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Waits for the first result.
    ForOne,
    /// Does not wait.
    Not,
}

/// One entry of a result stream.
#[derive(Debug)]
pub struct Delivery {
    /// The key of the stream.
    pub stream: String,
    /// Its entry id, to acknowledge it.
    pub entry_id: String,
    /// The result, or why this entry is none.
    pub result: Result<OrderResult, ResultError>,
}

impl Delivery {
    pub(super) fn new(stream: &str, entry: StreamId) -> Self {
        let fields: HashMap<String, Vec<u8>> = entry
            .map
            .into_iter()
            .filter_map(|(name, value)| {
                redis::from_redis_value(value)
                    .ok()
                    .map(|bytes| (name, bytes))
            })
            .collect();
        Self {
            stream: stream.into(),
            entry_id: entry.id,
            result: read_result(fields),
        }
    }
}

impl Wait {
    pub(crate) fn add_to(self, command: &mut Cmd) {
        if self == Self::ForOne {
            command.arg("BLOCK").arg(BLOCK.as_secs() * 1000);
        }
    }
}

/// Reads streams. A read that ends without an entry gives an empty reply.
pub(crate) async fn read(
    command: &Cmd,
    connection: &mut impl ConnectionLike,
) -> Result<StreamReadReply, QueueError> {
    let reply: Option<StreamReadReply> = command.query_async(connection).await?;
    Ok(reply.unwrap_or_default())
}
