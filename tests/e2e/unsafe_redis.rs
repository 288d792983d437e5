//! A worker does not run in a Redis that loses orders, and pauses if its Redis becomes one.

use e2e::{Redis, Worker, World, assert_fields};
use hp_sandbox::Options;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
};

/// A world on a single server: the commands below concern one server.
fn world() -> World {
    World::with_redis(Redis::single(), Options::local())
}

async fn set(world: &World, name: &str, value: &str) {
    let words = ["CONFIG", "SET", name, value];
    world.redis.command::<()>(&words).await;
}

/// Asserts that `run` refuses with these words, and that the doctor says BAD about `what`.
fn assert_refused(world: &World, more: &[(&str, &str)], what: &str, words: &[&str]) {
    assert_run_refuses(world, more, words);
    assert_doctor(world, more, (1, "BAD"), what);
}

fn assert_run_refuses(world: &World, more: &[(&str, &str)], words: &[&str]) {
    let output = Worker::output(&["run"], &world.settings(more));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    for word in words {
        assert!(text.contains(word), "no `{word}` in: {text}");
    }
}

/// Asserts the exit code of the doctor, and its verdict about `what`.
fn assert_doctor(world: &World, more: &[(&str, &str)], (code, verdict): (i32, &str), what: &str) {
    let output = Worker::output(&["doctor"], &world.settings(more));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    let mut lines = text.lines().filter(|line| line.starts_with(verdict));
    assert!(lines.any(|line| line[6..].starts_with(what)), "{text}");
}

/// Makes background saves fail: the file cannot replace a folder.
async fn break_saves(world: &World) {
    let folder = world.redis.server().folder().join("dump.rdb");
    std::fs::create_dir_all(folder.join("full")).unwrap();
    set(world, "save", "3600 1").await;
    world
        .redis
        .command::<()>(&["SET", "{hp}:test:mark", "1"])
        .await;
    world.redis.command::<String>(&["BGSAVE"]).await;
    loop {
        let info: String = world.redis.command(&["INFO", "persistence"]).await;
        if info.contains("rdb_last_bgsave_status:err") {
            return;
        }
    }
}

async fn repair_saves(world: &World) {
    std::fs::remove_dir_all(world.redis.server().folder().join("dump.rdb")).unwrap();
    world.redis.command::<String>(&["BGSAVE"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_refuses_a_redis_that_evicts() {
    let world = world();
    for policy in ["volatile-lru", "allkeys-random"] {
        set(&world, "maxmemory-policy", policy).await;
        set(&world, "maxmemory", "100mb").await;
        assert_refused(
            &world,
            &[],
            "memory",
            &[policy, "maxmemory-policy noeviction"],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_waits_while_redis_is_a_replica() {
    let world = world();
    let replicate = ["REPLICAOF", "127.0.0.1", "1"];
    world.redis.command::<()>(&replicate).await;
    let output = Worker::output(&["doctor"], &world.settings(&[]));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("BAD   role"), "{text}");
    let worker = world.worker();
    worker.wait_for_log("read only replica").await;
    assert!(
        worker.log().contains("redis+sentinel://"),
        "{}",
        worker.log()
    );
    let promote = ["REPLICAOF", "NO", "ONE"];
    world.redis.command::<()>(&promote).await;
    world.enqueue("A-1", 1).await;
    assert_eq!(world.result("A-1").await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn run_refuses_a_user_without_info() {
    let world = world();
    let user = [
        "ACL", "SETUSER", "worker", "on", ">secret", "~{hp}:*", "&*", "+@all", "-info",
    ];
    world.redis.command::<()>(&user).await;
    let url = world
        .redis
        .url()
        .replace("redis://", "redis://worker:secret@");
    assert_refused(
        &world,
        &[("HP_REDIS__URL", &url)],
        "redis",
        &["INFO is refused", "give INFO"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn run_refuses_a_redis_that_cannot_save() {
    let world = world();
    break_saves(&world).await;
    assert_refused(&world, &[], "write", &["MISCONF", "CONFIG GET dir"]);
    repair_saves(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_refuses_a_user_that_cannot_write() {
    let world = world();
    let user = [
        "ACL", "SETUSER", "reader", "on", ">secret", "~{hp}:*", "&*", "+@all", "-set",
    ];
    world.redis.command::<()>(&user).await;
    let url = world
        .redis
        .url()
        .replace("redis://", "redis://reader:secret@");
    let settings = [("HP_REDIS__URL", &*url)];
    assert_run_refuses(
        &world,
        &settings,
        &["no permissions", "use the user `worker`"],
    );
    // An observer may want to know the rest.
    assert_doctor(&world, &settings, (0, "warn"), "write");
}

#[tokio::test(flavor = "multi_thread")]
async fn running_worker_pauses_while_redis_evicts() {
    let world = world();
    let worker = world.worker();
    worker.wait_for_log("product list fetched").await;
    set(&world, "maxmemory-policy", "volatile-lru").await;
    worker.wait_for_log("this process claims no orders").await;
    world.enqueue("A-1", 1).await;
    set(&world, "maxmemory-policy", "noeviction").await;
    worker.wait_for_log("claims orders again").await;
    assert_fields!(world.result("A-1").await, { "status": "completed" });
}

#[tokio::test(flavor = "multi_thread")]
async fn running_worker_resumes_when_saves_work_again() {
    let world = world();
    let worker = world.worker();
    worker.wait_for_log("product list fetched").await;
    break_saves(&world).await;
    worker.wait_for_log("MISCONF").await;
    worker.wait_for_log("this process claims no orders").await;
    repair_saves(&world).await;
    worker.wait_for_log("claims orders again").await;
    world.enqueue("A-1", 1).await;
    assert_fields!(world.result("A-1").await, { "status": "completed" });
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_of_doctor_are_logged_at_start() {
    let world = world();
    set(&world, "appendfsync", "everysec").await;
    let worker = world.worker();
    worker.wait_for_log("Redis could be safer").await;
    assert!(worker.log().contains("appendfsync always"));
    world.enqueue("A-1", 1).await;
    assert_fields!(world.result("A-1").await, { "status": "completed" });
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_without_a_lower_bound_are_reported() {
    let world = World::with_redis(Redis::sentinel(), Options::local());
    let report = || {
        let output = Worker::output(&["doctor"], &world.settings(&[]));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = report();
    assert!(text.contains("BAD   replicas"), "{text}");
    assert!(text.contains("min-replicas-to-write 1"), "{text}");
    let worker = world.worker();
    worker.wait_for_log("Redis could be safer").await;
    assert!(worker.log().contains("min-replicas-to-write 1"));
    world.enqueue("A-1", 1).await;
    assert_fields!(world.result("A-1").await, { "status": "completed" });
    set(&world, "min-replicas-to-write", "1").await;
    let text = report();
    assert!(text.contains("ok    replicas"), "{text}");
}

/// Starts a proxy in front of Redis that hides `run_id` in its answers, and returns its URL.
async fn without_run_id(world: &World) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = world.redis.server().address();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(hide_run_id(client, server));
        }
    });
    format!("redis://{address}")
}

async fn hide_run_id(mut client: TcpStream, mut server: TcpStream) {
    let (mut requests, mut to_client) = client.split();
    let (mut answers, mut to_server) = server.split();
    let rewrite = async {
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = answers.read(&mut chunk).await {
            let answer = &mut chunk[..length];
            if let Some(at) = answer.windows(7).position(|word| word == b"run_id:") {
                answer[at..at + 3].copy_from_slice(b"xxx");
            }
            to_client.write_all(answer).await?;
        }
        Ok::<_, std::io::Error>(())
    };
    let _ = tokio::join!(copy(&mut requests, &mut to_server), rewrite);
}

#[tokio::test(flavor = "multi_thread")]
async fn run_refuses_a_redis_without_run_id() {
    let world = world();
    let url = without_run_id(&world).await;
    assert_refused(
        &world,
        &[("HP_REDIS__URL", &url)],
        "run id",
        &["run_id", "managed service"],
    );
}
