//! What must hold however many orders there are. Apart from the other end-to-end tests, which are run over several kinds
//! of Redis: this takes minutes, and once is enough.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the test"
)]

use std::process::{Command, Output, Stdio};

use e2e::{Redis, Worker, World};
use hp_sandbox::Options;
use serde_json::Value;

/// Writes down orders that were sent long ago, and of which nobody knows more.
async fn forgotten_orders(world: &World, count: u32) {
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

/// Runs the binary with so little memory of its own: it dies where it wants more.
fn in_little_memory(kib: u32, words: &[&str], settings: &[(String, String)]) -> Output {
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
    forgotten_orders(&world, ORDERS).await;
    // Nothing crashes here, and the disk would take its time.
    let lazily = ["CONFIG", "SET", "appendfsync", "no"];
    world.redis.command::<String>(&lazily).await;

    let at_once = ("HP_RECONCILE__STUCK_AFTER", "1ms");
    let settings = world.settings(&[at_once, ("HP_LOG__FILTER", "warn")]);
    let output = in_little_memory(50_000, &["reconcile", "--once", "--json"], &settings);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let figures = [&report["looked_at"], &report["resubmitted"]];
    assert_eq!(figures, [&Value::from(ORDERS); 2], "{report:#}");
}
