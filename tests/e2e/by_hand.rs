//! Takes and settles orders without a worker, straight through the scripts.

use std::time::Duration;

use e2e::rules;
use hp_api::{Outcome, Refusal, RefusalKind};
use hp_order::{DecisionInputs, Event, Policy, step};
use hp_queue::{Claim, FirstSource, Ledger, Settled};

pub(crate) const LONG: Duration = Duration::from_mins(10);
/// A lease that has ended before anybody can use it.
pub(crate) const NONE: Duration = Duration::ZERO;

pub(crate) async fn take_one(ledger: &Ledger, lease: Duration) -> Claim {
    let mut taken = ledger
        .claim_batch(1, lease, FirstSource::Inbox)
        .await
        .unwrap();
    assert_eq!((taken.claims.len(), taken.unreadable.len()), (1, 0));
    taken.claims.remove(0)
}

/// The first command after a restart of Redis meets a broken connection.
pub(crate) async fn reconnect(ledger: &Ledger) {
    while ledger.report_alive("a test", NONE).await.is_err() {}
}

pub(crate) fn policy() -> Policy {
    rules().policy
}

pub(crate) fn moment(claimed: &Claim) -> DecisionInputs {
    DecisionInputs {
        now: claimed.record.accepted_at,
        jitter: 0.0,
    }
}

pub(crate) async fn settle(ledger: &Ledger, claimed: &Claim, event: Event) -> Settled {
    let contact = event.vendor_signal();
    let step = step(&claimed.record, event, &policy(), moment(claimed));
    ledger.settle(claimed, &step, contact).await.unwrap()
}

pub(crate) fn refused() -> Event {
    let refusal = Refusal {
        kind: RefusalKind::Final,
        code: Some(400_100),
        message: "no".into(),
    };
    Event::Submitted(Outcome::NotCharged(refusal))
}
