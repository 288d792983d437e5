use std::{net::IpAddr, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, RedisError, RedisResult, Value,
    aio::MultiplexedConnection,
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

fn is_local(address: &ConnectionAddr) -> bool {
    let (ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. }) = address else {
        return true;
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
    }
}

/// Where Redis is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Server(Client),
    Cluster(Nodes),
    Sentinel(WatchedMaster),
}

impl Place {
    /// `true` if the address leads to this machine: a loopback address, its name, or a socket file. Asks Sentinel for the master.
    pub(super) async fn is_local(&self) -> bool {
        match self {
            Self::Server(server) => is_local(server.get_connection_info().addr()),
            Self::Cluster(nodes) => nodes.addresses.iter().all(|node| is_local(node.addr())),
            Self::Sentinel(watched) => {
                let master = watched.master().await;
                master.is_ok_and(|master| is_local(master.get_connection_info().addr()))
            }
        }
    }

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

#[cfg(test)]
mod tests {
    use crate::connect::client::connect;

    #[tokio::test]
    async fn address_of_this_machine_is_local() {
        let local = [
            "redis://127.0.0.1",
            "redis://127.8.8.8:7000",
            "redis://localhost",
            "redis://[::1]:6379",
            "redis://[::ffff:127.0.0.1]:6379",
            "redis+unix:///run/redis.sock",
            "redis+cluster://127.0.0.1:1,127.0.0.1:2",
        ];
        let remote = [
            "redis://10.0.0.1",
            "rediss://redis.example.com",
            "redis://[2001:db8::1]:6379",
            "redis://localhost.example.com",
            "redis+cluster://127.0.0.1:1,10.0.0.1:2",
        ];
        for (addresses, is_local) in [(&local[..], true), (&remote[..], false)] {
            for address in addresses {
                let client = connect(address).unwrap_or_else(|error| panic!("{error}"));
                assert_eq!(client.is_local().await, is_local, "{address}");
            }
        }
    }
}
