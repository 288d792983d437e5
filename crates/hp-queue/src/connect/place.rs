use std::time::Duration;

use redis::{AsyncConnectionConfig, Client, RedisResult};

use super::{
    cluster::Nodes,
    link::Link,
    sentinel::WatchedMaster,
    timing::{CONNECT, Repeat},
};

/// Room for a settle call of each of a thousand orders without waiting for the socket.
const PIPELINE: usize = 1024;

/// Where Redis is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Server(Client),
    Cluster(Nodes),
    Sentinel(WatchedMaster),
}

impl Place {
    /// Connects. `response` is how long Redis may take to answer a command.
    pub(super) async fn open(&self, response: Duration, repeat: Repeat) -> RedisResult<Link> {
        let master = match self {
            Self::Server(server) => server.clone(),
            Self::Sentinel(watched) => watched.master().await?,
            Self::Cluster(nodes) => return nodes.open(response, repeat).await,
        };
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(response))
            .set_connection_timeout(Some(CONNECT))
            .set_pipeline_buffer_size(PIPELINE);
        let connection = master.get_multiplexed_async_connection_with_config(&config);
        Ok(Link::Server(connection.await?))
    }
}
