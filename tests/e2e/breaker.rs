//! A vendor that is silent: single orders ask whether it is back, the others wait without losing anything.

use e2e::World;
use hp_api::{Doubt, DoubtKind, Outcome};
use hp_order::Event;

fn silence() -> Event {
    Event::Submitted(Outcome::Unknown(Doubt {
        kind: DoubtKind::Lost,
        code: None,
        message: "no answer".into(),
    }))
}

async fn is_open(world: &World) -> bool {
    world.redis.run(&["HEXISTS", "{hp}:breaker", "until"]).await
}

async fn opened(world: &World) {
    world
        .redis
        .until("the breaker to open", || async {
            is_open(world).await.then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_run_of_unknown_outcomes_stops_the_taking_until_the_vendor_answers() {
    let world = World::start();
    world.sandbox.set_fault("drop-before", 1.0).unwrap();
    world.sandbox.set_fault("query:drop-before", 1.0).unwrap();
    let concurrency = [("HP_WORKER__CONCURRENCY", "4")];
    let workers = [
        world.worker_with(&concurrency),
        world.worker_with(&concurrency),
    ];
    for n in 0..60 {
        world.order(&format!("A-{n}"), 1).await;
    }
    opened(&world).await;
    workers[0].said("HitPoints gives no answers").await;
    let tried: u64 = world.redis.run(&["ZCARD", "{hp}:open"]).await;
    assert!(tried < 40, "{tried} of 60 were sent into the silence");

    world.sandbox.clear_faults();
    workers[0].said("HitPoints answers again").await;
    let mut untouched = 0;
    for n in 0..60 {
        let result = world.result(&format!("A-{n}")).await;
        assert_eq!(result["status"], "completed");
        untouched += u32::from(result["attempts"] == "1");
    }
    assert!(untouched >= 20, "only {untouched} lost no attempt");
    assert!(!is_open(&world).await);
    let charges = world.sandbox.ledger().charges;
    assert!(charges.iter().all(|charge| charge.times == 1));
}

#[tokio::test]
async fn calls_that_never_leave_open_it_too_and_cost_no_attempt() {
    let world = World::start();
    world.sandbox.set_fault("refuse-connection", 1.0).unwrap();
    let _worker = world.worker_with(&[("HP_WORKER__CONCURRENCY", "4")]);
    for n in 0..30 {
        world.order(&format!("A-{n}"), 1).await;
    }
    opened(&world).await;
    world.sandbox.clear_faults();
    for n in 0..30 {
        let result = world.result(&format!("A-{n}")).await;
        assert_eq!(result["status"], "completed");
    }
    let charges = world.sandbox.ledger().charges;
    assert!(charges.iter().all(|charge| charge.times == 1));
}

#[tokio::test]
async fn a_probe_that_is_never_heard_of_again_makes_room_for_another() {
    use crate::by_hand::{LONG, settle, take_one};

    let world = World::start();
    let ledger = world.ledger_with(hp_queue::Rules {
        longest_processing: std::time::Duration::ZERO,
        ..e2e::rules()
    });
    for n in 0..12 {
        world.order(&format!("A-{n}"), 1).await;
    }
    for _ in 0..10 {
        let claimed = take_one(&ledger, LONG).await;
        settle(&ledger, &claimed, silence()).await;
    }
    let nothing = ledger
        .claim_batch(9, LONG, hp_queue::FirstSource::Inbox)
        .await
        .unwrap();
    assert!(nothing.claims.is_empty() && nothing.breaker_open_since.is_some());
    let pause = nothing.wait.unwrap();
    assert!(pause <= std::time::Duration::from_secs(1), "{pause:?}");
    // It is over at this time, and so it is where the clock of Redis has gone back behind it for long.
    for (until, id) in [("0", "A-10"), ("99999999999999", "A-11")] {
        world
            .redis
            .run::<u64>(&["HSET", "{hp}:breaker", "until", until])
            .await;
        let probe = ledger
            .claim_batch(9, LONG, hp_queue::FirstSource::Inbox)
            .await
            .unwrap();
        assert_eq!(probe.claims.len(), 1, "one at a time");
        assert_eq!(probe.claims[0].id().as_str(), id);
        let nothing = ledger
            .claim_batch(9, LONG, hp_queue::FirstSource::Inbox)
            .await
            .unwrap();
        assert!(nothing.claims.is_empty());
        let (_, longest_pause) = e2e::rules().policy.backoff.outage();
        assert!(nothing.wait.unwrap() <= longest_pause);
    }
}

#[tokio::test]
async fn a_silence_whose_settling_is_sent_again_counts_once() {
    use crate::by_hand::{LONG, settle, take_one};

    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let claimed = take_one(&ledger, LONG).await;
    for _ in 0..2 {
        settle(&ledger, &claimed, silence()).await;
    }
    let heard: u64 = world.redis.run(&["HGET", "{hp}:breaker", "failures"]).await;
    assert_eq!(heard, 1);
}

#[tokio::test]
async fn an_order_whose_record_cannot_be_used_is_no_probe() {
    use crate::by_hand::{LONG, NONE, settle, take_one};

    let world = World::start();
    let ledger = world.ledger();
    world.order("broken", 1).await;
    take_one(&ledger, NONE).await;
    world
        .redis
        .run::<()>(&["SET", "{hp}:order:broken", "no hash"])
        .await;
    for n in 0..11 {
        world.order(&format!("A-{n}"), 1).await;
    }
    for _ in 0..10 {
        let claimed = take_one(&ledger, LONG).await;
        settle(&ledger, &claimed, silence()).await;
    }
    world
        .redis
        .run::<u64>(&["HSET", "{hp}:breaker", "until", "0"])
        .await;
    let first = hp_queue::FirstSource::Schedule;
    let broken = ledger.claim_batch(9, LONG, first).await.unwrap();
    assert_eq!((broken.claims.len(), broken.unreadable.len()), (0, 1));
    let probe = ledger.claim_batch(9, LONG, first).await.unwrap();
    assert_eq!(probe.claims[0].id().as_str(), "A-10", "no pause for it");
}

#[tokio::test]
async fn calls_that_are_taken_far_ahead_by_a_clock_that_went_back_hold_up_nobody() {
    let world = World::start();
    let rules = hp_queue::Rules {
        interval: Some(std::time::Duration::from_millis(1)),
        ..e2e::rules()
    };
    let control = hp_queue::Control::new(world.handle(), rules);
    world
        .redis
        .run::<()>(&["SET", "{hp}:rate", "99999999999999999"])
        .await;
    assert_eq!(control.acquire_permits(1).await.unwrap().calls, 1);
    let taken_up_to: u64 = world.redis.run(&["GET", "{hp}:rate"]).await;
    assert!(taken_up_to < 99_999_999_999_999_999, "by today's clock");
}
