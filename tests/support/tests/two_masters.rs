//! A promoted replica and its former master are both masters, until one follows the other.

use e2e::{
    Redis,
    proxy::{Link, Proxy},
};

async fn set(redis: &Redis, key: &str) -> redis::RedisResult<()> {
    let mut command = redis::cmd("SET");
    command.arg(key).arg(1);
    command.query_async(&mut redis.connection().await).await
}

async fn role(redis: &Redis) -> String {
    let role: Vec<redis::Value> = redis.command(&["ROLE"]).await;
    redis::from_redis_value(role[0].clone()).unwrap()
}

#[tokio::test]
async fn promoted_replica_has_data_and_stays_master() {
    let old = Redis::single();
    set(&old, "before").await.unwrap();
    let mut new = Redis::replica_of(old.server());
    new.promote();
    for redis in [&old, &new] {
        set(redis, "after").await.unwrap();
        assert_eq!(redis.command::<u64>(&["DBSIZE"]).await, 2);
    }
    new.crash_and_restart();
    assert_eq!(role(&new).await, "master");
}

#[tokio::test]
async fn former_master_follows_promoted_replica() {
    let mut old = Redis::single();
    let mut new = Redis::replica_of(old.server());
    new.promote();
    set(&old, "lost").await.unwrap();
    set(&new, "kept").await.unwrap();
    old.follow(&new.server().address());
    new.replicated().await;
    assert_eq!(old.command::<u64>(&["EXISTS", "lost"]).await, 0);
    assert_eq!(old.command::<u64>(&["EXISTS", "kept"]).await, 1);
    old.crash_and_restart();
    assert_eq!(role(&old).await, "slave");
}

// The start of the replica blocks the test's thread, so the proxy runs on another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn split_master_with_replica_limit_refuses_writes() {
    let old = Redis::single_with("--min-replicas-to-write 1 --min-replicas-max-lag 1");
    let link = Proxy::start(old.server().address().parse().unwrap(), 7).await;
    let mut new = Redis::replica_through(old.server(), &link.addr().to_string(), "");
    set(&old, "before").await.unwrap();
    link.set(Link::Stall);
    new.promote();
    set(&new, "new").await.unwrap();
    // The old master accepts writes until it misses its replica.
    let mut accepted = 0;
    while set(&old, "old").await.is_ok() {
        accepted += 1;
    }
    assert!(accepted > 0, "the old master refused writes at once");
}
