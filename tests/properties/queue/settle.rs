use futures_util::future::join_all;
use hp_order::{DecisionInputs, Next, Step, VendorSignal, step};
use hp_queue::{QueueError, Settled};
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
const SIGNAL_KEYS: [&str; 4] = ["breaker", "events", "rate", "throttle"];

/// A claim, and what its holder asks Redis to write about it.
#[derive(Clone)]
pub(super) struct SettledClaim {
    pub(super) held: HeldClaim,
    pub(super) step: Step,
    pub(super) signal: VendorSignal,
}

impl SettledClaim {
    pub(super) fn new(held: HeldClaim, event: WorkerEvent, at: ProcessedAt) -> Self {
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
        Self { held, step, signal }
    }

    pub(super) fn id(&self) -> &str {
        self.held.claimed.id().as_str()
    }

    fn request(&self) -> SettleRequest {
        let claimed = &self.held.claimed;
        SettleRequest {
            record: claimed.record.clone(),
            epoch: self.held.epoch,
            words: ReplyWords {
                own_stream: claimed.reply_to.is_some(),
                meta: String::from_utf8(claimed.meta.clone().unwrap_or_default()).unwrap(),
            },
            step: self.step.clone(),
            signal: self.signal,
        }
    }
}

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
        let settled = SettledClaim::new(held, event, at);
        self.apply(std::slice::from_ref(&settled), None).await?;
        self.settled.push(settled);
        Ok(())
    }

    pub(super) async fn settle_again(&mut self, settled: usize) -> Verdict {
        if self.settled.is_empty() {
            return Ok(());
        }
        let settled = self.settled[latest(settled, self.settled.len())].clone();
        self.apply(&[settled], None).await
    }

    /// Settles claims of one worker with one call. The record of the order `broken` cannot be read meanwhile.
    pub(super) async fn apply(&mut self, group: &[SettledClaim], broken: Option<&str>) -> Verdict {
        let sound = group.iter().filter(|settled| Some(settled.id()) != broken);
        let requests: Vec<_> = sound.map(SettledClaim::request).collect();
        let pauses = self.reference.breaker.pauses;
        let effects = self.reference.settle(&requests, self.server);
        let has_paused = self.reference.breaker.pauses > pauses;
        let may_change = |effect| matches!(effect, &Effect::Applied | &Effect::Restored);
        let may_change = effects.iter().any(may_change);
        let before = self.contents_unless(may_change).await;
        let started = self.now().await;
        let answers = self.settle_together(group, broken).await;
        check_answers(group, broken, &effects, answers)?;
        if let Some(before) = before {
            let changes = self.contents().await.changes_since(&before);
            let is_signal = |key: &String| SIGNAL_KEYS.contains(&key.as_str());
            let may_signal = effects.contains(&Effect::Stale);
            let is_untouched = changes.iter().all(|key| may_signal && is_signal(key));
            prop_assert!(is_untouched, "{effects:?}, and it changed {changes:?}");
        }
        self.breaker_pauses_from(started, has_paused).await?;
        self.flatten().await;
        Ok(())
    }

    /// The ledger gathers them into one call, because it starts to send when all of them wait.
    async fn settle_together(
        &mut self,
        group: &[SettledClaim],
        broken: Option<&str>,
    ) -> Vec<Result<Settled, QueueError>> {
        if let Some(id) = broken {
            self.hide_record(id).await;
        }
        let calls = group.iter().map(|settled| {
            let ledger = &self.workers[settled.held.worker].ledger;
            ledger.settle(&settled.held.claimed, &settled.step, settled.signal)
        });
        let answers = join_all(calls).await;
        if let Some(id) = broken {
            self.show_record(id).await;
        }
        answers
    }

    pub(super) async fn renew(&mut self, held: usize) -> Verdict {
        let settled = self.settled.iter().map(|settled| &settled.held);
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

/// Compares the answers with the effects on the orders whose records can be read. The others failed.
fn check_answers(
    group: &[SettledClaim],
    broken: Option<&str>,
    effects: &[Effect],
    answers: Vec<Result<Settled, QueueError>>,
) -> Verdict {
    let mut effects = effects.iter();
    for (settled, answer) in group.iter().zip(answers) {
        let id = settled.id();
        if Some(id) == broken {
            let code = answer.as_ref().err().and_then(QueueError::code);
            prop_assert_eq!(code, Some("WRONGTYPE"), "{}", id);
            continue;
        }
        let effect = *effects.next().unwrap();
        let answer = answer.unwrap();
        let answered = (answer == Settled::Stale, answer == Settled::Restored);
        let wanted = (effect == Effect::Stale, effect == Effect::Restored);
        prop_assert_eq!(answered, wanted, "stale, restored: {}", id);
    }
    Ok(())
}

fn latest(back: usize, of: usize) -> usize {
    of - 1 - back % of
}
