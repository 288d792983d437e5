//! What each role must not be able to do.

use super::{connection_of, run, world};

/// All users but `admin`, who may do everything.
const EVERYBODY: [&str; 8] = [
    "producer", "consumer", "shop-1", "worker", "operator", "observer", "replica", "sentinel",
];

/// What nobody may do.
const NEVER: &[&str] = &[
    "FLUSHALL",
    "FLUSHDB",
    "CONFIG SET maxmemory 1",
    "CONFIG RESETSTAT",
    "KEYS *",
    "ACL LIST",
    "ACL SETUSER shop-1 allkeys",
    "ACL WHOAMI",
    "SCRIPT FLUSH",
    "SCRIPT LOAD return",
    "SCRIPT EXISTS a",
    "FUNCTION FLUSH",
    "MONITOR",
    "SAVE",
    "BGREWRITEAOF",
    "SWAPDB 0 1",
    "CLIENT LIST",
    "CLIENT PAUSE 1",
    "RENAME {hp}:results {hp}:copy",
    "COPY {hp}:results {hp}:copy",
    "DUMP {hp}:results",
    "UNLINK {hp}:results",
    "EXPIRE {hp}:results 1",
    "SORT {hp}:open",
    "XSETID {hp}:jobs 0-1",
    "XGROUP DESTROY {hp}:results till",
    "XINFO GROUPS {hp}:results",
    "GET other",
    "DEL {hp}:results",
    "DEL {hp}:results:shop-1",
    "DEL {hp}:order:A-1",
    "DEL {hp}:queue",
    "SET {hp}:order:A-1 x",
    "SET {hp}:queue x",
    "XDEL {hp}:results 1-1",
    "XTRIM {hp}:order:A-1 MAXLEN 0",
    "HSET other a b",
    "PUBLISH other x",
];

/// What these may not do, besides what nobody may.
const LIMITS: &[(&str, &[&str])] = &[
    (
        "producer",
        &[
            "XRANGE {hp}:jobs - +",
            "XREAD STREAMS {hp}:jobs 0",
            "XREAD STREAMS {hp}:results 0",
            "XREADGROUP GROUP a b STREAMS {hp}:results >",
            "XADD {hp}:results * a b",
            "XADD {hp}:rejected * a b",
            "XADD {hp}:products * a b",
            "HGET {hp}:jobs a",
            "HGET {hp}:order:A-1 state",
            "HGETALL {hp}:queue",
            "HSET {hp}:products 2 x",
            "XLEN {hp}:jobs",
            "DEL {hp}:jobs",
            "XTRIM {hp}:jobs MAXLEN 0",
            "XDEL {hp}:jobs 1-1",
            "EVAL return 0",
            "EVAL_RO return 0",
            "EVALSHA a 0",
            "SCAN 0",
            "INFO",
            "CONFIG GET requirepass",
        ],
    ),
    ("consumer", &CONSUMER),
    ("shop-1", &CONSUMER),
    ("consumer", &["XREAD STREAMS {hp}:results:shop-1 0"]),
    (
        "shop-1",
        &[
            "XREAD STREAMS {hp}:results 0",
            "XREAD STREAMS {hp}:results:shop-2 0",
            "XREADGROUP GROUP a b STREAMS {hp}:results:shop-2 >",
            "XGROUP CREATE {hp}:results:shop-2 a 0 MKSTREAM",
            "XACK {hp}:results:shop-2 a 1-1",
            "XAUTOCLAIM {hp}:results:shop-2 a b 0 0-0",
            "XREAD STREAMS {hp}:results:shop-1 {hp}:results:shop-2 0 0",
        ],
    ),
    (
        "worker",
        &[
            "XREADGROUP GROUP a b STREAMS {hp}:results >",
            "XGROUP CREATE {hp}:results a 0",
            "XDEL {hp}:rejected 1-1",
            "DEL {hp}:paused",
            "DEL {hp}:schedule",
            "SCAN 0",
            "EVAL return|redis.call('FLUSHALL') 0",
            "EVAL return|redis.call('DEL','{hp}:results') 1 {hp}:results",
            "EVAL return|redis.call('GET',KEYS[1]) 1 other",
        ],
    ),
    (
        "operator",
        &[
            "XREADGROUP GROUP a b STREAMS {hp}:results >",
            "XTRIM {hp}:jobs MAXLEN 0",
            "XTRIM {hp}:rejected MAXLEN 0",
            "XDEL {hp}:jobs 1-1",
            "DEL {hp}:jobs",
            "DEL {hp}:schedule",
            "EVAL return|redis.call('FLUSHALL') 0",
            "EVAL return|redis.call('DEL','{hp}:jobs') 1 {hp}:jobs",
        ],
    ),
    (
        "observer",
        &[
            "HGETALL {hp}:reconcile",
            "HGETALL {hp}:products",
            "XLEN {hp}:replays:A-1",
            "XRANGE {hp}:results - +",
            "XREVRANGE {hp}:results + -",
            "XRANGE {hp}:results:shop-1 - +",
            "XLEN {hp}:results",
            "XINFO STREAM {hp}:results",
            "XREAD STREAMS {hp}:results 0",
            "XREADGROUP GROUP a b STREAMS {hp}:results >",
            "EVAL_RO return|redis.call('XRANGE',KEYS[1],'-','+') 1 {hp}:results",
            "EVAL_RO return|redis.call('XRANGE','{hp}:results','-','+') 0",
            "EVAL return 0",
            "EVALSHA a 0",
            "XADD {hp}:jobs * a b",
            "XDEL {hp}:rejected 1-1",
            "XTRIM {hp}:jobs MAXLEN 0",
            "DEL {hp}:paused",
            "HSET {hp}:paused reason x",
            "HSET {hp}:order:A-1 state completed",
            "ZADD {hp}:schedule 0 A-1",
            "SET {hp}:write_check 1",
            "CONFIG GET requirepass",
        ],
    ),
];

const CONSUMER: [&str; 14] = [
    "XADD {hp}:jobs * a b",
    "XADD {hp}:results * a b",
    "XADD {hp}:results:shop-1 * a b",
    "XTRIM {hp}:results:shop-1 MAXLEN 0",
    "XREAD STREAMS {hp}:jobs 0",
    "XREADGROUP GROUP a b STREAMS {hp}:jobs >",
    "HGETALL {hp}:order:A-1",
    "HGETALL {hp}:products",
    "EVAL return 0",
    "EVAL_RO return 0",
    "EVALSHA a 0",
    "SCAN 0",
    "INFO",
    "CONFIG GET requirepass",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_user_may_do_more() {
    let world = world();
    let never = EVERYBODY.iter().map(|user| (*user, NEVER));
    for (user, lines) in never.chain(LIMITS.iter().copied()) {
        let mut connection = connection_of(&world, user).await;
        for line in lines {
            let error = run::<redis::Value>(&mut connection, line).await;
            let error = error.expect_err(&format!("{user} may run {line}"));
            let text = error.to_string();
            let is_refused = error.code() == Some("NOPERM")
                || text.contains("user executing the script")
                || text.contains("ACL failure");
            assert!(is_refused, "{user}: {line}: {text}");
        }
    }
}

/// No right forbids an option of a command. `docs/security.md` names this limit.
#[tokio::test(flavor = "multi_thread")]
async fn users_who_enqueue_may_empty_the_inbox() {
    let world = world();
    for user in ["producer", "worker", "operator"] {
        let mut connection = connection_of(&world, user).await;
        let add = "XADD {hp}:jobs MAXLEN 0 * a b";
        run::<redis::Value>(&mut connection, add).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_user_may_debug() {
    let world = world();
    for user in EVERYBODY {
        // Redis switches the command off for everybody, before it looks at the user.
        let words = ["ACL", "DRYRUN", user, "DEBUG", "SLEEP", "0"];
        let answer: String = world.redis.command(&words).await;
        assert!(answer.contains("no permissions"), "{user}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn default_user_is_off() {
    let world = world();
    let client = redis::Client::open(format!("redis://{}", world.redis.server().address()));
    let connection = client.unwrap().get_multiplexed_async_connection().await;
    let mut connection = connection.unwrap();
    let error = run::<redis::Value>(&mut connection, "PING").await;
    assert_eq!(error.unwrap_err().code(), Some("NOAUTH"));
}
