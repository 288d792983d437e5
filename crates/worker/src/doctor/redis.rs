use std::time::{Duration, UNIX_EPOCH};

use hp_order::Millis;
use hp_queue::{Inspector, ServerInfo, without_password};
use tokio::time::Instant;

use super::CheckResult;
use crate::{clock::now, config::Config};

/// Leases and deadlines use Redis' clock, so a difference only makes logs hard to read.
const CLOCK_LIMIT: Duration = Duration::from_secs(30);

pub(super) async fn check(config: &Config, inspector: &Inspector) -> Vec<CheckResult> {
    let place = without_password(config.redis_url.expose());
    let started = Instant::now();
    let server = match inspector.server_info().await {
        Ok(server) => server,
        Err(error) => {
            let prefix = &config.prefix;
            let remedy = format!(
                "start Redis, or correct redis.url. A Redis user needs `~{prefix}:* +@all -@dangerous +info`"
            );
            return vec![CheckResult::bad(
                "redis",
                format!("{place}: {error}"),
                remedy,
            )];
        }
    };
    let took = started.elapsed();
    let mut results = vec![
        version(&server, &place, took),
        role(&server),
        append_only(&server),
    ];
    if server.is_append_only {
        results.extend(server.fsync.as_deref().map(fsync));
    }
    results.extend([memory(&server), clock(server.now, took), prefix(config)]);
    results.push(paused(config, inspector).await);
    results
}

fn version(server: &ServerInfo, place: &str, took: Duration) -> CheckResult {
    let ServerInfo { name, version, .. } = server;
    let seen = format!(
        "{name} {version} at {place}, answers in {:.1} ms",
        took.as_secs_f64() * 1000.0
    );
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    if major.is_some_and(|major: u32| major >= 7) {
        CheckResult::good("redis", seen)
    } else {
        CheckResult::bad("redis", seen, "use Redis 7.0 or later, or Valkey")
    }
}

fn role(server: &ServerInfo) -> CheckResult {
    if server.is_master {
        return CheckResult::good("role", "master");
    }
    let remedy = "name the master in redis.url, or let Sentinel name it: redis+sentinel://host:26379/master-name";
    CheckResult::bad("role", "a replica, which accepts no writes", remedy)
}

fn append_only(server: &ServerInfo) -> CheckResult {
    if server.is_append_only {
        return CheckResult::good("append-only file", "on");
    }
    CheckResult::bad(
        "append-only file",
        "off: a restart loses every order since the last snapshot",
        "CONFIG SET appendonly yes, CONFIG SET appendfsync always, and both in redis.conf",
    )
}

fn fsync(when: &str) -> CheckResult {
    let remedy = "CONFIG SET appendfsync always, and in redis.conf";
    match when {
        "always" => CheckResult::good("fsync", "always: no write is lost"),
        "everysec" => CheckResult::poor(
            "fsync",
            "everysec: a crash loses up to a second of writes; after a crash the workers query HitPoints for orders that may be affected",
            remedy,
        ),
        other => CheckResult::bad("fsync", format!("{other}: a crash loses orders"), remedy),
    }
}

fn memory(server: &ServerInfo) -> CheckResult {
    let limit = match server.maxmemory {
        0 => "no limit".to_owned(),
        bytes => format!("{} MiB", bytes / (1024 * 1024)),
    };
    let seen = format!("{limit}, {} when full", server.maxmemory_policy);
    if server.maxmemory_policy == "noeviction" {
        return CheckResult::good("memory", seen);
    }
    CheckResult::bad(
        "memory",
        format!("{seen}: Redis deletes orders when it is full"),
        "CONFIG SET maxmemory-policy noeviction, and in redis.conf",
    )
}

fn clock(theirs: Millis, took: Duration) -> CheckResult {
    let ours = now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let difference = ours.abs_diff(Duration::from_millis(theirs.0));
    CheckResult::clock(
        "clock",
        "Redis",
        difference.saturating_sub(took),
        CLOCK_LIMIT,
    )
}

/// The configuration refuses a prefix without braces.
fn prefix(config: &Config) -> CheckResult {
    let seen = format!(
        "{}: the part in braces keeps all keys in one cluster slot",
        config.prefix
    );
    CheckResult::good("prefix", seen)
}

async fn paused(config: &Config, inspector: &Inspector) -> CheckResult {
    match inspector.paused().await {
        Ok(None) => CheckResult::good("queue", "not paused"),
        Ok(Some(reason)) => CheckResult::poor(
            "queue",
            format!("paused: {reason}"),
            "fix the cause, then run `worker resume`",
        ),
        Err(error) => CheckResult::bad(
            "queue",
            error.to_string(),
            format!(
                "delete the key {}:paused if it is not a hash",
                config.prefix
            ),
        ),
    }
}
