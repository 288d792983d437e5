use std::time::Duration;

use hp_queue::{ClaimBatch, Handle};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::obstacle::{Facts, of_queue};

/// The log waits no longer than this for the reason of an open breaker.
const LOG_LIMIT: Duration = Duration::from_secs(1);

/// Logs what claims say about the queue, when it changes.
#[derive(Debug, Default)]
pub(super) struct ClaimLog {
    paused: Option<String>,
    is_breaker_open: bool,
    is_throttled: bool,
}

impl ClaimLog {
    /// Logs changes of the queue's state, lost entries, and records that cannot be read. Returns `true` if the breaker has
    /// opened.
    pub(super) fn log(&mut self, batch: &ClaimBatch) -> bool {
        log_faults(batch);
        let opens = self.log_breaker(batch.breaker_open_since.is_some());
        self.log_throttle(batch);
        self.log_pause(batch.paused.as_ref());
        opens
    }

    fn log_breaker(&mut self, is_open: bool) -> bool {
        let was_open = std::mem::replace(&mut self.is_breaker_open, is_open);
        if was_open && !is_open {
            info!("breaker closed: HitPoints answers again");
        }
        is_open && !was_open
    }

    fn log_throttle(&mut self, batch: &ClaimBatch) {
        let is_throttled = batch.throttled_until.is_some();
        if is_throttled && !self.is_throttled {
            let pause = batch.wait.unwrap_or_default();
            warn!(
                ?pause,
                "a front end of HitPoints asks to send less (HTTP 429 or 503): all workers pause, then call more slowly"
            );
        }
        self.is_throttled = is_throttled;
    }

    fn log_pause(&mut self, paused: Option<&String>) {
        if self.paused.as_ref() == paused {
            return;
        }
        if let Some(reason) = paused {
            warn!(%reason, "queue paused: no worker claims orders until `worker resume`");
        } else {
            info!("queue resumed");
        }
        self.paused = paused.cloned();
    }
}

fn log_faults(batch: &ClaimBatch) {
    for (id, error) in &batch.unreadable {
        warn!(
            id,
            error,
            "cannot read this order's ledger record. Repair it; do not delete it, because the order may be charged"
        );
    }
    if batch.dropped_letters > 0 {
        warn!(
            entries = batch.dropped_letters,
            "the oldest dead letters are dropped, because there are too many. Find the producer that enqueues malformed entries: see `worker rejected`"
        );
    }
    if batch.lost > 0 {
        warn!(
            entries = batch.lost,
            "orders are lost: entries have left the inbox before a worker took them. Remove MAXLEN and MINID from the producers' XADD, let nobody run XTRIM or XDEL on the inbox, and enqueue orders without a result again"
        );
    }
}

/// Logs what is wrong with HitPoints, in the words of `worker status`.
pub(super) async fn log_open_breaker(queue: &Handle) {
    let facts = timeout(LOG_LIMIT, Facts::read(queue)).await;
    let obstacles = match facts {
        Ok(Ok(facts)) => of_queue(&facts),
        _ => Vec::new(),
    };
    let mut obstacles = obstacles.into_iter();
    let obstacle = obstacles.find(|obstacle| obstacle.kind.is_vendor_failure());
    let (kind, detail) = obstacle
        .map(|obstacle| (obstacle.kind.as_str(), obstacle.text))
        .unzip();
    warn!(
        failure = kind,
        detail, "breaker open: only one order at a time calls HitPoints, the others wait"
    );
}
