use std::{sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::engine::processor::OrderProcessor;

/// How often the product list is fetched.
const INTERVAL: Duration = Duration::from_mins(10);
/// How long the first order waits for the first list.
const START_LIMIT: Duration = Duration::from_secs(5);

/// Fetches the product list before the first order is claimed. The worker starts without a list, too.
pub(super) async fn fetch_first_list(processor: &OrderProcessor) {
    let error = match timeout(START_LIMIT, processor.catalogue.refresh()).await {
        Ok(Ok(products)) => return info!(products, "product list fetched"),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {START_LIMIT:?}"),
    };
    warn!(%error, "no product list yet; orders are submitted without a check against it");
}

/// Keeps the product list and the answer of the not-found probe up to date for as long as the worker runs.
pub(super) async fn run_refresh(processor: Arc<OrderProcessor>) {
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(Duration::from_mins(1))
        .with_jitter()
        .without_max_times();
    loop {
        processor.probe.refresh().await;
        if processor.catalogue.is_known() {
            sleep(INTERVAL).await;
        }
        let refreshed = (|| processor.catalogue.refresh())
            .retry(backoff)
            .notify(|error, retry_in| warn!(%error, ?retry_in, "cannot fetch the product list"))
            .await;
        if let Ok(products) = refreshed {
            info!(products, "product list fetched");
        }
    }
}
