//! The users of `deploy/redis/users.acl`: each but `admin` may do what its role needs, and
//! nothing else.

mod admin;
mod limits;
mod rights;
mod roles;

use std::collections::BTreeSet;

use e2e::{Protection, Redis, TIMEOUT, Worker, World, password_of};
use hp_sandbox::Options;
use redis::{FromRedisValue, RedisError, aio::MultiplexedConnection};

fn world() -> World {
    World::with_redis(Redis::protected(Protection::USERS), Options::local())
}

async fn connection_of(world: &World, user: &str) -> MultiplexedConnection {
    let (address, password) = (world.redis.server().address(), password_of(user));
    let client = redis::Client::open(format!("redis://{user}:{password}@{address}")).unwrap();
    let waits = redis::AsyncConnectionConfig::new().set_response_timeout(Some(TIMEOUT));
    let connection = client.get_multiplexed_async_connection_with_config(&waits);
    connection.await.unwrap()
}

/// Runs one command, given as one line. A `|` stands for a space in a word.
async fn run<T: FromRedisValue>(
    connection: &mut MultiplexedConnection,
    line: &str,
) -> Result<T, RedisError> {
    let mut words = line.split(' ');
    let mut command = redis::cmd(words.next().unwrap());
    command.arg(words.map(|word| word.replace('|', " ")).collect::<Vec<_>>());
    command.query_async(connection).await
}

/// Clients introduce themselves with it where Redis knows it, and go on when it is refused.
const INTRODUCTION: &str = "client|setinfo";

/// What Redis has refused a user, such as `set` or `{hp}:results`.
async fn refusals(world: &World, user: &str) -> BTreeSet<String> {
    let entries: Vec<redis::Value> = world.redis.command(&["ACL", "LOG", "128"]).await;
    let entries = entries.iter().map(rights::details);
    let text =
        |entry: &std::collections::BTreeMap<String, redis::Value>, name| rights::text(entry, name);
    entries
        .filter(|entry| text(entry, "username") == user)
        .map(|entry| text(&entry, "object"))
        .filter(|object| object != INTRODUCTION)
        .collect()
}

/// Runs a command of the program as this user. Returns its exit code and what it printed.
fn run_as(world: &World, user: &str, words: &[&str]) -> (Option<i32>, String) {
    let output = Worker::output(words, &world.settings_as(user, &[]));
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// Runs a command of the program as this user. It must succeed.
fn succeed_as(world: &World, user: &str, words: &[&str]) -> String {
    let (code, text) = run_as(world, user, words);
    assert_eq!(code, Some(0), "{user}: {words:?}: {text}");
    text
}
