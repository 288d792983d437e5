//! Configuration: documented defaults, a TOML file and the environment, checked as a whole.

mod account;
mod admin;
mod bounds;
mod clients;
mod exposed_file;
mod fault;
mod notify;
mod otel;
mod pem_file;
mod print;
mod redis_access;
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

use std::{ffi::OsString, path::Path, sync::Arc, time::Duration};

use hp_order::{Backoff, Policy};
use hp_queue::{Prefix, Recipients, Retention};

pub(crate) use admin::AdminServer;
pub(crate) use exposed_file::ExposedFile;
pub(crate) use fault::ConfigFault;
pub(crate) use notify::{Notify, SigningSecret};
pub(crate) use otel::{Endpoint, Otel, is_header};
pub(crate) use schedule::Schedule;
pub(crate) use secret::Hidden;
pub(crate) use values::{LogFilter, LogFormat, NotifyFormat};

use account::Account;
use redis_access::RedisAccess;
use settings::{ReconcileSettings, RetrySettings, Settings};

/// The checked configuration of this process.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) api: Api,
    pub(crate) redis_access: RedisAccess,
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
    pub(crate) admin: AdminServer,
    /// Where notifications go.
    pub(crate) notify: Option<Arc<Notify>>,
    /// Where traces go.
    pub(crate) otel: Otel,
    pub(crate) log_filter: LogFilter,
    pub(crate) log_format: LogFormat,
    /// Files with secrets that every user of this machine may read or change.
    pub(crate) exposed_files: Vec<ExposedFile>,
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
        let mut config: Self = source::load(file, std::env::vars_os())?.try_into()?;
        let exposed = file.and_then(exposed_file::settings_file);
        config.exposed_files.extend(exposed);
        Ok(config)
    }

    /// Checks the text of a file and these variables in place of those of this process.
    pub(crate) fn from_text(
        file: &str,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigFault> {
        source::load_text(file, variables)?.try_into()
    }
}

impl TryFrom<Settings> for Config {
    type Error = ConfigFault;

    fn try_from(settings: Settings) -> Result<Self, ConfigFault> {
        let exposed_files = exposed_file::exposed(&settings);
        let Settings { redis, worker, .. } = settings;
        let config = Self {
            exposed_files,
            redis_access: RedisAccess::read(redis)?,
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
            admin: AdminServer::read(settings.admin)?,
            notify: Notify::read(settings.notify)?.map(Arc::new),
            otel: Otel::read(settings.otel)?,
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
