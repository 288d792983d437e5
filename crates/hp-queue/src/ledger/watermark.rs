use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{error::QueueError, fields::FieldReader};

/// What this process knows of Redis from its calls so far. Its next call shows it to Redis, which then notices whether it
/// has lost writes and whether its clock was set.
#[derive(Default)]
pub(super) struct EpochWatermark {
    pub(super) epoch: Arc<str>,
    /// The latest claim. If Redis does not know it, Redis has lost writes.
    pub(super) claim: u64,
    clock: Option<Clock>,
}

/// Redis' times, and when this process learned them by its own monotonic clock.
#[derive(Clone, Copy)]
struct Clock {
    /// A steady time of Redis, and when it arrived.
    steady: u64,
    steady_at: Instant,
    /// The time by Redis' clock in the latest answer, and when it arrived.
    wall: u64,
    wall_at: Instant,
}

/// A process that had no answer for longer vouches for no time: other workers may have measured it.
const LONGEST_VOUCHED_GAP: Duration = Duration::from_secs(10);

/// A steady time that is behind the time of this process by up to this much is the same time: answers take time.
const SAME_TIME: u64 = 1000;

/// What an answer says about the present epoch.
pub(super) struct EpochNews {
    epoch: Arc<str>,
    claim: u64,
    steady: u64,
    wall: u64,
}

impl EpochNews {
    pub(super) fn read(answer: &FieldReader<'_>) -> Result<Self, QueueError> {
        let epoch: String = answer.answer("epoch")?;
        Ok(Self {
            epoch: epoch.into(),
            claim: answer.answer("claims_so_far")?,
            steady: answer.answer("steady")?,
            wall: answer.answer("now")?,
        })
    }
}

impl EpochWatermark {
    /// Learns from an answer that has just arrived. Answers may overtake each other.
    pub(super) fn learn(&mut self, news: EpochNews, now: Instant) {
        self.claim = if self.epoch == news.epoch {
            self.claim.max(news.claim)
        } else {
            news.claim
        };
        self.epoch = news.epoch;
        let ours = self.vouched_time(now);
        let is_same = news.steady <= ours && ours - news.steady <= SAME_TIME;
        let kept = self.clock.filter(|_| is_same);
        self.clock = Some(Clock {
            steady: kept.map_or(news.steady, |clock| clock.steady),
            steady_at: kept.map_or(now, |clock| clock.steady_at),
            wall: news.wall,
            wall_at: now,
        });
    }

    /// Returns the steady time that this process vouches for, or zero if it knows none: so much has certainly passed.
    pub(super) fn vouched_time(&self, now: Instant) -> u64 {
        let fresh = |clock: &Clock| now <= clock.wall_at + LONGEST_VOUCHED_GAP;
        self.clock.filter(fresh).map_or(0, |clock| {
            clock.steady + millis_between(clock.steady_at, now)
        })
    }

    /// Returns what Redis' clock should show, or zero if this process cannot know.
    pub(super) fn expected_now(&self, now: Instant) -> u64 {
        self.clock
            .map_or(0, |clock| clock.wall + millis_between(clock.wall_at, now))
    }
}

fn millis_between(earlier: Instant, later: Instant) -> u64 {
    let passed = later.saturating_duration_since(earlier);
    u64::try_from(passed.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{EpochNews, EpochWatermark};

    fn news(steady: u64, wall: u64) -> EpochNews {
        EpochNews {
            epoch: "e".into(),
            claim: 1,
            steady,
            wall,
        }
    }

    #[test]
    fn vouched_time_follows_the_monotonic_clock() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut known = EpochWatermark::default();
        assert_eq!(
            (known.vouched_time(start), known.expected_now(start)),
            (0, 0)
        );
        known.learn(news(1000, 5000), start);
        assert_eq!(known.vouched_time(after(300)), 1300);
        assert_eq!(known.expected_now(after(300)), 5300);
        // The answer is 20 ms old, and the clock was set.
        known.learn(news(1280, 900_000), after(300));
        assert_eq!(known.vouched_time(after(400)), 1400);
        assert_eq!(known.expected_now(after(400)), 900_100);
    }

    #[test]
    fn vouched_time_needs_a_recent_answer() {
        let start = Instant::now();
        let mut known = EpochWatermark::default();
        known.learn(news(1000, 5000), start);
        let late = start + Duration::from_mins(10);
        assert_eq!(known.vouched_time(late), 0);
        assert_eq!(known.expected_now(late), 605_000);
    }

    #[test]
    fn vouched_time_falls_back_with_redis() {
        let start = Instant::now();
        let mut known = EpochWatermark::default();
        known.learn(news(90_000, 5000), start);
        known.learn(news(20_000, 5000), start);
        assert_eq!(known.vouched_time(start), 20_000);
    }
}
