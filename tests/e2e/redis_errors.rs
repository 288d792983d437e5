//! Redis' refusals in plain words, with a remedy. No text shows a password or a part of a script.

use e2e::{Redis, Worker, World};
use hp_sandbox::Options;

/// The errors of commands that need Redis at this address.
pub(crate) fn errors(world: &World, url: &str) -> String {
    errors_with(&world.settings(&[("HP_REDIS__URL", url)]))
}

/// The errors of commands that need Redis with these settings.
pub(crate) fn errors_with(settings: &[(String, String)]) -> String {
    let status = Worker::output(&["status"], settings);
    assert_eq!(status.status.code(), Some(2), "{status:?}");
    let doctor = Worker::output(&["doctor"], settings);
    let pause = Worker::output(&["pause", "--why", "a test"], settings);
    let text = [status.stderr, pause.stderr, doctor.stdout].concat();
    String::from_utf8(text).unwrap()
}

pub(crate) fn assert_plain(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no `{word}` in: {text}");
    }
    for noise in [
        "hunter2",
        "user_script",
        "script: ",
        "os error",
        "Kind",
        "Error:",
    ] {
        assert!(!text.contains(noise), "`{noise}` in: {text}");
    }
}

fn world_with(arguments: &str) -> World {
    World::with_redis(Redis::single_with(arguments), Options::local())
}

fn address(world: &World) -> String {
    world.redis.server().address()
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_and_wrong_password_are_named() {
    let world = world_with("--requirepass secret");
    let address = address(&world);
    let missing = errors(&world, &format!("redis://{address}"));
    assert_plain(
        &missing,
        &[
            "Redis demands a password, and the settings have none",
            "redis.password_file",
            "redis://user:password@host:port",
        ],
    );
    let wrong = errors(&world, &format!("redis://:hunter2@{address}"));
    let words = ["Redis refuses this user or this password", "%2F for /"];
    assert_plain(&wrong, &words);
    // A long call, which Redis would answer by closing the connection.
    let mut settings = world.settings(&[("HP_REDIS__URL", &format!("redis://{address}"))]);
    settings.retain(|(name, _)| name != "HP_LOG__FILTER");
    let reconcile = Worker::output(&["reconcile", "--once"], &settings);
    let text = String::from_utf8(reconcile.stderr).unwrap();
    assert!(text.contains("Redis demands a password"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_rights_are_named() {
    let world = world_with("");
    for (rights, words) in [
        (
            "~{hp}:* +@all -evalsha -evalsha_ro",
            ["NOPERM", "'evalsha", "deploy/redis/users.acl"],
        ),
        (
            "~other +@all",
            ["NOPERM", "permissions to access", "deploy/redis/users.acl"],
        ),
        (
            "~{hp}:* +@all -zcard",
            [
                "may not run a command",
                "the Redis user",
                "`ACL LOG` on Redis names",
            ],
        ),
    ] {
        let mut words_of_user = vec!["ACL", "SETUSER", "shop", "reset", "on", ">hunter2"];
        words_of_user.extend(rights.split(' '));
        world.redis.command::<()>(&words_of_user).await;
        let text = errors(&world, &format!("redis://shop:hunter2@{}", address(&world)));
        assert_plain(&text, &words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn renamed_commands_are_named() {
    let world = world_with("--rename-command INFO unknown");
    let settings = world.settings(&[]);
    let doctor = Worker::output(&["doctor"], &settings);
    let text = String::from_utf8(doctor.stdout).unwrap();
    assert_plain(
        &text,
        &["INFO is refused", "renamed or disabled", "do not rename it"],
    );
    let run = Worker::output(&["run"], &settings);
    assert_eq!(run.status.code(), Some(2));

    let world = world_with("--rename-command EVALSHA unknown --rename-command EVALSHA_RO unknown2");
    let text = errors(&world, &world.redis.url());
    assert_plain(
        &text,
        &[
            "the command EVALSHA: it is renamed",
            "the command EVALSHA_RO: it is renamed",
            "rename-command",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn full_redis_is_named_as_full() {
    let world = world_with("");
    let limit = ["CONFIG", "SET", "maxmemory", "1000"];
    world.redis.command::<()>(&limit).await;
    let worker = world.worker();
    let words = "Redis is full and accepts no writes (OOM); raise maxmemory";
    worker.wait_for_log(words).await;
    let settings = world.settings(&[]);
    // A pause needs no more room than it can get.
    let pause = Worker::output(&["pause", "--why", "a test"], &settings);
    assert_eq!(pause.status.code(), Some(0));
    assert_plain(&worker.log(), &[words]);
    assert!(Worker::output(&["resume"], &settings).status.success());
    let unlimited = ["CONFIG", "SET", "maxmemory", "0"];
    world.redis.command::<()>(&unlimited).await;
    world.enqueue("A-1", 1).await;
    assert_eq!(world.result("A-1").await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn key_of_another_type_is_named() {
    let world = world_with("");
    world.redis.command::<()>(&["SET", "{hp}:open", "x"]).await;
    let settings = world.settings(&[]);
    let status = Worker::output(&["status"], &settings);
    let text = String::from_utf8(status.stderr).unwrap();
    assert_plain(&text, &["has another type", "queue.prefix"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn replica_and_wrong_topology_are_named() {
    let world = world_with("");
    let address = address(&world);
    for (url, words) in [
        (
            format!("redis+cluster://{address}"),
            ["is no cluster", "redis:// in place of redis+cluster://"],
        ),
        (
            format!("redis+sentinel://{address}/mymaster"),
            ["is no Sentinel", "26379"],
        ),
        (
            format!("redis://{address}/99"),
            ["does not have the database", "`databases`"],
        ),
    ] {
        assert_plain(&errors(&world, &url), &words);
    }
    let follow = ["REPLICAOF", "127.0.0.1", "1"];
    world.redis.command::<()>(&follow).await;
    let pause = Worker::output(&["pause", "--why", "a test"], &world.settings(&[]));
    let text = String::from_utf8(pause.stderr).unwrap();
    assert_plain(&text, &["is a replica", "redis+sentinel://"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_clients_are_named() {
    let world = world_with("");
    let mut only = world.redis.connection().await;
    let mut limit = redis::cmd("CONFIG");
    limit.arg("SET").arg("maxclients").arg(1);
    limit.query_async::<()>(&mut only).await.unwrap();
    let text = errors(&world, &world.redis.url());
    assert_plain(&text, &["maxclients"]);
}
