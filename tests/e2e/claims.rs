//! Claims and settles orders through the scripts, without a worker.

use std::time::Duration;

use e2e::rules;
use hp_api::{Outcome, Refusal, RefusalKind};
use hp_order::{DecisionInputs, Event, Expiry, Policy, QueryVerdict, step};
use hp_queue::{Claim, FirstSource, Ledger, Settled};

/// A lease that lasts longer than any test.
pub(crate) const LONG_LEASE: Duration = Duration::from_mins(10);
/// A lease that has ended as soon as the order is claimed.
pub(crate) const ENDED_LEASE: Duration = Duration::ZERO;

pub(crate) async fn claim_one(ledger: &Ledger, lease: Duration) -> Claim {
    let mut batch = ledger
        .claim_batch(1, lease, FirstSource::Inbox)
        .await
        .unwrap();
    assert_eq!((batch.claims.len(), batch.unreadable.len()), (1, 0));
    batch.claims.remove(0)
}

/// Repeats a command until the connection is up again: the first commands after a restart of Redis fail.
pub(crate) async fn reconnect(ledger: &Ledger) {
    while ledger.report_alive("a test", ENDED_LEASE).await.is_err() {}
}

pub(crate) fn policy() -> Policy {
    rules().policy
}

pub(crate) fn inputs_at_admission(claim: &Claim) -> DecisionInputs {
    DecisionInputs::new(claim.record.accepted_at, 0.0)
}

/// Settles the claim with the step that this event leads to.
pub(crate) async fn apply_event(ledger: &Ledger, claim: &Claim, event: Event) -> Settled {
    let signal = event.vendor_signal();
    let step = step(&claim.record, event, &policy(), inputs_at_admission(claim));
    ledger.settle(claim, &step, signal).await.unwrap()
}

/// The order is too old, and nothing was sent: the shortest way to end a submission that charged nothing.
pub(crate) fn gave_up() -> Event {
    Event::Expired(Expiry::GiveUp)
}

/// A final refusal of the submission. A query has to confirm it.
pub(crate) fn refused() -> Event {
    let refusal = Refusal {
        kind: RefusalKind::Final,
        code: Some(400_100),
        message: "no".into(),
    };
    Event::Submitted(Outcome::NotCharged(refusal))
}

/// Claims a new order, and ends it as refused: HitPoints refuses it, and has no record of it.
pub(crate) async fn end_as_refused(ledger: &Ledger) {
    let claim = claim_one(ledger, LONG_LEASE).await;
    apply_event(ledger, &claim, refused()).await;
    let id = claim.id().to_string();
    let mut batch = ledger.claim_named(1, LONG_LEASE, &[&id]).await.unwrap();
    let not_found = Event::Queried(QueryVerdict::NotFound);
    apply_event(ledger, &batch.claims.remove(0), not_found).await;
}
