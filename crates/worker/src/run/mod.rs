//! `worker run`: the poller feeds claimed orders to apalis, apalis processes them side by side, and each outcome is settled
//! before its slot is free again.

mod backend;
mod catalogue_refresh;
mod claim_log;
mod eagerness;
mod heartbeat;
mod inbox_wait;
mod link_watch;
mod order_watch;
mod poller;
mod redis_watch;
mod settle_layer;

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use apalis::{layers::WorkerBuilderExt, prelude::*};
use backend::Orders;
use hp_api::Product;
use hp_order::Event;
use hp_queue::Inbox;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use crate::{
    admin::{self, metrics::Metrics},
    config::Config,
    doctor::results::clear_text,
    engine::{claimed_order::ClaimedOrder, processor::OrderProcessor, pulse::Pulse, terms},
    health::{self, Health, MainLoop, systemd::Reports},
    notify,
    random::Random,
    reconcile::{report::FIGURE_NAMES, scheduler::Scheduler},
    shutdown::Shutdown,
    telemetry,
    terminal::{CommandError, Refused},
};

/// How long the end of the process may take after the time to drain.
const SHUTDOWN_MARGIN: Duration = Duration::from_secs(30);

/// Claims and processes orders until a signal, then drains.
pub(crate) async fn run(config: &Config) -> Result<(), CommandError> {
    let random = Random::from_entropy();
    let processor = Arc::new(OrderProcessor::new(config, config.agreement()?, random)?);
    let shutdown = Shutdown::on_signals()?;
    info!(worker = processor.name, concurrency = config.concurrency, prefix = %config.prefix, "worker starting");
    warn_of_exposed_secrets(config);
    let stop = shutdown.token().clone();
    processor.metrics.orders.set_slots(config.concurrency);
    let metrics = Metrics::new(
        &FIGURE_NAMES,
        &processor.metrics,
        processor.throttle.answers.clone(),
        telemetry::lost_lines(),
        telemetry::lost_spans(),
    );
    let metrics = Arc::new(metrics.with_queue(processor.inspector.clone(), &config.prefix));
    let pulse = Pulse::new(poller::LONGEST_ROUND);
    let health = health_of(&processor, &pulse, config, &stop);
    let reports = Reports::start(&health);
    // It answers while the worker waits for Redis, and until the end.
    let routes = health::routes(health.clone());
    let server = tokio::spawn(admin::serve(&config.admin, Arc::clone(&metrics), routes));
    let products = tokio::select! {
        joined = join_queue(&processor, config, &pulse) => joined.map_err(|error| Refused(error.to_string()))?,
        () = shutdown.token().cancelled() => return Ok(()),
    };
    processor.throttle.drain_with(stop.clone());
    // Before the first order: what happens to it must be notified.
    notify::begin(&processor, config).await;
    // Before the other tasks, which would delay the first order.
    let orders = start_poller(&processor, config, stop.clone(), pulse)?;
    health.note_joined();
    let notifier = notify::run_notifier(&processor, config, stop.clone());
    let notifier = tokio::spawn(notifier);
    let background = Background::start(&processor, config, products);
    let scheduler = Scheduler::new(Arc::clone(&processor), config, metrics, stop.clone());
    let scheduler = tokio::spawn(scheduler.run());
    let outcome = tokio::select! {
        ended = process_orders(&processor, config, orders, shutdown.token()) => {
            if shutdown.token().is_cancelled() {
                let _ = scheduler.await;
            }
            ended
        }
        () = shutdown.drained(config.drain) => Err("stopped before all orders were settled; other workers claim them when their lease ends".into()),
    };
    // Ends its lease, so that another worker goes on at once.
    stop.cancel();
    let _ = notifier.await;
    background.stop().await;
    server.abort();
    heartbeat::report_stopped(&processor).await;
    reports.finish().await;
    match &outcome {
        Ok(()) => info!(worker = processor.name, "worker stopped"),
        Err(error) => error!(worker = processor.name, %error, "worker failed"),
    }
    outcome
}

fn warn_of_exposed_secrets(config: &Config) {
    for file in &config.exposed_files {
        warn!(
            fault = file.fault(),
            remedy = file.remedy(),
            "a secret is exposed"
        );
    }
}

/// Checks that orders are safe in this Redis, that HitPoints accepts this worker, and that the queue has its account. Gives
/// the queue the rules of this worker. Fails if the worker must not run; then it has changed nothing. Returns the product
/// list, empty if HitPoints has not given it yet.
async fn join_queue(
    processor: &OrderProcessor,
    config: &Config,
    pulse: &Pulse,
) -> Result<Vec<Product>, CommandError> {
    redis_watch::check_at_start(processor, config, pulse).await?;
    // A key that is right for one account may be wrong for another, so the account is compared first.
    terms::check_account(processor, pulse).await?;
    let required = config.needs_products;
    let products = catalogue_refresh::fetch_first_list(processor, required).await?;
    terms::join_as_worker(processor, pulse).await?;
    let seal_to = processor.agreement.rules().seal_to;
    if let Some(warning) = clear_text(config, &seal_to).await {
        warn!(%warning, "results are not sealed");
    }
    Ok(products)
}

fn start_poller(
    processor: &Arc<OrderProcessor>,
    config: &Config,
    stop: CancellationToken,
    pulse: Pulse,
) -> Result<Orders, CommandError> {
    let redis = config.redis()?.observed_by(processor.metrics.clone());
    let inbox = Inbox::new(redis, &config.prefix);
    let settings = poller::Settings {
        slots: config.concurrency,
        drain: config.drain + SHUTDOWN_MARGIN,
        stop,
        pulse,
    };
    Ok(poller::start(Arc::clone(processor), inbox, settings))
}

fn health_of(
    processor: &Arc<OrderProcessor>,
    pulse: &Pulse,
    config: &Config,
    stop: &CancellationToken,
) -> Health {
    let main_loop = MainLoop {
        name: "poller",
        rounds: pulse.rounds(),
    };
    Health::new(processor, main_loop, stop.clone(), config.drain)
}

/// Gives the claimed orders to apalis until a shutdown request, and drains.
async fn process_orders(
    processor: &Arc<OrderProcessor>,
    config: &Config,
    orders: Orders,
    stop: &CancellationToken,
) -> Result<(), CommandError> {
    let name = processor.name.as_str();
    let processor = Arc::clone(processor);
    // Owns the processor, because apalis would copy shared data into each task. Boxed, because each layer moves the future.
    let process = move |order: ClaimedOrder| {
        let processor = Arc::clone(&processor);
        let work = async move { Ok::<Event, Infallible>(processor.process(&order).await) };
        Box::pin(work)
    };
    let worker = WorkerBuilder::new(name)
        .backend(orders)
        .concurrency(config.concurrency)
        .catch_panic()
        .build(process);
    let requested = stop.clone();
    let running = worker.run_until(async move {
        requested.cancelled().await;
        Ok::<_, io::Error>(())
    });
    running
        .await
        .map_err(|error| format!("the worker ended: {error}").into())
}

/// Tasks that run for as long as the worker does.
struct Background {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Background {
    fn start(processor: &Arc<OrderProcessor>, config: &Config, products: Vec<Product>) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let is_required = config.needs_products;
        let refresh = catalogue_refresh::run_refresh(Arc::clone(processor), products, is_required);
        tasks.spawn(stop.clone().run_until_cancelled_owned(refresh));
        let heartbeat = heartbeat::run_heartbeat(Arc::clone(processor));
        tasks.spawn(stop.clone().run_until_cancelled_owned(heartbeat));
        let terms = Arc::clone(processor);
        let terms = async move { terms::follow(&terms, true).await };
        tasks.spawn(stop.clone().run_until_cancelled_owned(terms));
        let redis = redis_watch::watch(Arc::clone(processor));
        tasks.spawn(stop.clone().run_until_cancelled_owned(redis));
        let link = link_watch::watch(Arc::clone(processor));
        tasks.spawn(stop.clone().run_until_cancelled_owned(link));
        tasks.close();
        Self { tasks, stop }
    }

    async fn stop(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}
