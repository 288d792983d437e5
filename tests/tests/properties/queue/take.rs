use std::time::Duration;

use hp_order::Millis;
use hp_queue::{LookFirst, Taken};
use proptest::{prop_assert, prop_assert_eq};

use super::{Held, LONG, Queue, Verdict};
use crate::{
    books::{Known, Order, Taking},
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
            LookFirst::Schedule
        } else {
            LookFirst::Inbox
        };
        let taken = self.workers[worker]
            .ledger
            .take(n, lease, first)
            .await
            .unwrap();
        let expected = self.books.take(Taking {
            n,
            lease_is_over,
            schedule_first,
            known: self.workers[worker].known,
            server: self.server,
        });
        let epoch = self.books.epoch.unwrap();
        self.workers[worker].known = Some(Known {
            life: epoch.life,
            takes: epoch.takes,
        });
        self.gates_are_told(&taken, &expected)?;
        self.books_agree_with(&taken, &expected, lease)?;
        self.breaker_waits_from(taken.now, !expected.is_empty())
            .await?;
        self.held
            .extend(taken.claimed.into_iter().map(|claimed| Held {
                worker,
                claimed,
                life: epoch.life,
            }));
        self.flatten().await;
        Ok(())
    }

    fn gates_are_told(&self, taken: &Taken, expected: &[String]) -> Verdict {
        prop_assert!(taken.unreadable.is_empty(), "{:?}", taken.unreadable);
        prop_assert_eq!(
            taken.paused.is_some(),
            self.books.paused,
            "told that it is paused"
        );
        let is_open = self.books.breaker.pauses > 0;
        let is_told = taken.silent_since.is_some();
        prop_assert_eq!(
            is_told,
            is_open && !self.books.paused,
            "told of the silence"
        );
        if is_open || self.books.paused {
            prop_assert!(taken.claimed.len() <= 1, "more than a probe");
        } else {
            prop_assert_eq!(
                taken.holds.len(),
                usize::from(self.books.held),
                "told of the hold"
            );
            let is_told_of_more = taken.more || taken.next_due == Some(Duration::ZERO);
            prop_assert!(
                is_told_of_more || !self.books.is_left(expected),
                "did not tell that there is more"
            );
        }
        Ok(())
    }

    fn books_agree_with(&self, taken: &Taken, expected: &[String], lease: Duration) -> Verdict {
        let ids: Vec<_> = taken
            .claimed
            .iter()
            .map(|claimed| claimed.id().to_string())
            .collect();
        prop_assert_eq!(ids, expected, "taken: new, or due and in nobody's hands");
        for claimed in &taken.claimed {
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
            doubt_lasts(record.doubt_until, order, taken.now, lease)?;
        }
        Ok(())
    }
}

/// Where writes are known to be lost, a forgotten request has the time to arrive.
fn doubt_lasts(until: Option<Millis>, order: &Order, now: Millis, lease: Duration) -> Verdict {
    prop_assert_eq!(until.is_some(), order.is_doubted, "doubted");
    let Some(until) = until else { return Ok(()) };
    if order.life.is_lossy {
        let left = until.since(now);
        // A case is over within an hour.
        prop_assert!(
            left + LONG > settings().policy.resubmit_after,
            "doubted for {left:?} only"
        );
    } else {
        prop_assert!(until.since(now) <= lease, "doubted for longer than a lease");
    }
    Ok(())
}
