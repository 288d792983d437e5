use std::time::Duration;

use hp_order::{Cause, Millis};
use hp_queue::{ClaimBatch, FirstSource};
use proptest::{prop_assert, prop_assert_eq};

use super::{Held, LONG, Queue, Verdict};
use crate::{
    books::{Doubt, Gate, Order, Scene, Taking},
    sample::settings,
};

impl Queue {
    pub(super) async fn take(
        &mut self,
        worker: usize,
        n: usize,
        lease_is_over: bool,
        schedule_first: bool,
    ) -> Verdict {
        let lease = if lease_is_over { Duration::ZERO } else { LONG };
        let first = if schedule_first {
            FirstSource::Schedule
        } else {
            FirstSource::Inbox
        };
        let taken = self.workers[worker]
            .ledger
            .claim_batch(n, lease, first)
            .await
            .unwrap();
        self.takes += 1;
        let gate = self.books.gate();
        let expected = self.books.take(Taking {
            n,
            lease_is_over,
            schedule_first,
            scene: Scene {
                server: self.server,
                number: self.takes,
                known: self.workers[worker].known,
            },
        });
        let epoch = self.remembers(worker)?;
        self.gates_are_told(&taken, gate, &expected)?;
        self.books_agree_with(&taken, &expected, lease)?;
        self.breaker_waits_from(taken.now, !expected.is_empty())
            .await?;
        self.held
            .extend(taken.claims.into_iter().map(|claimed| Held {
                worker,
                claimed,
                life: epoch.life,
            }));
        self.flatten().await;
        Ok(())
    }

    /// A worker that has no time for orders shows what it remembers.
    pub(super) async fn show(&mut self, worker: usize) -> Verdict {
        self.workers[worker]
            .ledger
            .report_watermark()
            .await
            .unwrap();
        self.takes += 1;
        self.books.notice(Scene {
            server: self.server,
            number: self.takes,
            known: self.workers[worker].known,
        });
        self.remembers(worker).map(drop)
    }

    fn gates_are_told(&self, taken: &ClaimBatch, gate: Gate, expected: &[String]) -> Verdict {
        prop_assert!(taken.unreadable.is_empty(), "{:?}", taken.unreadable);
        let is_silent = self.books.breaker.pauses > 0;
        let holds = usize::from(self.books.held);
        let told = (
            taken.paused.is_some(),
            taken.wait.is_some(),
            taken.breaker_open_since.is_some(),
            taken.holds.len(),
        );
        let waits = matches!(gate, Gate::Silent | Gate::RateUsedUp);
        let known = (gate == Gate::Paused, waits, is_silent, holds);
        prop_assert_eq!(told, known, "paused, a wait, a silence, holds");
        if gate == Gate::Open && !is_silent {
            let is_told_of_more = taken.more || taken.next_due == Some(Duration::ZERO);
            let is_left = self.books.is_left(expected);
            prop_assert!(
                is_told_of_more || !is_left,
                "did not tell that there is more"
            );
        }
        Ok(())
    }

    fn books_agree_with(
        &self,
        taken: &ClaimBatch,
        expected: &[String],
        lease: Duration,
    ) -> Verdict {
        let ids: Vec<_> = taken
            .claims
            .iter()
            .map(|claimed| claimed.id().to_string())
            .collect();
        prop_assert_eq!(ids, expected, "taken: new, or due and in nobody's hands");
        for claimed in &taken.claims {
            let order = &self.books.orders[claimed.id().as_str()];
            let record = &claimed.record;
            let given = (
                record.claim,
                record.state,
                record.attempts,
                record.checks,
                record.crashes,
            );
            let kept = (
                order.claim,
                order.state,
                order.attempts,
                order.checks,
                order.crashes,
            );
            prop_assert_eq!(given, kept, "given out: {}", claimed.id());
            let words = &order.given;
            let meta = claimed.meta.as_deref().unwrap_or_default();
            prop_assert_eq!(
                claimed.reply_to.is_some(),
                words.own_stream,
                "stream of {}",
                claimed.id()
            );
            prop_assert_eq!(meta, words.meta.as_bytes(), "words of {}", claimed.id());
            doubt_lasts(record.not_found_valid_from, order, taken.now, lease)?;
        }
        Ok(())
    }
}

/// By then every living worker has shown what it remembers.
const SHOWN: Duration = Duration::from_secs(15);

/// Where it may have been sent, or writes are known to be lost, a forgotten request has the time to arrive.
fn doubt_lasts(until: Option<Millis>, order: &Order, now: Millis, lease: Duration) -> Verdict {
    prop_assert_eq!(until.is_some(), order.doubt != Doubt::None, "doubted");
    let Some(until) = until else { return Ok(()) };
    let left = until.since(now);
    let seems_unsent = order.cause == Some(Cause::RedisRestarted);
    match order.doubt {
        Doubt::Past => prop_assert!(left.is_zero(), "doubted after {left:?}"),
        // The worker that restored it was told what became of what it had sent: nothing of it is on its way.
        Doubt::Restored => {}
        _ if seems_unsent && !order.life.is_lossy => {
            prop_assert!(left <= lease.max(SHOWN), "doubted for {left:?}");
        }
        // A case is over within an hour.
        _ => {
            let needed = settings().policy.resubmit_after;
            prop_assert!(left + LONG > needed, "doubted for {left:?} only");
        }
    }
    Ok(())
}
