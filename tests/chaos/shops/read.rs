//! The shops read results.

use std::time::Duration;

use redis::{
    RedisResult,
    aio::MultiplexedConnection,
    streams::{StreamKey, StreamReadReply},
};
use tokio::time::{sleep, timeout};

use super::Shops;
use crate::{
    history::{Kind, PublishedResult},
    workload::STREAMS,
};

/// The time limit of a shop's reads.
const READ_TIMEOUT: Duration = Duration::from_secs(2);
/// The delay before a new connection.
const RETRY_AFTER: Duration = Duration::from_millis(100);

impl Shops {
    /// Reads all result streams until aborted.
    pub(crate) async fn read(self) {
        let mut after = STREAMS.map(|stream| (stream, "0".to_owned()));
        loop {
            let Ok(Ok(mut connection)) =
                timeout(READ_TIMEOUT, self.client.get_multiplexed_async_connection()).await
            else {
                sleep(RETRY_AFTER).await;
                continue;
            };
            while let Ok(Ok(reply)) = timeout(READ_TIMEOUT, next(&mut connection, &after)).await {
                for published in reply
                    .map(|reply| entries(reply, self.clock.now()))
                    .into_iter()
                    .flatten()
                {
                    if let Some((_, last)) = after
                        .iter_mut()
                        .find(|(stream, _)| *stream == published.stream)
                    {
                        last.clone_from(&published.entry);
                    }
                    self.record_result(published);
                }
            }
        }
    }

    fn record_result(&self, published: PublishedResult) {
        self.seen(|seen| {
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
fn entries(reply: StreamReadReply, read: u64) -> Vec<PublishedResult> {
    let of_stream = |key: StreamKey| {
        let stream = key.key;
        key.ids.into_iter().map(move |entry| {
            let fields = entry.map.into_iter();
            let text = |(name, value)| (name, redis::from_redis_value(value).unwrap());
            PublishedResult {
                stream: stream.clone(),
                entry: entry.id,
                read,
                fields: fields.map(text).collect(),
            }
        })
    };
    reply.keys.into_iter().flat_map(of_stream).collect()
}
