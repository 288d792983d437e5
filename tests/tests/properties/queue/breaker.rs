//! The breaker and the hold. A pause is checked when it begins, and then lasts until a case says that it ends.

use hp_order::Millis;
use proptest::{prop_assert, prop_assert_eq};

use super::{LONG, Queue, Verdict};
use crate::sample::settings;

const FAR: &str = "9000000000000";

impl Queue {
    pub(super) async fn now(&mut self) -> Millis {
        let (seconds, micros): (u64, u64) = redis::cmd("TIME")
            .query_async(&mut self.connection)
            .await
            .unwrap();
        Millis(seconds * 1000 + micros / 1000)
    }

    /// After a take, which may have let a probe through.
    pub(super) async fn breaker_waits_from(&mut self, now: Millis, has_taken: bool) -> Verdict {
        if self.books.breaker.pauses > 0 && has_taken {
            let until = self.until().await;
            prop_assert_eq!(
                until,
                now.plus(settings().longest_turn),
                "end of the probe's turn"
            );
        }
        self.freeze().await;
        Ok(())
    }

    /// After a settling, which may have opened it or told what its probe found.
    pub(super) async fn breaker_pauses_from(
        &mut self,
        started: Millis,
        has_paused: bool,
    ) -> Verdict {
        let pauses = self.books.breaker.pauses;
        if has_paused {
            let (first, longest) = settings().policy.backoff.outage();
            let pause = first.saturating_mul(1 << (pauses - 1).min(8)).min(longest);
            let (until, ended) = (self.until().await, self.now().await);
            prop_assert!(
                until >= started.plus(pause) && until <= ended.plus(pause),
                "pause {}",
                pauses
            );
        } else if pauses > 0 && self.books.breaker_pause_is_over {
            let (until, ended) = (self.until().await, self.now().await);
            prop_assert!(
                until <= ended,
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
        if self.books.breaker.pauses > 0 {
            let until = if self.books.breaker_pause_is_over {
                "0"
            } else {
                FAR
            };
            self.run::<u64>(&["HSET", "breaker", "until", until]).await;
        }
    }

    pub(super) async fn nine_silences(&mut self) {
        if self.books.breaker.pauses == 0 {
            self.run::<u64>(&["HSET", "breaker", "silences", "9"]).await;
            self.books.breaker.silences = 9;
        }
    }

    pub(super) async fn breaker_pause_ends(&mut self) {
        self.books.breaker_pause_is_over = self.books.breaker.pauses > 0;
        self.freeze().await;
    }

    pub(super) async fn hold(&mut self) {
        self.ledger()
            .hold("CNY".parse().unwrap(), LONG)
            .await
            .unwrap();
        self.books.held = true;
    }

    pub(super) async fn lift_hold(&mut self) {
        self.ledger()
            .lift_hold("CNY".parse().unwrap())
            .await
            .unwrap();
        self.books.held = false;
    }

    pub(super) async fn both_try_held(&mut self) -> Verdict {
        let until: Option<u64> = self.run(&["HGET", "holds", "CNY"]).await;
        prop_assert_eq!(until.is_some(), self.books.held, "held");
        let Some(until) = until else { return Ok(()) };
        let mut has_right = Vec::new();
        for worker in &self.workers {
            // Longer than any hold so far, so that the second meets another end than it believes in.
            let longer = LONG + Millis(until).since(Millis(0));
            let tried = worker
                .ledger
                .try_held("CNY".parse().unwrap(), Millis(until), longer);
            has_right.push(tried.await.unwrap());
        }
        prop_assert_eq!(has_right, [true, false], "the right to try goes to one");
        self.run::<u64>(&["HSET", "holds", "CNY", &until.to_string()])
            .await;
        Ok(())
    }
}
