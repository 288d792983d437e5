//! Everything that Redis has stored.

use e2e::World;
use redis::Value;

/// A key with its content as text.
pub(crate) struct Stored {
    pub(crate) key: String,
    pub(crate) content: Vec<u8>,
}

/// Reads every key of every type.
pub(crate) async fn stored(world: &World) -> Vec<Stored> {
    let mut all = Vec::new();
    for key in world.redis.command::<Vec<String>>(&["KEYS", "*"]).await {
        let kind: String = world.redis.command(&["TYPE", &key]).await;
        let words: &[&str] = match &*kind {
            "string" => &["GET", &key],
            "list" => &["LRANGE", &key, "0", "-1"],
            "set" => &["SMEMBERS", &key],
            "zset" => &["ZRANGE", &key, "0", "-1", "WITHSCORES"],
            "hash" => &["HGETALL", &key],
            "stream" => &["XRANGE", &key, "-", "+"],
            // A key that has expired in between.
            "none" => continue,
            other => panic!("the key {key} has the type {other}"),
        };
        let mut content = Vec::new();
        write(&world.redis.command(words).await, &mut content);
        all.push(Stored { key, content });
    }
    all
}

/// The commands that Redis remembers as slow, with their arguments. [`remember_all_commands`] makes it remember all of them.
pub(crate) async fn slow_log(world: &World) -> Vec<u8> {
    let mut content = Vec::new();
    write(
        &world.redis.command(&["SLOWLOG", "GET", "-1"]).await,
        &mut content,
    );
    content
}

pub(crate) async fn remember_all_commands(world: &World) {
    for (name, value) in [
        ("slowlog-log-slower-than", "0"),
        ("slowlog-max-len", "100000"),
        ("rdbcompression", "no"),
    ] {
        world
            .redis
            .command::<()>(&["CONFIG", "SET", name, value])
            .await;
    }
}

fn write(value: &Value, content: &mut Vec<u8>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| write(item, content)),
        Value::BulkString(bytes) => {
            content.extend_from_slice(bytes);
            content.push(b'\n');
        }
        other => content.extend(format!("{other:?}\n").into_bytes()),
    }
}
