//! Reconciliation on a schedule: one run for each tick, whoever makes it.

use e2e::{Entry, Worker, World};
use nix::sys::signal::Signal;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    by_hand::{LONG, settle, take_one},
    reconcile::lost,
};

/// Twenty orders in doubt, which nobody looks at by himself for long.
async fn stuck(world: &World) {
    let ledger = world.ledger();
    for n in 0..20 {
        world.order(&format!("A-{n}"), 1).await;
        let claimed = take_one(&ledger, LONG).await;
        settle(&ledger, &claimed, lost()).await;
        world.redis.run::<u64>(&["DEL", "{hp}:breaker"]).await;
        let far = [
            "ZADD",
            "{hp}:schedule",
            "4102444800000",
            claimed.id().as_str(),
        ];
        world.redis.run::<u64>(&far).await;
    }
}

fn worker(world: &World, schedule: &str, rate: &str) -> Worker {
    world.worker_with(&[
        ("HP_RECONCILE__SCHEDULE", schedule),
        ("HP_RECONCILE__STUCK_AFTER", "1ms"),
        ("HP_WORKER__RATE", rate),
    ])
}

/// Waits until so many runs have left their report.
async fn runs(world: &World, n: usize) -> Vec<Entry> {
    world
        .redis
        .until(&format!("{n} runs"), || async {
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
async fn three_workers_make_one_run_at_each_tick() {
    let world = World::start();
    let _workers = [(); 3].map(|()| worker(&world, "* * * * * *", "1000"));
    let ticks = ticks(&runs(&world, 5).await);
    for pair in ticks.windows(2) {
        assert!(pair[0] < pair[1], "{ticks:?}");
    }
    assert!(ticks.iter().all(|tick| tick % 1000 == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_worker_is_killed_is_made_by_another_and_reported_once() {
    let world = World::start();
    stuck(&world).await;
    // The last tick is long past: its run was missed, and it is the only one for years.
    let yearly = "0 0 1 1 *";
    let workers = [(); 3].map(|()| worker(&world, yearly, "10"));
    let holder = || async {
        let holder: Option<String> = world.redis.run(&["HGET", "{hp}:reconcile", "holder"]).await;
        holder
    };
    let acting = world.redis.until("a run to begin", holder).await;
    let is_acting = |worker: &&Worker| acting.contains(&format!(":{} ", worker.id()));
    let acting = workers.iter().find(is_acting).unwrap();
    acting.signal(Signal::SIGKILL);

    let run = runs(&world, 1).await.remove(0);
    assert!(!run["by"].ends_with(&format!(":{}", acting.id())));
    assert_eq!(run["incomplete"], "");
    for worker in workers.iter().filter(|worker| worker.id() != acting.id()) {
        worker.signal(Signal::SIGTERM);
    }
    assert_eq!(world.stream("{hp}:reconcile:runs").await.len(), 1);
    let done: u64 = world.redis.run(&["HGET", "{hp}:reconcile", "done"]).await;
    assert_eq!(done.to_string(), run["tick"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_away_in_its_run_leaves_no_second_report() {
    let world = World::start();
    stuck(&world).await;
    let first = worker(&world, "0 0 1 1 *", "10");
    let held = || async {
        let held: u64 = world.redis.run(&["EXISTS", "{hp}:reconcile"]).await;
        (held == 1).then_some(())
    };
    world.redis.until("a run to begin", held).await;
    first.signal(Signal::SIGSTOP);
    let second = worker(&world, "0 0 1 1 *", "1000");
    let run = runs(&world, 1).await.remove(0);
    assert!(run["by"].ends_with(&format!(":{}", second.id())));
    first.signal(Signal::SIGCONT);
    first
        .said("another worker makes this reconciliation run")
        .await;
    assert_eq!(world.stream("{hp}:reconcile:runs").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_a_worker_that_is_asked_to_stop_is_made_by_another_at_once() {
    let world = World::start();
    stuck(&world).await;
    let slow = [
        ("HP_RECONCILE__SCHEDULE", "0 0 1 1 *"),
        ("HP_RECONCILE__STUCK_AFTER", "1ms"),
        ("HP_WORKER__RATE", "2"),
        ("HP_RETRY__RESUBMIT_AFTER", "1h"),
        // Nobody could wait for its lease to end.
        ("HP_WORKER__LEASE", "10m"),
    ];
    let mut first = world.worker_with(&slow);
    let begun = || async {
        let holder: Option<String> = world.redis.run(&["HGET", "{hp}:reconcile", "holder"]).await;
        holder.map(drop)
    };
    world.redis.until("a run to begin", begun).await;
    first.signal(Signal::SIGTERM);
    assert!(first.ended().await.success(), "{}", first.log());
    let left = runs(&world, 1).await.remove(0);
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
    let made = runs(&world, 2).await.remove(1);
    assert_eq!((&made["tick"], &*made["incomplete"]), (&left["tick"], ""));
    assert_eq!(made["in_hand"], "0", "none of them is due by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_the_workers_own_trouble_ends_pauses_the_queue_and_is_made_when_it_goes_on() {
    let world = World::start();
    stuck(&world).await;
    let schedule = [
        ("HP_RECONCILE__SCHEDULE", "0 0 1 1 *"),
        ("HP_RECONCILE__STUCK_AFTER", "1ms"),
    ];
    let slip = [&schedule[..], &[("HP_API__APP_SECRET", "another-secret")]].concat();
    let first = world.worker_with(&slip);
    let left = runs(&world, 1).await.remove(0);
    assert!(left["incomplete"].contains("paused"), "{left:?}");
    drop(first);
    assert!(world.inspector().paused().await.unwrap().is_some());
    world.control().resume().await.unwrap();
    let _second = world.worker_with(&schedule);
    let made = runs(&world, 2).await.remove(1);
    assert_eq!((&made["tick"], &*made["incomplete"]), (&left["tick"], ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_that_a_clock_gone_back_has_left_in_the_future_is_not_waited_for() {
    let world = World::start();
    world
        .redis
        .run::<u64>(&["HSET", "{hp}:reconcile", "done", "99999999999999"])
        .await;
    let _worker = worker(&world, "0 0 1 1 *", "1000");
    let run = runs(&world, 1).await.remove(0);
    let done: String = world.redis.run(&["HGET", "{hp}:reconcile", "done"]).await;
    assert_eq!(done, run["tick"]);
}

/// What a worker tells under this path, at the address in its log.
async fn asked(worker: &Worker, path: &str) -> String {
    worker.said("metrics are at http://").await;
    let log = worker.log();
    let (_, address) = log.split_once("metrics are at http://").unwrap();
    let (address, _) = address.split_once("/metrics").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: worker\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_workers_runs_came_to_is_told_to_prometheus() {
    let world = World::start();
    stuck(&world).await;
    let worker = worker(&world, "0 0 1 1 *", "1000");
    let run = runs(&world, 1).await.remove(0);
    let answer = asked(&worker, "/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let told = |line: String| assert!(answer.contains(&line), "no {line} in {answer}");
    told("hp_reconcile_runs_total{end=\"complete\"} 1".into());
    told("hp_reconcile_runs_total{end=\"incomplete\"} 0".into());
    for figure in [
        "looked_at",
        "agreed",
        "still_in_doubt",
        "to_review",
        "repaired",
    ] {
        told(format!(
            "hp_reconcile_orders_total{{figure=\"{figure}\"}} {}",
            run[figure]
        ));
    }
    assert_eq!(run["looked_at"], "20");
    let elsewhere = asked(&worker, "/").await;
    assert!(elsewhere.starts_with("HTTP/1.1 404"), "{elsewhere}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_an_address_for_its_metrics_buys_and_reconciles_all_the_same() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for listen in [&*address, ""] {
        let world = World::start();
        let worker = world.worker_with(&[("HP_ADMIN__LISTEN", listen)]);
        if !listen.is_empty() {
            worker.said("no metrics from this process").await;
        }
        world.order("A-1", 1).await;
        assert_eq!(world.result("A-1").await["status"], "completed");
        runs(&world, 1).await;
    }
}
