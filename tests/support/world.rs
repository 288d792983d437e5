use std::{collections::HashMap, time::Duration};

use hp_order::{Backoff, Policy};
use hp_queue::{Control, Handle, Inspector, Ledger, Prefix, Retention, Rules};
use hp_sandbox::{Options, Sandbox};

use crate::{Redis, Worker};

/// What tests that take and settle themselves keep to: nothing that waits comes due by itself.
pub fn rules() -> Rules {
    let week = Duration::from_hours(7 * 24);
    Rules {
        retention: Retention {
            results: week,
            ledger: week,
        },
        policy: Policy {
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_hours(24)).unwrap(),
            resubmit_after: Duration::from_hours(24),
            give_up_after: Duration::from_hours(48),
            max_crashes: 5,
        },
        longest_processing: Duration::from_mins(1),
        interval: None,
    }
}

/// One entry of a stream, or one hash, by field.
pub type Entry = HashMap<String, String>;

/// A Redis and a HitPoints of a test's own, and room for workers.
pub struct World {
    /// The queue's Redis.
    pub redis: Redis,
    /// The vendor.
    pub sandbox: Sandbox,
}

impl World {
    /// A world with a vendor that makes no mistakes of its own.
    pub fn start() -> Self {
        Self::with(Options::local())
    }

    /// A world with this vendor.
    pub fn with(vendor: Options) -> Self {
        Self::over(Redis::start(), vendor)
    }

    /// A world over this Redis, whatever `HP_TEST_REDIS` says.
    pub fn over(redis: Redis, vendor: Options) -> Self {
        let sandbox = Sandbox::start(vendor).unwrap();
        Self { redis, sandbox }
    }

    /// Starts a worker with short pauses.
    pub fn worker(&self) -> Worker {
        self.worker_with(&[])
    }

    /// Starts a worker with other settings, such as `("HP_WORKER__LEASE", "1s")`.
    pub fn worker_with(&self, settings: &[(&str, &str)]) -> Worker {
        Worker::start(&self.settings(settings))
    }

    /// The environment of a worker in this world.
    pub fn settings(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let (vendor, redis) = (self.sandbox.base_url(), self.redis.url());
        let usual = [
            ("HP_API__BASE_URL", vendor.as_str()),
            ("HP_API__APP_ID", "demo"),
            ("HP_API__APP_SECRET", "demo-secret"),
            ("HP_API__TIMEOUT", "2s"),
            ("HP_REDIS__URL", &redis),
            ("HP_WORKER__LEASE", "3s"),
            ("HP_RETRY__BASE", "50ms"),
            ("HP_RETRY__MAX", "500ms"),
            ("HP_RETRY__RESUBMIT_AFTER", "5500ms"),
            ("HP_ADMIN__LISTEN", "127.0.0.1:0"),
            ("HP_LOG__FILTER", "debug"),
        ];
        usual
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    /// The worker's side of the queue, for tests that take and settle themselves.
    pub fn ledger(&self) -> Ledger {
        self.ledger_with(rules())
    }

    /// The same by other rules.
    pub fn ledger_with(&self, rules: Rules) -> Ledger {
        Ledger::new(self.handle(), rules)
    }

    /// The controls of the queue.
    pub fn control(&self) -> Control {
        Control::new(self.handle(), rules())
    }

    /// A reader of the queue.
    pub fn inspector(&self) -> Inspector {
        Inspector::new(self.handle())
    }

    /// The queue, on a connection of its own.
    pub fn handle(&self) -> Handle {
        let client = hp_queue::connect(&self.redis.url()).unwrap();
        Handle::open(&client, &Prefix::default())
    }

    /// Puts an entry into the inbox as any shop would, and returns its id.
    pub async fn put(&self, fields: &[(&str, &str)]) -> String {
        let mut words = vec!["XADD", "{hp}:jobs", "*"];
        words.extend(fields.iter().flat_map(|(name, value)| [*name, *value]));
        self.redis.run(&words).await
    }

    /// Puts in an order of `quantity` cards of product 2.
    pub async fn order(&self, id: &str, quantity: u32) -> String {
        self.put(&[
            ("order_id", id),
            ("product_id", "2"),
            ("quantity", &quantity.to_string()),
        ])
        .await
    }

    /// Everything in a stream, with the entry id as field `entry`.
    pub async fn stream(&self, key: &str) -> Vec<Entry> {
        let entries: Vec<(String, Entry)> = self.redis.run(&["XRANGE", key, "-", "+"]).await;
        entries
            .into_iter()
            .map(|(id, mut entry)| {
                entry.insert("entry".into(), id);
                entry
            })
            .collect()
    }

    /// Waits until `n` results for an order stand in `{hp}:results`, and returns them.
    pub async fn results(&self, id: &str, n: usize) -> Vec<Entry> {
        self.results_in("{hp}:results", id, n).await
    }

    /// The same for another stream.
    pub async fn results_in(&self, stream: &str, id: &str, n: usize) -> Vec<Entry> {
        self.redis
            .until(&format!("{n} results for {id} in {stream}"), || async {
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

    /// The ledger record of an order, empty if there is none.
    pub async fn record(&self, id: &str) -> Entry {
        self.redis
            .run(&["HGETALL", &format!("{{hp}}:order:{id}")])
            .await
    }

    /// Waits until an order stands in `state`.
    pub async fn in_state(&self, id: &str, state: &str) -> Entry {
        self.redis
            .until(&format!("{id} in state {state}"), || async {
                let record = self.record(id).await;
                (record.get("state").map(String::as_str) == Some(state)).then_some(record)
            })
            .await
    }

    /// How many times the vendor charged an order.
    pub fn charged(&self, id: &str) -> u32 {
        let ledger = self.sandbox.ledger();
        ledger
            .charges
            .iter()
            .find(|charge| charge.out_trade_id == id)
            .map_or(0, |charge| charge.times)
    }
}
