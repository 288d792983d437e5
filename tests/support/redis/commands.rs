use futures_util::StreamExt;
use redis::{Client, aio::MultiplexedConnection};

use super::Redis;
use crate::TIMEOUT;

/// Commands of the test itself. They go directly to the queue's server.
impl Redis {
    /// A client for connections with other settings.
    pub fn client(&self) -> Client {
        self.server().client()
    }

    /// A connection for the test's commands.
    pub async fn connection(&self) -> MultiplexedConnection {
        let config = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT));
        self.client()
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .unwrap()
    }

    /// Runs one command, given as its words.
    pub async fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command
            .query_async(&mut self.connection().await)
            .await
            .unwrap()
    }

    /// Waits until a replica has all writes so far.
    pub async fn replicated(&self) {
        let mut connection = self.connection().await;
        // WAIT covers only the writes of its own connection.
        let mut all = redis::pipe();
        all.set("{hp}:test:mark", 1).ignore();
        all.cmd("WAIT").arg(1).arg(0);
        let [replicas]: [u64; 1] = all.query_async(&mut connection).await.unwrap();
        assert_eq!(replicas, 1);
    }

    /// Calls `look` after each change in Redis until it returns a value.
    pub async fn wait_until<T, F: Future<Output = Option<T>>>(
        &self,
        what: &str,
        mut look: impl FnMut() -> F,
    ) -> T {
        let mut changes = self.client().get_async_pubsub().await.unwrap();
        changes.psubscribe("__keyspace@0__:*").await.unwrap();
        let mut changes = changes.into_on_message();
        let looking = async {
            loop {
                if let Some(seen) = look().await {
                    return seen;
                }
                changes.next().await.expect("Redis closed the connection");
            }
        };
        tokio::time::timeout(TIMEOUT, looking)
            .await
            .unwrap_or_else(|_| panic!("timeout while waiting for {what}"))
    }
}
