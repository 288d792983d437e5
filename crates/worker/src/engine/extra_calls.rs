//! The calls that a query needs beyond its first one: probes, controls, and checks of a connection. They count for the rate.

use std::{sync::Arc, time::Duration};

use hp_queue::{Control, RateShare};
use tokio::time::sleep;
use tracing::warn;

use super::throttle::Throttle;

/// A process that drains waits no longer for a permit. It then makes the calls of its last orders without.
const WAIT_OF_DRAIN: Duration = Duration::from_secs(2);

/// Waits until the rate permits one more call. The order stays claimed meanwhile, so pause and breaker do not hold it up.
/// Asks nobody while nothing limits the calls.
pub(crate) async fn wait_for_permit(control: Control, throttle: Arc<Throttle>, share: RateShare) {
    if !control.has_rate() && !throttle.may_be_active() {
        return;
    }
    loop {
        match control.acquire_extra_permit(share).await {
            Ok(permits) if permits.calls == 0 && !permits.wait.is_zero() => {
                let is_long = permits.wait > WAIT_OF_DRAIN;
                tokio::select! {
                    () = sleep(permits.wait) => {}
                    () = throttle.drains(), if is_long => return,
                }
            }
            Ok(_) => return,
            Err(error) => return warn!(%error, "cannot count a call for the rate"),
        }
    }
}
