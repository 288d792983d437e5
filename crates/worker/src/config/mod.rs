//! Configuration: documented defaults, a TOML file and the environment, checked as a whole.

mod account;
mod bounds;
mod clients;
mod fault;
mod notify;
mod pem_file;
mod print;
mod schedule;
mod seal_to;
mod secret;
mod setting_file;
mod settings;
mod source;
#[cfg(test)]
mod tests;
mod text;
mod values;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use hp_order::{Backoff, Policy};
use hp_queue::{Prefix, Recipients, Retention};

pub(crate) use fault::ConfigFault;
pub(crate) use notify::{Notify, NotifyFormat, SigningSecret};
pub(crate) use schedule::Schedule;
pub(crate) use values::{LogFilter, LogFormat};

use account::Account;
use pem_file::CaFile;
use secret::Hidden;
use settings::{ReconcileSettings, RetrySettings, Settings};

const DEFAULT_REDIS_URL: &str = "redis://127.0.0.1:6379";

/// The checked configuration of this process.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) api: Api,
    /// May contain a password: never printed.
    pub(crate) redis_url: Hidden,
    /// Whom to trust in place of the authorities of the operating system.
    pub(crate) redis_authorities: Option<CaFile>,
    pub(crate) prefix: Prefix,
    pub(crate) concurrency: usize,
    pub(crate) lease: Duration,
    /// Calls a second, over all workers of the queue together.
    pub(crate) rate: Option<f64>,
    /// Whether the worker claims no orders until it has the product list.
    pub(crate) needs_products: bool,
    pub(crate) drain: Duration,
    pub(crate) retry_base: Duration,
    pub(crate) retry_max: Duration,
    pub(crate) policy: Policy,
    pub(crate) reconcile: Reconcile,
    pub(crate) retention: Retention,
    /// The public keys to which cards are sealed.
    pub(crate) seal_to: Recipients,
    /// Address of the admin server.
    pub(crate) admin: Option<SocketAddr>,
    /// Where notifications go.
    pub(crate) notify: Option<Arc<Notify>>,
    pub(crate) log_filter: LogFilter,
    pub(crate) log_format: LogFormat,
}

/// The vendor's API.
#[derive(Debug)]
pub(crate) struct Api {
    /// An error does not stop commands that only need Redis.
    pub(crate) account: Result<Account, ConfigFault>,
    pub(crate) timeout: Duration,
}

/// When reconciliation runs start, and which orders they check.
#[derive(Debug)]
pub(crate) struct Reconcile {
    pub(crate) schedule: Schedule,
    /// The age from which an open order counts as stuck.
    pub(crate) stuck_after: Duration,
}

impl Config {
    /// Loads and checks the configuration of this process.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self, ConfigFault> {
        source::load(file, std::env::vars_os())?.try_into()
    }
}

impl TryFrom<Settings> for Config {
    type Error = ConfigFault;

    fn try_from(settings: Settings) -> Result<Self, ConfigFault> {
        let Settings { redis, worker, .. } = settings;
        let redis_url = secret::value_or_file("redis.url", redis.url, redis.url_file.as_deref())?;
        let config = Self {
            redis_url: redis_url.unwrap_or_else(|| Hidden::from(DEFAULT_REDIS_URL.to_owned())),
            redis_authorities: CaFile::read("redis.ca_file", redis.ca_file)?,
            prefix: settings.queue.prefix.0,
            concurrency: worker.concurrency.0 as usize,
            lease: worker.lease.0,
            rate: worker.rate.map(|rate| rate.0),
            needs_products: worker.needs_products.0,
            drain: worker.drain.0,
            retry_base: settings.retry.base.0,
            retry_max: settings.retry.max.0,
            policy: policy(&settings.retry, settings.api.clock_tolerance.0)?,
            reconcile: settings.reconcile.into(),
            retention: Retention {
                results: settings.results.retention.0,
                ledger: settings.ledger.retention.0,
            },
            seal_to: settings.results.seal_to.0,
            admin: settings.admin.listen.0,
            notify: Notify::read(settings.notify)?.map(Arc::new),
            log_filter: settings.log.filter,
            log_format: settings.log.format,
            api: Api {
                timeout: settings.api.timeout.0,
                account: Account::read(settings.api),
            },
        };
        bounds::check(&config)?;
        Ok(config)
    }
}

fn policy(retry: &RetrySettings, clock_tolerance: Duration) -> Result<Policy, ConfigFault> {
    let backoff = Backoff::new(retry.base.0, retry.max.0).map_err(|error| {
        ConfigFault::Contradiction(format!(
            "retry.base and retry.max do not fit: {error}. Give a retry.max that is not shorter than retry.base."
        ))
    })?;
    Ok(Policy {
        backoff,
        resubmit_after: retry.resubmit_after.0,
        give_up_after: retry.give_up_after.0,
        max_crashes: retry.max_crashes.0,
        clock_tolerance,
    })
}

impl From<ReconcileSettings> for Reconcile {
    fn from(settings: ReconcileSettings) -> Self {
        Self {
            schedule: Schedule::new(settings.schedule, settings.time_zone),
            stuck_after: settings.stuck_after.0,
        }
    }
}
