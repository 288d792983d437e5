//! Sealed results: Redis has no card key, and only the owner of a private key can read the cards.
//!
//! The tests wait for commands on one thread, so the sandbox answers on another.

mod examples;
mod keys;
mod rules;

use std::{collections::BTreeMap, fs};

use e2e::{Worker, World};
use hp_queue::{Pins, Prefix, PrivateKey, Queue, Wait};
use serde_json::Value;
use tempfile::TempDir;

use crate::obstacles::run_with;

/// A folder with a key pair of each of these names.
pub(crate) struct Keys {
    folder: TempDir,
}

impl Keys {
    pub(crate) fn new(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = Self { folder };
        for name in names {
            let (code, text) = keys.keygen(name);
            assert_eq!(code, 0, "{text}");
        }
        keys
    }

    fn keygen(&self, name: &str) -> (i32, String) {
        let folder = self.folder.path().to_str().unwrap();
        let output = Worker::output(&["keygen", name, "--dir", folder], &[]);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), text)
    }

    /// The path of a private key.
    pub(crate) fn private(&self, name: &str) -> String {
        let path = self.folder.path().join(format!("{name}.key"));
        path.to_str().unwrap().into()
    }

    fn private_key(&self, name: &str) -> PrivateKey {
        let text = fs::read_to_string(self.private(name)).unwrap();
        text.trim().parse().unwrap()
    }

    /// The setting that seals to this key.
    pub(crate) fn setting(&self, name: &str) -> (String, String) {
        let path = self.folder.path().join(format!("{name}.pub"));
        let public = fs::read_to_string(path).unwrap();
        let variable = format!("HP_RESULTS__SEAL_TO__{}", name.to_uppercase());
        (variable, public.trim().into())
    }

    fn worker(&self, world: &World, names: &[&str]) -> Worker {
        let settings: Vec<_> = names.iter().map(|name| self.setting(name)).collect();
        let settings: Vec<_> = settings.iter().map(|(a, b)| (&**a, &**b)).collect();
        world.worker_with(&settings)
    }
}

fn sold_keys(world: &World) -> Vec<String> {
    let ledger = world.sandbox.ledger();
    let cards = ledger.charges.iter().flat_map(|charge| &charge.cards);
    cards.map(|card| card.pin_key.clone()).collect()
}

fn key_names(pins: &str) -> Vec<String> {
    let copies: BTreeMap<String, String> = serde_json::from_str(pins).unwrap();
    copies.into_keys().collect()
}

/// Everything that Redis has stored.
async fn dump(world: &World) -> String {
    let mut all = String::new();
    for key in world.redis.command::<Vec<String>>(&["KEYS", "*"]).await {
        let dump: redis::Value = match world
            .redis
            .command::<String>(&["TYPE", &key])
            .await
            .as_str()
        {
            "stream" => world.redis.command(&["XRANGE", &key, "-", "+"]).await,
            "hash" => world.redis.command(&["HGETALL", &key]).await,
            "zset" => world.redis.command(&["ZRANGE", &key, "0", "-1"]).await,
            "set" => world.redis.command(&["SMEMBERS", &key]).await,
            "list" => world.redis.command(&["LRANGE", &key, "0", "-1"]).await,
            _ => world.redis.command(&["GET", &key]).await,
        };
        all += &text(&dump);
    }
    all
}

fn text(value: &redis::Value) -> String {
    match value {
        redis::Value::Array(items) => items.iter().map(text).collect(),
        redis::Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned() + "\n",
        other => format!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_cards_reach_redis_for_all_keys() {
    let (world, keys) = (World::start(), Keys::new(&["shop", "backup", "other"]));
    let _worker = keys.worker(&world, &["shop", "backup"]);
    let mut watch = Queue::connect(&world.redis.url(), Prefix::default())
        .await
        .unwrap();
    world.enqueue("A-1", 3).await;
    let result = world.result("A-1").await;
    assert_eq!(result["pins_encoding"], "sealed-box");
    assert_eq!(result["pin_count"], "3");
    assert_eq!(key_names(&result["pins"]), ["backup", "shop"]);
    let stored = dump(&world).await;
    assert!(stored.contains("sealed-box"));
    assert!(sold_keys(&world).iter().all(|key| !stored.contains(key)));

    let mut results = watch_results(&mut watch).await;
    let delivery = results.next(1, Wait::ForOne).await.unwrap().remove(0);
    let purchase = delivery.result.unwrap().purchase.unwrap();
    assert!(matches!(purchase.pins, Pins::Sealed(_)));
    for name in ["shop", "backup"] {
        let cards = purchase
            .pins
            .open(&[keys.private_key("other"), keys.private_key(name)]);
        let cards = cards.unwrap();
        let opened: Vec<_> = cards.iter().map(|card| card.pin_key.expose()).collect();
        assert_eq!(opened, sold_keys(&world));
    }
    let refused = purchase
        .pins
        .open(&[keys.private_key("other")])
        .unwrap_err();
    assert!(
        refused.to_string().contains("sealed to backup, shop"),
        "{refused}"
    );
}

async fn watch_results(queue: &mut Queue) -> hp_queue::Results {
    queue.results(None, "shop", "till-1").await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn results_command_opens_with_private_key() {
    let (world, keys) = (World::start(), Keys::new(&["shop", "other"]));
    let _worker = keys.worker(&world, &["shop"]);
    world.enqueue("A-1", 2).await;
    world.result("A-1").await;
    let sold = sold_keys(&world);
    let (own, other) = (keys.private("shop"), keys.private("other"));
    let results = |words: &[&str]| run_with(&world, &[&["results"], words].concat(), &[]);

    let (code, text) = results(&[]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("2 of product 2") && text.contains("sealed to shop"),
        "{text}"
    );
    let (code, text) = results(&["--open-with", &own]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("card ") && sold.iter().all(|key| !text.contains(key)),
        "{text}"
    );
    let (code, text) = results(&["--open-with", &other, "--open-with", &own, "--show-pins"]);
    assert_eq!(code, 0, "{text}");
    assert!(sold.iter().all(|key| text.contains(key)), "{text}");
    let (_, text) = results(&["--open-with", &own, "--show-pins", "--json"]);
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shown["pins"][1]["pin_key"], *sold[1]);
    let (_, text) = results(&["--json"]);
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert!(
        shown["sealed_pins"]["shop"].is_string() && shown["pins"].is_null(),
        "{shown}"
    );

    let group = ["--group", "g", "--consumer", "c", "--show-pins"];
    for (words, wanted) in [
        (vec![], "--open-with FILE"),
        (vec!["--open-with", &*other], "none of your private keys"),
    ] {
        let (code, text) = results(&[&group[..], &words].concat());
        assert_eq!(code, 1, "{text}");
        assert!(
            text.contains(wanted) && text.contains("sealed to shop"),
            "{text}"
        );
        // The order is bought all the same.
        assert!(text.contains("A-1  completed  2 of product 2"), "{text}");
    }
    let pending = ["XPENDING", "{hp}:results", "g", "-", "+", "9"];
    let pending: Vec<redis::Value> = world.redis.command(&pending).await;
    assert_eq!(
        pending.len(),
        1,
        "what nobody has read stays unacknowledged"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clear_text_on_remote_redis_warns() {
    let (world, keys) = (World::start(), Keys::new(&["shop"]));
    // Leads here, but only after a look-up.
    let far = world.redis.url().replace("127.0.0.1", "127.1");
    // Sentinel says where the master is.
    let is_far = !far.contains("+sentinel");
    let far = ("HP_REDIS__URL", &*far);
    let (name, key) = keys.setting("shop");
    // HitPoints remembers the orders that Redis forgets here, so each has an id of its own.
    for (id, settings, is_loud) in [
        ("A-1", vec![], false),
        ("A-2", vec![far], is_far),
        ("A-3", vec![far, (&*name, &*key)], false),
    ] {
        let worker = world.worker_with(&settings);
        worker.wait_for_log("product list fetched").await;
        world.enqueue(id, 1).await;
        worker.wait_for_log("order ended").await;
        assert_eq!(
            worker.log().contains("results are not sealed"),
            is_loud,
            "{settings:?}"
        );
        let (_, text) = run_with(&world, &["doctor"], &settings);
        assert_eq!(
            text.contains("clear text, and Redis is not on this"),
            is_loud,
            "{text}"
        );
        let stored = world.redis.command::<Vec<String>>(&["KEYS", "*"]).await;
        let words: Vec<_> = ["DEL"]
            .into_iter()
            .chain(stored.iter().map(|key| &**key))
            .collect();
        drop(worker);
        world.redis.command::<u64>(&words).await;
    }
}
