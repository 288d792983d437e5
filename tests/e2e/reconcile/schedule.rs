//! Scheduled reconciliation: one run for each tick over all workers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use e2e::{Entry, FrontEnd, Reply, Worker, World, assert_fields};
use hp_order::Millis;
use hp_queue::{Account, Agreement, LeaseState, Ledger, RunLease};
use nix::sys::signal::Signal;
use tokio::net::TcpListener;

use crate::{
    admin_server::http_get,
    claims::{LONG_LEASE, apply_event, claim_one},
    reconcile::lost,
};

/// Creates twenty orders in doubt that do not become due.
async fn enqueue_stuck_orders(world: &World) {
    enqueue_stuck_orders_of(world, &world.ledger()).await;
}

async fn enqueue_stuck_orders_of(world: &World, ledger: &Ledger) {
    let far_time = (world.now().await + 1_800_000).to_string();
    for n in 0..20 {
        world.enqueue(&format!("A-{n}"), 1).await;
        let claimed = claim_one(ledger, LONG_LEASE).await;
        apply_event(ledger, &claimed, lost()).await;
        world.redis.command::<u64>(&["DEL", "{hp}:breaker"]).await;
        let far = ["ZADD", "{hp}:schedule", &far_time, claimed.id().as_str()];
        world.redis.command::<u64>(&far).await;
    }
}

fn worker(world: &World, schedule: &str, rate: &str) -> Worker {
    world.worker_with(&[
        ("HP_RECONCILE__SCHEDULE", schedule),
        ("HP_RECONCILE__STUCK_AFTER", "1ms"),
        ("HP_WORKER__RATE", rate),
    ])
}

/// Waits until `n` runs have reported. Returns the reports.
async fn wait_for_runs(world: &World, n: usize) -> Vec<Entry> {
    world
        .redis
        .wait_until(&format!("{n} runs"), || async {
            let runs = world.stream("{hp}:reconcile:runs").await;
            (runs.len() >= n).then_some(runs)
        })
        .await
}

fn ticks(runs: &[Entry]) -> Vec<u64> {
    runs.iter()
        .map(|run| run["tick"].parse().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_workers_make_one_run_for_each_tick() {
    let world = World::start();
    let _workers = [(); 3].map(|()| worker(&world, "* * * * * *", "1000"));
    let ticks = ticks(&wait_for_runs(&world, 5).await);
    for pair in ticks.windows(2) {
        assert!(pair[0] < pair[1], "{ticks:?}");
    }
    assert!(ticks.iter().all(|tick| tick % 1000 == 0));
}

#[tokio::test]
async fn run_lease_holds_against_shorter_leases() {
    let world = World::start();
    let lease = |holder: &str| RunLease::new(world.handle(), holder.to_owned(), Millis(1000));
    let held = lease("one").acquire(Duration::from_mins(10)).await;
    assert!(matches!(held, Ok(LeaseState::Held(_))), "{held:?}");
    let other = lease("another").acquire(Duration::from_secs(1)).await;
    assert!(matches!(other, Ok(LeaseState::HeldByOther(_))), "{other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn run_of_killed_worker_is_taken_over() {
    let world = World::start();
    enqueue_stuck_orders(&world).await;
    // The last tick is long past and its run was missed. The next tick is far away.
    let yearly = "0 0 1 1 *";
    let workers = [(); 3].map(|()| worker(&world, yearly, "40"));
    let holder = || async {
        let holder: Option<String> = world
            .redis
            .command(&["HGET", "{hp}:reconcile", "holder"])
            .await;
        holder
    };
    let acting = world.redis.wait_until("a run to begin", holder).await;
    let is_acting = |worker: &&Worker| acting.contains(&format!(":{}:", worker.id()));
    let acting = workers.iter().find(is_acting).unwrap();
    acting.signal(Signal::SIGKILL);

    let run = wait_for_runs(&world, 1).await.remove(0);
    assert!(!run["by"].contains(&format!(":{}:", acting.id())));
    assert_eq!(run["incomplete"], "");
    for worker in workers.iter().filter(|worker| worker.id() != acting.id()) {
        worker.signal(Signal::SIGTERM);
    }
    assert_eq!(world.stream("{hp}:reconcile:runs").await.len(), 1);
    let done: u64 = world
        .redis
        .command(&["HGET", "{hp}:reconcile", "done"])
        .await;
    assert_eq!(done.to_string(), run["tick"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended_worker_leaves_no_second_report() {
    let world = World::start();
    enqueue_stuck_orders(&world).await;
    let first = worker(&world, "0 0 1 1 *", "10");
    let is_running = || async {
        let is_running: u64 = world.redis.command(&["EXISTS", "{hp}:reconcile"]).await;
        (is_running == 1).then_some(())
    };
    world.redis.wait_until("a run to begin", is_running).await;
    first.signal(Signal::SIGSTOP);
    let second = worker(&world, "0 0 1 1 *", "1000");
    let run = wait_for_runs(&world, 1).await.remove(0);
    assert!(run["by"].contains(&format!(":{}:", second.id())));
    first.signal(Signal::SIGCONT);
    first.wait_for_log("run lease lost").await;
    assert_eq!(world.stream("{hp}:reconcile:runs").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn run_of_stopping_worker_is_taken_over_at_once() {
    let world = World::start();
    enqueue_stuck_orders(&world).await;
    let slow = [
        ("HP_RECONCILE__SCHEDULE", "0 0 1 1 *"),
        ("HP_RECONCILE__STUCK_AFTER", "1ms"),
        ("HP_WORKER__RATE", "2"),
        ("HP_RETRY__RESUBMIT_AFTER", "1h"),
        // Too long for a successor to wait for its end.
        ("HP_WORKER__LEASE", "10m"),
    ];
    let mut first = world.worker_with(&slow);
    let begun = || async {
        let holder: Option<String> = world
            .redis
            .command(&["HGET", "{hp}:reconcile", "holder"])
            .await;
        holder.map(drop)
    };
    world.redis.wait_until("a run to begin", begun).await;
    first.signal(Signal::SIGTERM);
    assert!(first.wait_for_exit().await.success(), "{}", first.log());
    let left = wait_for_runs(&world, 1).await.remove(0);
    assert!(left["incomplete"].contains("interrupted"), "{left:?}");
    for n in 0..20 {
        let record = world.record(&format!("A-{n}")).await;
        let has_ended = record["state"] == "completed";
        assert!(
            has_ended || record["settled"] == record["claim"],
            "{record:?}"
        );
    }
    let _second = worker(&world, "0 0 1 1 *", "1000");
    let second = wait_for_runs(&world, 2).await.remove(1);
    assert_fields!(second, { "tick": left["tick"], "incomplete": "" });
    assert_eq!(second["in_hand"], "0", "no order is still claimed");
}

#[tokio::test(flavor = "multi_thread")]
async fn account_failure_pauses_queue_and_defers_run() {
    let world = World::start();
    // HitPoints refuses the account from the second call on.
    let (calls, is_refused) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(true)));
    let switch = Arc::clone(&is_refused);
    let front_end = FrontEnd::start(world.sandbox.addr(), move |_| {
        let is_first = calls.fetch_add(1, Ordering::SeqCst) == 0;
        if is_first || !switch.load(Ordering::SeqCst) {
            Reply::Vendor
        } else {
            Reply::Code(400_107)
        }
    });
    let front_end = front_end.await;
    let address = front_end.url();
    let account = Account::new("demo", &address);
    let ledger = Ledger::new(world.handle(), Agreement::new(account, e2e::rules()));
    enqueue_stuck_orders_of(&world, &ledger).await;
    let schedule = [
        ("HP_API__BASE_URL", address.as_str()),
        ("HP_RECONCILE__SCHEDULE", "0 0 1 1 *"),
        ("HP_RECONCILE__STUCK_AFTER", "1ms"),
    ];
    let first = world.worker_with(&schedule);
    let left = wait_for_runs(&world, 1).await.remove(0);
    assert!(left["incomplete"].contains("paused"), "{left:?}");
    drop(first);
    assert!(world.inspector().paused().await.unwrap().is_some());
    world.control().resume("Ada").await.unwrap();
    is_refused.store(false, Ordering::SeqCst);
    let _second = world.worker_with(&schedule);
    let second = wait_for_runs(&world, 2).await.remove(1);
    assert_fields!(second, { "tick": left["tick"], "incomplete": "" });
}

#[tokio::test(flavor = "multi_thread")]
async fn tick_in_the_future_is_not_waited_for() {
    let world = World::start();
    world
        .redis
        .command::<u64>(&["HSET", "{hp}:reconcile", "done", "99999999999999"])
        .await;
    let _worker = worker(&world, "0 0 1 1 *", "1000");
    let run = wait_for_runs(&world, 1).await.remove(0);
    let done: String = world
        .redis
        .command(&["HGET", "{hp}:reconcile", "done"])
        .await;
    assert_eq!(done, run["tick"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn run_figures_are_in_metrics() {
    let world = World::start();
    enqueue_stuck_orders(&world).await;
    let worker = worker(&world, "0 0 1 1 *", "1000");
    let run = wait_for_runs(&world, 1).await.remove(0);
    let answer = http_get(&worker, "/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let assert_line = |line: String| assert!(answer.contains(&line), "no {line} in {answer}");
    assert_line("hp_reconcile_runs_total{end=\"complete\"} 1".into());
    assert_line("hp_reconcile_runs_total{end=\"incomplete\"} 0".into());
    for (label, field) in [
        ("checked", "looked_at"),
        ("agreed", "agreed"),
        ("still_in_doubt", "still_in_doubt"),
        ("to_review", "to_review"),
        ("repaired", "repaired"),
    ] {
        let count = &run[field];
        assert_line(format!(
            "hp_reconcile_orders_total{{figure=\"{label}\"}} {count}"
        ));
    }
    assert_eq!(run["looked_at"], "20");
    let ms = |field: &str| run[field].parse::<u64>().unwrap();
    let seconds = ms("finished_at") / 1000;
    assert_line(format!(
        "hp_reconcile_last_run_timestamp_seconds {seconds}\n"
    ));
    let took = Duration::from_millis(ms("finished_at") - ms("started_at")).as_secs_f64();
    assert_line(format!("hp_reconcile_last_run_duration_seconds {took:?}\n"));
    // The worker may have queried some of them again meanwhile.
    let (_, queries) = answer.split_once("\nhp_queries_total ").unwrap();
    let (queries, _) = queries.split_once('\n').unwrap();
    assert!(queries.parse::<u64>().unwrap() >= 20, "{queries}");
    assert_line("hp_script_batch_orders_sum{script=\"claim_named\"} 20.0\n".into());
    let elsewhere = http_get(&worker, "/").await;
    assert!(elsewhere.starts_with("HTTP/1.1 404"), "{elsewhere}");
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_runs_without_metrics_address() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for listen in [&*address, ""] {
        let world = World::start();
        let worker = world.worker_with(&[("HP_ADMIN__LISTEN", listen)]);
        if !listen.is_empty() {
            worker.wait_for_log("cannot serve metrics").await;
        }
        world.enqueue("A-1", 1).await;
        assert_eq!(world.result("A-1").await["status"], "completed");
        wait_for_runs(&world, 1).await;
    }
}
