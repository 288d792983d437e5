use std::time::Duration;

use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// How long a reading counts.
const FRESH: Duration = Duration::from_secs(1);
/// How long a reading may take.
const LIMIT: Duration = Duration::from_secs(2);

/// A reading that all who ask within a second share, so that many scrapers cost no more than one.
pub(super) struct SharedReading<T>(Mutex<Option<Reading<T>>>);

struct Reading<T> {
    ended: Instant,
    value: Option<T>,
}

impl<T: Clone> SharedReading<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Returns the reading of the last second, or reads now. `None`: the reading failed or took too long.
    pub(super) async fn get<E>(&self, read: impl Future<Output = Result<T, E>>) -> Option<T> {
        let mut last = self.0.lock().await;
        if let Some(reading) = last.as_ref().filter(|last| last.ended.elapsed() < FRESH) {
            return reading.value.clone();
        }
        let value = timeout(LIMIT, read).await.ok().and_then(Result::ok);
        *last = Some(Reading {
            ended: Instant::now(),
            value: value.clone(),
        });
        value
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    use tokio::time::{Instant, advance, sleep};

    use super::SharedReading;

    #[tokio::test(start_paused = true)]
    async fn readers_of_the_same_second_share_one_reading() {
        let (shared, readings) = (SharedReading::new(), AtomicU32::new(0));
        let get = || {
            shared.get(async {
                sleep(Duration::from_millis(100)).await;
                Ok::<_, ()>(readings.fetch_add(1, Ordering::Relaxed) + 1)
            })
        };
        assert_eq!(
            tokio::join!(get(), get(), get()),
            (Some(1), Some(1), Some(1))
        );
        advance(Duration::from_millis(999)).await;
        assert_eq!(get().await, Some(1));
        advance(Duration::from_millis(1)).await;
        assert_eq!(get().await, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn reading_that_never_ends_is_given_up_once() {
        let (shared, started) = (SharedReading::<u32>::new(), Instant::now());
        let get = || shared.get::<()>(pending());
        assert_eq!(tokio::join!(get(), get(), get()), (None, None, None));
        assert_eq!(started.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn failure_is_forgotten_after_a_second() {
        let shared = SharedReading::new();
        assert_eq!(shared.get(async { Err(()) }).await, None);
        assert_eq!(shared.get(async { Ok::<_, ()>(7) }).await, None);
        advance(Duration::from_secs(1)).await;
        assert_eq!(shared.get(async { Ok::<_, ()>(7) }).await, Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn reader_that_leaves_does_not_stop_the_others() {
        let shared = SharedReading::new();
        let leaves = tokio::time::timeout(
            Duration::from_millis(10),
            shared.get::<()>(pending::<Result<u32, ()>>()),
        );
        let stays = shared.get(async { Ok::<_, ()>(7) });
        let (left, stayed) = tokio::join!(leaves, stays);
        assert!(left.is_err());
        assert_eq!(stayed, Some(7));
    }
}
