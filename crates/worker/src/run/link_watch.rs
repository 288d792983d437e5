use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::sleep;

use crate::engine::{processor::OrderProcessor, self_pause::Subject};

/// The longest time between two attempts to connect: an outage may end at any time.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// Stops the claims of this process while its requests cannot leave, for as long as the worker runs. It opens a connection
/// from time to time and sends nothing, so an outage costs neither orders nor calls.
pub(super) async fn watch(processor: Arc<OrderProcessor>) {
    loop {
        let (fault, failures) = processor.link.failure().await;
        pause(&processor, &fault);
        wait_for_connection(&processor, failures).await;
        processor.link.forget_fault();
        processor.self_pause.set(Subject::Link, None);
    }
}

/// Tries to connect with growing delays. A link that failed before, and since then only seemed to work, starts with a longer
/// delay.
async fn wait_for_connection(processor: &OrderProcessor, failures: u32) {
    let (shortest, longest) = processor.policy().backoff.outage();
    let mut delays = ExponentialBuilder::default()
        .with_min_delay(shortest)
        .with_max_delay(longest.min(LONGEST_DELAY))
        .with_jitter()
        .without_max_times()
        .build()
        .skip(
            usize::try_from(failures.saturating_sub(1))
                .unwrap_or_default()
                .min(16),
        );
    loop {
        sleep(delays.next().unwrap_or(LONGEST_DELAY)).await;
        match processor.try_link().await {
            Ok(()) => return,
            Err(error) => pause(processor, &error),
        }
    }
}

fn pause(processor: &OrderProcessor, fault: &str) {
    let reason = format!("this process cannot reach HitPoints: {fault}");
    processor.self_pause.set(Subject::Link, Some(reason));
}
