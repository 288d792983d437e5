use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo,
    aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
};

use crate::QueueError;

/// How long Redis may take to answer. The library's half a second is shorter than an fsync on a busy disk.
const RESPONSE: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(5);
/// Room for a settling of each of a thousand orders without waiting for the socket.
const PIPELINE: usize = 1024;

/// Opens a client for `url`: `redis://`, or `rediss://` for TLS. Nothing is sent yet.
///
/// # Errors
/// Where the address is malformed.
pub fn connect(url: &str) -> Result<Client, QueueError> {
    let unusable = |why: redis::RedisError| QueueError::Url {
        url: without_password(url),
        why: why.to_string(),
    };
    let address = url.into_connection_info().map_err(unusable)?;
    Client::open(address).map_err(unusable)
}

/// A connection that is shared by many tasks, made at its first use and made again when it breaks. Never block
/// on it.
pub(crate) fn shared(client: &Client) -> Result<ConnectionManager, QueueError> {
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(RESPONSE))
        .set_connection_timeout(Some(CONNECT))
        .set_max_delay(Duration::from_secs(1))
        .set_pipeline_buffer_size(PIPELINE);
    Ok(ConnectionManager::new_lazy_with_config(
        client.clone(),
        config,
    )?)
}

/// A connection of one's own for commands that block for up to `block`.
pub(crate) async fn blocking(
    client: &Client,
    block: Duration,
) -> Result<MultiplexedConnection, QueueError> {
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(Some(block + RESPONSE))
        .set_connection_timeout(Some(CONNECT));
    Ok(client
        .get_multiplexed_async_connection_with_config(&config)
        .await?)
}

/// The address without user and password, fit to be shown.
pub fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}{}", &url[..scheme + 3], &url[at + 1..])
        }
        _ => url.into(),
    }
}
