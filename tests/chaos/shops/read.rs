//! The shops read results.

use std::time::Duration;

use redis::{
    Client, RedisResult,
    aio::MultiplexedConnection,
    streams::{StreamKey, StreamReadReply},
};
use tokio::time::{sleep, timeout};

use super::Shops;
use crate::{
    history::{Kind, PublishedResult},
    masters::Role,
    workload::STREAMS,
};

/// The time limit of a shop's reads.
const READ_TIMEOUT: Duration = Duration::from_secs(2);
/// The delay before a new connection.
const RETRY_AFTER: Duration = Duration::from_millis(100);

impl Shops {
    /// Reads all result streams of all masters until aborted.
    pub(crate) async fn read(self) {
        tokio::join!(self.read_of(Role::Present), self.read_of(Role::Former));
    }

    async fn read_of(&self, role: Role) {
        loop {
            let version = self.masters.version();
            if let Some(client) = self.masters.client(role) {
                self.read_master(role, &client, version).await;
            }
            sleep(RETRY_AFTER).await;
        }
    }

    /// Reads all result streams of a master from the start until it fails, or the masters change. The entries of a promoted
    /// replica need not follow those that were read before.
    async fn read_master(&self, role: Role, client: &Client, version: u64) {
        let connecting = client.get_multiplexed_async_connection();
        let Ok(Ok(mut connection)) = timeout(READ_TIMEOUT, connecting).await else {
            return;
        };
        let mut after = STREAMS.map(|stream| (stream, "0".to_owned()));
        while let Ok(Ok(reply)) = timeout(READ_TIMEOUT, next(&mut connection, &after)).await {
            let entries = reply.map(|reply| entries(reply, self.clock.now(), role));
            for published in entries.into_iter().flatten() {
                let stream = after.iter_mut().find(|(key, _)| *key == published.stream);
                if let Some((_, last)) = stream {
                    last.clone_from(&published.entry);
                }
                self.record_result(published);
            }
            if self.masters.version() != version {
                return;
            }
        }
    }

    /// Records an entry once.
    fn record_result(&self, published: PublishedResult) {
        self.seen(|seen| {
            let places = seen.places.entry(published.entry.clone()).or_default();
            for place in places.iter() {
                let known = &mut seen.published[*place];
                if known.is_same(&published) {
                    known.only_on_former &= published.only_on_former;
                    return;
                }
            }
            places.push(seen.published.len());
            if published.kind() == Kind::First {
                seen.results
                    .entry(published.id().into())
                    .or_insert(published.read);
            }
            seen.published.push(published);
        });
    }
}

async fn next(
    connection: &mut MultiplexedConnection,
    after: &[(&str, String)],
) -> RedisResult<Option<StreamReadReply>> {
    let mut command = redis::cmd("XREAD");
    // Shorter than the response timeout of the connection.
    command
        .arg("COUNT")
        .arg(100)
        .arg("BLOCK")
        .arg(200)
        .arg("STREAMS");
    for (stream, _) in after {
        command.arg(*stream);
    }
    for (_, last) in after {
        command.arg(last);
    }
    command.query_async(connection).await
}

/// The entries of a reply, by stream.
fn entries(reply: StreamReadReply, read: u64, role: Role) -> Vec<PublishedResult> {
    let of_stream = |key: StreamKey| {
        let stream = key.key;
        key.ids.into_iter().map(move |entry| {
            let fields = entry.map.into_iter();
            let text = |(name, value)| (name, redis::from_redis_value(value).unwrap());
            PublishedResult {
                stream: stream.clone(),
                entry: entry.id,
                read,
                only_on_former: role == Role::Former,
                fields: fields.map(text).collect(),
            }
        })
    };
    reply.keys.into_iter().flat_map(of_stream).collect()
}
