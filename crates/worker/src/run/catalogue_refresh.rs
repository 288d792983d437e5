use std::{sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use hp_api::{CallError, Product};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::{
    engine::{processor::OrderProcessor, retry::REDIS, self_pause::Subject},
    terminal::CommandError,
};

/// How often the product list is fetched.
const INTERVAL: Duration = Duration::from_mins(10);
/// How long the worker waits for the first list before it starts without one.
const START_LIMIT: Duration = Duration::from_secs(5);
/// The longest delay between two requests for the first list, without the jitter that doubles it at most. Later ones may take
/// longer.
const LONGEST_START_DELAY: Duration = Duration::from_secs(3);
const LONGEST_DELAY: Duration = Duration::from_mins(1);

/// Fetches the product list before the first order is claimed. It is also the control call for the account: a worker that
/// HitPoints refuses must not start, because it would pause the queue for all workers.
///
/// Without an answer the worker starts. If `is_required`, it claims no orders until it has the list.
///
/// # Errors
/// HitPoints refuses the credentials, the address or the clock of this worker, or the worker cannot verify HitPoints.
pub(super) async fn fetch_first_list(
    processor: &OrderProcessor,
    is_required: bool,
) -> Result<Vec<Product>, CommandError> {
    let error = match timeout(START_LIMIT, fetch_twice_if_stale(processor)).await {
        Ok(Ok(products)) => return Ok(products),
        Ok(Err(error)) if is_own_failure(&error) => return Err(refused(&error)),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {START_LIMIT:?}"),
    };
    if is_required {
        pause(processor, &error);
    } else {
        warn!(obstacle = "product_list", %error, "no product list yet; orders are submitted without a check against it");
    }
    Ok(Vec::new())
}

/// A request may reach HitPoints late, so only a second refused date in a row shows that a clock is wrong.
async fn fetch_twice_if_stale(processor: &OrderProcessor) -> Result<Vec<Product>, CallError> {
    match processor.catalogue.refresh().await {
        Err(error) if is_own_failure(&error) => processor.catalogue.refresh().await,
        fetched => fetched,
    }
}

/// `true` if every call of this worker would fail like this.
fn is_own_failure(error: &CallError) -> bool {
    error.is_account_failure() || matches!(error, CallError::Unverified(_) | CallError::Stale(_))
}

fn refused(error: &CallError) -> CommandError {
    format!(
        "HitPoints does not accept this worker: {error}. The worker does not start, and the other workers continue. Correct [api] in its settings, then check them with `worker doctor`"
    )
    .into()
}

fn pause(processor: &OrderProcessor, error: &str) {
    let reason = format!("the product list was never fetched: {error}");
    processor.self_pause.set(Subject::Products, Some(reason));
}

/// Publishes the product list for shops.
async fn publish(processor: &OrderProcessor, products: &[Product]) {
    info!(products = products.len(), "product list fetched");
    match processor.control.publish_products(products).await {
        Ok(true) => {}
        Ok(false) => warn!("product list not published: the queue has another account"),
        Err(error) => {
            warn!(obstacle = REDIS, %error, "cannot publish the product list; shops still see the last one");
        }
    }
}

/// Keeps the product list and the answer of the not-found probe up to date for as long as the worker runs. `first` is the
/// first list, if it is known.
pub(super) async fn run_refresh(
    processor: Arc<OrderProcessor>,
    first: Vec<Product>,
    is_required: bool,
) {
    if processor.catalogue.is_known() {
        publish(&processor, &first).await;
    } else {
        refresh(&processor, LONGEST_START_DELAY, is_required).await;
    }
    loop {
        processor.probe.refresh().await;
        sleep(INTERVAL).await;
        refresh(&processor, LONGEST_DELAY, false).await;
    }
}

/// Fetches the product list, however long it takes.
async fn refresh(processor: &OrderProcessor, longest_delay: Duration, is_required: bool) {
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(longest_delay)
        .with_jitter()
        .without_max_times();
    let fetched = (|| processor.catalogue.refresh())
        .retry(backoff)
        .notify(|error, retry_in| {
            if is_required {
                pause(processor, &error.to_string());
            }
            warn!(obstacle = "product_list", %error, ?retry_in, "cannot fetch the product list");
        })
        .await;
    if let Ok(products) = fetched {
        processor.self_pause.set(Subject::Products, None);
        publish(processor, &products).await;
    }
}
