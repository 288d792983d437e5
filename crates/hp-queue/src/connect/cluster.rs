use std::time::Duration;

use redis::{
    ConnectionInfo, RedisResult, TlsCertificates,
    cluster::{ClusterClient, ClusterClientBuilder},
};

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

/// Some nodes of a cluster. They know the others.
#[derive(Clone, Debug)]
pub(super) struct Nodes {
    pub(super) addresses: Vec<ConnectionInfo>,
    /// Whom to trust in place of the authorities of the operating system.
    pub(super) certificates: Option<TlsCertificates>,
}

impl Nodes {
    pub(super) fn client(&self) -> ClusterClientBuilder {
        let builder = ClusterClient::builder(self.addresses.iter().cloned());
        match &self.certificates {
            Some(certificates) => builder.certs(certificates.clone()),
            None => builder,
        }
    }

    /// Connects to all masters of the cluster.
    pub(super) async fn open(&self, response: Duration, repeat: Repeat) -> RedisResult<Link> {
        let tries = match repeat {
            Repeat::Yes => TRIES,
            Repeat::No => 0,
        };
        let cluster = self
            .client()
            .connection_timeout(CONNECT)
            .response_timeout(response)
            .retries(tries)
            .min_retry_wait(SHORTEST_PAUSE)
            .max_retry_wait(LONGEST_PAUSE)
            .build()?;
        Ok(Link::Cluster(cluster.get_async_connection().await?))
    }
}
