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
    let scheme = url.find("://").map_or("", |end| &url[..end + 3]);
    match url.split_once('?') {
        // A password with a question mark in it, or an odd query: nothing of it is safe to show.
        Some((_, rest)) if rest.contains('@') => format!("{scheme}..."),
        Some((address, _)) => without_user(scheme, address),
        None => without_user(scheme, url),
    }
}

fn without_user(scheme: &str, address: &str) -> String {
    match address.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}{host}"),
        None => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_is_cut_from_an_address_of_any_form() {
        for (url, shown) in [
            ("redis://shop:hunter2@redis:6379/3", "redis://redis:6379/3"),
            ("redis://:hunter2@redis:6379", "redis://redis:6379"),
            ("rediss://a:hunter2@b@redis", "rediss://redis"),
            ("shop:hunter2@redis:6379", "redis:6379"),
            (
                "redis+unix:///run/redis.sock?pass=hunter2",
                "redis+unix:///run/redis.sock",
            ),
            ("redis://redis:6379", "redis://redis:6379"),
            ("redis://:hun?ter2@redis", "redis://..."),
            ("redis+unix:///run/r.sock?pass=a@b", "redis+unix://..."),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
