use std::collections::HashMap;

use hp_order::Millis;
use redis::streams::StreamId;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{
    connect::{client::Client, link::Link},
    error::QueueError,
    keys::{Keys, Prefix},
    queue::delivery::{BLOCK, Wait, read},
};

/// What an operator should know: one entry of `{hp}:events`. Contains neither card keys nor secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueueEvent {
    /// The entry id in the stream.
    pub entry: String,
    /// Its kind, such as `order.review`.
    pub event: String,
    /// When it happened, Unix milliseconds by Redis' clock.
    #[serde(serialize_with = "unix_ms")]
    pub at: Millis,
    /// The order that it concerns, if it concerns one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// What happened, by name.
    pub detail: Map<String, Value>,
}

/// Reads the events of a queue, on a connection of its own, because it may block.
pub struct Events {
    client: Client,
    connection: Option<Link>,
    stream: String,
    /// The last entry that was read.
    seen: String,
}

impl Events {
    /// Starts at the oldest event. Connects at the first read.
    pub fn new(client: Client, prefix: &Prefix) -> Self {
        Self {
            client,
            connection: None,
            stream: Keys::new(prefix).events,
            seen: "0".into(),
        }
    }

    /// Reads up to `n` events, oldest first. Returns none if there are no more, or if none came in time. After an error the next
    /// call connects again. Leaves out entries that are no events.
    pub async fn next(&mut self, n: usize, wait: Wait) -> Result<Vec<QueueEvent>, QueueError> {
        loop {
            let entries = self.read(n, wait).await?;
            let is_end = entries.is_empty();
            let events: Vec<_> = entries.into_iter().filter_map(event).collect();
            if is_end || !events.is_empty() {
                return Ok(events);
            }
        }
    }

    async fn read(&mut self, n: usize, wait: Wait) -> Result<Vec<StreamId>, QueueError> {
        // The connection returns only after an answer: a dropped read leaves a reply behind in it.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.client.own(BLOCK).await?,
        };
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(n);
        wait.add_to(&mut command);
        command.arg("STREAMS").arg(&self.stream).arg(&self.seen);
        let reply = read(&command, &mut connection).await?;
        self.connection = Some(connection);
        let entries = reply.keys.into_iter().flat_map(|stream| stream.ids);
        let entries: Vec<_> = entries.collect();
        if let Some(last) = entries.last() {
            self.seen.clone_from(&last.id);
        }
        Ok(entries)
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn unix_ms<S: Serializer>(at: &Millis, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(at.0)
}

pub(crate) fn event(entry: StreamId) -> Option<QueueEvent> {
    let fields = entry.map.into_iter();
    let mut fields: HashMap<String, String> = fields
        .filter_map(|(name, value)| Some((name, redis::from_redis_value(value).ok()?)))
        .collect();
    let detail = fields.remove("detail").unwrap_or_default();
    Some(QueueEvent {
        entry: entry.id,
        event: fields.remove("event")?,
        at: Millis(fields.remove("at")?.parse().ok()?),
        order_id: fields.remove("order_id"),
        // An empty table of Lua is an empty list in JSON.
        detail: serde_json::from_str(&detail).unwrap_or_default(),
    })
}
