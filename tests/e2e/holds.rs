//! A balance that is too low holds back the orders of its currency, and no others.

use e2e::World;
use hp_sandbox::Options;

#[tokio::test]
async fn a_low_balance_holds_back_its_currency_only_and_goes_on_after_the_top_up() {
    let world = World::with(Options {
        balance: vec!["CNY=25".parse().unwrap(), "USD=100000".parse().unwrap()],
        ..Options::local()
    });
    let _workers = [
        world.worker_with(&[("HP_WORKER__CONCURRENCY", "2")]),
        world.worker_with(&[("HP_WORKER__CONCURRENCY", "2")]),
    ];
    // Two of these are affordable.
    for n in 0..20 {
        world.order(&format!("CNY-{n}"), 1).await;
    }
    world
        .redis
        .until("the hold", || async {
            let held: bool = world.redis.run(&["HEXISTS", "{hp}:holds", "CNY"]).await;
            held.then_some(())
        })
        .await;
    for n in 0..10 {
        let id = format!("USD-{n}");
        world
            .put(&[("order_id", &id), ("product_id", "31"), ("quantity", "1")])
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
    let held: u64 = world.redis.run(&["HLEN", "{hp}:holds"]).await;
    assert_eq!(held, 0);
}

#[tokio::test]
async fn of_the_orders_of_a_held_currency_one_at_a_time_tries_the_balance() {
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
    let (held, until) = taken.holds[0];
    assert_eq!(held, cny);
    assert!(one.try_balance_hold(cny, until, pause).await.unwrap());
    assert!(!other.try_balance_hold(cny, until, pause).await.unwrap());
    one.lift_balance_hold(cny).await.unwrap();
    assert!(other.try_balance_hold(cny, until, pause).await.unwrap());
    let held: u64 = world.redis.run(&["HLEN", "{hp}:holds"]).await;
    assert_eq!(held, 0, "a balance that was topped up is not held again");
}
