//! Alerts about reconciliation runs and notifications.

use e2e::{Receiver, Reception, World};

use super::{run, watch, worker};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus"]
async fn repaired_ledger_fires() {
    let world = World::start();
    let each_second = [("HP_RECONCILE__SCHEDULE", "* * * * * *")];
    let worker = worker(&world, &each_second);
    let prometheus = watch(&[&worker]).await;
    let id = "A-1~wrong-record";
    world.enqueue(id, 1).await;
    world.wait_for_state(id, "review").await;
    let forget = ["ZREM", "{hp}:open", id];
    world.redis.command::<u64>(&forget).await;
    prometheus.fires("HpReconciliationDifferences").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus"]
async fn runs_without_answers_fire_until_there_are_some() {
    let world = World::start();
    let settings = [
        ("HP_RECONCILE__SCHEDULE", "* * * * * *"),
        ("HP_RECONCILE__STUCK_AFTER", "1ms"),
        // Only runs query the order.
        ("HP_RETRY__BASE", "1h"),
        ("HP_RETRY__MAX", "1h"),
    ];
    let worker = worker(&world, &settings);
    let prometheus = watch(&[&worker]).await;
    world.sandbox.set_fault("query:drop-before", 1.0).unwrap();
    world.enqueue("A-1~drop-before", 1).await;
    prometheus.fires("HpReconciliationIncomplete").await;
    world.sandbox.clear_faults();
    prometheus.resolves("HpReconciliationIncomplete").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus"]
async fn silent_background_work_fires() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    // Notifications begin with the first event.
    let begin = ["HSET", "{hp}:notifier", "cursor", "0-0", "place", "0"];
    world.redis.command::<u64>(&begin).await;
    receiver.answer(|_| Reception::Status(500));
    let url = receiver.url();
    let settings = [
        ("HP_NOTIFY__URL", url.as_str()),
        ("HP_NOTIFY__FORMAT", "slack"),
        // One run at the start, and no other one.
        ("HP_RECONCILE__SCHEDULE", "0 0 1 1 *"),
    ];
    let worker = worker(&world, &settings);
    let prometheus = watch(&[&worker]).await;
    prometheus.fires("HpReconciliationMissing").await;

    run(&world, &["pause", "--why", "stocktaking"]);
    prometheus.fires("HpNotificationsPending").await;
    receiver.answer(|_| Reception::Status(204));
    prometheus.resolves("HpNotificationsPending").await;

    // The stream drops an event before a worker has read it.
    let drop_one = "for _ = 1, 2 do
        redis.call('XADD', KEYS[1], '*', 'event', 'queue.resumed', 'at', '1', 'detail', '{}')
    end
    redis.call('XTRIM', KEYS[1], 'MAXLEN', 1)";
    let drop_one = ["EVAL", drop_one, "1", "{hp}:events"];
    world.redis.command::<()>(&drop_one).await;
    prometheus.fires("HpNotificationsUndelivered").await;
}
