use futures_util::StreamExt;
use redis::{Client, aio::MultiplexedConnection};

use super::Redis;
use crate::PATIENCE;

/// A test's own commands. They go straight to the server that has the queue.
impl Redis {
    /// For connections with settings of one's own.
    pub fn client(&self) -> Client {
        Client::open(self.server().url()).unwrap()
    }

    /// A connection for a test's own commands.
    pub async fn connection(&self) -> MultiplexedConnection {
        let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        self.client()
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .unwrap()
    }

    /// Runs one command, written as in a shell but already in words.
    pub async fn run<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command
            .query_async(&mut self.connection().await)
            .await
            .unwrap()
    }

    /// Waits until a replica has everything that was written so far.
    pub async fn replicated(&self) {
        let mut connection = self.connection().await;
        // WAIT looks at what its own connection wrote.
        let mut all = redis::pipe();
        all.set("{hp}:test:mark", 1).ignore();
        all.cmd("WAIT").arg(1).arg(0);
        let [replicas]: [u64; 1] = all.query_async(&mut connection).await.unwrap();
        assert_eq!(replicas, 1);
    }

    /// Looks again after every change in Redis until `look` sees what the test waits for.
    pub async fn until<T, F: Future<Output = Option<T>>>(
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
                changes.next().await.expect("Redis went away");
            }
        };
        tokio::time::timeout(PATIENCE, looking)
            .await
            .unwrap_or_else(|_| panic!("never came: {what}"))
    }
}
