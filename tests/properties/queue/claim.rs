use std::time::Duration;

use hp_order::{Cause, Millis, Record};
use hp_queue::{Claim, ClaimBatch, FirstSource};
use proptest::{prop_assert, prop_assert_eq, test_runner::TestCaseError};

use super::{LONG, Queue, Verdict, worker::HeldClaim};
use crate::{
    reference::{
        claim::Gate,
        epoch::{AdmissionDoubt, Caller, Epoch, Watermark},
        order::{Doubt, Order},
        request::ClaimRequest,
    },
    sample::settings,
};

fn lease(is_over: bool) -> Duration {
    if is_over { Duration::ZERO } else { LONG }
}

impl Queue {
    pub(super) async fn claim_batch(
        &mut self,
        worker: usize,
        n: usize,
        lease_is_over: bool,
        schedule_first: bool,
    ) -> Verdict {
        let first = if schedule_first {
            FirstSource::Schedule
        } else {
            FirstSource::Inbox
        };
        let ledger = &self.workers[worker].ledger;
        let batch = ledger.claim_batch(n, lease(lease_is_over), first).await;
        let batch = batch.unwrap();
        let (request, gate) = (
            self.request(worker, n, lease_is_over),
            self.reference.gate(),
        );
        let (expected, lost) = self.reference.claim_batch(request, schedule_first);
        prop_assert_eq!(batch.lost, u64::from(lost), "lost");
        if gate == Gate::Open && self.reference.breaker.pauses == 0 {
            let reports_more = batch.more || batch.next_due == Some(Duration::ZERO);
            let is_left = self.reference.is_left(&expected);
            prop_assert!(
                reports_more || !is_left,
                "did not report that there is more"
            );
        }
        self.check(batch, worker, gate, &expected, lease(lease_is_over))
            .await
    }

    /// Claims orders by their ids. The preview must foresee what the claim does.
    pub(super) async fn claim_named(
        &mut self,
        worker: usize,
        n: usize,
        (lease_is_over, is_run): (bool, bool),
        ids: &[String],
    ) -> Verdict {
        let (ledger, lease) = (&self.workers[worker].ledger, lease(lease_is_over));
        let names: Vec<&str> = ids.iter().map(String::as_str).collect();
        let previews = ledger.preview_claims(lease, &names).await.unwrap();
        let batch = if is_run {
            ledger.claim_for_run(n, lease, &names, true).await.unwrap()
        } else {
            ledger.claim_named(n, lease, &names).await.unwrap()
        };
        for claim in &batch.claims {
            let is_of = |record: &Record| record.wanted.order_id == *claim.id();
            let mut previews = previews.iter().map(|preview| preview.as_ref().unwrap());
            let preview = previews.find(|preview| is_of(&preview.snapshot.record));
            agree(&preview.unwrap().claimed(), claim)?;
        }
        let (request, gate) = (
            self.request(worker, n, lease_is_over),
            self.reference.gate_of(is_run),
        );
        let (expected, skips) = self.reference.claim_named(request, ids, is_run);
        prop_assert_eq!(&batch.skips, &skips, "skips");
        self.check(batch, worker, gate, &expected, lease).await
    }

    /// Counts the call, whatever Redis forgets.
    fn request(&mut self, worker: usize, n: usize, lease_is_over: bool) -> ClaimRequest {
        self.claims += 1;
        ClaimRequest {
            n,
            lease_is_over,
            caller: Caller {
                server: self.server,
                number: self.claims,
                known: self.workers[worker].known,
            },
        }
    }

    /// Compares a batch with the reference, and keeps its claims.
    async fn check(
        &mut self,
        batch: ClaimBatch,
        worker: usize,
        gate: Gate,
        expected: &[String],
        lease: Duration,
    ) -> Verdict {
        let epoch = self.remembers(worker)?;
        self.gate_agrees(&batch, gate)?;
        self.claims_agree(&batch, expected, lease)?;
        self.breaker_waits_from(batch.now, !expected.is_empty())
            .await?;
        let claims = batch.claims.into_iter();
        self.held.extend(claims.map(|claimed| HeldClaim {
            worker,
            claimed,
            epoch: epoch.name,
        }));
        self.flatten().await;
        Ok(())
    }

    /// A worker that has no time for orders reports its watermark.
    pub(super) async fn report_watermark(&mut self, worker: usize) -> Verdict {
        let ledger = &self.workers[worker].ledger;
        ledger.report_watermark().await.unwrap();
        let request = self.request(worker, 0, false);
        self.reference.notice(request.caller);
        self.remembers(worker).map(drop)
    }

    pub(super) async fn acquire_permits(&mut self, n: usize) -> Verdict {
        let permits = self.control().acquire_permits(n).await.unwrap();
        let (gate, is_breaker_open) = (self.reference.gate(), self.reference.breaker.pauses > 0);
        let calls = self.reference.acquire_permits(n);
        prop_assert_eq!(permits.calls, calls, "permits");
        prop_assert_eq!(permits.paused.is_some(), gate == Gate::Paused, "paused");
        prop_assert_eq!(permits.is_breaker_open, is_breaker_open, "breaker");
        let waits = calls == 0 && gate != Gate::Paused;
        prop_assert_eq!(!permits.wait.is_zero(), waits, "a wait");
        Ok(())
    }

    /// A worker that knows a claim that Redis has forgotten makes Redis doubt for long, whatever the rule.
    fn remembers(&mut self, worker: usize) -> Result<Epoch, TestCaseError> {
        let (epoch, history) = (self.reference.epoch.unwrap(), &self.reference.history);
        let latest = history.last().copied();
        let known = Watermark {
            epoch: epoch.name,
            claims: epoch.claims,
            latest,
        };
        let before = self.workers[worker].known.replace(known);
        let known = before.and_then(|known| known.latest);
        let is_forgotten = known.is_some_and(|known| !history.contains(&known));
        prop_assert!(
            !is_forgotten || epoch.name.is_lossy || epoch.doubts == AdmissionDoubt::OfBefore,
            "a loss that was not noticed"
        );
        Ok(epoch)
    }

    fn gate_agrees(&self, batch: &ClaimBatch, gate: Gate) -> Verdict {
        prop_assert!(batch.unreadable.is_empty(), "{:?}", batch.unreadable);
        let answered = (
            batch.paused.is_some(),
            batch.wait.is_some(),
            batch.breaker_open_since.is_some(),
            batch.holds.len(),
        );
        let expected = (
            gate == Gate::Paused,
            matches!(gate, Gate::BreakerOpen | Gate::RateUsedUp),
            self.reference.breaker.pauses > 0,
            usize::from(self.reference.is_balance_held),
        );
        prop_assert_eq!(answered, expected, "paused, a wait, breaker, balance holds");
        Ok(())
    }

    fn claims_agree(&self, batch: &ClaimBatch, expected: &[String], lease: Duration) -> Verdict {
        let ids: Vec<_> = batch
            .claims
            .iter()
            .map(|claim| claim.id().to_string())
            .collect();
        prop_assert_eq!(ids, expected, "claimed orders");
        for claim in &batch.claims {
            let order = &self.reference.orders[claim.id().as_str()];
            prop_assert_eq!(
                decided(&claim.record),
                decided(&order.record),
                "record of {}",
                claim.id()
            );
            let meta = claim.meta.as_deref().unwrap_or_default();
            prop_assert_eq!(claim.reply_to.is_some(), order.words.own_stream);
            prop_assert_eq!(meta, order.words.meta.as_bytes(), "meta of {}", claim.id());
            doubt_lasts(claim.record.not_found_valid_from, order, batch.now, lease)?;
        }
        Ok(())
    }
}

/// What a claim decides, except times.
fn decided(record: &Record) -> impl PartialEq + std::fmt::Debug + use<> {
    let counters = (record.attempts, record.checks, record.crashes);
    (record.claim, record.state, record.cause, counters)
}

/// The times of the preview are those of the claim, a moment earlier.
fn agree(previewed: &Record, claim: &Claim) -> Verdict {
    let found = &claim.record;
    for (expected, found) in [
        (previewed.not_found_valid_from, found.not_found_valid_from),
        (previewed.arrives_until, found.arrives_until),
    ] {
        prop_assert!(is_about(expected, found), "{expected:?}, {found:?}");
    }
    let previewed = Record {
        not_found_valid_from: found.not_found_valid_from,
        arrives_until: found.arrives_until,
        ..previewed.clone()
    };
    prop_assert_eq!(&previewed, found, "preview");
    Ok(())
}

/// Steady time is a moment slower than the clock.
pub(crate) fn is_about(expected: Option<Millis>, found: Option<Millis>) -> bool {
    const MOMENT: u64 = 60_000;
    match (expected, found) {
        (Some(expected), Some(found)) => expected.0.abs_diff(found.0) <= MOMENT,
        (expected, found) => expected == found,
    }
}

/// By then every living worker has reported its watermark.
const WATERMARKS_REPORTED_WITHIN: Duration = Duration::from_secs(15);
/// Restarts of these tests are promotions, after which the old master accepts no writes.
const OLD_MASTER_MARGIN: Duration = Duration::from_secs(5);

/// If the order may have been submitted, or writes are known to be lost, a forgotten request has the time to arrive.
fn doubt_lasts(until: Option<Millis>, order: &Order, now: Millis, lease: Duration) -> Verdict {
    prop_assert_eq!(until.is_some(), order.doubt != Doubt::None, "doubted");
    let Some(until) = until else { return Ok(()) };
    let left = until.since(now);
    let seems_unsent = order.record.cause == Some(Cause::RedisRestarted);
    match order.doubt {
        Doubt::Past => prop_assert!(left.is_zero(), "doubted after {left:?}"),
        // The worker that restored it knew the outcome of its own call: no request is on its way.
        Doubt::Restored => {}
        _ if seems_unsent && !order.epoch.is_lossy => {
            let longest = lease.max(settings().longest_processing);
            let short = WATERMARKS_REPORTED_WITHIN.max(longest + OLD_MASTER_MARGIN);
            prop_assert!(left <= short, "doubted for {left:?}");
        }
        // A case is over within an hour.
        _ => {
            let needed = settings().policy.resubmit_after;
            prop_assert!(left + LONG > needed, "doubted for {left:?} only");
        }
    }
    Ok(())
}
