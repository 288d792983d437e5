//! Sealed results: Redis has no card key, and only the owner of a private key can read the cards.
//!
//! The tests wait for commands on one thread, so the sandbox answers on another.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

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
async fn unusable_private_key_file_is_explained() {
    let (world, keys) = (World::start(), Keys::new(&["shop"]));
    let own = keys.private("shop");
    let public = own.replace(".key", ".missing");
    let (code, text) = run_with(&world, &["results", "--open-with", &public], &[]);
    assert_eq!(code, 2);
    assert!(text.contains("cannot read the private key in"), "{text}");
    fs::write(&public, "not a key, but Secret-Text\n").unwrap();
    let (code, text) = run_with(&world, &["results", "--open-with", &public], &[]);
    assert_eq!(code, 2);
    assert!(
        text.contains("is not a private key") && !text.contains("Secret"),
        "{text}"
    );
    fs::set_permissions(&own, fs::Permissions::from_mode(0o640)).unwrap();
    let (code, text) = run_with(&world, &["results", "--open-with", &own], &[]);
    assert_eq!(code, 0);
    assert!(text.contains("chmod 600"), "{text}");
}

#[test]
fn keygen_writes_a_pair_and_replaces_nothing() {
    let keys = Keys::new(&[]);
    let (code, text) = keys.keygen("shop");
    assert_eq!(code, 0, "{text}");
    let (private, (_, public)) = (keys.private("shop"), keys.setting("shop"));
    let mode = fs::metadata(&private).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let secret = fs::read_to_string(&private).unwrap();
    assert!(!text.contains(secret.trim()), "{text}");
    assert!(text.contains(&format!("shop = \"{public}\"")), "{text}");
    assert_eq!(keys.private_key("shop").public().to_string(), public);

    let (code, text) = keys.keygen("shop");
    assert_eq!(code, 2);
    assert!(text.contains("Choose another name"), "{text}");
    assert_eq!(fs::read_to_string(&private).unwrap(), secret);
    fs::remove_file(&private).unwrap();
    let (code, _) = keys.keygen("shop");
    assert_eq!(code, 2, "the public key is there");
    assert!(!Path::new(&private).exists(), "half a pair stays");
    let (code, text) = keys.keygen("Shop 1");
    assert_eq!(code, 2);
    assert!(text.contains("lower-case letters"), "{text}");
    assert_ne!(Keys::new(&["shop"]).setting("shop").1, public);
}

/// The steps of docs/security.md.
#[tokio::test(flavor = "multi_thread")]
async fn key_rotation_needs_no_downtime() {
    let (world, keys) = (World::start(), Keys::new(&["old", "new"]));
    let first = keys.worker(&world, &["old"]);
    world.enqueue("A-1", 1).await;
    assert_eq!(key_names(&world.result("A-1").await["pins"]), ["old"]);

    // All others take over the keys of a worker with both.
    let second = keys.worker(&world, &["old", "new"]);
    first.wait_for_log("results.seal_to.new").await;
    drop(second);
    world.enqueue("A-2", 1).await;
    assert_eq!(
        key_names(&world.result("A-2").await["pins"]),
        ["new", "old"]
    );

    let third = keys.worker(&world, &["new"]);
    third.wait_for_log("results.seal_to.old").await;
    drop(first);
    world.enqueue("A-3", 1).await;
    assert_eq!(key_names(&world.result("A-3").await["pins"]), ["new"]);

    // What was sealed to the old key can be had for the new one.
    let words = ["republish", "A-1", "--why", "new key"];
    let (code, text) = run_with(&world, &words, &[]);
    assert_eq!(code, 0, "{text}");
    let replayed = world.results("A-1", 2).await.remove(1);
    assert_eq!(key_names(&replayed["pins"]), ["new"]);
    assert_eq!(world.charge_count("A-1"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_without_keys_seals_to_those_of_the_queue() {
    let (world, keys) = (World::start(), Keys::new(&["shop"]));
    let sealing = keys.worker(&world, &["shop"]);
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    drop(sealing);
    let clear = world.worker();
    world.enqueue("A-2", 1).await;
    assert_eq!(key_names(&world.result("A-2").await["pins"]), ["shop"]);
    assert!(!clear.log().contains("has changed a rule"));
    // A repetition of a sealed order stays sealed.
    world.enqueue("A-1", 1).await;
    let second = world.results("A-1", 2).await.remove(1);
    assert_eq!(second["pins_encoding"], "sealed-box");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_redis_lost_are_stored_again() {
    let (world, keys) = (World::start(), Keys::new(&["shop"]));
    let (name, key) = keys.setting("shop");
    let own = [(&*name, &*key)];
    let doctor = |settings: &[(&str, &str)]| run_with(&world, &["doctor"], settings).1;
    assert!(
        doctor(&own).contains("sealed to shop"),
        "the first worker stores them"
    );
    let clear = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    assert!(
        doctor(&own).contains("and the queue has none"),
        "the workers publish clear text"
    );
    drop(clear);

    let worker = keys.worker(&world, &["shop"]);
    worker.wait_for_log("product list fetched").await;
    let field = ["HDEL", "{hp}:queue", "results.seal_to.shop"];
    let lost = async || world.redis.command::<u64>(&field).await == 1;
    let is_lost = || async { lost().await.then_some(()) };
    world.redis.wait_until("the key to be there", is_lost).await;
    worker.wait_for_log("stores its own again").await;
    assert!(doctor(&[]).contains("sealed to shop"));
    let (_, text) = run_with(&world, &["republish", "A-1", "--why", "test"], &[]);
    let second = world.results("A-1", 2).await.remove(1);
    assert_eq!(second["pins_encoding"], "sealed-box", "{text}");
}

/// The steps of docs/security.md.
#[tokio::test(flavor = "multi_thread")]
async fn clear_text_needs_keys_out_of_the_queue() {
    let (world, keys) = (World::start(), Keys::new(&["shop"]));
    drop({
        let sealing = keys.worker(&world, &["shop"]);
        sealing.wait_for_log("product list fetched").await;
        sealing
    });
    drop({
        let without_keys = world.worker();
        world.enqueue("A-1", 1).await;
        assert_eq!(world.result("A-1").await["pins_encoding"], "sealed-box");
        without_keys
    });
    let remove = ["HDEL", "{hp}:queue", "results.seal_to.shop"];
    assert_eq!(world.redis.command::<u64>(&remove).await, 1);
    let _clear = world.worker();
    world.enqueue("A-2", 1).await;
    assert_eq!(world.result("A-2").await["pins_encoding"], "json");
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_seals_to_the_keys_of_the_queue() {
    let (world, keys) = (World::start(), Keys::new(&["shop"]));
    let mut worker = keys.worker(&world, &["shop"]);
    worker.wait_for_log("product list fetched").await;
    world.enqueue("A-1~timeout-after", 1).await;
    world.wait_for_state("A-1~timeout-after", "uncertain").await;
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.wait_for_exit().await;
    let (_, text) = run_with(
        &world,
        &["reconcile", "--once"],
        &[("HP_RECONCILE__STUCK_AFTER", "1ms")],
    );
    let result = world.result("A-1~timeout-after").await;
    assert_eq!(result["status"], "completed", "{text}");
    assert_eq!(result["pins_encoding"], "sealed-box");
}

#[tokio::test(flavor = "multi_thread")]
async fn repetition_copies_no_clear_text_once_sealed() {
    let (world, keys) = (World::start(), Keys::new(&["shop"]));
    let clear = world.worker();
    world.enqueue("A-1", 1).await;
    let first = world.result("A-1").await;
    assert_eq!(first["pins_encoding"], "json");
    drop(clear);
    let _sealing = keys.worker(&world, &["shop"]);
    world.enqueue("A-1", 1).await;
    let second = world.results("A-1", 2).await.remove(1);
    assert_eq!(second["pins_encoding"], "sealed-box");
    assert_eq!(second["replay_of"], first["entry"]);
    world.enqueue("A-1", 1).await;
    let third = world.results("A-1", 3).await.remove(2);
    assert_eq!(third["pins_encoding"], "sealed-box");
    assert_eq!(world.charge_count("A-1"), 1);
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
    for (settings, is_loud) in [
        (vec![], false),
        (vec![far], is_far),
        (vec![far, (&*name, &*key)], false),
    ] {
        let worker = world.worker_with(&settings);
        worker.wait_for_log("product list fetched").await;
        world.enqueue("A-1", 1).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn unusable_public_key_stops_the_worker() {
    let world = World::start();
    let keys = Keys::new(&["shop"]);
    let private = fs::read_to_string(keys.private("shop")).unwrap();
    for (name, value, wanted) in [
        ("SHOP", private.trim(), "this is a private key"),
        ("SHOP", "AAAA", "44 characters"),
        (
            "SHOP",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "protects nothing",
        ),
        ("S HOP", "AAAA", "not a setting"),
        ("SHOP", "", "is empty"),
    ] {
        let variable = format!("HP_RESULTS__SEAL_TO__{name}");
        let (code, text) = run_with(&world, &["config"], &[(&variable, value)]);
        assert_eq!(code, 1, "{text}");
        assert!(
            text.contains("results.seal_to") && text.contains(wanted),
            "{text}"
        );
        assert!(!text.contains(private.trim()), "{text}");
    }
}

/// The folder with the examples that shops copy.
fn example(name: &str) -> String {
    format!(
        "{}/../examples/sealed-results/{name}",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// Opens `pins` with an example and returns what it prints.
fn open_with_example(example: &[&str], name: &str, key: &str, pins: &str) -> String {
    let (program, words) = example.split_first().unwrap();
    let mut command = Command::new(program);
    command.args(words).args([name, key]);
    let stdin = tempfile::NamedTempFile::new().unwrap();
    fs::write(stdin.path(), pins).unwrap();
    let output = command.stdin(stdin.reopen().unwrap()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[ignore = "needs PHP, PyNaCl and libsodium-wrappers: .ci/run installs them"]
#[tokio::test(flavor = "multi_thread")]
async fn examples_open_sealed_results() {
    let (world, keys) = (World::start(), Keys::new(&["shop", "other"]));
    let _worker = keys.worker(&world, &["other", "shop"]);
    world.enqueue("A-1", 2).await;
    let pins = world.result("A-1").await["pins"].clone();
    let vectors = fs::read_to_string(format!(
        "{}/data/sealed-vectors.json",
        env!("CARGO_MANIFEST_DIR")
    ));
    let vectors: Value = serde_json::from_str(&vectors.unwrap()).unwrap();
    let vector_key = tempfile::NamedTempFile::new().unwrap();
    fs::write(vector_key.path(), vectors["private_key"].as_str().unwrap()).unwrap();

    let python = std::env::var("HP_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let (php, py, js) = (example("open.php"), example("open.py"), example("open.js"));
    for program in [["php", &php], [&python, &py], ["node", &js]] {
        let cards = open_with_example(&program, "shop", &keys.private("shop"), &pins);
        let cards: Value = serde_json::from_str(&cards).unwrap();
        let opened: Vec<_> = cards
            .as_array()
            .unwrap()
            .iter()
            .map(|card| card["pin_key"].as_str().unwrap())
            .collect();
        assert_eq!(opened, sold_keys(&world), "{program:?}");
        let sealed = serde_json::to_string(&vectors["sealed_by"]).unwrap();
        let key = vector_key.path().to_str().unwrap();
        let text = open_with_example(&program, "worker", key, &sealed);
        assert_eq!(text, vectors["text"], "{program:?}");
    }
}
