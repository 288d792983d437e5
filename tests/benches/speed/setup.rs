use std::path::PathBuf;

use e2e::{Redis, Worker, World};
use hp_sandbox::Options;
use tokio::process::{Child, Command};

/// When Redis writes its append-only file to the disk.
#[derive(Clone, Copy)]
pub(crate) enum Fsync {
    Always,
    EverySecond,
}

/// A vendor, and a Redis with the settings of a deployment instead of those of the tests.
pub(crate) fn world(vendor: Options, fsync: Fsync) -> World {
    let settings = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/redis/redis.conf");
    let fsync = match fsync {
        Fsync::Always => "always",
        Fsync::EverySecond => "everysec",
    };
    let arguments = format!(
        "--include {} --appendfsync {fsync} --notify-keyspace-events ''",
        settings.display()
    );
    World::with_redis(Redis::single_with(&arguments), vendor)
}

/// The default settings of a worker where they matter for speed. Without the log, because nobody reads it here.
const SETTINGS: [(&str, &str); 8] = [
    ("HP_LOG__FILTER", "warn"),
    ("HP_API__TIMEOUT", "30s"),
    ("HP_WORKER__LEASE", "15s"),
    ("HP_RETRY__BASE", "1s"),
    ("HP_RETRY__MAX", "5m"),
    ("HP_RETRY__RESUBMIT_AFTER", "5m"),
    // A run would fall into some rounds and not into others.
    ("HP_RECONCILE__SCHEDULE", "0 0 1 1 *"),
    ("HP_ADMIN__LISTEN", ""),
];

/// Starts a worker with the default settings, and more.
pub(crate) fn worker(world: &World, more: &[(&str, &str)]) -> Worker {
    world.worker_with(&[&SETTINGS, more].concat())
}

/// Starts a bare loop.
pub(crate) fn bare_loop(world: &World, vendor: &str, at_once: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["bare-loop", &world.redis.url(), vendor, at_once])
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Adds orders of one card to the inbox.
pub(crate) async fn fill(world: &World, ids: impl IntoIterator<Item = String>, product: &str) {
    let ids: Vec<_> = ids.into_iter().collect();
    let mut connection = world.redis.connection().await;
    for batch in ids.chunks(1000) {
        let mut pipe = redis::pipe();
        for id in batch {
            let fields = [
                ("order_id", id.as_str()),
                ("product_id", product),
                ("quantity", "1"),
            ];
            pipe.xadd("{hp}:jobs", "*", &fields).ignore();
        }
        pipe.query_async::<()>(&mut connection).await.unwrap();
    }
}

/// The ids of so many orders.
pub(crate) fn ids(name: &str, orders: usize) -> impl Iterator<Item = String> {
    (0..orders).map(move |n| format!("{name}-{n}"))
}
