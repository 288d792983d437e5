//! A running sandbox.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rust_decimal::Decimal;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::bank::Bank;
use crate::gate::Gate;
use crate::ledger::Ledger;
use crate::mischief::Mischief;
use crate::options::Options;
use crate::setting::{BadSetting, Balance};
use crate::site::Site;
use crate::trigger::{FaultRate, Trigger};
use crate::vendor::Vendor;
use crate::{connection, control};

/// A HitPoints of one's own, with its ledger in the open. Dropping it ends it.
pub struct Sandbox {
    addr: SocketAddr,
    site: Arc<Site>,
    serving: JoinHandle<()>,
}

impl Sandbox {
    /// Listens, and serves on the tokio runtime that this is called in.
    ///
    /// # Errors
    /// No runtime, an address that cannot be listened on, or RSA keys that cannot be used.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "one sandbox, one set of options: reads better at the place of use"
    )]
    pub fn start(options: Options) -> io::Result<Self> {
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let (listener, addr) = listen(options.listen)?;
        let site = Arc::new(Site::new(vendor(&options)?, &options));
        let serving = runtime.spawn(connection::accept(listener, Arc::clone(&site)));
        Ok(Self {
            addr,
            site,
            serving,
        })
    }

    /// Where it listens; the port is the real one if 0 was asked for.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// For a client: `http://127.0.0.1:8700`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Every charge so far.
    pub fn ledger(&self) -> Ledger {
        control::snapshot(&self.site.vendor)
    }

    /// Sets how often a fault happens, such as `set_fault("query:lost-answer", 0.1)`; the others stay.
    ///
    /// # Errors
    /// No such fault, or a rate outside 0 to 1.
    pub fn set_fault(&self, name: &str, rate: f64) -> Result<(), BadSetting> {
        self.site.vendor.mischief.set(FaultRate::new(name, rate)?);
        Ok(())
    }

    /// Ends all faults by rate; order ids can still ask for some.
    pub fn clear_faults(&self) {
        self.site.vendor.mischief.set_all(&[]);
    }

    /// How often each fault has happened since the start.
    pub fn met(&self) -> BTreeMap<Trigger, u64> {
        self.site.vendor.mischief.met()
    }

    /// Sets what an account holds, opening it if need be; it counts as a top-up.
    ///
    /// # Errors
    /// A malformed currency or amount.
    pub fn set_balance(&self, currency: &str, amount: Decimal) -> Result<(), BadSetting> {
        let balance = Balance::new(currency, amount)?;
        self.site.vendor.bank.set_balance(balance);
        Ok(())
    }

    /// Ends it and waits until nothing listens any more.
    pub async fn stop(mut self) {
        self.serving.abort();
        // It ends by being aborted, which is an error to tokio.
        let _ = (&mut self.serving).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn listen(wanted: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let open = || {
        let listener = std::net::TcpListener::bind(wanted)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        Ok((TcpListener::from_std(listener)?, addr))
    };
    open().map_err(|why: io::Error| {
        io::Error::new(why.kind(), format!("cannot listen on {wanted}: {why}"))
    })
}

pub(crate) fn vendor(options: &Options) -> io::Result<Vendor> {
    let (gate, signer) = Gate::new(options)?;
    Ok(Vendor {
        gate,
        signer,
        bank: Bank::new(options.duplicate, &options.balance),
        mischief: Mischief::new(options.seed, &options.fault),
        not_found: options.not_found,
        late_record: options.late_record,
        seed: options.seed,
    })
}
