//! Whether a call costs more while very many orders are open.

use std::{process::Stdio, time::Instant};

use e2e::{
    Worker, World,
    figures::{Goal, Row, Samples},
};
use hp_sandbox::Options;
use redis::Value;

use crate::{
    measure::{count, reached},
    options::Effort,
    redis_stats::info,
    setup::{Fsync, fill, ids, worker, world},
};

/// Creates the records of orders that wait half a day for another submission.
const WAITING_ORDERS: &str = "
    local now = redis.call('TIME')[1] * 1000
    local function text(number) return string.format('%d', number) end
    for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do
      local id, at = 'old-' .. n, text(now - 1000000 + n)
      redis.call('HSET', '{hp}:order:' .. id, 'state', 'waiting', 'cause', 'lost', 'product_id', '2', 'quantity', '1',
        'claim', '1', 'settled', '1', 'attempts', '1', 'checks', '0', 'accepted_at', at, 'submitted_at', at,
        'updated_at', at)
      redis.call('ZADD', '{hp}:open', at, id)
      redis.call('SADD', '{hp}:state:waiting', id)
      redis.call('ZADD', '{hp}:schedule', text(now + 43200000 + n), id)
    end";

/// Commands inside scripts are shorter, so that the log has the scripts only.
const SHORTEST_SCRIPT: &str = "20";

pub(crate) async fn cost(effort: Effort) -> Vec<Row> {
    let open = effort.pick(1_000_000, 50_000);
    let few = start(1_000).await;
    let many = start(open).await;
    let (mut of_few, mut of_many) = (Rounds::default(), Rounds::default());
    for round in 0..effort.rounds() {
        let orders = effort.pick(4_000, 2_000);
        of_few.push(few.serve(round, orders).await, few.status().await);
        of_many.push(many.serve(round, orders).await, many.status().await);
    }
    let ratio = |what: &str, of: &[f64], to: &[f64]| {
        let what = format!("{open} open orders: {what}, to that with 1000");
        Row::new(what, Goal::AtMost(1.1), Samples::ratios(of, to))
    };
    vec![
        ratio("time of a claim in Redis", &of_many.claim, &of_few.claim),
        ratio("time of a settle in Redis", &of_many.settle, &of_few.settle),
        Row::new(
            format!("{open} open orders: status in Redis, ms"),
            Goal::AtMost(5.0),
            Samples::new(of_many.status),
        ),
        Row::note(
            "1000 open orders: status in Redis, ms",
            Samples::new(of_few.status),
        ),
        Row::note(
            format!("{open} open orders: the command `worker status`, ms"),
            Samples::new(of_many.command),
        ),
        Row::note("a claim in Redis, us an order", Samples::new(of_few.claim)),
        Row::note(
            "a settle in Redis, us an order",
            Samples::new(of_few.settle),
        ),
    ]
}

pub(crate) async fn add_waiting_orders(world: &World, orders: usize) {
    for first in (1..=orders).step_by(10_000) {
        let last = (first + 9_999).min(orders);
        let words = [
            "EVAL",
            WAITING_ORDERS,
            "0",
            &first.to_string(),
            &last.to_string(),
        ];
        world.redis.command::<Value>(&words).await;
    }
}

/// A queue with many open orders.
struct Crowded {
    world: World,
    _worker: Worker,
}

async fn start(open: usize) -> Crowded {
    let world = world(Options::local(), Fsync::EverySecond);
    let limit = format!("slowlog-log-slower-than {SHORTEST_SCRIPT} slowlog-max-len 1000000");
    let rest = " auto-aof-rewrite-percentage 0";
    let config = ["CONFIG SET ", &limit, rest].concat();
    world
        .redis
        .command::<()>(&config.split(' ').collect::<Vec<_>>())
        .await;
    add_waiting_orders(&world, open).await;
    // A claim brings back orders that wait longer than any wait lasts.
    let worker = worker(&world, &[("HP_RETRY__MAX", "24h")]);
    fill(&world, ids("first", 1), "2").await;
    reached(&world, 1).await;
    Crowded {
        world,
        _worker: worker,
    }
}

impl Crowded {
    /// Buys orders. Returns the microseconds an order that its claim and its settling took in Redis.
    async fn serve(&self, round: usize, orders: usize) -> (f64, f64) {
        let redis = &self.world.redis;
        redis.command::<()>(&["SLOWLOG", "RESET"]).await;
        let before: usize = redis.command(&["XLEN", "{hp}:results"]).await;
        fill(&self.world, ids(&format!("A-{round}"), orders), "2").await;
        reached(&self.world, before + orders).await;
        let log: Vec<LogEntry> = redis.command(&["SLOWLOG", "GET", "-1"]).await;
        let time = |kind| -> f64 {
            let of_kind = log.iter().filter(|entry| script(&entry.3) == Some(kind));
            of_kind.map(|entry| f64::from(entry.2)).sum()
        };
        let orders = count(orders);
        (time(Script::Claim) / orders, time(Script::Settle) / orders)
    }

    /// The milliseconds of `worker status`: those in Redis, and all.
    async fn status(&self) -> (f64, f64) {
        let redis = &self.world.redis;
        redis.command::<()>(&["CONFIG", "RESETSTAT"]).await;
        let settings = self.world.settings(&[("HP_LOG__FILTER", "warn")]);
        let started = Instant::now();
        let mut command = Worker::command(&["status"], &settings);
        let output = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let all = started.elapsed().as_secs_f64() * 1000.0;
        assert_ne!(output.unwrap().code(), Some(2), "status fails");
        (slowest_script(redis).await, all)
    }
}

/// The milliseconds of all scripts since the last reset, without those of the worker, which are shorter by far.
async fn slowest_script(redis: &e2e::Redis) -> f64 {
    let stats = info(redis, "commandstats").await;
    let times = stats
        .iter()
        .filter(|(name, _)| name.starts_with("cmdstat_eval"));
    let time = |stat: &str| -> f64 {
        let (_, rest) = stat.split_once("usec=").unwrap();
        rest.split(',').next().unwrap().parse().unwrap()
    };
    times.map(|(_, stat)| time(stat)).sum::<f64>() / 1000.0
}

/// An entry of Redis' log of slow commands: number, time, microseconds, words, client, name.
type LogEntry = (u64, u64, u32, Vec<Vec<u8>>, String, String);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Claim,
    Settle,
}

/// The script of a call, by the keys that it declares.
fn script(words: &[Vec<u8>]) -> Option<Script> {
    let has = |key: &str| words.iter().any(|word| word == key.as_bytes());
    let is_script = words.first()?.eq_ignore_ascii_case(b"evalsha");
    match (is_script && has("{hp}:results"), has("{hp}:inbox")) {
        (true, true) => Some(Script::Claim),
        (true, false) => Some(Script::Settle),
        (false, _) => None,
    }
}

#[derive(Default)]
struct Rounds {
    claim: Vec<f64>,
    settle: Vec<f64>,
    status: Vec<f64>,
    command: Vec<f64>,
}

impl Rounds {
    fn push(&mut self, (claim, settle): (f64, f64), (status, command): (f64, f64)) {
        self.claim.push(claim);
        self.settle.push(settle);
        self.status.push(status);
        self.command.push(command);
    }
}
