//! A low balance holds the orders of its currency and no others.

use e2e::World;
use hp_sandbox::Options;

#[tokio::test]
async fn balance_hold_affects_one_currency_until_top_up() {
    let world = World::with_vendor(Options {
        balance: vec!["CNY=25".parse().unwrap(), "USD=100000".parse().unwrap()],
        ..Options::local()
    });
    let _workers = [
        world.worker_with(&[("HP_WORKER__CONCURRENCY", "2")]),
        world.worker_with(&[("HP_WORKER__CONCURRENCY", "2")]),
    ];
    // The balance covers two of these.
    for n in 0..20 {
        world.enqueue(&format!("CNY-{n}"), 1).await;
    }
    world
        .redis
        .wait_until("the balance hold", || async {
            let is_held: bool = world.redis.command(&["HEXISTS", "{hp}:holds", "CNY"]).await;
            is_held.then_some(())
        })
        .await;
    for n in 0..10 {
        let id = format!("USD-{n}");
        world
            .enqueue_job(&[("order_id", &id), ("product_id", "31"), ("quantity", "1")])
            .await;
    }
    for n in 0..10 {
        assert_eq!(
            world.result(&format!("USD-{n}")).await["status"],
            "completed"
        );
    }
    let charged = world.sandbox.ledger().charges.len();
    assert_eq!(charged, 12, "two of CNY and all of USD");

    world.sandbox.set_balance("CNY", 100_000.into()).unwrap();
    for n in 0..20 {
        let result = world.result(&format!("CNY-{n}")).await;
        assert_eq!(result["status"], "completed");
    }
    assert!(
        world
            .sandbox
            .ledger()
            .charges
            .iter()
            .all(|charge| charge.times == 1)
    );
    let holds: u64 = world.redis.command(&["HLEN", "{hp}:holds"]).await;
    assert_eq!(holds, 0);
}

#[tokio::test]
async fn balance_hold_admits_one_trial_at_a_time() {
    let world = World::start();
    let (ledger, one, other) = (world.ledger(), world.control(), world.control());
    let (cny, pause) = ("CNY".parse().unwrap(), std::time::Duration::from_secs(9));
    one.hold_balance(cny, std::time::Duration::ZERO)
        .await
        .unwrap();
    let taken = ledger
        .claim_batch(1, pause, hp_queue::FirstSource::Inbox)
        .await
        .unwrap();
    let (currency, until) = taken.holds[0];
    assert_eq!(currency, cny);
    assert!(one.try_balance_hold(cny, until, pause).await.unwrap());
    assert!(!other.try_balance_hold(cny, until, pause).await.unwrap());
    one.lift_balance_hold(cny).await.unwrap();
    assert!(other.try_balance_hold(cny, until, pause).await.unwrap());
    let holds: u64 = world.redis.command(&["HLEN", "{hp}:holds"]).await;
    assert_eq!(holds, 0, "a topped-up balance has no hold");
}
