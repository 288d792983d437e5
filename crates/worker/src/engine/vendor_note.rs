use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hp_queue::Control;
use tokio::time::Instant;
use tracing::debug;

use crate::obstacle::{ObstacleKind, VendorFailure};

/// Calls that fail in the same way are noted this often.
const INTERVAL: Duration = Duration::from_secs(1);

/// Notes in Redis how calls to HitPoints fail, so that an operator sees what keeps orders from going on.
pub(crate) struct VendorNote {
    control: Control,
    last: Mutex<Option<(ObstacleKind, Instant)>>,
}

impl VendorNote {
    pub(crate) fn new(control: Control) -> Self {
        Self {
            control,
            last: Mutex::default(),
        }
    }

    /// Notes a failed call. Orders do not depend on it, so nothing is repeated if Redis is unreachable.
    pub(crate) async fn note(&self, failure: &VendorFailure) {
        if !self.is_news(failure.kind) {
            return;
        }
        let (kind, detail) = (failure.kind.as_str(), &failure.detail);
        if let Err(error) = self.control.note_vendor_failure(kind, detail).await {
            debug!(%error, "cannot note how HitPoints fails; `worker status` may not show it");
        }
    }

    fn is_news(&self, kind: ObstacleKind) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, at)) = *last
            && known == kind
            && at.elapsed() < INTERVAL
        {
            return false;
        }
        *last = Some((kind, Instant::now()));
        true
    }
}
