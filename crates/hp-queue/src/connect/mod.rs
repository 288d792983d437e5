//! Where Redis is, and the connections to it.
//!
//! The address decides: one server, a cluster, or whichever master Sentinel names.

mod address;
mod cluster;
mod link;
mod sentinel;
mod shared;
mod shown;

use std::time::Duration;

use redis::{AsyncConnectionConfig, ConnectionInfo, RedisResult};

pub(crate) use link::Link;
pub(crate) use shared::Connection;
pub use shown::without_password;

use crate::error::QueueError;
use sentinel::Watched;

/// How long Redis may take to answer. The library's half a second is shorter than an fsync on a busy disk.
const RESPONSE: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(5);
/// Room for a settling of each of a thousand orders without waiting for the socket.
const PIPELINE: usize = 1024;

/// Where Redis is. It prints without passwords.
#[derive(Clone, Debug)]
pub struct Client(Place);

#[derive(Clone, Debug)]
enum Place {
    Server(redis::Client),
    /// Some nodes of a cluster; they know the others.
    Cluster(Vec<ConnectionInfo>),
    Sentinel(Watched),
}

/// Whether a command that Redis may have done is sent again when the connection breaks.
#[derive(Clone, Copy)]
enum Repeat {
    Yes,
    No,
}

/// Opens a client for a Redis address, as [above](crate#where-redis-is). Nothing is sent yet.
///
/// # Errors
/// Where the address is malformed.
pub fn connect(url: &str) -> Result<Client, QueueError> {
    match address::read(url) {
        Ok(place) => Ok(Client(place)),
        Err(why) => Err(QueueError::Url {
            url: without_password(url),
            why,
        }),
    }
}

impl Client {
    /// A connection that is shared by many tasks, made at its first use and made again when it is spent. Never
    /// block on it.
    pub(crate) fn shared(&self) -> Connection {
        Connection::new(self.clone())
    }

    /// A connection of one's own for commands that block for up to `block`. Whoever meets an error on it makes
    /// another one.
    pub(crate) async fn own(&self, block: Duration) -> Result<Link, QueueError> {
        Ok(self.open(block + RESPONSE, Repeat::No).await?)
    }

    async fn open(&self, response: Duration, repeat: Repeat) -> RedisResult<Link> {
        let master = match &self.0 {
            Place::Server(server) => server.clone(),
            Place::Sentinel(watched) => watched.master().await?,
            Place::Cluster(nodes) => return cluster::open(nodes, response, repeat).await,
        };
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(response))
            .set_connection_timeout(Some(CONNECT))
            .set_pipeline_buffer_size(PIPELINE);
        let connection = master.get_multiplexed_async_connection_with_config(&config);
        Ok(Link::Server(connection.await?))
    }
}
