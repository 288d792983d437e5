use std::time::Duration;

use hp_queue::{Claim, Ledger};
use tokio::time::sleep;
use tracing::warn;

use super::retry::REDIS;

/// Renews the lease of a claim every third of it while `work` runs. Stops before the order is settled: a renewal that
/// overtook the settlement would overwrite the order's next due time.
pub(crate) async fn while_leased<T>(
    ledger: &Ledger,
    claim: &Claim,
    lease: Duration,
    work: impl Future<Output = T>,
) -> T {
    let renewal = async {
        loop {
            sleep(lease / 3).await;
            match ledger.renew(claim, lease).await {
                Ok(true) => {}
                Ok(false) => {
                    break warn!(
                        obstacle = "claim_lost",
                        "another worker has claimed this order"
                    );
                }
                Err(error) => warn!(obstacle = REDIS, %error, "cannot renew the lease"),
            }
        }
        std::future::pending().await
    };
    tokio::select! {
        biased;
        done = work => done,
        never = renewal => never,
    }
}
