//! The settings as an operator writes them. `defaults.toml` lists the same keys with their defaults.

use std::path::PathBuf;

use schemars::{JsonSchema, Schema};
use serde::Deserialize;

use super::{
    schedule::{CronExpression, TimeZoneName},
    seal_to::SealTo,
    secret::Hidden,
    values::{
        BoundedDuration, Count, ListenAddress, LogFilter, LogFormat, NotifyFormat, QueuePrefix,
        Rate, Switch,
    },
};

/// The settings of the worker.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[schemars(transform = require_nothing)]
pub(super) struct Settings {
    pub(super) api: ApiSettings,
    pub(super) redis: RedisSettings,
    pub(super) queue: QueueSettings,
    pub(super) worker: WorkerSettings,
    pub(super) retry: RetrySettings,
    pub(super) reconcile: ReconcileSettings,
    pub(super) results: ResultsSettings,
    pub(super) ledger: LedgerSettings,
    pub(super) admin: AdminSettings,
    pub(super) notify: NotifySettings,
    pub(super) otel: OtelSettings,
    pub(super) log: LogSettings,
}

/// The vendor's API and the account there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[schemars(transform = require_nothing)]
pub(super) struct ApiSettings {
    /// Address of the HitPoints API: `https://api.hitpoints.com`, or `https://api.sandbox.hitpoints.com` for tests.
    /// No default.
    pub(super) base_url: Option<String>,
    /// Host to which `base_url` may lead besides those of HitPoints and this machine, such as `relay.example.com`. For a relay
    /// of your own. Default: no other host.
    pub(super) other_host: Option<String>,
    /// Developer id of the account. No default.
    #[schemars(extend("type" = ["string", "integer"]))]
    pub(super) app_id: Option<String>,
    /// File that contains `app_id`, in place of it.
    pub(super) app_id_file: Option<PathBuf>,
    /// Secret of the account. No default.
    pub(super) app_secret: Option<Hidden>,
    /// File that contains `app_secret`, in place of it.
    pub(super) app_secret_file: Option<PathBuf>,
    /// The reseller's private key in PEM, to sign with RSA in place of the secret. Line ends may be written as `\\n`. Needs
    /// `rsa_server_key`.
    pub(super) rsa_private_key: Option<Hidden>,
    /// File that contains `rsa_private_key`, in place of it.
    pub(super) rsa_private_key_file: Option<PathBuf>,
    /// The public key of HitPoints in PEM. Needs `rsa_private_key`.
    pub(super) rsa_server_key: Option<Hidden>,
    /// File that contains `rsa_server_key`, in place of it.
    pub(super) rsa_server_key_file: Option<PathBuf>,
    /// File with the certificates in PEM of the authorities to trust, in place of those of the operating system. For a
    /// proxy that opens TLS. To trust one authority more, put those of the operating system into the file as well. Default: those of the operating system.
    pub(super) ca_file: Option<PathBuf>,
    /// HTTP proxy through which to connect: `http://user:password@host:port`. Proxy variables of the environment do not
    /// count, and a `base_url` with `http` is called without the proxy. Default: no proxy.
    pub(super) proxy: Option<Hidden>,
    /// File that contains `proxy`, in place of it.
    pub(super) proxy_file: Option<PathBuf>,
    /// Longest duration of one call. After it the outcome is unknown and the worker queries the order. From 1s to 10m.
    /// Default: `30s`.
    pub(super) timeout: BoundedDuration,
    /// How much older than an order its record at HitPoints may seem to be. An older record belongs to another order with
    /// the same id, and the order goes to review. From 1s to 5m. Default: `2s`.
    pub(super) clock_tolerance: BoundedDuration,
}

/// The Redis of the queue.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[schemars(transform = require_nothing)]
pub(super) struct RedisSettings {
    /// Address of one server, of a cluster or of Sentinels. Default: `redis://127.0.0.1:6379`.
    pub(super) url: Option<Hidden>,
    /// File that contains `url`, in place of it.
    pub(super) url_file: Option<PathBuf>,
    /// Redis user, in place of one in `url`. Needs `password`. Default: the default user of Redis.
    #[schemars(extend("type" = ["string", "integer"]))]
    pub(super) username: Option<String>,
    /// File that contains `username`, in place of it.
    pub(super) username_file: Option<PathBuf>,
    /// Password of the Redis user, in place of one in `url`. As it is, without percent-encoding. Default: no password.
    pub(super) password: Option<Hidden>,
    /// File that contains `password`, in place of it.
    pub(super) password_file: Option<PathBuf>,
    /// User of the Sentinels, if they demand a login. Needs `sentinel_password`. Default: their default user.
    #[schemars(extend("type" = ["string", "integer"]))]
    pub(super) sentinel_username: Option<String>,
    /// File that contains `sentinel_username`, in place of it.
    pub(super) sentinel_username_file: Option<PathBuf>,
    /// Password of the Sentinels, if they demand a login. Default: no password.
    pub(super) sentinel_password: Option<Hidden>,
    /// File that contains `sentinel_password`, in place of it.
    pub(super) sentinel_password_file: Option<PathBuf>,
    /// File with the certificates in PEM of the authorities to trust, in place of those of the operating system. Needs an
    /// address with `rediss`. Default: those of the operating system.
    pub(super) ca_file: Option<PathBuf>,
    /// File with the certificate in PEM that identifies this process to Redis and to Sentinels, and with its intermediate
    /// certificates. Needs `client_key_file` and an address with `rediss`. Default: no certificate.
    pub(super) client_cert_file: Option<PathBuf>,
    /// File with the private key in PEM of `client_cert_file`.
    pub(super) client_key_file: Option<PathBuf>,
}

/// The keys of the queue in Redis.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[schemars(transform = require_nothing)]
pub(super) struct QueueSettings {
    /// Start of the name of every key. Default: `{hp}`.
    pub(super) prefix: QueuePrefix,
}

/// One worker process.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[schemars(transform = require_nothing)]
pub(super) struct WorkerSettings {
    /// Number of orders that this process handles at the same time. Default: `64`.
    pub(super) concurrency: Count<1, 10_000>,
    /// How long an order stays claimed if its worker does not renew the claim. Workers renew after every third of it.
    /// From 1s to 1h. Default: `15s`.
    pub(super) lease: BoundedDuration,
    /// Most calls a second, over all workers of the queue together. Default: no limit.
    pub(super) rate: Option<Rate>,
    /// Whether the worker claims no orders until it has fetched the product list once. Default: `true`.
    pub(super) needs_products: Switch,
    /// How long a stopping worker waits for the orders that it has claimed. From 100ms to 1h. Default: `25s`.
    pub(super) drain: BoundedDuration,
}

/// Retries of one order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[schemars(transform = require_nothing)]
pub(super) struct RetrySettings {
    /// Delay before the first retry. From 10ms to 24h. Default: `1s`.
    pub(super) base: BoundedDuration,
    /// Longest delay between two retries. Not shorter than `base`, at most 24h. Default: `5m`.
    pub(super) max: BoundedDuration,
    /// Time since the last submission after which the worker submits an order again that HitPoints does not know.
    /// Longer than `worker.lease` and `api.timeout` together. Default: `5m`.
    pub(super) resubmit_after: BoundedDuration,
    /// Age at which an order fails if it is certainly not charged, and otherwise goes to review. Longer than
    /// `resubmit_after`. Default: `24h`.
    pub(super) give_up_after: BoundedDuration,
    /// Number of workers that may vanish with an order, over its whole life, before it goes to review. Default: `5`.
    pub(super) max_crashes: Count<1, 1000>,
}

/// Reconciliation of stuck orders.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[schemars(transform = require_nothing)]
pub(super) struct ReconcileSettings {
    /// When one of the workers checks the stuck orders against HitPoints. Default: `*/5 * * * *`.
    pub(super) schedule: CronExpression,
    /// Time zone of `schedule`. Default: `UTC`.
    pub(super) time_zone: TimeZoneName,
    /// Age from which an open order counts as stuck. Default: `2m`.
    pub(super) stuck_after: BoundedDuration,
}

/// The result streams.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[schemars(transform = require_nothing)]
pub(super) struct ResultsSettings {
    /// Age at which a result is deleted, read or not. At least 1m. Default: `7d`.
    pub(super) retention: BoundedDuration,
    /// Public keys that cards are sealed to, by name. `worker keygen` makes them. Only the owners of the private keys can
    /// read the cards. At most 8 keys. Default: none, cards are published in clear text.
    #[serde(default)]
    pub(super) seal_to: SealTo,
}

/// The records of the orders.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[schemars(transform = require_nothing)]
pub(super) struct LedgerSettings {
    /// How long the record of an ended order is kept. As long as it is kept, the worker recognises the order if a shop
    /// repeats it. Not shorter than `results.retention` and `retry.resubmit_after`. Default: `7d`.
    pub(super) retention: BoundedDuration,
}

/// The admin server.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[schemars(transform = require_nothing)]
pub(super) struct AdminSettings {
    /// Address and port where this process serves `/metrics` and its health. Empty: it serves nothing. Default: `127.0.0.1:9464`.
    pub(super) listen: ListenAddress,
    /// The bearer token that each request must present. At least 16 characters. Needed if other machines can reach
    /// `listen`. No default.
    pub(super) token: Option<Hidden>,
    /// File that contains `token`, in place of it.
    pub(super) token_file: Option<PathBuf>,
}

/// Notifications of events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[schemars(transform = require_nothing)]
pub(super) struct NotifySettings {
    /// Address to which one of the workers POSTs each event, such as the incoming webhook of a chat. With `https`; `http` for
    /// this machine only. Default: none, nothing is sent.
    pub(super) url: Option<Hidden>,
    /// File that contains `url`, in place of it.
    pub(super) url_file: Option<PathBuf>,
    /// Secret that signs the messages: `whsec_` and 24 to 64 bytes in base64. Needed for the format `standard`. No default.
    pub(super) secret: Option<Hidden>,
    /// File that contains `secret`, in place of it.
    pub(super) secret_file: Option<PathBuf>,
    /// Form of the messages. Default: `standard`.
    pub(super) format: NotifyFormat,
}

/// Traces.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[schemars(transform = require_nothing)]
pub(super) struct OtelSettings {
    /// Address of the collector to which the worker sends traces, as OTLP over HTTP: `http://127.0.0.1:4318`. The worker adds
    /// `/v1/traces`. Default: that of the environment variable `OTEL_EXPORTER_OTLP_ENDPOINT`; without one, nothing is sent.
    pub(super) endpoint: Option<Hidden>,
    /// File that contains `endpoint`, in place of it.
    pub(super) endpoint_file: Option<PathBuf>,
    /// Headers of each request to `endpoint`, such as `authorization=Basic%20dXNlcg`, with commas between several. Values are
    /// percent-encoded. Needs `endpoint`. Default: none.
    pub(super) headers: Option<Hidden>,
    /// File that contains `headers`, in place of it.
    pub(super) headers_file: Option<PathBuf>,
}

/// The log.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[schemars(transform = require_nothing)]
pub(super) struct LogSettings {
    /// Level of the events to write, as one word or for parts of the program. Default: `info`.
    pub(super) filter: LogFilter,
    /// Format of the events on standard error. Default: `auto`.
    pub(super) format: LogFormat,
}

/// Makes every key optional in the schema: the file only needs what differs from the defaults.
fn require_nothing(schema: &mut Schema) {
    schema.remove("required");
}
