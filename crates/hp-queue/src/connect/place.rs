use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, RedisError, RedisResult, Value, aio::MultiplexedConnection,
};

use super::{
    cluster::Nodes,
    link::Link,
    sentinel::WatchedMaster,
    timing::{CONNECT, Repeat},
};

/// Room for a settle call of each of a thousand orders without waiting for the socket.
const PIPELINE: usize = 1024;

/// Fails if Redis serves nobody on this connection. Redis breaks a connection without a login at the first long command, before
/// the command gets an answer that says why.
async fn greet(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    let greeted = redis::cmd("PING").query_async::<Value>(connection).await;
    match greeted {
        Err(error) if error.is_io_error() || is_turned_away(&error) => Err(error),
        // A user may lack the right to it.
        _ => Ok(()),
    }
}

fn is_turned_away(error: &RedisError) -> bool {
    let detail = error.detail().unwrap_or_default();
    error.code() == Some("NOAUTH") || detail.contains("max number of clients")
}

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
        let mut connection = connection.await?;
        greet(&mut connection).await?;
        Ok(Link::Server(connection))
    }
}
