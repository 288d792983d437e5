use std::time::Duration;

use redis::{ConnectionInfo, RedisResult, cluster::ClusterClient};

use super::{
    link::Link,
    timing::{CONNECT, Repeat},
};

/// Number of tries after a redirection or a lost node. Few and quick: the caller knows better how long to retry.
const TRIES: u32 = 3;
/// Milliseconds.
const SHORTEST_PAUSE: u64 = 20;
/// Milliseconds.
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
