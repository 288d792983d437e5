//! Orders that take their workers down with them.

use e2e::World;
use hp_order::State;

use crate::by_hand::{NONE, take_one};

#[tokio::test]
async fn an_order_whose_workers_die_again_and_again_is_shown_to_a_person() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    // Nobody settles what is taken here.
    for crashes in 0..3 {
        let claimed = take_one(&ledger, NONE).await;
        assert_eq!(claimed.record.crashes, crashes);
    }
    let _worker = world.worker_with(&[("HP_RETRY__MAX_CRASHES", "3")]);
    let record = world.in_state("A-1", "review").await;
    assert_eq!(record["crashes"], "3");
    assert_eq!(record["attempts"], "1", "crashes are no attempts");
    assert!(record["message"].contains("3 workers died"), "{record:?}");
    assert_eq!(world.charged("A-1"), 0);
}

#[tokio::test]
async fn an_order_that_is_settled_each_time_is_no_poison() {
    use crate::by_hand::settle;
    use hp_order::Event;

    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    for _ in 0..9 {
        let claimed = take_one(&ledger, NONE).await;
        assert_eq!(claimed.record.crashes, 0);
        settle(&ledger, &claimed, Event::Released).await;
    }
    take_one(&ledger, NONE).await;
    let after_one_crash = take_one(&ledger, NONE).await;
    assert_eq!(
        (after_one_crash.record.crashes, after_one_crash.record.state),
        (1, State::Uncertain)
    );
}
