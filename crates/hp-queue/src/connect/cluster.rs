use std::time::Duration;

use redis::{ConnectionInfo, RedisResult, cluster::ClusterClient};

use super::{CONNECT, Repeat, link::Link};

/// Redirections and nodes that went away are met with another try at once, but not for long: whoever asked knows
/// better how long to go on.
const TRIES: u32 = 3;
const SHORTEST_PAUSE: u64 = 20;
const LONGEST_PAUSE: u64 = 200;

/// Connects to all masters of the cluster.
pub(super) async fn open(
    nodes: &[ConnectionInfo],
    response: Duration,
    repeat: Repeat,
) -> RedisResult<Link> {
    let tries = match repeat {
        Repeat::Yes => TRIES,
        Repeat::No => 0,
    };
    let cluster = ClusterClient::builder(nodes.iter().cloned())
        .connection_timeout(CONNECT)
        .response_timeout(response)
        .retries(tries)
        .min_retry_wait(SHORTEST_PAUSE)
        .max_retry_wait(LONGEST_PAUSE)
        .build()?;
    Ok(Link::Cluster(cluster.get_async_connection().await?))
}
