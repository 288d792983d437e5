//! Configuration: documented defaults, a TOML file, the environment; then checked as a whole.

mod print;
mod source;

use std::{fmt, net::SocketAddr, path::Path, time::Duration};

use hp_api::{AppSecret, Client};
use hp_order::{Backoff, Policy};
use hp_queue::{Control, Handle, Inspector, Prefix, Queue, QueueError, Retention, Rules, connect};

use crate::reconcile::Schedule;
use source::Settings;

/// Everything that can be set, checked.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) api: Api,
    /// May hold a password: never printed.
    pub(crate) redis_url: Hidden,
    pub(crate) prefix: Prefix,
    pub(crate) concurrency: usize,
    pub(crate) lease: Duration,
    /// Calls a second over all workers together.
    pub(crate) rate: Option<f64>,
    pub(crate) drain: Duration,
    pub(crate) retry_base: Duration,
    pub(crate) retry_max: Duration,
    pub(crate) policy: Policy,
    pub(crate) reconcile: Reconcile,
    pub(crate) retention: Retention,
    /// Where metrics are served.
    pub(crate) admin: Option<SocketAddr>,
    pub(crate) log_filter: String,
    pub(crate) log_format: LogFormat,
}

/// When reconciliation runs are made, and for what.
#[derive(Debug)]
pub(crate) struct Reconcile {
    pub(crate) schedule: Schedule,
    /// The age from which an open order is looked at.
    pub(crate) stuck_after: Duration,
}

#[derive(Debug)]
pub(crate) struct Api {
    /// Whose orders are bought, and where. What only concerns Redis works without.
    pub(crate) account: Result<Account, ConfigFault>,
    pub(crate) timeout: Duration,
}

#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) base_url: String,
    pub(crate) app_id: String,
    pub(crate) key: Key,
}

/// Text that is a secret or holds one: it prints as nothing of the kind.
pub(crate) struct Hidden(String);

impl Hidden {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What requests are signed with.
#[derive(Debug)]
pub(crate) enum Key {
    Secret(AppSecret),
    Rsa { private: Hidden, server: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Auto,
    Text,
    Json,
}

/// A configuration that the worker does not start with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigFault {
    #[error("{file} cannot be read: {why}")]
    Unreadable { file: String, why: String },
    #[error("{key} is not set: {remedy} (in the file, or as {variable})")]
    Missing {
        key: String,
        variable: String,
        remedy: String,
    },
    #[error("{key} is `{value}`: {why}; {remedy}")]
    Value {
        key: String,
        value: String,
        why: String,
        remedy: String,
    },
    #[error(
        "{key} (or {variable}) is no setting of this version: remove it; `worker config` lists what there is"
    )]
    Unknown { key: String, variable: String },
    #[error("{0}")]
    Contradiction(String),
}

const LONGEST: Duration = Duration::from_hours(24 * 3650);
const TIME: &str = "give a time such as 500ms, 15s, 5m, 24h or 7d";

impl Config {
    /// Loads and checks the configuration of this process.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self, ConfigFault> {
        Self::read(Settings::load(
            file,
            source::environment(std::env::vars_os()),
        )?)
    }

    fn read(mut from: Settings) -> Result<Self, ConfigFault> {
        let (retry_base, retry_max) = (from.time("retry.base")?, from.time("retry.max")?);
        let backoff = Backoff::new(retry_base, retry_max).map_err(|why| {
            ConfigFault::Contradiction(format!("retry.base and retry.max: {why}"))
        })?;
        let config = Self {
            api: Api::read(&mut from)?,
            redis_url: Hidden(
                from.or_file("redis.url")?
                    .unwrap_or_else(|| "redis://127.0.0.1:6379".into()),
            ),
            prefix: from.need("queue.prefix", "give a prefix such as {hp}", str::parse)?,
            concurrency: from.need("worker.concurrency", "give a number from 1 to 10000", count)?,
            lease: from.time("worker.lease")?,
            rate: from.find(
                "worker.rate",
                "give calls a second, such as 20 or 0.5",
                rate,
            )?,
            drain: from.time("worker.drain")?,
            retry_base,
            retry_max,
            policy: Policy {
                backoff,
                resubmit_after: from.time("retry.resubmit_after")?,
                give_up_after: from.time("retry.give_up_after")?,
                max_crashes: from.need(
                    "retry.max_crashes",
                    "give a number from 1 to 1000",
                    crashes,
                )?,
            },
            reconcile: Reconcile::read(&mut from)?,
            retention: Retention {
                results: from.time("results.retention")?,
                ledger: from.time("ledger.retention")?,
            },
            admin: from.find(
                "admin.listen",
                "give an address and a port such as 127.0.0.1:9464, or nothing",
                str::parse,
            )?,
            log_filter: from.need(
                "log.filter",
                "write it like info or warn,hp_api=debug",
                log_filter,
            )?,
            log_format: from.need("log.format", "choose auto, text or json", log_format)?,
        };
        from.finish()?;
        config.check()?;
        Ok(config)
    }

    /// What no single value can tell.
    fn check(&self) -> Result<(), ConfigFault> {
        let rules = [
            (
                self.lease < Duration::from_secs(1),
                "worker.lease is shorter than 1s: a busy worker would lose its orders",
            ),
            (
                self.policy.resubmit_after <= self.lease + self.api.timeout,
                "retry.resubmit_after must be longer than worker.lease and api.timeout together: a request that is still on its way could be charged twice",
            ),
            (
                self.policy.give_up_after <= self.policy.resubmit_after,
                "retry.give_up_after must be longer than retry.resubmit_after: no order in doubt would ever be tried again",
            ),
            (
                self.retention.ledger < self.retention.results,
                "ledger.retention must not be shorter than results.retention: a repetition could be bought again while its result is still there",
            ),
        ];
        match rules.into_iter().find(|(broken, _)| *broken) {
            Some((_, rule)) => Err(ConfigFault::Contradiction(rule.into())),
            None => Ok(()),
        }
    }
}

impl From<&Config> for Rules {
    fn from(config: &Config) -> Self {
        Self {
            retention: config.retention,
            policy: config.policy,
            longest_processing: config.lease + config.api.timeout,
            interval: config.rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
        }
    }
}

impl Config {
    /// The client for these settings.
    pub(crate) fn client(&self) -> Result<Client, ConfigFault> {
        let account = self.api.account.as_ref().map_err(Clone::clone)?;
        let builder = Client::builder(&account.base_url, &account.app_id).timeout(self.api.timeout);
        let builder = match &account.key {
            Key::Secret(secret) => builder.secret(secret.clone()),
            Key::Rsa { private, server } => builder.rsa(private.expose(), server),
        };
        builder
            .build()
            .map_err(|error| ConfigFault::Contradiction(format!("[api]: {error}")))
    }

    /// The queue, on one connection.
    pub(crate) fn handle(&self) -> Result<Handle, QueueError> {
        let redis = connect(self.redis_url.expose())?;
        Ok(Handle::open(&redis, &self.prefix))
    }

    /// The controls of the queue.
    pub(crate) fn control(&self) -> Result<Control, QueueError> {
        Ok(Control::new(self.handle()?, Rules::from(self)))
    }

    /// A reader of the queue.
    pub(crate) fn inspector(&self) -> Result<Inspector, QueueError> {
        Ok(Inspector::new(self.handle()?))
    }

    /// A shop's side of it.
    pub(crate) async fn queue(&self) -> Result<Queue, QueueError> {
        Queue::connect(self.redis_url.expose(), self.prefix.clone()).await
    }
}

impl Api {
    fn read(from: &mut Settings) -> Result<Self, ConfigFault> {
        Ok(Self {
            account: Account::read(from),
            timeout: from.time("api.timeout")?,
        })
    }
}

impl Account {
    /// Takes all of its settings out, whatever is wrong with one of them.
    fn read(from: &mut Settings) -> Result<Self, ConfigFault> {
        let base_url = from.need(
            "api.base_url",
            "choose https://api.hitpoints.com or https://api.sandbox.hitpoints.com",
            |text| Ok::<_, String>(text.to_owned()),
        );
        let app_id = from.or_file("api.app_id");
        let key = Key::read(from);
        let remedy = "give the developer id of your HitPoints account";
        Ok(Self {
            base_url: base_url?,
            app_id: app_id?.ok_or_else(|| missing("api.app_id", remedy))?,
            key: key?,
        })
    }
}

impl Reconcile {
    fn read(from: &mut Settings) -> Result<Self, ConfigFault> {
        let zone = from.need(
            "reconcile.time_zone",
            "give a name such as UTC or Asia/Shanghai",
            |name| Schedule::new("* * * * *", name).map(|_| name.to_owned()),
        )?;
        Ok(Self {
            schedule: from.need(
                "reconcile.schedule",
                "give a cron expression such as */5 * * * *",
                |text| Schedule::new(text, &zone),
            )?,
            stuck_after: from.time("reconcile.stuck_after")?,
        })
    }
}

impl Key {
    fn read(from: &mut Settings) -> Result<Self, ConfigFault> {
        let secret = from.or_file("api.app_secret");
        let private = from.file("api.rsa_private_key_file");
        let server = from.file("api.rsa_server_key_file");
        match (secret?, private?, server?) {
            (_, Some(private), Some(server)) => Ok(Self::Rsa {
                private: Hidden(private),
                server,
            }),
            (_, Some(_), None) => Err(missing(
                "api.rsa_server_key_file",
                "name HitPoints' public key in PEM",
            )),
            (_, None, Some(_)) => Err(missing(
                "api.rsa_private_key_file",
                "name your own private key in PEM",
            )),
            (Some(secret), None, None) => Ok(Self::Secret(AppSecret::from(secret))),
            (None, None, None) => Err(missing(
                "api.app_secret",
                "give the secret of your HitPoints account",
            )),
        }
    }
}

impl Settings {
    fn time(&mut self, key: &str) -> Result<Duration, ConfigFault> {
        self.need(key, TIME, |text| match humantime::parse_duration(text) {
            Ok(Duration::ZERO) => Err("it must be longer than zero".to_owned()),
            Ok(time) if time > LONGEST => Err("it is longer than ten years".to_owned()),
            Ok(time) => Ok(time),
            Err(error) => Err(error.to_string()),
        })
    }
}

fn missing(key: &str, remedy: &str) -> ConfigFault {
    ConfigFault::Missing {
        key: key.into(),
        variable: source::variable(key),
        remedy: remedy.into(),
    }
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=10_000) => Ok(count),
        _ => Err("it is no number from 1 to 10000".into()),
    }
}

fn crashes(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(count @ 1..=1000) => Ok(count),
        _ => Err("it is no number from 1 to 1000".into()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.001..=100_000.0).contains(&rate) => Ok(rate),
        _ => Err("it is no number from 0.001 to 100000".into()),
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "auto" => Ok(LogFormat::Auto),
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("there is no such format".into()),
    }
}
