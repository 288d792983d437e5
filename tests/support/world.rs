use std::{collections::HashMap, sync::Mutex, time::Duration};

use hp_order::{Backoff, Policy};
use hp_queue::{
    Account, Agreement, Control, Handle, Inspector, Ledger, Prefix, Recipients, Retention, Rules,
};
use hp_sandbox::{Options, Sandbox};

use crate::{Redis, TIMEOUT, Worker};

/// Rules for tests that claim and settle without a worker. Their waits are so long that no waiting order becomes due.
pub fn rules() -> Rules {
    let week = Duration::from_hours(7 * 24);
    Rules {
        seal_to: Recipients::default(),
        retention: Retention {
            results: week,
            ledger: week,
        },
        policy: Policy {
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_hours(24)).unwrap(),
            resubmit_after: Duration::from_hours(24),
            give_up_after: Duration::from_hours(48),
            max_crashes: 5,
            clock_tolerance: Duration::from_secs(2),
        },
        longest_processing: Duration::from_mins(1),
        interval: None,
    }
}

/// The words of a command that enqueues order A-1. It needs no account.
pub const ENQUEUE: [&str; 7] = [
    "enqueue",
    "--order-id",
    "A-1",
    "--product-id",
    "2",
    "--quantity",
    "1",
];

/// One entry of a stream, or one hash, by field.
pub type Entry = HashMap<String, String>;

/// A private Redis and a private HitPoints for one test.
pub struct World {
    /// The queue's Redis.
    pub redis: Redis,
    /// The sandbox: a local HitPoints.
    pub sandbox: Sandbox,
}

impl World {
    /// Starts both, with a vendor without faults.
    pub fn start() -> Self {
        Self::with_vendor(Options::local())
    }

    /// Starts both, with this vendor.
    pub fn with_vendor(vendor: Options) -> Self {
        Self::with_redis(Redis::start(), vendor)
    }

    /// Starts the vendor beside this Redis; `HP_TEST_REDIS` has no effect.
    pub fn with_redis(redis: Redis, vendor: Options) -> Self {
        let sandbox = Sandbox::start(vendor).unwrap();
        Self { redis, sandbox }
    }

    /// Starts a worker with short waits.
    pub fn worker(&self) -> Worker {
        self.worker_with(&[])
    }

    /// Starts a worker with further settings, such as `("HP_WORKER__LEASE", "1s")`.
    pub fn worker_with(&self, settings: &[(&str, &str)]) -> Worker {
        Worker::start(&self.settings_as("worker", settings))
    }

    /// The settings of an operator in this world, as environment variables.
    pub fn settings(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        self.settings_as("operator", more)
    }

    /// The same settings, but a Redis with users knows the command as this one.
    pub fn settings_as(&self, user: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let vendor = self.sandbox.base_url();
        let redis = self.redis.settings_of(user);
        let redis = redis.iter().map(|(name, value)| (*name, value.as_str()));
        let usual = [
            ("HP_API__BASE_URL", vendor.as_str()),
            ("HP_API__APP_ID", "demo"),
            ("HP_API__APP_SECRET", "demo-secret"),
            ("HP_API__TIMEOUT", "2s"),
            ("HP_WORKER__LEASE", "3s"),
            ("HP_RETRY__BASE", "50ms"),
            ("HP_RETRY__MAX", "500ms"),
            ("HP_RETRY__RESUBMIT_AFTER", "5500ms"),
            ("HP_ADMIN__LISTEN", "127.0.0.1:0"),
            ("HP_LOG__FILTER", "debug"),
        ];
        usual
            .into_iter()
            .chain(redis)
            .chain(more.iter().copied())
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    /// The worker's side of the queue, for tests that claim and settle without a worker.
    pub fn ledger(&self) -> Ledger {
        self.ledger_with(rules())
    }

    /// Like [`ledger`](Self::ledger), with other rules.
    pub fn ledger_with(&self, rules: Rules) -> Ledger {
        Ledger::new(self.handle(), Agreement::new(self.account(), rules))
    }

    /// The account of the workers in this world.
    pub fn account(&self) -> Account {
        Account::new("demo", &self.sandbox.base_url())
    }

    /// The controls of the queue.
    pub fn control(&self) -> Control {
        Control::new(self.handle(), Agreement::new(self.account(), rules()))
    }

    /// A reader of the queue.
    pub fn inspector(&self) -> Inspector {
        Inspector::new(self.handle())
    }

    /// The queue, on a connection of its own.
    pub fn handle(&self) -> Handle {
        Handle::open(&self.redis.queue_client("worker"), &Prefix::default())
    }

    /// Adds an entry to the inbox as a shop does. Returns the entry's id.
    pub async fn enqueue_job(&self, fields: &[(&str, &str)]) -> String {
        let mut words = vec!["XADD", "{hp}:jobs", "*"];
        words.extend(fields.iter().flat_map(|(name, value)| [*name, *value]));
        self.redis.command(&words).await
    }

    /// The time by Redis' clock, Unix milliseconds.
    pub async fn now(&self) -> u64 {
        let (seconds, micros): (u64, u64) = self.redis.command(&["TIME"]).await;
        seconds * 1000 + micros / 1000
    }

    /// Enqueues an order of `quantity` cards of product 2.
    pub async fn enqueue(&self, id: &str, quantity: u32) -> String {
        self.enqueue_job(&[
            ("order_id", id),
            ("product_id", "2"),
            ("quantity", &quantity.to_string()),
        ])
        .await
    }

    /// All entries of a stream, each with its entry id as field `entry`.
    pub async fn stream(&self, key: &str) -> Vec<Entry> {
        self.stream_from(key, "-").await
    }

    /// The entries of a stream from this entry id on; `(` before the id excludes it.
    async fn stream_from(&self, key: &str, start: &str) -> Vec<Entry> {
        let entries: Vec<(String, Entry)> = self.redis.command(&["XRANGE", key, start, "+"]).await;
        entries
            .into_iter()
            .map(|(id, mut entry)| {
                entry.insert("entry".into(), id);
                entry
            })
            .collect()
    }

    /// Waits until `{hp}:results` has `n` results of an order, and returns them.
    pub async fn results(&self, id: &str, n: usize) -> Vec<Entry> {
        self.results_in("{hp}:results", id, n).await
    }

    /// Like [`results`](Self::results), for another stream.
    pub async fn results_in(&self, stream: &str, id: &str, n: usize) -> Vec<Entry> {
        self.redis
            .wait_until(&format!("{n} results for {id} in {stream}"), || async {
                let mut results = self.stream(stream).await;
                results.retain(|result| result["order_id"] == id);
                (results.len() >= n).then_some(results)
            })
            .await
    }

    /// Waits for the first result of an order.
    pub async fn result(&self, id: &str) -> Entry {
        self.results(id, 1).await.remove(0)
    }

    /// Waits until each of these orders has a result in `{hp}:results`. Returns the first result of each, in this order.
    pub async fn results_of_all(&self, ids: &[String]) -> Vec<Entry> {
        // Reads each entry once: reading the whole stream after each change takes quadratic time.
        let seen = Mutex::new((HashMap::new(), "-".to_owned()));
        let all_seen = || async {
            let start = seen.lock().unwrap().1.clone();
            let new = self.stream_from("{hp}:results", &start).await;
            let (results, next) = &mut *seen.lock().unwrap();
            for result in new {
                *next = format!("({}", result["entry"]);
                results.entry(result["order_id"].clone()).or_insert(result);
            }
            ids.iter()
                .map(|id| results.get(id).cloned())
                .collect::<Option<Vec<_>>>()
        };
        self.redis
            .wait_until(&format!("results of {} orders", ids.len()), all_seen)
            .await
    }

    /// The ledger record of an order, empty if there is none.
    pub async fn record(&self, id: &str) -> Entry {
        self.redis
            .command(&["HGETALL", &format!("{{hp}}:order:{id}")])
            .await
    }

    /// Waits until an order is in `state`, and returns its record.
    pub async fn wait_for_state(&self, id: &str, state: &str) -> Entry {
        self.redis
            .wait_until(&format!("{id} in state {state}"), || async {
                let record = self.record(id).await;
                (record.get("state").map(String::as_str) == Some(state)).then_some(record)
            })
            .await
    }

    /// Waits until the vendor has charged an order.
    pub async fn wait_for_charge(&self, id: &str) {
        tokio::time::timeout(TIMEOUT, self.sandbox.wait_for_charge(id))
            .await
            .unwrap_or_else(|_| panic!("timeout while waiting for the charge of {id}"));
    }

    /// The number of times that the vendor charged an order.
    pub fn charge_count(&self, id: &str) -> u32 {
        let ledger = self.sandbox.ledger();
        ledger
            .charges
            .iter()
            .find(|charge| charge.out_trade_id == id)
            .map_or(0, |charge| charge.times)
    }
}
