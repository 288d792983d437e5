//! `worker run`: the take loop feeds apalis, apalis runs [`buy`], and every outcome is settled before its slot is
//! free again.

mod backend;
mod buy;
mod held;
mod holds;
pub(crate) mod keep;
mod refresh;
mod settle;
mod stop;
mod take;

use std::{error::Error, sync::Arc};

use apalis::{layers::WorkerBuilderExt, prelude::*};
use hp_api::Client;
use hp_order::Policy;
use hp_queue::{Control, Handle, Inbox, Inspector, Ledger, Rules, connect};
use tokio::sync::Notify;
use tracing::{error, info};

pub(crate) use stop::Shutdown;

use crate::{
    catalogue::Catalogue, config::Config, out::outln, probe::Probe, reconcile::run_scheduler,
};

/// What every order of this process is worked on with.
pub(crate) struct OrderProcessor {
    client: Client,
    catalogue: Catalogue,
    pub(crate) probe: Probe,
    pub(crate) handle: Handle,
    pub(crate) ledger: Ledger,
    pub(crate) control: Control,
    pub(crate) inspector: Inspector,
    pub(crate) policy: Policy,
    holds: holds::BalanceGate,
    pub(crate) lease: std::time::Duration,
    /// Told when an order was put off, so that the take loop learns when it is due.
    postponed: Notify,
    pub(crate) name: String,
}

/// Runs until a signal, then drains.
pub(crate) async fn run(config: &Config) -> Result<(), Box<dyn Error>> {
    let processor = Arc::new(OrderProcessor::open(config)?);
    let stop = stop::Shutdown::on_signals()?;
    info!(worker = processor.name, concurrency = config.concurrency, prefix = %config.prefix, "starting");
    tokio::select! {
        () = refresh::first_list(&processor) => {}
        () = stop.wait() => return Ok(()),
    }
    let refresher = tokio::spawn(refresh::keep_fresh(Arc::clone(&processor)));
    let sign = tokio::spawn(keep::alive(Arc::clone(&processor)));
    let keeper = tokio::spawn(run_scheduler(Arc::clone(&processor), config, stop.clone()));

    let inbox = Inbox::new(connect(config.redis_url.expose())?, &config.prefix);
    let orders = take::start(
        Arc::clone(&processor),
        inbox,
        config.concurrency,
        stop.clone(),
    );
    let worker = WorkerBuilder::new(processor.name.as_str())
        .backend(orders)
        .concurrency(config.concurrency)
        .catch_panic()
        .data(Arc::clone(&processor))
        .build(buy::buy);
    let asked = stop.clone();
    let running = worker.run_until(async move {
        asked.wait().await;
        Ok::<_, std::io::Error>(())
    });
    let ended = async {
        let end = running.await;
        if stop.is_asked() {
            let _ = keeper.await;
        }
        end.map_err(|error| format!("the worker ended: {error}").into())
    };
    let end = tokio::select! {
        end = ended => end,
        () = stop.overdue(config.drain) => Err("stopped before all orders were settled; they are taken over when their lease ends".into()),
    };
    refresher.abort();
    sign.abort();
    keep::gone(&processor).await;
    match &end {
        Ok(()) => info!(worker = processor.name, "stopped"),
        Err(error) => error!(worker = processor.name, %error, "stopped"),
    }
    end
}

/// `worker resume`.
pub(crate) async fn resume(config: &Config) -> Result<(), Box<dyn Error>> {
    if config.control()?.resume().await? {
        outln!("orders are taken again")?;
    } else {
        outln!("the queue was not paused")?;
    }
    Ok(())
}

impl OrderProcessor {
    pub(crate) fn open(config: &Config) -> Result<Self, Box<dyn Error>> {
        let (client, handle) = (config.client()?, config.handle()?);
        let inspector = Inspector::new(handle.clone());
        let rules = Rules::from(config);
        Ok(Self {
            catalogue: Catalogue::new(client.clone(), config.lease / 3),
            probe: Probe::new(client.clone(), inspector.clone()),
            client,
            ledger: Ledger::new(handle.clone(), rules),
            control: Control::new(handle.clone(), rules),
            inspector,
            handle,
            policy: config.policy,
            holds: holds::BalanceGate::default(),
            lease: config.lease,
            postponed: Notify::new(),
            name: name(),
        })
    }
}

/// Host and process, for logs and for the `by` of a pause.
fn name() -> String {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() {
        "worker"
    } else {
        host.trim()
    };
    format!("{host}:{}", std::process::id())
}
