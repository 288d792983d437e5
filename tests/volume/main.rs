//! Proofs of volume: `just volume`. They take minutes, so they are no part of the default test run.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the test"
)]

use std::process::{Command, Output, Stdio};

use e2e::{Redis, Worker, World};
use hp_sandbox::Options;
use serde_json::Value;

/// Creates the records of orders in doubt that were submitted long ago.
async fn create_stuck_orders(world: &World, count: u32) {
    const SCRIPT: &str = "
        local now = redis.call('TIME')[1] * 1000
        local function text(number) return string.format('%d', number) end
        for n = 1, tonumber(ARGV[1]) do
          local id, at = 'old-' .. n, text(now - 10000000 + n)
          redis.call('HSET', '{hp}:order:' .. id, 'state', 'uncertain', 'cause', 'lost', 'product_id', '2',
            'quantity', '1', 'claim', '1', 'settled', '1', 'attempts', '1', 'checks', '9', 'accepted_at', at,
            'submitted_at', at, 'updated_at', at)
          redis.call('ZADD', '{hp}:open', at, id)
          redis.call('ZADD', '{hp}:schedule', text(now + 10000000), id)
        end";
    let count = count.to_string();
    let words = ["EVAL", SCRIPT, "0", &count];
    world.redis.command::<redis::Value>(&words).await;
}

/// Runs the binary with a limit on its data segment. It crashes if it needs more memory.
fn run_with_memory_limit(kib: u32, words: &[&str], settings: &[(String, String)]) -> Output {
    let command = Worker::command(words, settings);
    let limited = format!("ulimit -d {kib} && exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &limited])
        .arg(command.get_program())
        .args(command.get_args())
        .envs(settings.iter().cloned())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn run_checks_100000_orders_in_100_mb() {
    const ORDERS: u32 = 100_000;
    let world = World::with_redis(Redis::single(), Options::local());
    create_stuck_orders(&world, ORDERS).await;
    // No crash follows, and a synchronous disk would dominate the time.
    let no_fsync = ["CONFIG", "SET", "appendfsync", "no"];
    world.redis.command::<String>(&no_fsync).await;

    let stuck_at_once = ("HP_RECONCILE__STUCK_AFTER", "1ms");
    let settings = world.settings(&[stuck_at_once, ("HP_LOG__FILTER", "warn")]);
    let output = run_with_memory_limit(50_000, &["reconcile", "--once", "--json"], &settings);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let figures = [&report["looked_at"], &report["resubmitted"]];
    assert_eq!(figures, [&Value::from(ORDERS); 2], "{report:#}");
}
