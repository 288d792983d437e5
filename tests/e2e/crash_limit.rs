//! Orders that crash their workers.

use e2e::World;
use hp_order::State;

use crate::claims::{ENDED_LEASE, claim_one};

#[tokio::test]
async fn crash_limit_sends_order_to_review() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    // No claim is settled here.
    for crashes in 0..3 {
        let claimed = claim_one(&ledger, ENDED_LEASE).await;
        assert_eq!(claimed.record.crashes, crashes);
    }
    let _worker = world.worker_with(&[("HP_RETRY__MAX_CRASHES", "3")]);
    let record = world.wait_for_state("A-1", "review").await;
    assert_eq!(record["crashes"], "3");
    assert_eq!(record["attempts"], "1", "crashes are no attempts");
    assert!(record["message"].contains("3 workers died"), "{record:?}");
    assert_eq!(world.charge_count("A-1"), 0);
}

#[tokio::test]
async fn crash_count_ignores_settled_claims() {
    use crate::claims::apply_event;
    use hp_order::Event;

    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    for _ in 0..9 {
        let claimed = claim_one(&ledger, ENDED_LEASE).await;
        assert_eq!(claimed.record.crashes, 0);
        apply_event(&ledger, &claimed, Event::Released).await;
    }
    claim_one(&ledger, ENDED_LEASE).await;
    let after_one_crash = claim_one(&ledger, ENDED_LEASE).await;
    assert_eq!(
        (after_one_crash.record.crashes, after_one_crash.record.state),
        (1, State::Uncertain)
    );
}
