//! A running sandbox.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rust_decimal::Decimal;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::handler::Handler;
use crate::ledger::Ledger;
use crate::options::Options;
use crate::rng::KeyedRng;
use crate::setting::{BadSetting, Balance};
use crate::trigger::{FaultRate, Trigger};
use crate::vendor::Vendor;
use crate::{connection, control};

/// A running sandbox. Dropping it stops it.
pub struct Sandbox {
    addr: SocketAddr,
    handler: Arc<Handler>,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Starts a sandbox on the current tokio runtime.
    ///
    /// # Errors
    /// There is no runtime, the address is not available, or an RSA key or the ledger file is not usable.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "each sandbox has its own options, and calls read better without a reference"
    )]
    pub fn start(options: Options) -> io::Result<Self> {
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let (listener, addr) = listen(options.listen)?;
        let rng = KeyedRng::new(options.seed);
        let vendor = Vendor::new(&options, rng)?;
        let handler = Arc::new(Handler::new(vendor, rng, &options));
        let server = runtime.spawn(connection::serve(listener, Arc::clone(&handler)));
        Ok(Self {
            addr,
            handler,
            server,
        })
    }

    /// Returns the address, with the real port if the options said 0.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the base URL for a client, such as `http://127.0.0.1:8700`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Returns all charges so far.
    pub fn ledger(&self) -> Ledger {
        self.handler.vendor.ledger()
    }

    /// Waits until this order is charged. The answer has not left yet if [`Options::latency`] is not 0.
    pub async fn wait_for_charge(&self, out_trade_id: &str) {
        self.handler
            .vendor
            .accounts
            .wait_for_charge(out_trade_id)
            .await;
    }

    /// Sets the rate of one fault, such as `set_fault("query:lost-answer", 0.1)`. Other rates stay.
    ///
    /// # Errors
    /// The fault is unknown, or the rate is outside 0 to 1.
    pub fn set_fault(&self, name: &str, rate: f64) -> Result<(), BadSetting> {
        let rate = FaultRate::new(name, rate)?;
        self.handler.vendor.faults.set_rate(rate);
        Ok(())
    }

    /// Removes all fault rates. Order ids can still request faults.
    pub fn clear_faults(&self) {
        self.handler.vendor.faults.replace_rates(&[]);
    }

    /// Returns how often each fault was injected since the start.
    pub fn met(&self) -> BTreeMap<Trigger, u64> {
        self.handler.vendor.faults.injected()
    }

    /// Returns how many calls of the API have arrived, and how many of them the [front
    /// end](Options::front_end_rate) turned away.
    pub fn calls(&self) -> (u64, u64) {
        self.handler.front_end.calls()
    }

    /// Sets the balance of one account, and opens the account if there is none. Counts as a top-up.
    ///
    /// # Errors
    /// The currency or the amount is malformed, or the ledger file cannot be written.
    pub fn set_balance(&self, currency: &str, amount: Decimal) -> Result<(), BadSetting> {
        let balance = Balance::new(currency, amount)?;
        control::set_balance(&self.handler.vendor, &balance)
    }

    /// Stops the sandbox and waits until its port is closed.
    pub async fn stop(mut self) {
        self.server.abort();
        // An aborted task ends with an error.
        let _ = (&mut self.server).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn listen(requested: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let open = || {
        let listener = std::net::TcpListener::bind(requested)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        Ok((TcpListener::from_std(listener)?, addr))
    };
    open().map_err(|why: io::Error| {
        let text = format!("cannot listen on {requested}: {why}; choose another address or port");
        io::Error::new(why.kind(), text)
    })
}
