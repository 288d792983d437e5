//! Each alert is made to happen: real workers, a real Prometheus, and what an operator would do.

mod background;
mod lint;
mod orders;
mod vendor;
mod workers;

use e2e::{Worker, World};

use crate::{
    names::admin_address,
    prometheus::{Prometheus, TOKEN},
};

/// Starts a worker that wants the token of Prometheus, with further settings.
fn worker(world: &World, more: &[(&str, &str)]) -> Worker {
    let token = [("HP_ADMIN__TOKEN", TOKEN)];
    world.worker_with(&[&token, more].concat())
}

/// Starts a Prometheus that scrapes these workers.
async fn watch(workers: &[&Worker]) -> Prometheus {
    let mut addresses = Vec::new();
    for worker in workers {
        addresses.push(admin_address(worker).await);
    }
    Prometheus::start(&addresses).await
}

/// Runs a command of an operator, which must succeed.
fn run(world: &World, arguments: &[&str]) {
    let output = Worker::output(arguments, &world.settings(&[]));
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}
