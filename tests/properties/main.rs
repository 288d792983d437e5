//! The real scripts in a real Redis, under random sequences of operations, held against simple books after each.
//! `PROPTEST_CASES` says how many sequences; a failure is shrunk to the shortest sequence that shows it.
//!
//! Plain `proptest` over a list of operations: what an operation does depends on what is there when its turn comes, so
//! every part of a sequence is a sequence, and a state machine of the library would add nothing but its traits.
//!
//! Nothing here depends on how fast the machine is. Leases and delays are either over at once or an hour long, and what
//! is to come due is moved to the beginning of the schedule by hand.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the test"
)]

mod books;
mod course;
mod news;
mod operation;
mod queue;
mod sample;
mod shown;

use std::cell::Cell;

use e2e::Redis;
use proptest::{
    bool,
    test_runner::{Config, TestRunner},
};

use operation::operations;
use queue::Queue;

#[test]
fn the_scripts_keep_the_books_as_a_simple_reference_does() {
    // Nothing has to outlive this server, and a file would be most of the time.
    let redis = Redis::single_with("--appendonly no");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let connection = runtime.block_on(redis.connection());
    let case = Cell::new(0);
    let mut runner = TestRunner::new(Config {
        // Sequences are found again by chance alone: what one does changes with the scripts.
        failure_persistence: None,
        ..Config::with_cases(cases())
    });
    // In some cases, the rate of the calls is limited.
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
