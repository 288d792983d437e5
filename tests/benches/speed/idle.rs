//! What a worker costs that has nothing to do.

use std::time::Duration;

use e2e::{
    World,
    figures::{Goal, Row, Samples},
};
use hp_sandbox::Options;
use tokio::time::{Instant, sleep};

use crate::{
    measure::{memory, reached},
    options::Effort,
    redis_stats::{number, script_calls},
    setup::{Fsync, fill, ids, worker, world},
};

pub(crate) async fn one_worker(effort: Effort) -> Vec<Row> {
    let world = world(Options::local(), Fsync::EverySecond);
    let worker = worker(&world, &[]);
    fill(&world, ids("A", 1), "2").await;
    reached(&world, 1).await;
    // Its first tasks end.
    sleep(Duration::from_secs(3)).await;
    let (mut commands, mut scripts, mut size) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.rounds() {
        let window = watch(
            &world,
            effort.pick(Duration::from_secs(10), Duration::from_secs(3)),
        )
        .await;
        commands.push(window.0);
        scripts.push(window.1);
        size.push(memory(worker.id(), "VmRSS"));
    }
    vec![
        Row::new(
            "idle worker: memory, MiB",
            Goal::AtMost(10.0),
            Samples::new(size),
        ),
        Row::new(
            "idle worker: Redis commands a second",
            Goal::AtMost(5.0),
            Samples::new(commands),
        ),
        Row::note("idle worker: scripts a second", Samples::new(scripts)),
    ]
}

/// Commands, with those inside scripts, and scripts a second.
async fn watch(world: &World, time: Duration) -> (f64, f64) {
    // A look at Redis is a command or more itself. The second one shows what one costs.
    let looks = [look(world).await, look(world).await];
    let started = Instant::now();
    sleep(time).await;
    let end = look(world).await;
    let seconds = started.elapsed().as_secs_f64();
    let own = looks[1].0 - looks[0].0;
    (
        (end.0 - looks[1].0 - own) / seconds,
        (end.1 - looks[1].1) / seconds,
    )
}

async fn look(world: &World) -> (f64, f64) {
    let commands = number(&world.redis, "stats", "total_commands_processed").await;
    (commands, script_calls(&world.redis).await)
}
