//! Deadlines: an order that is not charged in time, and values that are no deadline.

use e2e::{World, assert_fields};

use crate::{
    claims::{LONG_LEASE, claim_one},
    job_validation::job,
    repeated_orders::take_inbox,
};

#[tokio::test]
async fn deadline_passed_expires_order_uncharged() {
    let world = World::start();
    let _worker = world.worker();
    world
        .enqueue_job(&job(&[("deadline", "978307200000")]))
        .await;
    let result = world.result("A-1").await;
    assert_fields!(result, { "status": "expired", "reason": "deadline_passed" });
    assert_eq!(world.charge_count("A-1"), 0);
    assert_fields!(result, { "attempts": "0" });
}

#[tokio::test]
async fn deadline_in_another_unit_is_refused() {
    let world = World::start();
    let ledger = world.ledger();
    let right = "did you mean 1795890000000?";
    let deadlines = [
        ("1795890000", right),
        ("1795890000000000", right),
        ("1795890000000000000", right),
        ("978307199", "is before the year 2001"),
        ("978307199999", "is before the year 2001"),
        ("0", "is before the year 2001"),
        ("10000000000000000", "has more than 15 digits"),
        ("", "must be a time in Unix milliseconds"),
        ("1795890000.5", "must be a time in Unix milliseconds"),
        ("978307200", "did you mean 978307200000?"),
    ];
    for (n, (deadline, expected)) in deadlines.into_iter().enumerate() {
        let id = format!("A-{n}");
        world
            .enqueue_job(&job(&[("order_id", &id), ("deadline", deadline)]))
            .await;
        take_inbox(&ledger).await;
        let result = world.result(&id).await;
        assert_fields!(result, { "status": "rejected", "reason": "invalid_job" }, "{deadline}");
        let detail = &result["detail"];
        assert!(
            detail.starts_with("deadline must be") && detail.ends_with(expected),
            "{detail}"
        );
        if let Ok(number) = deadline.parse() {
            let refused = hp_queue::Deadline::try_from(hp_order::Millis(number));
            assert_eq!(refused.unwrap_err().to_string(), *detail);
        }
    }
    for earliest in ["978307200000", "999999999999999"] {
        world
            .enqueue_job(&job(&[("order_id", earliest), ("deadline", earliest)]))
            .await;
        let claimed = claim_one(&ledger, LONG_LEASE).await;
        assert_eq!(claimed.record.deadline.unwrap().0.to_string(), earliest);
    }
}

#[tokio::test]
async fn deadline_ends_waiting_order_in_time() {
    let world = World::start();
    let _worker = world.worker_with(&[("HP_RETRY__BASE", "1h"), ("HP_RETRY__MAX", "1h")]);
    let soon: Vec<u64> = world.redis.command(&["TIME"]).await;
    let deadline = (soon[0] * 1000 + 1500).to_string();
    world
        .enqueue_job(&job(&[
            ("order_id", "A-1~low-balance"),
            ("deadline", &deadline),
        ]))
        .await;
    let result = world.result("A-1~low-balance").await;
    assert_fields!(result, { "status": "expired", "attempts": "1" });
    let finished: u64 = result["finished_at"].parse().unwrap();
    assert!(
        finished >= deadline.parse().unwrap(),
        "it was given up too early"
    );
}
