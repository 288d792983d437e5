use hp_order::{DecisionInputs, Next, Step, VendorSignal, step};
use hp_queue::Settled;
use proptest::{prop_assert, prop_assert_eq};

use super::{LONG, Queue, Verdict, worker::HeldClaim};
use crate::{
    operation::ReplyWords,
    reference::{request::SettleRequest, settle::Effect},
    sample::settings,
    view::DueAt,
    worker_event::{ProcessedAt, WorkerEvent},
};

/// The keys that a signal may change, whoever has claimed the order now.
const SIGNAL_KEYS: [&str; 3] = ["breaker", "rate", "throttle"];

impl Queue {
    pub(super) async fn settle(
        &mut self,
        held: usize,
        event: WorkerEvent,
        at: ProcessedAt,
    ) -> Verdict {
        if self.held.is_empty() {
            return Ok(());
        }
        let held = self.held.remove(latest(held, self.held.len()));
        let (record, policy) = (&held.claimed.record, settings().policy);
        let now = at.of(record, &policy);
        let event = event.of(record, &policy, now);
        let signal = event.vendor_signal();
        let mut step = step(record, event, &policy, DecisionInputs::new(now, 0.5));
        if matches!(step.next, Next::After(delay) if !delay.is_zero()) {
            step.next = Next::After(LONG);
        }
        if let Next::Held { at_most, .. } = &mut step.next {
            *at_most = LONG;
        }
        self.apply(&held, &step, signal).await?;
        self.settled.push((held, step, signal));
        Ok(())
    }

    pub(super) async fn settle_again(&mut self, settled: usize) -> Verdict {
        if self.settled.is_empty() {
            return Ok(());
        }
        let (held, step, signal) = self.settled[latest(settled, self.settled.len())].clone();
        self.apply(&held, &step, signal).await
    }

    async fn apply(&mut self, held: &HeldClaim, step: &Step, signal: VendorSignal) -> Verdict {
        let claimed = &held.claimed;
        let request = SettleRequest {
            record: claimed.record.clone(),
            epoch: held.epoch,
            words: ReplyWords {
                own_stream: claimed.reply_to.is_some(),
                meta: String::from_utf8(claimed.meta.clone().unwrap_or_default()).unwrap(),
            },
            step: step.clone(),
            signal,
        };
        let pauses = self.reference.breaker.pauses;
        let effect = self.reference.settle(&request, self.server);
        let has_paused = self.reference.breaker.pauses > pauses;
        let may_change = matches!(effect, Effect::Applied | Effect::Restored);
        let before = self.contents_unless(may_change).await;
        let started = self.now().await;
        let ledger = &self.workers[held.worker].ledger;
        let answer = ledger.settle(claimed, step, signal).await.unwrap();
        let is_stale = answer == Settled::Stale;
        let answered = (is_stale, answer == Settled::Restored);
        let wanted = (effect == Effect::Stale, effect == Effect::Restored);
        prop_assert_eq!(answered, wanted, "stale, restored: {}", claimed.id());
        if let Some(before) = before {
            let changes = self.contents().await.changes_since(&before);
            let may_change = |key: &String| is_stale && SIGNAL_KEYS.contains(&key.as_str());
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
        let HeldClaim {
            worker,
            claimed,
            epoch,
        } = holders[latest(held, holders.len())];
        let renewed = self.workers[*worker]
            .ledger
            .renew(claimed, LONG)
            .await
            .unwrap();
        let order = self.reference.orders.get_mut(claimed.id().as_str());
        let claim = claimed.record.claim;
        let ours = order.filter(|order| order.is_held_by(claim, *epoch) && order.settled != claim);
        prop_assert_eq!(renewed, ours.is_some(), "renewed");
        if let Some(order) = ours {
            order.due_at = Some(DueAt::Later);
        }
        Ok(())
    }
}

fn latest(back: usize, of: usize) -> usize {
    of - 1 - back % of
}
