//! What the sandbox can be told: the flags of the binary are the fields of [`Options`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use hp_api::AppSecret;

use crate::setting::{Balance, Latency, NotFound};
use crate::trigger::FaultRate;

/// How a sandbox behaves. `Options::default()` is what the binary does without flags.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8700")]
    pub listen: SocketAddr,

    /// Developer id that a caller sends as APPID
    #[arg(long, value_name = "ID", default_value = "demo")]
    pub app_id: String,

    /// Secret that requests and answers are signed with, unless RSA keys are given
    #[arg(long, value_name = "TEXT", default_value = "demo-secret", value_parser = secret)]
    pub app_secret: AppSecret,

    /// Public key of the client (PEM, 2048 bits or more): requests are signed with RSA
    #[arg(long, value_name = "PEM", requires = "rsa_server_key")]
    pub rsa_client_key: Option<PathBuf>,

    /// Private key of this server (PEM): answers are signed with RSA
    #[arg(long, value_name = "PEM", requires = "rsa_client_key")]
    pub rsa_server_key: Option<PathBuf>,

    /// What a repeated `out_trade_id` gets
    #[arg(long, value_enum, default_value = "exists")]
    pub duplicate: Duplicate,

    /// What a query for something unknown gets: an error code, or success without data
    #[arg(long, value_name = "CODE|empty", default_value = "400100")]
    pub not_found: NotFound,

    /// How long every call takes; the order is charged half-way
    #[arg(long, value_name = "TIME[..TIME]", default_value = "0s")]
    pub latency: Latency,

    /// Money in an account, repeatable; given once, other currencies have no account. Without it, ample in each
    #[arg(long, value_name = "CURRENCY=AMOUNT")]
    pub balance: Vec<Balance>,

    /// How far the Date-GMT of a request may be from now, either way
    #[arg(long, value_name = "TIME", default_value = "300s", value_parser = humantime::parse_duration)]
    pub date_window: Duration,

    /// A fault and how often it happens (0 to 1), repeatable: lost-answer=0.1, query:http-500-before=0.05
    #[arg(long, value_name = "NAME=RATE")]
    pub fault: Vec<FaultRate>,

    /// Decides card keys and which visits meet a fault; the same seed, the same faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// How long the timeout faults hold a connection
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    pub hold: Duration,

    /// How long a late-record order cannot be queried
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = humantime::parse_duration)]
    pub late_record: Duration,

    /// One line on standard error for each call
    #[arg(long)]
    pub verbose: bool,
}

/// What happens when an `out_trade_id` comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Duplicate {
    /// 400104, reference id exists already
    Exists,
    /// 400112, duplicate request forbidden
    Locked,
    /// The first order again, cards included
    Replay,
    /// Charged again: a vendor that does not check
    Charge,
}

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    options: Options,
}

impl Default for Options {
    fn default() -> Self {
        Flags::parse_from(["hp-sandbox"]).options
    }
}

impl Options {
    /// The defaults on a free port of the loopback address: what a test wants.
    pub fn local() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..Self::default()
        }
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "clap asks a value parser for a Result"
)]
fn secret(text: &str) -> Result<AppSecret, std::convert::Infallible> {
    Ok(AppSecret::from(text.to_owned()))
}
