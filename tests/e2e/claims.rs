//! Claims and settles orders through the scripts, without a worker.

use std::time::Duration;

use e2e::rules;
use hp_api::{Outcome, Refusal, RefusalKind};
use hp_order::{DecisionInputs, Event, Policy, step};
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

/// A final refusal of the submission.
pub(crate) fn refused() -> Event {
    let refusal = Refusal {
        kind: RefusalKind::Final,
        code: Some(400_100),
        message: "no".into(),
    };
    Event::Submitted(Outcome::NotCharged(refusal))
}
