use super::{description::Obstacle, facts::Facts, kind::ObstacleKind};
use crate::terminal::format::mebibytes;

/// Returns why this Redis keeps orders from going on.
pub(super) fn redis(facts: &Facts) -> Option<Obstacle> {
    full(facts)
        .or_else(|| refuses_writes(facts))
        .or_else(|| endangers_orders(facts))
}

fn full(facts: &Facts) -> Option<Obstacle> {
    let server = facts.server.as_ref().filter(|server| server.is_full());
    let is_refused = facts.refused_write.as_deref() == Some("OOM");
    let extent = match server {
        Some(server) => format!(
            ": it uses {} of {} (maxmemory)",
            mebibytes(server.used_memory),
            mebibytes(server.maxmemory)
        ),
        None if is_refused => String::new(),
        None => return None,
    };
    Some(
        Obstacle::new(
            ObstacleKind::RedisFull,
            format!("Redis is full{extent}, and refuses writes"),
        )
        .brief("Redis is full")
        .next("raise maxmemory (`CONFIG SET maxmemory`, and in redis.conf)"),
    )
}

fn refuses_writes(facts: &Facts) -> Option<Obstacle> {
    let code = facts.refused_write.as_deref()?;
    let why = match code {
        "MISCONF" => "it cannot save to its disk",
        "READONLY" => "it is a replica",
        "NOREPLICAS" => "too few replicas are connected to it",
        code => code,
    };
    Some(
        Obstacle::new(
            ObstacleKind::RedisRefuses,
            format!("Redis refuses writes: {why}"),
        )
        .next("`worker doctor` says what to do"),
    )
}

fn endangers_orders(facts: &Facts) -> Option<Obstacle> {
    let server = facts.server.as_ref()?;
    let why = match server.maxmemory_policy.as_str() {
        _ if server.run_id.is_empty() => "it hides its restarts",
        "" | "noeviction" => return None,
        _ => "it deletes orders when it is full",
    };
    Some(
        Obstacle::new(
            ObstacleKind::RedisUnsafe,
            format!("workers claim nothing from this Redis: {why}"),
        )
        .brief("Redis is not safe for orders")
        .next("`worker doctor` says what to do"),
    )
}
