//! The steps of `docs/security.md` that change users, done as the user `admin` of the file.

use std::fmt::Debug;

use e2e::World;
use redis::{FromRedisValue, RedisError, Value, aio::MultiplexedConnection};

use super::{connection_of, run, world};

/// Runs commands that must succeed.
async fn succeed(admin: &mut MultiplexedConnection, lines: &[&str]) {
    for line in lines {
        succeed_with::<Value>(admin, line).await;
    }
}

async fn succeed_with<T: FromRedisValue>(admin: &mut MultiplexedConnection, line: &str) -> T {
    let answer = run(admin, line).await;
    answer.unwrap_or_else(|error| panic!("{line}: {error}"))
}

async fn login(
    world: &World,
    user: &str,
    password: &str,
) -> Result<MultiplexedConnection, RedisError> {
    let address = world.redis.server().address();
    let client = redis::Client::open(format!("redis://{user}:{password}@{address}")).unwrap();
    client.get_multiplexed_async_connection().await
}

async fn assert_refused(world: &World, user: &str, password: &str) {
    let refusal = login(world, user, password).await;
    let Err(refusal) = refusal else {
        panic!("the login is accepted")
    };
    let refusal = refusal.to_string();
    assert!(refusal.contains("authentication failed"), "{refusal}");
}

fn assert_has(answer: &impl Debug, part: &str) {
    let text = format!("{answer:?}");
    assert!(text.contains(part), "no {part} in {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_rotates_a_password() {
    let mut world = world();
    let mut admin = connection_of(&world, "admin").await;
    let (old, new) = ("worker-password", "new-password");
    succeed(
        &mut admin,
        &["ACL SETUSER worker >new-password", "ACL SAVE"],
    )
    .await;
    let mut open = login(&world, "worker", old).await.unwrap();
    login(&world, "worker", new).await.unwrap();
    let clients: String = succeed_with(&mut admin, "CLIENT LIST").await;
    assert_has(&clients, "user=worker");
    let remove = ["ACL SETUSER worker <worker-password", "ACL SAVE"];
    succeed(&mut admin, &remove).await;
    run::<Value>(&mut open, "PING").await.unwrap();
    assert_refused(&world, "worker", old).await;
    let log: Value = succeed_with(&mut admin, "ACL LOG").await;
    assert_has(&log, "worker");
    let rights: Value = succeed_with(&mut admin, "ACL GETUSER worker").await;
    assert_has(&rights, "~{hp}:*");
    world.redis.crash_and_restart();
    login(&world, "worker", new).await.unwrap();
    assert_refused(&world, "worker", old).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_removes_a_user() {
    let world = world();
    let mut admin = connection_of(&world, "admin").await;
    let mut shop = connection_of(&world, "shop-1").await;
    let create = "XGROUP CREATE {hp}:results:shop-1 till 0 MKSTREAM";
    run::<Value>(&mut shop, create).await.unwrap();
    succeed(&mut admin, &["ACL SETUSER shop-1 off"]).await;
    assert_refused(&world, "shop-1", "shop-1-password").await;
    run::<Value>(&mut shop, "PING").await.unwrap();
    let closed: u64 = succeed_with(&mut admin, "CLIENT KILL USER shop-1").await;
    assert!(closed >= 1);
    run::<Value>(&mut shop, "PING").await.unwrap_err();
    succeed(&mut admin, &["ACL DELUSER shop-1", "ACL SAVE", "ACL LOAD"]).await;
    // Redis 7.0 closes all connections when it loads the file.
    let mut admin = connection_of(&world, "admin").await;
    let users: Vec<String> = succeed_with(&mut admin, "ACL USERS").await;
    assert!(!users.contains(&"shop-1".to_owned()), "{users:?}");
    let destroy = "XGROUP DESTROY {hp}:results:shop-1 till";
    assert_eq!(succeed_with::<u64>(&mut admin, destroy).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_looks_after_the_server() {
    let world = world();
    let mut admin = connection_of(&world, "admin").await;
    let lines = [
        "CONFIG SET slowlog-log-slower-than 0",
        "CONFIG GET tls-ca-cert-file",
        "SLOWLOG GET",
        "ACL LOG RESET",
        "HDEL {hp}:queue results.seal_to.shop",
        "XTRIM {hp}:results MINID 0-1",
    ];
    succeed(&mut admin, &lines).await;
}
