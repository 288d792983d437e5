//! HitPoints refuses the calls about one order as if it refused the account. Only this order is at fault.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use e2e::{FrontEnd, Redis, Reply, Worker, World, assert_fields};
use hp_sandbox::Options;

/// The id that the front end takes for an attack, and how the requests contain it.
const ATTACK: &str = "<script>";
const ENCODED: &str = "%3Cscript%3E";

/// A front end that answers 403 to every request that names this order.
async fn suspicious_front_end(world: &World) -> FrontEnd {
    FrontEnd::start(world.sandbox.addr(), |request| {
        if request.contains(ENCODED) {
            Reply::Forbidden
        } else {
            Reply::Vendor
        }
    })
    .await
}

/// A front end that refuses every request once the switch is set.
async fn refusing_front_end(world: &World, reply: Reply) -> (FrontEnd, Arc<AtomicBool>) {
    let refuses = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&refuses);
    let front_end = FrontEnd::start(world.sandbox.addr(), move |_| {
        if refuses.load(Ordering::SeqCst) {
            reply
        } else {
            Reply::Vendor
        }
    });
    (front_end.await, switch)
}

async fn is_paused(world: &World) -> bool {
    world.redis.command(&["EXISTS", "{hp}:paused"]).await
}

/// Runs a command as the operator Ada. Returns its exit code and its output.
fn run(world: &World, front_end: &FrontEnd, words: &[&str]) -> (i32, String) {
    let settings = world.settings(&[("HP_API__BASE_URL", &front_end.url())]);
    let output = Worker::output(words, &settings);
    let text = [output.stdout, output.stderr].concat();
    let code = output.status.code().unwrap();
    (code, String::from_utf8(text).unwrap())
}

fn resolve(world: &World, front_end: &FrontEnd, decision: &str) -> (i32, String) {
    let why = ["--why", "ticket 42", "--by", "Ada"];
    let words = ["resolve", ATTACK, "--as", decision];
    run(world, front_end, &[&words[..], &why[..]].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_order_pauses_nothing_and_goes_to_review() {
    let world = World::start();
    let front_end = suspicious_front_end(&world).await;
    let _worker = world.worker_with(&[
        ("HP_API__BASE_URL", &front_end.url()),
        ("HP_RECONCILE__SCHEDULE", "* * * * * *"),
        ("HP_RECONCILE__STUCK_AFTER", "1s"),
    ]);
    world.enqueue(ATTACK, 1).await;
    world.enqueue("A-1", 1).await;
    assert_eq!(world.result("A-1").await["status"], "completed");
    let record = world.wait_for_state(ATTACK, "review").await;
    assert_fields!(record, { "cause": "blocked", "attempts": "1" });
    assert!(record["message"].contains("only the calls about this order"));
    assert!(record["message"].contains("403"), "{}", record["message"]);

    // A reconciliation run on the schedule queries the order in review, too.
    let claim: u64 = record["claim"].parse().unwrap();
    let queried = || async {
        let record = world.record(ATTACK).await;
        (record["claim"].parse::<u64>().unwrap() > claim).then_some(record)
    };
    let record = world.redis.wait_until("a scheduled query", queried).await;
    assert_eq!(record["state"], "review");
    world.enqueue("A-2", 1).await;
    assert_eq!(world.result("A-2").await["status"], "completed");
    assert!(!is_paused(&world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_order_can_be_retried_and_closed() {
    let world = World::start();
    let front_end = suspicious_front_end(&world).await;
    let _worker = world.worker_with(&[("HP_API__BASE_URL", &front_end.url())]);
    world.enqueue(ATTACK, 1).await;
    let claim = |record: &e2e::Entry| record["claim"].parse::<u64>().unwrap();
    let before = claim(&world.wait_for_state(ATTACK, "review").await);
    let retried = run(&world, &front_end, &["retry", ATTACK, "--by", "Ada"]);
    assert_eq!(retried.0, 0, "{}", retried.1);
    let again = || async {
        let record = world.record(ATTACK).await;
        (record["state"] == "review" && claim(&record) > before + 1).then_some(())
    };
    world
        .redis
        .wait_until("the review after a retry", again)
        .await;

    // No request can arrive any more.
    let key = format!("{{hp}}:order:{ATTACK}");
    let words = ["HSET", &key, "submitted_at", "1"];
    world.redis.command::<u64>(&words).await;
    for decision in ["completed", "not-charged", "resubmit"] {
        let (code, text) = resolve(&world, &front_end, decision);
        assert_eq!(code, 1, "{text}");
        assert!(
            text.contains("403") && text.contains("--as closed"),
            "{text}"
        );
    }
    assert!(!is_paused(&world).await);
    let (code, text) = resolve(&world, &front_end, "closed");
    assert_eq!(code, 0, "{text}");
    let result = world.result(ATTACK).await;
    assert_fields!(result, { "status": "failed", "reason": "closed" });
    assert!(result["detail"].contains("403"), "{}", result["detail"]);
    assert!(
        result["detail"].contains("not known"),
        "{}",
        result["detail"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_order_that_was_charged_is_completed() {
    let world = World::start();
    let front_end = FrontEnd::start(world.sandbox.addr(), |request| {
        let is_submission = request.starts_with("POST");
        if is_submission && request.contains(ENCODED) {
            Reply::ForbiddenAfter
        } else {
            Reply::Vendor
        }
    });
    let front_end = front_end.await;
    let _worker = world.worker_with(&[("HP_API__BASE_URL", &front_end.url())]);
    world.enqueue(ATTACK, 1).await;
    let result = world.result(ATTACK).await;
    assert_fields!(result, { "status": "completed", "source": "query", "attempts": "1" });
    assert_eq!(world.charge_count(ATTACK), 1);
    assert!(!is_paused(&world).await);
}

#[tokio::test]
async fn order_with_refused_signature_goes_to_review() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1~code-400107", 1).await;
    let result = world.result("A-1~code-400107").await;
    assert_fields!(result, { "status": "completed", "attempts": "2" });
    let twice = "A-2~code-400107~code-400107";
    world.enqueue(twice, 1).await;
    let record = world.wait_for_state(twice, "review").await;
    assert_fields!(record, { "cause": "blocked", "code": "400107", "attempts": "2" });
    assert!(!is_paused(&world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_account_pauses_queue_after_control() {
    // The queues of other prefixes are in other slots of a cluster.
    let world = World::with_redis(Redis::single(), Options::local());
    for (reply, reason) in [(Reply::Forbidden, "403"), (Reply::Code(400_107), "400107")] {
        let prefix = format!("{{{reason}}}");
        let (front_end, refuses) = refusing_front_end(&world, reply).await;
        let worker = world.worker_with(&[
            ("HP_API__BASE_URL", &front_end.url()),
            ("HP_QUEUE__PREFIX", &prefix),
        ]);
        worker.wait_for_log("product list fetched").await;
        refuses.store(true, Ordering::SeqCst);
        let (jobs, id) = (format!("{prefix}:jobs"), format!("A-{reason}"));
        let job = ["order_id", &id, "product_id", "2", "quantity", "1"];
        let words = [&["XADD", &jobs, "*"], &job[..]].concat();
        world.redis.command::<String>(&words).await;
        let paused = world.redis.wait_until("the pause", || async {
            let key = format!("{prefix}:paused");
            let paused: e2e::Entry = world.redis.command(&["HGETALL", &key]).await;
            paused.get("reason").cloned()
        });
        assert!(paused.await.contains(reason));
    }
}

#[tokio::test]
async fn refused_orders_in_a_row_open_the_breaker() {
    let world = World::start();
    // The product list works. So each order seems to be at fault by itself.
    let front_end = FrontEnd::start(world.sandbox.addr(), |request| {
        if request.contains("out_trade_id") {
            Reply::Forbidden
        } else {
            Reply::Vendor
        }
    })
    .await;
    let _worker = world.worker_with(&[
        ("HP_API__BASE_URL", &front_end.url()),
        ("HP_WORKER__CONCURRENCY", "1"),
        ("HP_RETRY__MAX", "1h"),
    ]);
    for n in 0..40 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    let is_open = || async {
        let until: Option<u64> = world
            .redis
            .command(&["HGET", "{hp}:breaker", "until"])
            .await;
        until
    };
    world.redis.wait_until("the breaker to open", is_open).await;
    let untouched: u64 = world.redis.command(&["XLEN", "{hp}:jobs"]).await;
    assert!(untouched >= 20, "{untouched}");
}
