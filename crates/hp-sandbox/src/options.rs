//! The options of the sandbox: fields of [`Options`], and flags of the binary.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use hp_api::AppSecret;

use crate::setting::{Balance, Latency, NotFound};
use crate::trigger::FaultRate;

/// How a sandbox behaves. `Options::default()` equals the binary without flags.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Address to listen on; port 0: any free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8700")]
    pub listen: SocketAddr,

    /// App id that a client must send in the header APPID
    #[arg(long, value_name = "ID", default_value = "demo")]
    pub app_id: String,

    /// Secret that signs requests and answers
    ///
    /// Not used if RSA keys are given.
    #[arg(long, value_name = "TEXT", default_value = "demo-secret", value_parser = secret)]
    pub app_secret: AppSecret,

    /// PEM file with the client's public RSA key, to verify requests
    ///
    /// The key must have 2048 bits or more. Needs --rsa-server-key.
    #[arg(long, value_name = "FILE", requires = "rsa_server_key")]
    pub rsa_client_key: Option<PathBuf>,

    /// PEM file with the sandbox's private RSA key, to sign answers
    ///
    /// Needs --rsa-client-key.
    #[arg(long, value_name = "FILE", requires = "rsa_client_key")]
    pub rsa_server_key: Option<PathBuf>,

    /// Answer to a fetch whose order id was already charged
    ///
    ///   exists  error 400104, "reference id already exists"
    ///   locked  error 400112, "duplicate request is forbidden"
    ///   replay  the first order again, with its cards
    ///   charge  charges again, like a vendor that does not check the id
    #[arg(
        long,
        value_name = "MODE",
        value_enum,
        default_value = "exists",
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    pub duplicate: Duplicate,

    /// Answer to a query for an unknown order or card
    ///
    /// An error code, or "empty" for success without data.
    #[arg(long, value_name = "CODE|empty", default_value = "400100")]
    pub not_found: NotFound,

    /// Duration of each call: 80ms, or random 80ms..200ms
    ///
    /// The order is charged when half of the time is over.
    #[arg(long, value_name = "TIME[..TIME]", default_value = "0s")]
    pub latency: Latency,

    /// Balance of the account in one currency; repeatable
    ///
    /// Without this flag each account has 1000000000.00. With it, other
    /// currencies have no account, and orders in them get error 400114.
    #[arg(long, value_name = "CURRENCY=AMOUNT", verbatim_doc_comment)]
    pub balance: Vec<Balance>,

    /// File that keeps the ledger over a restart
    ///
    /// The file is created if there is none. It keeps charges, cards and
    /// balances; --balance counts for a new file only.
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    pub ledger: Option<PathBuf>,

    /// Largest difference between Date-GMT and the clock
    #[arg(long, value_name = "TIME", default_value = "300s", value_parser = humantime::parse_duration)]
    pub date_window: Duration,

    /// Calls a second that a front end lets through
    ///
    /// It answers any further call in the same second with HTTP 429 and
    /// "Retry-After: 1". Without this flag there is no limit.
    #[arg(long, value_name = "N", verbatim_doc_comment)]
    pub front_end_rate: Option<u32>,

    /// Fault and the share of calls that get it, 0 to 1; repeatable
    ///
    /// A fault without prefix affects fetches; the prefix "query:" selects
    /// order queries: lost-answer=0.1, query:http-500-before=0.05.
    #[arg(long, value_name = "NAME=RATE", verbatim_doc_comment)]
    pub fault: Vec<FaultRate>,

    /// Take every order id as it is: no suffix requests a fault
    #[arg(long)]
    pub plain_ids: bool,

    /// Seed of card keys and of faults by rate
    ///
    /// With the same seed, the same orders get the same keys and faults.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Break the format of products 5, 9 and 32 in list and orders
    #[arg(long)]
    pub odd_products: bool,

    /// Time after which a timeout fault closes the connection
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    pub hold: Duration,

    /// Time for which queries do not find a late-record order
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = humantime::parse_duration)]
    pub late_record: Duration,

    /// Time until the second answer of a late-surplus fault
    #[arg(long, value_name = "TIME", default_value = "300ms", value_parser = humantime::parse_duration)]
    pub late_surplus: Duration,

    /// Write one line to standard error for each call
    #[arg(long)]
    pub verbose: bool,
}

/// The answer to a fetch whose `out_trade_id` was already charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Duplicate {
    /// Refuses with 400104, "reference id already exists"
    Exists,
    /// Refuses with 400112, "duplicate request is forbidden"
    Locked,
    /// Answers with the first order and its cards
    Replay,
    /// Charges again, like a vendor that does not check the id
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
    /// Returns the defaults for tests: a free port of the loopback address.
    pub fn local() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..Self::default()
        }
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "clap requires a value parser to return a Result"
)]
fn secret(text: &str) -> Result<AppSecret, Infallible> {
    Ok(AppSecret::from(text.to_owned()))
}
