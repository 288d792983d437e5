//! The clock of a server steps at once, in both directions, and nothing else does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use e2e::{Redis, Server};

const DAY: Duration = Duration::from_hours(24);
/// More than any command takes, and much less than a step.
const TOLERANCE_MS: i64 = 60_000;

/// The difference between the server's clock and the machine's.
#[expect(clippy::disallowed_methods, reason = "a test compares two clocks")]
async fn offset_ms(redis: &Redis) -> i64 {
    let (seconds, micros): (i64, i64) = redis.command(&["TIME"]).await;
    let machine = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    seconds * 1000 + micros / 1000 - i64::try_from(machine.as_millis()).unwrap()
}

async fn assert_offset(redis: &Redis, wanted: Duration, sign: i64) {
    let wanted = sign * i64::try_from(wanted.as_millis()).unwrap();
    let offset = offset_ms(redis).await;
    let differs = (offset - wanted).abs();
    assert!(
        differs < TOLERANCE_MS,
        "offset {offset} ms, not {wanted} ms"
    );
}

#[tokio::test]
async fn clock_steps_in_both_directions() {
    let redis = Redis::single_with_clock("");
    assert_offset(&redis, Duration::ZERO, 1).await;
    redis.clock().set_ahead(DAY);
    assert_offset(&redis, DAY, 1).await;
    redis.clock().set_behind(DAY);
    assert_offset(&redis, DAY, -1).await;
    redis.clock().set_right();
    assert_offset(&redis, Duration::ZERO, 1).await;
}

#[tokio::test]
async fn clock_step_moves_entry_ids_and_expiry() {
    let redis = Redis::single_with_clock("");
    redis
        .command::<()>(&["SET", "key", "1", "EX", "86400"])
        .await;
    let before: String = redis.command(&["XADD", "stream", "*", "a", "1"]).await;
    redis.clock().set_ahead(2 * DAY);
    let after: String = redis.command(&["XADD", "stream", "*", "a", "1"]).await;
    assert_eq!(redis.command::<u64>(&["EXISTS", "key"]).await, 0);
    let ms = |entry: &str| entry.split_once('-').unwrap().0.parse::<u64>().unwrap();
    assert!(ms(&after) - ms(&before) >= 172_800_000, "{before} {after}");
}

#[tokio::test]
async fn clock_of_script_steps_between_scripts() {
    let redis = Redis::single_with_clock("");
    let script = "return tonumber(redis.call('TIME')[1])";
    let before: u64 = redis.command(&["EVAL", script, "0"]).await;
    redis.clock().set_ahead(DAY);
    let after: u64 = redis.command(&["EVAL", script, "0"]).await;
    assert!(after - before >= 86_400, "{before} {after}");
}

#[tokio::test]
async fn clock_keeps_its_step_over_a_restart() {
    let mut redis = Redis::single_with_clock("");
    redis.clock().set_behind(DAY);
    redis.crash_and_restart();
    assert_offset(&redis, DAY, -1).await;
}

#[tokio::test]
async fn clocks_of_master_and_replica_are_separate() {
    let master = Redis::single_with_clock("");
    let mut replica = Redis::replica_of(master.server());
    replica.clock().set_ahead(DAY);
    assert_offset(&master, Duration::ZERO, 1).await;
    assert_offset(&replica, DAY, 1).await;
    replica.promote();
    for redis in [&master, &replica] {
        redis.command::<()>(&["SET", "key", "1"]).await;
    }
}

#[test]
fn server_without_clock_has_no_preloaded_library() {
    let server = Server::start("");
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", server.id())).unwrap();
    assert!(!maps.contains("stepped_clock"));
}
