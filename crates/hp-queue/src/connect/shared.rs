use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt, Shared};
use redis::{Cmd, Pipeline, RedisFuture, RedisResult, Value, aio::ConnectionLike};
use tokio::time::sleep;

use super::{
    link::Link,
    place::Place,
    timing::{RESPONSE, Repeat},
};
use crate::error::is_spent;

/// The pause after an attempt to connect that failed.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection for many tasks. The command that finds it spent fails, because Redis may have done it. The commands after it
/// wait for the same new connection.
///
/// The library's `ConnectionManager` is for one address. It does not replace a connection that no longer answers or that
/// now leads to a replica, so a failover would need a restart of the worker.
#[derive(Clone)]
pub(crate) struct Connection {
    place: Place,
    attempt: Arc<Mutex<Attempt>>,
}

/// A connection, or an attempt to connect. It starts when a task first waits for it.
type Attempt = Shared<BoxFuture<'static, RedisResult<Link>>>;

impl Connection {
    pub(super) fn new(place: Place) -> Self {
        let attempt = Arc::new(Mutex::new(attempt(&place, Duration::ZERO)));
        Self { place, attempt }
    }

    /// Sends a command without a key to the master that has `key`.
    pub(crate) async fn send_to_master_of(&self, key: &str, command: &Cmd) -> RedisResult<Value> {
        let (_, mut link) = self.link().await?;
        link.send_to_master_of(key, command).await?.extract_error()
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

    /// Connects again, once for all tasks that found the same connection spent.
    fn renew(&self, spent: &Attempt, pause: Duration) {
        self.lock(|current| {
            if current.ptr_eq(spent) {
                *current = attempt(&self.place, pause);
            }
        });
    }

    fn lock<T>(&self, act: impl FnOnce(&mut Attempt) -> T) -> T {
        act(&mut self.attempt.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn attempt(place: &Place, pause: Duration) -> Attempt {
    let place = place.clone();
    async move {
        if !pause.is_zero() {
            sleep(pause).await;
        }
        place.open(RESPONSE, Repeat::Yes).await
    }
    .boxed()
    .shared()
}

/// Redis' errors are values here.
fn is_spent_refusal(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if is_spent(&error.clone().into()))
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        async move {
            let (attempt, mut link) = self.link().await?;
            let answer = link.req_packed_command(command).await;
            if answer.as_ref().map_or_else(is_spent, is_spent_refusal) {
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
