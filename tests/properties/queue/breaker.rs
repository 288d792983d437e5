//! The breaker. A pause is checked when it begins, and then lasts until a case says that it ends.

use hp_order::Millis;
use proptest::{prop_assert, prop_assert_eq};

use super::{Queue, Verdict};
use crate::sample::settings;

/// Longer than any pause that is ever set.
const TOO_FAR: Millis = Millis(9_000_000_000_000);

impl Queue {
    pub(super) async fn now(&mut self) -> Millis {
        let (seconds, micros): (u64, u64) = redis::cmd("TIME")
            .query_async(&mut self.connection)
            .await
            .unwrap();
        Millis(seconds * 1000 + micros / 1000)
    }

    /// After a claim, which may have let a probe through.
    pub(super) async fn breaker_waits_from(&mut self, now: Millis, has_taken: bool) -> Verdict {
        if self.reference.breaker.pauses > 0 && has_taken {
            let until = self.until().await;
            prop_assert_eq!(
                until,
                now.plus(settings().longest_processing),
                "end of the probe's turn"
            );
        }
        self.freeze().await;
        Ok(())
    }

    /// After a settle call, which may have opened it or reported what its probe found.
    pub(super) async fn breaker_pauses_from(
        &mut self,
        started: Millis,
        has_paused: bool,
    ) -> Verdict {
        let pauses = self.reference.breaker.pauses;
        if has_paused {
            let (first, longest) = settings().policy.backoff.outage();
            let pause = first.saturating_mul(1 << (pauses - 1).min(8)).min(longest);
            let (until, ended) = (self.until().await, self.now().await);
            prop_assert!(
                until >= started.plus(pause) && until <= ended.plus(pause),
                "pause {}",
                pauses
            );
        } else if pauses > 0 && self.reference.breaker_pause_is_over {
            let (until, ended) = (self.until().await, self.now().await);
            prop_assert!(
                until <= ended || until == TOO_FAR,
                "a probe that was not sent holds the others up"
            );
        }
        self.freeze().await;
        Ok(())
    }

    async fn until(&mut self) -> Millis {
        Millis(self.run(&["HGET", "breaker", "until"]).await)
    }

    async fn freeze(&mut self) {
        if self.reference.breaker.pauses > 0 {
            let until = if self.reference.breaker_pause_is_over {
                Millis(0)
            } else {
                self.now().await.plus(settings().longest_processing)
            };
            self.set_until(until).await;
        }
    }

    async fn set_until(&mut self, until: Millis) {
        let until = until.0.to_string();
        self.run::<u64>(&["HSET", "breaker", "until", &until]).await;
    }

    pub(super) async fn nine_failures(&mut self) {
        if self.reference.breaker.pauses == 0 {
            self.run::<u64>(&["HSET", "breaker", "failures", "9"]).await;
            self.reference.breaker.failures = 9;
        }
    }

    pub(super) async fn breaker_pause_ends(&mut self) {
        self.reference.breaker_pause_is_over = self.reference.breaker.pauses > 0;
        self.freeze().await;
    }

    pub(super) async fn throttle_ends(&mut self) {
        let mut remove = redis::cmd("DEL");
        remove.arg(self.key("throttle"));
        remove
            .query_async::<u64>(&mut self.connection)
            .await
            .unwrap();
        self.reference.is_throttled = false;
    }

    pub(super) async fn rate_recovers(&mut self) {
        let mut remove = redis::cmd("DEL");
        remove.arg(self.key("rate")).arg(self.key("rate:runs"));
        remove
            .query_async::<u64>(&mut self.connection)
            .await
            .unwrap();
        self.reference.rate.used_up = None;
        self.reference.is_share_of_runs_used_up = false;
    }

    pub(super) async fn breaker_pause_is_far(&mut self) {
        self.breaker_pause_ends().await;
        if self.reference.breaker.pauses > 0 {
            self.set_until(TOO_FAR).await;
        }
    }
}
