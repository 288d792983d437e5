//! A vendor that does not answer: single trial orders test the connection, and the other orders wait.

use e2e::{World, assert_fields};
use hp_api::{Doubt, DoubtKind, Outcome, Refusal, RefusalKind};
use hp_order::Event;

use crate::claims::{ENDED_LEASE, LONG_LEASE, apply_event, claim_one};

fn never_sent() -> Event {
    Event::Submitted(Outcome::NotCharged(Refusal {
        kind: RefusalKind::NeverSent,
        code: None,
        message: "network is unreachable".into(),
    }))
}

fn no_answer() -> Event {
    Event::Submitted(Outcome::Unknown(Doubt {
        kind: DoubtKind::Lost,
        code: None,
        message: "no answer".into(),
    }))
}

async fn is_open(world: &World) -> bool {
    world
        .redis
        .command(&["HEXISTS", "{hp}:breaker", "until"])
        .await
}

async fn wait_until_open(world: &World) {
    world
        .redis
        .wait_until("the breaker to open", || async {
            is_open(world).await.then_some(())
        })
        .await;
}

#[tokio::test]
async fn breaker_stops_claims_until_vendor_answers() {
    let world = World::start();
    world.sandbox.set_fault("drop-before", 1.0).unwrap();
    world.sandbox.set_fault("query:drop-before", 1.0).unwrap();
    let concurrency = [("HP_WORKER__CONCURRENCY", "4")];
    let workers = [
        world.worker_with(&concurrency),
        world.worker_with(&concurrency),
    ];
    let ids: Vec<_> = (0..60).map(|n| format!("A-{n}")).collect();
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    wait_until_open(&world).await;
    workers[0].wait_for_log("breaker open").await;
    let tried: u64 = world.redis.command(&["ZCARD", "{hp}:open"]).await;
    assert!(tried < 40, "{tried} of 60 were sent without an answer");

    world.sandbox.clear_faults();
    workers[0].wait_for_log("breaker closed").await;
    let mut first_attempts = 0;
    for result in world.results_of_all(&ids).await {
        assert_eq!(result["status"], "completed");
        first_attempts += u32::from(result["attempts"] == "1");
    }
    assert!(
        first_attempts >= 20,
        "only {first_attempts} needed one attempt"
    );
    assert!(!is_open(&world).await);
    let charges = world.sandbox.ledger().charges;
    assert!(charges.iter().all(|charge| charge.times == 1));
}

#[tokio::test]
async fn breaker_ignores_unsent_calls() {
    let world = World::start();
    let ledger = world.ledger();
    for n in 0..20 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    for _ in 0..20 {
        let claimed = claim_one(&ledger, LONG_LEASE).await;
        apply_event(&ledger, &claimed, never_sent()).await;
    }
    let exists: bool = world.redis.command(&["EXISTS", "{hp}:breaker"]).await;
    assert!(!exists, "they say nothing about HitPoints");
    for record in [world.record("A-0").await, world.record("A-19").await] {
        assert_fields!(record, { "state": "waiting", "attempts": "0" });
    }
}

#[tokio::test]
async fn unsent_calls_cost_no_attempt_and_no_order() {
    let world = World::start();
    world.sandbox.set_fault("refuse-connection", 1.0).unwrap();
    let worker = world.worker_with(&[("HP_WORKER__CONCURRENCY", "4")]);
    let ids: Vec<_> = (0..30).map(|n| format!("A-{n}")).collect();
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    worker.wait_for_log("claims no orders").await;
    world.sandbox.clear_faults();
    for result in world.results_of_all(&ids).await {
        assert_eq!(result["status"], "completed");
    }
    let charges = world.sandbox.ledger().charges;
    assert!(charges.iter().all(|charge| charge.times == 1));
}

#[tokio::test]
async fn breaker_lost_trial_makes_room_for_next() {
    let world = World::start();
    let ledger = world.ledger_with(hp_queue::Rules {
        longest_processing: std::time::Duration::ZERO,
        ..e2e::rules()
    });
    for n in 0..12 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    for _ in 0..10 {
        let claimed = claim_one(&ledger, LONG_LEASE).await;
        apply_event(&ledger, &claimed, no_answer()).await;
    }
    let nothing = ledger
        .claim_batch(9, LONG_LEASE, hp_queue::FirstSource::Inbox)
        .await
        .unwrap();
    assert!(nothing.claims.is_empty() && nothing.breaker_open_since.is_some());
    let pause = nothing.wait.unwrap();
    assert!(pause <= std::time::Duration::from_secs(1), "{pause:?}");
    // A breaker in the past is over, and so is one in the far future, which a clock that was set back leaves.
    for (until, id) in [("0", "A-10"), ("99999999999999", "A-11")] {
        world
            .redis
            .command::<u64>(&["HSET", "{hp}:breaker", "until", until])
            .await;
        let probe = ledger
            .claim_batch(9, LONG_LEASE, hp_queue::FirstSource::Inbox)
            .await
            .unwrap();
        assert_eq!(probe.claims.len(), 1, "one at a time");
        assert_eq!(probe.claims[0].id().as_str(), id);
        let nothing = ledger
            .claim_batch(9, LONG_LEASE, hp_queue::FirstSource::Inbox)
            .await
            .unwrap();
        assert!(nothing.claims.is_empty());
        let (_, longest_pause) = e2e::rules().policy.backoff.outage();
        assert!(nothing.wait.unwrap() <= longest_pause);
    }
}

#[tokio::test]
async fn breaker_counts_repeated_settle_once() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claimed = claim_one(&ledger, LONG_LEASE).await;
    for _ in 0..2 {
        apply_event(&ledger, &claimed, no_answer()).await;
    }
    let failures: u64 = world
        .redis
        .command(&["HGET", "{hp}:breaker", "failures"])
        .await;
    assert_eq!(failures, 1);
}

#[tokio::test]
async fn breaker_trial_skips_unreadable_record() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("broken", 1).await;
    claim_one(&ledger, ENDED_LEASE).await;
    world
        .redis
        .command::<()>(&["SET", "{hp}:order:broken", "no hash"])
        .await;
    for n in 0..11 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    for _ in 0..10 {
        let claimed = claim_one(&ledger, LONG_LEASE).await;
        apply_event(&ledger, &claimed, no_answer()).await;
    }
    world
        .redis
        .command::<u64>(&["HSET", "{hp}:breaker", "until", "0"])
        .await;
    let first = hp_queue::FirstSource::Schedule;
    let broken = ledger.claim_batch(9, LONG_LEASE, first).await.unwrap();
    assert_eq!((broken.claims.len(), broken.unreadable.len()), (0, 1));
    let probe = ledger.claim_batch(9, LONG_LEASE, first).await.unwrap();
    assert_eq!(
        probe.claims[0].id().as_str(),
        "A-10",
        "an unreadable record causes no pause"
    );
}

#[tokio::test]
async fn permits_ignore_reservation_in_far_future() {
    let world = World::start();
    let rules = hp_queue::Rules {
        interval: Some(std::time::Duration::from_millis(1)),
        ..e2e::rules()
    };
    let control = hp_queue::Control::new(world.handle(), rules);
    world
        .redis
        .command::<()>(&["SET", "{hp}:rate", "99999999999999999"])
        .await;
    assert_eq!(control.acquire_permits(1).await.unwrap().calls, 1);
    let reserved_until: u64 = world.redis.command(&["GET", "{hp}:rate"]).await;
    assert!(
        reserved_until < 99_999_999_999_999_999,
        "a reservation near the present"
    );
}
