use std::time::{Duration, UNIX_EPOCH};

use hp_order::Millis;
use hp_queue::{Handle, Inspector, QueueError, ServerInfo, without_password};
use tokio::time::Instant;

use super::{CheckResult, Verdict};
use crate::{clock::now, config::Config, terminal::format::mebibytes};

/// Leases and deadlines use Redis' clock, so a difference only makes logs hard to read.
const CLOCK_LIMIT: Duration = Duration::from_secs(30);

/// What the checks of Redis mean for a worker.
#[derive(Debug, Default)]
pub(crate) struct Safety {
    /// Why a worker must claim no orders in this Redis, and the remedy.
    pub(crate) danger: Option<String>,
    /// What else the doctor would report, with the remedies.
    pub(crate) warnings: Vec<String>,
    /// It is a replica, which may become a master by itself.
    pub(crate) is_replica: bool,
    /// For how long a master accepts writes without a replica. `None`: without limit, as far as is known.
    pub(crate) accepts_writes_alone: Option<Duration>,
}

/// Checks whether orders are safe in this Redis. `is_replicated`: its address says that it has replicas.
///
/// # Errors
/// Redis is unreachable.
pub(crate) async fn safety(handle: &Handle, is_replicated: bool) -> Result<Safety, QueueError> {
    let inspector = Inspector::new(handle.clone());
    let server = match inspector.server_info().await {
        Ok(server) => server,
        Err(error @ QueueError::Refused(_)) => {
            return Ok(Safety::of(vec![no_information(&error)]));
        }
        Err(error) => return Err(error),
    };
    let mut results = risks(&server, is_replicated);
    results.push(write(handle.check_write().await)?);
    Ok(Safety {
        is_replica: !server.is_master,
        accepts_writes_alone: server.min_replicas_max_lag,
        ..Safety::of(results)
    })
}

impl Safety {
    fn of(results: Vec<CheckResult>) -> Self {
        let mut safety = Self::default();
        for result in results {
            let text = result.text();
            match result.verdict {
                Verdict::Good => {}
                _ if result.stops_worker && safety.danger.is_none() => safety.danger = Some(text),
                _ => safety.warnings.push(text),
            }
        }
        safety
    }
}

pub(super) async fn check(config: &Config, handle: &Handle) -> Vec<CheckResult> {
    let place = without_password(config.redis_access.url.expose());
    let inspector = Inspector::new(handle.clone());
    let started = Instant::now();
    let server = match inspector.server_info().await {
        Ok(server) => server,
        Err(error @ QueueError::Refused(_)) => return vec![no_information(&error)],
        Err(error) => {
            let (cause, remedy) = error.cause_and_remedy();
            let seen = format!("{place}: {cause}");
            return vec![CheckResult::bad("redis", seen, remedy)];
        }
    };
    let took = started.elapsed();
    let mut results = vec![version(&server, &place, took)];
    results.extend(risks(&server, config.is_replicated()));
    results.push(write_of_command(handle.check_write().await));
    results.extend([clock(server.now, took), prefix(config)]);
    results
}

/// The checks that need nothing but the server's information about itself.
fn risks(server: &ServerInfo, is_replicated: bool) -> Vec<CheckResult> {
    let mut results = vec![role(server), run_id(server), append_only(server)];
    if server.is_append_only {
        results.extend(server.fsync.as_deref().map(fsync));
    }
    results.push(memory(server));
    if is_replicated || server.replicas > 0 {
        results.push(replicas(server));
    }
    results
}

fn no_information(error: &QueueError) -> CheckResult {
    let (cause, _) = error.cause_and_remedy();
    CheckResult::danger(
        "redis",
        format!("INFO is refused ({cause}), so a restart that loses writes would go unnoticed"),
        "give INFO to the Redis user (the users `worker` and `observer` of deploy/redis/users.acl have it), and do not rename it",
    )
}

fn run_id(server: &ServerInfo) -> CheckResult {
    if server.run_id.is_empty() {
        return CheckResult::danger(
            "run id",
            "INFO has no run_id, so a restart that loses writes would go unnoticed",
            "use a Redis that shows run_id: a proxy or a managed service may hide it",
        );
    }
    CheckResult::good("run id", "shown: a restart is noticed")
}

/// What a command sees. Its Redis user may differ from the worker's, and may only read.
fn write_of_command(written: Result<(), QueueError>) -> CheckResult {
    if let Err(error) = &written
        && error.code() == Some("NOPERM")
    {
        return CheckResult::poor(
            "write",
            "not checked: this Redis user may only read, so a worker with it would not start",
            "run `worker doctor` as the Redis user of the worker (deploy/redis/users.acl has the rights of that user)",
        );
    }
    write(written).unwrap_or_else(|error| {
        let (cause, remedy) = error.cause_and_remedy();
        CheckResult::bad("write", cause, remedy)
    })
}

/// What a worker sees. `Err`: Redis is unreachable.
fn write(written: Result<(), QueueError>) -> Result<CheckResult, QueueError> {
    let what = "write";
    let error = match written {
        Ok(()) => return Ok(CheckResult::good(what, "accepted")),
        Err(error) => error,
    };
    Ok(match error.code() {
        Some("MISCONF") => CheckResult::danger(
            what,
            "refused with MISCONF: Redis cannot save to its disk, so a restart loses orders",
            "see the log of Redis, and make the folder that `CONFIG GET dir` names writable and free some space",
        ),
        Some("READONLY") => {
            CheckResult::danger(what, "refused: a replica accepts no writes", MASTER)
        }
        Some("NOPERM") => CheckResult::danger(
            what,
            format!("refused: {}", error.cause_and_remedy().0),
            "use the user `worker` of deploy/redis/users.acl",
        ),
        Some("NOREPLICAS") => CheckResult::bad(
            what,
            "refused: too few replicas are connected (min-replicas-to-write)",
            "start the replicas, and check their network",
        ),
        Some("OOM") => CheckResult::bad(
            what,
            "refused: Redis is full, so shops cannot enqueue orders",
            "raise maxmemory, or shorten results.retention and ledger.retention",
        ),
        _ if matches!(error, QueueError::Unreachable(_)) => return Err(error),
        _ => {
            let (cause, remedy) = error.cause_and_remedy();
            CheckResult::bad(what, format!("refused: {cause}"), remedy)
        }
    })
}

/// Without a lower bound, a master that lost its replicas accepts orders that the promoted replica does not know.
fn replicas(server: &ServerInfo) -> CheckResult {
    let (what, connected) = ("replicas", server.replicas);
    match (server.min_replicas_to_write, server.min_replicas_max_lag) {
        (Some(needed), Some(lag)) => CheckResult::good(
            what,
            format!("{connected} connected; a write needs {needed} that is at most {lag:?} behind"),
        ),
        (Some(_), None) => CheckResult::bad(
            what,
            format!(
                "{connected} connected, and a write needs none: after a failover, the former master may still accept orders, and two workers may charge one order"
            ),
            "CONFIG SET min-replicas-to-write 1, CONFIG SET min-replicas-max-lag 10, and both in redis.conf of every server (deploy/redis/replicated.conf)",
        ),
        (None, _) => CheckResult::poor(
            what,
            format!(
                "{connected} connected; CONFIG is refused, so it is not known whether a write needs one"
            ),
            "allow `+config|get`, or check min-replicas-to-write of every server yourself",
        ),
    }
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
    CheckResult::danger(
        "role",
        "a read only replica, which accepts no writes",
        MASTER,
    )
}

const MASTER: &str = "name the master in redis.url, or let Sentinel name it: redis+sentinel://host:26379/master-name";

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
    let (what, seen) = ("memory", memory_use(server));
    if server.maxmemory_policy != "noeviction" {
        return CheckResult::danger(
            what,
            format!("{seen}: Redis deletes orders and results when it is full"),
            "CONFIG SET maxmemory-policy noeviction, and in redis.conf",
        );
    }
    let remedy = "raise maxmemory (CONFIG SET maxmemory, and in redis.conf)";
    if server.is_full() {
        return CheckResult::bad(
            what,
            format!("full: {seen}. Redis refuses writes, so nobody can enqueue or buy"),
            remedy,
        );
    }
    if server.maxmemory > 0 && server.used_memory > server.maxmemory / 10 * 9 {
        return CheckResult::poor(what, format!("almost full: {seen}"), remedy);
    }
    CheckResult::good(what, seen)
}

fn memory_use(server: &ServerInfo) -> String {
    let policy = &server.maxmemory_policy;
    match server.maxmemory {
        0 => format!("no limit, {policy} when full"),
        limit => format!(
            "{} of {} used, {policy} when full",
            mebibytes(server.used_memory),
            mebibytes(limit)
        ),
    }
}

fn clock(theirs: Millis, took: Duration) -> CheckResult {
    let ours = now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let difference = ours.abs_diff(Duration::from_millis(theirs.0));
    CheckResult::clock(
        "clock",
        "Redis and this machine",
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
