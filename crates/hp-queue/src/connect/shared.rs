use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt, Shared};
use redis::{Cmd, Pipeline, RedisFuture, RedisResult, Value, aio::ConnectionLike};
use tokio::time::sleep;

use super::{Client, Link, RESPONSE, Repeat};
use crate::error::is_spent;

/// How long Redis, or Sentinel, is left alone after a vain attempt.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection for many tasks. The command that finds it spent fails, since Redis may have done it; those after it
/// wait for a new connection, all for the same one.
///
/// The library's `ConnectionManager` is for one address, and it keeps a connection that is silent or leads to a
/// replica by now: there a failover would need a restart of the worker.
#[derive(Clone)]
pub(crate) struct Connection {
    client: Client,
    attempt: Arc<Mutex<Attempt>>,
}

/// A connection, or the making of one. Begins when it is first waited for.
type Attempt = Shared<BoxFuture<'static, RedisResult<Link>>>;

impl Connection {
    pub(super) fn new(client: Client) -> Self {
        let attempt = Arc::new(Mutex::new(attempt(&client, Duration::ZERO)));
        Self { client, attempt }
    }

    /// Sends a command without a key to the master that has `key`.
    pub(crate) async fn where_is(&self, key: &str, command: &Cmd) -> RedisResult<Value> {
        let (_, mut link) = self.link().await?;
        link.where_is(key, command).await?.extract_error()
    }

    async fn link(&self) -> RedisResult<(Attempt, Link)> {
        let attempt = self.lock(|current| current.clone());
        match attempt.clone().await {
            Ok(link) => Ok((attempt, link)),
            Err(error) => {
                self.renew(&attempt, PAUSE);
                Err(error)
            }
        }
    }

    /// Once for all that found the same connection spent.
    fn renew(&self, spent: &Attempt, pause: Duration) {
        self.lock(|current| {
            if current.ptr_eq(spent) {
                *current = attempt(&self.client, pause);
            }
        });
    }

    fn lock<T>(&self, act: impl FnOnce(&mut Attempt) -> T) -> T {
        act(&mut self.attempt.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn attempt(client: &Client, pause: Duration) -> Attempt {
    let client = client.clone();
    async move {
        if !pause.is_zero() {
            sleep(pause).await;
        }
        client.open(RESPONSE, Repeat::Yes).await
    }
    .boxed()
    .shared()
}

/// Redis' errors come as values from here.
fn is_refusal_of_a_spent_one(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if is_spent(&error.clone().into()))
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        async move {
            let (attempt, mut link) = self.link().await?;
            let answer = link.req_packed_command(command).await;
            if answer
                .as_ref()
                .map_or_else(is_spent, is_refusal_of_a_spent_one)
            {
                self.renew(&attempt, Duration::ZERO);
            }
            answer
        }
        .boxed()
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        async move {
            let (attempt, mut link) = self.link().await?;
            let answer = link.req_packed_commands(pipeline, offset, count).await;
            if answer.as_ref().err().is_some_and(is_spent) {
                self.renew(&attempt, Duration::ZERO);
            }
            answer
        }
        .boxed()
    }

    fn get_db(&self) -> i64 {
        0
    }
}
