use std::path::Path;

use e2e::{Notification, Worker};
use nix::sys::signal::Signal;
use redis::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::block_in_place,
};

use crate::{
    commands::{Call, Calls},
    evidence::Evidence,
    redis_content::{slow_log, stored},
    scene::Scene,
    variants::{Variant, bad_connections, bad_settings},
};

/// Two workers that log as much as they can, one as text and one as JSON.
struct Workers([Worker; 2]);

impl Workers {
    fn start(scene: &Scene, more: &[(&str, &str)]) -> Self {
        Self(["text", "json"].map(|format| {
            Worker::start(&scene.settings(&[more, &[("HP_LOG__FORMAT", format)]].concat()))
        }))
    }

    /// Adds what the workers show to whoever looks at them.
    async fn look(&self, scene: &Scene, evidence: &mut Evidence) {
        for worker in &self.0 {
            worker.wait_for_log("metrics served").await;
            let log = worker.log();
            let arguments = std::fs::read(format!("/proc/{}/cmdline", worker.id())).unwrap();
            evidence.add("the arguments of the worker", arguments);
            let port = port_of_metrics(&log);
            for request in [
                "GET /metrics",
                "GET /livez",
                "GET /readyz",
                "GET /healthz",
                "GET /",
                "POST /metrics",
                "GET /orders?state=open",
            ] {
                for token in ["", "x", scene.admin_token()] {
                    let answer = ask(port, request, token).await;
                    evidence.add(format!("admin: {request}"), answer);
                }
            }
            let listen = format!("127.0.0.1:{port}");
            for token in ["wrong-wrong-wrong", scene.admin_token()] {
                let more = [("HP_ADMIN__LISTEN", &*listen), ("HP_ADMIN__TOKEN", token)];
                let output = block_in_place(|| Worker::output(&["health"], &scene.settings(&more)));
                evidence.add_output("worker health", output);
            }
        }
    }

    /// Stops them, and adds their logs and their traces.
    async fn stop(mut self, scene: &Scene, evidence: &mut Evidence) {
        for worker in &mut self.0 {
            worker.signal(Signal::SIGTERM);
            worker.wait_for_exit().await;
            evidence.add("the log of the worker", worker.log());
        }
        for body in scene.collector.bodies() {
            evidence.add("a trace", body);
        }
    }
}

/// The port in the log line `metrics served`.
fn port_of_metrics(log: &str) -> u16 {
    let line = log.lines().find(|line| line.contains("metrics served"));
    let (_, rest) = line.unwrap().rsplit_once("127.0.0.1:").unwrap();
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
    digits.unwrap().parse().unwrap()
}

async fn ask(port: u16, request: &str, token: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!(
        "{request} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(!answer.is_empty());
    answer
}

/// Entries of the result stream that no worker has written, with card keys in them.
async fn add_malformed_results(scene: &Scene) {
    let card = scene.cards().remove(0);
    let key = card.text;
    for pins in [
        format!("[{{\"pin_sn\":\"{key}\",\"pin_key\":\"{key}\"}}]"),
        format!("[{{\"pin_key\":\"{key}\"}}"),
        format!("\"{key}\""),
        key.clone(),
    ] {
        for encoding in ["json", "sealed-box", &key] {
            for status in ["completed", &key] {
                let entry = [
                    "XADD",
                    "{hp}:results",
                    "*",
                    "order_id",
                    "M-1",
                    "product_id",
                    "2",
                    "quantity",
                    "1",
                    "status",
                    status,
                    "source",
                    "fetch",
                    "attempts",
                    &key,
                    "accepted_at",
                    "1",
                    "finished_at",
                    "1",
                    "hp_order_id",
                    "1",
                    "unit_price",
                    "1.00",
                    "total_price",
                    "1.00",
                    "pin_count",
                    "1",
                    "pins_encoding",
                    encoding,
                    "pins",
                    &pins,
                ];
                scene.world.redis.command::<String>(&entry).await;
            }
        }
    }
}

/// Records of the ledger that no worker has written.
async fn break_a_record(scene: &Scene) {
    for (field, value) in [
        ("attempts", "many"),
        ("state", "lost"),
        ("history", "\u{ff}{"),
    ] {
        let key = format!("{{hp}}:order:broken-{field}");
        let record = [
            "HSET",
            &key,
            "product_id",
            "2",
            "quantity",
            "1",
            "state",
            "review",
            field,
            value,
        ];
        scene.world.redis.command::<Value>(&record).await;
        let open = ["ZADD", "{hp}:open", "1", &format!("broken-{field}")];
        scene.world.redis.command::<Value>(&open).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_results_shows_keys_or_secrets() {
    let mut scene = Scene::new().await;
    let mut evidence = Evidence::default();
    let workers = Workers::start(&scene, &[]);
    scene.meet_every_fault().await;
    workers.look(&scene, &mut evidence).await;
    prepare_files(&scene);
    let card = scene.world.sandbox.ledger().charges[0].cards[0]
        .pin_sn
        .clone();
    let folder = scene.folder.path().to_owned();
    let calls = |name, settings, first| Calls {
        name,
        settings,
        folder: &folder,
        card: &card,
        first,
    };
    let usual = || calls("good settings", scene.settings(&[]), Vec::new());
    block_in_place(|| usual().run_in_turn(&mut evidence));

    scene.meet_every_trick().await;
    add_malformed_results(&scene).await;
    break_a_record(&scene).await;
    let lists = ["results", "orders", "events", "status", "doctor"];
    let shows_tricks = |call: &Call| call.is_about_a_trick() || lists.contains(&call.name);
    block_in_place(|| usual().run_at_once(shows_tricks, &mut evidence));
    for variant in bad_connections(&mut scene) {
        let Variant {
            name,
            settings,
            first,
        } = variant;
        let calls = calls(name, settings, first);
        let is_wanted = |call: &Call| {
            call.is_first && (name == "wrong password" || CONNECTING.contains(&call.name))
        };
        block_in_place(|| calls.run_at_once(is_wanted, &mut evidence));
    }
    let few = ["config", "doctor", "run"];
    for variant in bad_settings(&mut scene) {
        let Variant {
            name,
            settings,
            first,
        } = variant;
        let calls = calls(name, settings, first);
        let is_wanted = |call: &Call| call.is_first && few.contains(&call.name);
        block_in_place(|| calls.run_at_once(is_wanted, &mut evidence));
    }
    add_notifications(&scene, &mut evidence).await;
    workers.stop(&scene, &mut evidence).await;

    evidence.add_files(&folder, &is_a_key_or_input);
    add_redis(&scene, &mut evidence, &|key| {
        key.starts_with("{hp}:results")
    })
    .await;
    add_private_keys(&mut scene, &folder);
    evidence.assert_clean(&scene.search());
    assert_talkative(&evidence);

    // The files of Redis contain the result streams.
    let mut files = Evidence::default();
    add_files_of_redis(&scene, &mut files).await;
    files.assert_clean(&scene.search_without_cards());
}

/// What the receiver got in the bodies: the headers have a signature, and the request line is the address.
async fn add_notifications(scene: &Scene, evidence: &mut Evidence) {
    let has_reviews = |got: &[Notification]| {
        let mut bodies = got.iter().map(|message| &message.body);
        bodies
            .any(|body| body.contains("order.review"))
            .then_some(())
    };
    scene.receiver.wait_until("a review", has_reviews).await;
    for message in scene.receiver.all() {
        evidence.add("a notification", message.body);
    }
}

/// One command for each way to connect. They run with every bad connection, the others only with a wrong password.
const CONNECTING: [&str; 8] = [
    "enqueue",
    "doctor",
    "status",
    "record",
    "notify test",
    "products",
    "reconcile",
    "retry",
];

/// Fails if the scenes were too dull to prove anything.
fn assert_talkative(evidence: &Evidence) {
    let log = evidence.text("the log of the worker");
    let words = [
        "TRACE",
        "\"level\":\"TRACE\"",
        "Http::connect",
        "[...]",
        "400100",
    ];
    for word in words {
        assert!(log.contains(word), "the logs have no {word}");
    }
    let traces = evidence.text("a trace");
    for word in [
        "submit {hp}:jobs",
        "H-unmapped",
        "/v1/pin/fetch",
        "outcome unknown",
    ] {
        assert!(traces.contains(word), "the traces have no {word}");
    }
    let shown = evidence.text("good settings");
    for word in ["H-unmapped", "completed", "is not a result", "pin_sn"] {
        assert!(shown.contains(word), "no command shows {word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_queue_has_no_keys_anywhere() {
    let mut scene = Scene::new().await;
    let folder = scene.folder.path().to_owned();
    let dir = folder.to_str().unwrap();
    assert!(
        Worker::output(&["keygen", "shop", "--dir", dir], &[])
            .status
            .success()
    );
    let public = std::fs::read_to_string(folder.join("shop.pub")).unwrap();
    let mut evidence = Evidence::default();
    let workers = Workers::start(&scene, &[("HP_RESULTS__SEAL_TO__SHOP", public.trim())]);
    scene.meet_every_fault().await;
    scene.meet_every_trick().await;
    workers.look(&scene, &mut evidence).await;
    workers.stop(&scene, &mut evidence).await;
    add_redis(&scene, &mut evidence, &|_| false).await;
    add_files_of_redis(&scene, &mut evidence).await;
    evidence.add("the slow log of Redis", slow_log(&scene.world).await);
    add_private_keys(&mut scene, &folder);
    evidence.assert_clean(&scene.search());
    assert!(evidence.text("Redis").contains("sealed-box"));

    let settings = scene.settings(&[]);
    let key = folder.join("shop.key");
    let show = [
        "results",
        "--open-with",
        key.to_str().unwrap(),
        "--show-pins",
    ];
    let mut planted = Evidence::default();
    planted.add_output("shown on request", Worker::output(&show, &settings));
    let leaks = planted.leaks(&scene.search());
    assert_eq!(leaks.len(), 1, "{leaks:?}");
    assert!(
        leaks[0].contains("a card key of A-1 (clear text)"),
        "{leaks:?}"
    );
    assert!(planted.leaks(&scene.search_without_cards()).is_empty());
}

/// Order files and private keys, good and malformed.
fn prepare_files(scene: &Scene) {
    let dir = scene.folder.path().to_str().unwrap();
    assert!(
        Worker::output(&["keygen", "shop", "--dir", dir], &[])
            .status
            .success()
    );
    scene.file(
        "orders.csv",
        "order_id,product_id,quantity\nB-1,2,1\nB-2,2,1\n",
    );
    scene.file(
        "malformed.csv",
        "order_id,product_id,quantity\nB-3,2,1\nB-4,two,1\n,2\n",
    );
    let private = std::fs::read_to_string(scene.path("shop.key")).unwrap();
    scene.file("malformed.key", &format!("{}\n", &private[..40]));
}

/// Files that contain keys by purpose: those of `keygen`, and what the test itself has written.
fn is_a_key_or_input(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    let extension = path.extension().unwrap_or_default();
    extension == "key" || name.starts_with("input-")
}

/// Searches for the private keys that `keygen` has written, too.
fn add_private_keys(scene: &mut Scene, folder: &Path) {
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "key") {
            let key = std::fs::read_to_string(&path).unwrap();
            scene.add_secret("a private key", key.trim());
            found += 1;
        }
    }
    assert!(found > 0);
}

/// Adds every key of Redis that `skip` does not name.
async fn add_redis(scene: &Scene, evidence: &mut Evidence, skip: &dyn Fn(&str) -> bool) {
    for item in stored(&scene.world).await {
        if !skip(&item.key) {
            evidence.add(format!("Redis: {}", item.key), item.content);
        }
    }
}

/// Adds the append-only file, a snapshot, and what else Redis has written.
async fn add_files_of_redis(scene: &Scene, evidence: &mut Evidence) {
    scene.world.redis.command::<String>(&["SAVE"]).await;
    let folder = scene.world.redis.server().folder();
    assert!(folder.join("dump.rdb").exists());
    evidence.add_files(folder, &|_| false);
}
