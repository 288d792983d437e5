//! Runs the real scripts in a real Redis, under random sequences of operations, and compares Redis with a simple reference
//! after each one. `PROPTEST_CASES` is the number of sequences. A failure is shrunk to the shortest sequence that shows it.
//!
//! Plain `proptest` over a list of operations: what an operation does depends on what it finds, so every part of a sequence
//! is a sequence. A state machine of the library would add nothing but its traits.
//!
//! Nothing here depends on the speed of the machine. Leases and delays are over at once or an hour long, and an operation
//! moves an order to the beginning of the schedule to make it due.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the test"
)]

mod claim_rules;
mod operation;
mod queue;
mod reference;
mod sample;
mod scenario;
mod strategy;
mod view;
mod worker_event;

use std::cell::Cell;

use e2e::Redis;
use proptest::{
    bool,
    test_runner::{Config, TestRunner},
};

use queue::Queue;
use strategy::operations;

#[test]
fn scripts_agree_with_the_reference() {
    // An append-only file would cost most of the time.
    let redis = Redis::single_with("--appendonly no");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let connection = runtime.block_on(redis.connection());
    let case = Cell::new(0);
    let mut runner = TestRunner::new(Config {
        // A stored sequence means something else after a change of the scripts.
        failure_persistence: None,
        ..Config::with_cases(cases())
    });
    // In some cases the rate is limited.
    let cases = (bool::weighted(0.2), operations());
    let result = runner.run(&cases, |(is_limited, operations)| {
        case.set(case.get() + 1);
        runtime.block_on(async {
            let connection = connection.clone();
            let mut queue = Queue::open(&redis.url(), connection, case.get(), is_limited);
            for operation in &operations {
                queue.perform(*operation).await?;
                queue.agrees().await?;
            }
            Ok(())
        })
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES");
    asked.map_or(300, |cases| cases.parse().unwrap())
}
