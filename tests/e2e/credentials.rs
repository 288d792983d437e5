//! The credentials of one worker: a worker that HitPoints refuses does not start, and stops nobody else.

use std::fs;

use e2e::{Worker, World};
use nix::sys::signal::Signal;

async fn is_paused(world: &World) -> bool {
    world.redis.command(&["EXISTS", "{hp}:paused"]).await
}

/// Runs a command. Returns whether it succeeded, and its output.
fn run(words: &[&str], settings: &[(String, String)]) -> (bool, String) {
    let output = Worker::output(words, settings);
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_with_wrong_secret_does_not_start() {
    let world = World::start();
    let healthy = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    let rules: e2e::Entry = world.redis.command(&["HGETALL", "{hp}:queue"]).await;
    let mut wrong = world.worker_with(&[
        ("HP_API__APP_SECRET", "wrong"),
        ("HP_RETRY__GIVE_UP_AFTER", "3h"),
    ]);
    assert_eq!(wrong.wait_for_exit().await.code(), Some(2));
    let log = wrong.log();
    for word in ["400107", "does not start", "worker doctor"] {
        assert!(log.contains(word), "no `{word}` in: {log}");
    }
    let after: e2e::Entry = world.redis.command(&["HGETALL", "{hp}:queue"]).await;
    assert_eq!(after, rules, "the rules of the queue are as before");
    world.enqueue("A-2", 1).await;
    assert_eq!(world.result("A-2").await["status"], "completed");
    assert!(!is_paused(&world).await && !healthy.log().contains("queue paused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_with_line_end_or_mark_is_accepted() {
    let world = World::start();
    let secrets = [
        "demo-secret\n",
        "\u{feff}demo-secret",
        "\u{feff}demo-secret\r\n",
    ];
    for (n, secret) in secrets.into_iter().enumerate() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, secret).unwrap();
        let mut from_file = world.settings(&[]);
        from_file.retain(|(name, _)| name != "HP_API__APP_SECRET");
        let path = file.path().to_str().unwrap();
        from_file.push(("HP_API__APP_SECRET_FILE".into(), path.into()));
        let from_variable = world.settings(&[("HP_API__APP_SECRET", secret)]);
        for settings in [&from_file, &from_variable] {
            let (good, text) = run(&["config"], settings);
            assert!(good, "{text}");
            let (_, text) = run(&["doctor"], settings);
            let credentials = text.lines().find(|line| line.contains("credentials"));
            assert!(credentials.unwrap().contains("accepted"), "{text}");
        }
        let mut worker = world.worker_with(&[("HP_API__APP_SECRET", secret)]);
        let id = format!("A-{n}");
        world.enqueue(&id, 1).await;
        assert_eq!(world.result(&id).await["status"], "completed");
        worker.signal(Signal::SIGTERM);
        assert!(worker.wait_for_exit().await.success());
    }
    assert!(!is_paused(&world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_secret_is_refused_by_name() {
    let world = World::start();
    for secret in ["demo-secret ", "demo\nsecret", "demo\u{200b}secret"] {
        let settings = world.settings(&[("HP_API__APP_SECRET", secret)]);
        for command in ["config", "doctor", "run"] {
            let (good, text) = run(&[command], &settings);
            assert!(!good && text.contains("api.app_secret"), "{text}");
            assert!(!text.contains("secret\""), "{text}");
        }
    }
}
