use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
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
use crate::{
    error::is_spent,
    observer::{Observed, Observer},
};

/// The pause after an attempt to connect that failed.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection for many tasks. The command that finds it spent fails, because Redis may have done it. The commands after it
/// wait for the same new connection.
///
/// The library's `ConnectionManager` is for one address. It does not replace a connection that no longer answers or that
/// now leads to a replica, so a failover would need a restart of the worker.
#[derive(Clone)]
pub(crate) struct Connection {
    source: Source,
    attempt: Arc<Mutex<Attempt>>,
}

/// Makes the connections.
#[derive(Clone)]
struct Source {
    place: Place,
    observed: Observed,
    has_connected: Arc<AtomicBool>,
}

/// A connection, or an attempt to connect. It starts when a task first waits for it.
type Attempt = Shared<BoxFuture<'static, RedisResult<Link>>>;

impl Connection {
    pub(super) fn new(place: Place, observed: Observed) -> Self {
        let source = Source {
            place,
            observed,
            has_connected: Arc::default(),
        };
        let attempt = Arc::new(Mutex::new(source.attempt(Duration::ZERO)));
        Self { source, attempt }
    }

    /// Whom to tell about calls on this connection.
    pub(crate) fn observed(&self) -> &Observed {
        &self.source.observed
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
                *current = self.source.attempt(pause);
            }
        });
    }

    fn lock<T>(&self, act: impl FnOnce(&mut Attempt) -> T) -> T {
        act(&mut self.attempt.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Source {
    fn attempt(&self, pause: Duration) -> Attempt {
        let source = self.clone();
        async move {
            if !pause.is_zero() {
                sleep(pause).await;
            }
            let link = source.place.open(RESPONSE, Repeat::Yes).await?;
            if source.has_connected.swap(true, Ordering::Relaxed) {
                source.observed.report(Observer::reconnected);
            }
            Ok(link)
        }
        .boxed()
        .shared()
    }
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
