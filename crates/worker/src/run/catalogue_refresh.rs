use std::{sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::OrderProcessor;

/// How often the product list is fetched.
const EVERY: Duration = Duration::from_mins(10);
/// How long the first order waits for the first list.
const FIRST: Duration = Duration::from_secs(5);

/// Fetches the product list before the first order is taken. Without one the worker starts all the same.
pub(super) async fn first_list(processor: &OrderProcessor) {
    match timeout(FIRST, processor.catalogue.refresh()).await {
        Ok(Ok(products)) => info!(products, "fetched the product list"),
        Ok(Err(error)) => {
            warn!(%error, "no product list yet; orders go to HitPoints unchecked by it");
        }
        Err(_) => warn!("no product list after {FIRST:?}; orders go to HitPoints unchecked by it"),
    }
}

/// Keeps the product list, and the answer to the probe, up to date for as long as the worker runs.
pub(super) async fn keep_fresh(processor: Arc<OrderProcessor>) {
    let patient = ExponentialBuilder::default()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(Duration::from_mins(1))
        .with_jitter()
        .without_max_times();
    loop {
        processor.probe.refresh().await;
        if processor.catalogue.is_known() {
            sleep(EVERY).await;
        }
        let refreshed = (|| processor.catalogue.refresh())
            .retry(patient)
            .notify(
                |error, again_in| warn!(%error, ?again_in, "the product list cannot be fetched"),
            )
            .await;
        if let Ok(products) = refreshed {
            info!(products, "fetched the product list");
        }
    }
}
