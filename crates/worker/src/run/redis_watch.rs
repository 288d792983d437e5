use std::{sync::Arc, time::Duration};

use hp_queue::QueueError;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use crate::{
    config::Config,
    doctor::redis::safety,
    engine::{
        processor::OrderProcessor, pulse::Pulse, retry::REDIS, self_pause::Subject,
        terms::until_reachable,
    },
    terminal::CommandError,
};

/// The time between two checks of a Redis that stays the same.
const INTERVAL: Duration = Duration::from_secs(10);
/// The time between two looks at the epoch: a new one means another server, or another configuration.
const EPOCH_INTERVAL: Duration = Duration::from_secs(1);

/// Checks the Redis of the queue before the first claim, and logs what could be better. Waits until Redis is reachable and a
/// master.
///
/// # Errors
/// Orders would not be safe.
pub(super) async fn check_at_start(
    processor: &OrderProcessor,
    config: &Config,
    pulse: &Pulse,
) -> Result<(), CommandError> {
    let check = || safety(&processor.queue, config.is_replicated());
    let mut safety = until_reachable(pulse, check).await?;
    if safety.is_replica {
        let reason = safety.danger.as_deref().unwrap_or_default();
        warn!(
            reason,
            "the worker waits until this Redis is promoted, or until Sentinel names another one"
        );
    }
    // A worker that starts during a failover must not end because of it.
    while safety.is_replica {
        sleep(EPOCH_INTERVAL).await;
        safety = until_reachable(pulse, check).await?;
    }
    processor
        .ledger
        .limit_old_master(safety.accepts_writes_alone);
    for warning in &safety.warnings {
        warn!(%warning, "Redis could be safer; see `worker doctor`");
    }
    match safety.danger {
        Some(danger) => Err(format!("orders are not safe in this Redis: {danger}").into()),
        None => Ok(()),
    }
}

/// Checks the Redis of the queue again for as long as the worker runs. Claims stop while orders are not safe.
pub(super) async fn watch(processor: Arc<OrderProcessor>) {
    let (mut epoch, mut checked_at) = (processor.ledger.known_epoch(), Instant::now());
    loop {
        sleep(EPOCH_INTERVAL).await;
        let known = processor.ledger.known_epoch();
        if known == epoch && checked_at.elapsed() < INTERVAL {
            continue;
        }
        (epoch, checked_at) = (known, Instant::now());
        match safety(&processor.queue, false).await {
            Ok(safety) => {
                let danger = safety.danger;
                processor
                    .ledger
                    .limit_old_master(safety.accepts_writes_alone);
                let reason =
                    danger.map(|danger| format!("orders are not safe in this Redis: {danger}"));
                processor.self_pause.set(Subject::Redis, reason);
            }
            Err(error @ QueueError::Unreachable(_)) => debug!(%error, "cannot check Redis"),
            Err(error) => warn!(obstacle = REDIS, %error, "cannot check Redis"),
        }
    }
}
