//! How long an idle connection may wait for its next call.
//!
//! A server closes a connection that is idle for too long. A purchase that is on its way at that moment may or may not be
//! executed, so its order is in doubt for minutes. A new connection costs two round trips. So the client gives up a
//! connection long before the server does.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderName};
use tokio::time::Instant;

/// The limit if the server states none. Usual servers close a connection after 2 s or later.
const UNSTATED: Duration = Duration::from_secs(1);
/// The longest limit, whatever the server states: a device on the way may close the connection earlier.
const LONGEST: Duration = Duration::from_secs(10);
/// How much earlier than the server the client gives a connection up. Longer than any round trip.
const MARGIN: Duration = Duration::from_secs(1);
/// How long the client remembers that the server closes connections early. The server may have been restarted only.
const MEMORY: Duration = Duration::from_mins(10);

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// What the server does with idle connections, as far as the client has seen it.
#[derive(Default)]
pub(super) struct IdleLimit(Mutex<Option<Lesson>>);

#[derive(Clone, Copy)]
struct Lesson {
    limit: Duration,
    learned: Instant,
}

impl IdleLimit {
    /// Returns the limit of a connection. `stated` is what the server said about it.
    pub(super) fn of(&self, stated: Option<Duration>) -> Duration {
        let limit = stated.map_or(UNSTATED, before);
        let lesson = self
            .lesson()
            .filter(|lesson| lesson.learned.elapsed() < MEMORY);
        lesson.map_or(limit, |lesson| lesson.limit.min(limit))
    }

    /// Learns that the server had closed a connection, at the latest when it was idle for this time.
    pub(super) fn closed_after(&self, idle: Duration) {
        let limit = (idle / 2).min(self.of(None));
        let learned = Instant::now();
        *self.lesson() = Some(Lesson { limit, learned });
    }

    fn lesson(&self) -> MutexGuard<'_, Option<Lesson>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A limit that is safe if the server closes the connection after `stated`.
fn before(stated: Duration) -> Duration {
    stated
        .checked_sub(MARGIN)
        .unwrap_or_default()
        .max(stated / 2)
        .min(LONGEST)
}

/// Reads after what time the server closes the connection: `Keep-Alive: timeout=5, max=100`.
pub(super) fn stated_limit(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(KEEP_ALIVE).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let mut parts = values
        .flat_map(|value| value.split(','))
        .filter_map(|part| part.split_once('='));
    let (_, seconds) = parts.find(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"))?;
    let seconds = seconds.trim().trim_matches('"').parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(value: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(KEEP_ALIVE, value.parse().unwrap());
        stated_limit(&headers)
    }

    #[test]
    fn limit_is_well_below_what_the_server_states() {
        let limit = IdleLimit::default();
        for (header, millis) in [
            ("timeout=5, max=100", 4000),
            ("max=7,Timeout = \"3\"", 2000),
            ("timeout=2", 1000),
            ("timeout=1", 500),
            ("timeout=0", 0),
            ("timeout=600", 10_000),
            ("timeout=soon", 1000),
            ("max=5", 1000),
        ] {
            let expected = Duration::from_millis(millis);
            assert_eq!(limit.of(stated(header)), expected, "{header}");
        }
        assert_eq!(limit.of(stated_limit(&HeaderMap::new())), UNSTATED);
    }

    #[tokio::test(start_paused = true)]
    async fn early_close_shortens_the_limit_for_some_minutes() {
        let limit = IdleLimit::default();
        limit.closed_after(Duration::from_millis(600));
        assert_eq!(limit.of(None), Duration::from_millis(300));
        assert_eq!(limit.of(Some(LONGEST)), Duration::from_millis(300));
        limit.closed_after(Duration::from_secs(1));
        assert_eq!(limit.of(None), Duration::from_millis(300));
        tokio::time::advance(MEMORY).await;
        assert_eq!(limit.of(None), UNSTATED);
    }
}
