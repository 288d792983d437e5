use hp_order::{DecisionInputs, Next, Step, VendorSignal, step};
use hp_queue::Settled;
use proptest::{prop_assert, prop_assert_eq};

use super::{Held, LONG, Queue, Verdict};
use crate::{
    books::{Effect, Settling, Words},
    news::{Hour, News},
    sample::settings,
    shown::When,
};

/// What any call may change, whoever holds its order now.
const HEARD: [&str; 2] = ["breaker", "rate"];

impl Queue {
    pub(super) async fn settle(&mut self, held: usize, news: News, hour: Hour) -> Verdict {
        if self.held.is_empty() {
            return Ok(());
        }
        let held = self.held.remove(latest(held, self.held.len()));
        let (record, policy) = (&held.claimed.record, settings().policy);
        let now = hour.of(record, &policy);
        let event = news.of(record, &policy, now);
        let contact = event.vendor_signal();
        let mut step = step(record, event, &policy, DecisionInputs { now, jitter: 0.5 });
        if matches!(step.next, Next::After(delay) if !delay.is_zero()) {
            step.next = Next::After(LONG);
        }
        self.apply(&held, &step, contact).await?;
        self.settled.push((held, step, contact));
        Ok(())
    }

    pub(super) async fn settle_again(&mut self, settled: usize) -> Verdict {
        if self.settled.is_empty() {
            return Ok(());
        }
        let (held, step, contact) = self.settled[latest(settled, self.settled.len())].clone();
        self.apply(&held, &step, contact).await
    }

    async fn apply(&mut self, held: &Held, step: &Step, contact: VendorSignal) -> Verdict {
        let claimed = &held.claimed;
        let settling = Settling {
            record: claimed.record.clone(),
            life: held.life,
            words: Words {
                own_stream: claimed.reply_to.is_some(),
                meta: String::from_utf8(claimed.meta.clone().unwrap_or_default()).unwrap(),
            },
            step: step.clone(),
            contact,
        };
        let pauses = self.books.breaker.pauses;
        let effect = self.books.settle(&settling, self.server);
        let has_paused = self.books.breaker.pauses > pauses;
        let may_change = matches!(effect, Effect::Applied | Effect::Restored);
        let before = self.look_unless(may_change).await;
        let started = self.now().await;
        let ledger = &self.workers[held.worker].ledger;
        let answer = ledger.settle(claimed, step, contact).await.unwrap();
        let is_stale = answer == Settled::Stale;
        let told = (is_stale, answer == Settled::Restored);
        let wanted = (effect == Effect::Stale, effect == Effect::Restored);
        prop_assert_eq!(told, wanted, "stale, restored: {}", claimed.id());
        if let Some(before) = before {
            let changes = self.look().await.changes_since(&before);
            let may_change = |key: &String| is_stale && HEARD.contains(&key.as_str());
            let is_untouched = changes.iter().all(may_change);
            prop_assert!(is_untouched, "{effect:?}, and it changed {changes:?}");
        }
        self.breaker_pauses_from(started, has_paused).await?;
        self.flatten().await;
        Ok(())
    }

    pub(super) async fn renew(&mut self, held: usize) -> Verdict {
        let settled = self.settled.iter().map(|(held, ..)| held);
        let holders: Vec<_> = settled.chain(&self.held).collect();
        if holders.is_empty() {
            return Ok(());
        }
        let Held {
            worker,
            claimed,
            life,
        } = holders[latest(held, holders.len())];
        let renewed = self.workers[*worker]
            .ledger
            .renew(claimed, LONG)
            .await
            .unwrap();
        let order = self.books.orders.get_mut(claimed.id().as_str());
        let claim = claimed.record.claim;
        let ours = order.filter(|order| order.is_held_by(claim, *life) && order.settled != claim);
        prop_assert_eq!(renewed, ours.is_some(), "renewed");
        if let Some(order) = ours {
            order.when = Some(When::Later);
        }
        Ok(())
    }
}

fn latest(back: usize, of: usize) -> usize {
    of - 1 - back % of
}
