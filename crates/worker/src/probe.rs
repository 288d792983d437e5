use std::sync::{Mutex, MutexGuard, PoisonError};

use hp_api::{CallError, Client, Lookup, NotFoundAnswer, OrderId};
use hp_queue::{Ledger, QueueError};
use rand::{RngExt, distr::Alphanumeric};
use tracing::{info, warn};

/// Knows what HitPoints answers to a query for an order that certainly never existed. Nothing else counts as
/// "not found".
///
/// In trouble HitPoints may answer every query alike, and whoever takes that for "not found" submits again what was
/// charged. So an answer is learned only with a positive control: at the same time HitPoints gives the record of an
/// order that it has charged.
pub(crate) struct Probe {
    client: Client,
    ledger: Ledger,
    /// Learned with an order as the control.
    known: Mutex<Option<NotFoundAnswer>>,
}

/// What HitPoints gave while it was probed.
enum Control {
    Order(OrderId),
    Products,
}

/// Why it is not known what HitPoints answers for an order that does not exist.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeError {
    #[error("HitPoints gives no clear answer for an order that cannot exist: {0}")]
    NoAnswer(String),
    #[error("HitPoints answered two orders that cannot exist differently")]
    Unsteady,
    #[error(
        "HitPoints does not give order {0} either, which it has charged: it is in trouble, or that record is gone"
    )]
    NoRecord(OrderId),
    #[error("HitPoints gives no product list: {0}")]
    NoProducts(CallError),
    #[error("no charged order is known that HitPoints could be asked about beside it")]
    NoControl,
    #[error("no charged order to ask about can be read: {0}")]
    Queue(#[from] QueueError),
}

impl ProbeError {
    fn tell(&self) {
        warn!(
            error = %self,
            "nothing is learned about orders that do not exist; what was learned before still counts, and without it no order in doubt is submitted again"
        );
    }
}

impl Probe {
    pub(crate) fn new(client: Client, ledger: Ledger) -> Self {
        Self {
            client,
            ledger,
            known: Mutex::default(),
        }
    }

    /// The answer, if it is known or can be learned now.
    pub(crate) async fn answer(&self) -> Option<NotFoundAnswer> {
        self.find_out().await.inspect_err(ProbeError::tell).ok()
    }

    /// Whether HitPoints gives charged orders just now, or why that is not known: in trouble, it may deny every record in
    /// the very words that it has for orders that do not exist.
    pub(crate) async fn confirm(&self) -> Result<(), ProbeError> {
        match self.control().await? {
            // It proves less than what the answer was learned beside.
            Control::Products if self.known().is_some() => Err(ProbeError::NoControl),
            _ => Ok(()),
        }
    }

    /// The same, or why it is not known.
    pub(crate) async fn find_out(&self) -> Result<NotFoundAnswer, ProbeError> {
        let known = *self.known();
        match known {
            Some(answer) => Ok(answer),
            None => self.learn().await,
        }
    }

    /// Learns the answer, or whether it has changed. What was learned before is kept until another is proven.
    pub(crate) async fn refresh(&self) {
        if let Err(error) = self.learn().await {
            error.tell();
        }
    }

    async fn learn(&self) -> Result<NotFoundAnswer, ProbeError> {
        let before = *self.known();
        let answer = self.ask().await?;
        if before == Some(answer) {
            return Ok(answer);
        }
        let control = self.control().await?;
        // A trouble may have ended just before the control.
        if self.ask().await? != answer {
            return Err(ProbeError::Unsteady);
        }
        match control {
            Control::Order(control) => {
                info!(%answer, %control, "learned what HitPoints answers for an order that does not exist");
                *self.known() = Some(answer);
                Ok(answer)
            }
            Control::Products if before.is_some() => Err(ProbeError::NoControl),
            // It proves little, so the answer counts for this moment and is not kept.
            Control::Products => Ok(answer),
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the edge: randomness is read here"
    )]
    async fn ask(&self) -> Result<NotFoundAnswer, ProbeError> {
        let no_answer = |why: &dyn ToString| ProbeError::NoAnswer(why.to_string());
        let random: String = rand::rng()
            .sample_iter(Alphanumeric)
            .take(32)
            .map(char::from)
            .collect();
        let id: OrderId = format!("probe-{random}")
            .parse()
            .map_err(|invalid| no_answer(&invalid))?;
        match Lookup::of(self.client.query_order(&id).await) {
            Lookup::NotFound(absence) => Ok(absence),
            Lookup::Unknown(doubt) => Err(no_answer(&doubt.message)),
            Lookup::Mismatch(mismatch) => Err(no_answer(&mismatch)),
            Lookup::Found(_) => Err(no_answer(&"a record")),
        }
    }

    async fn control(&self) -> Result<Control, ProbeError> {
        let Some(order) = self.ledger.last_charged().await? else {
            // Nothing was bought yet that HitPoints could be asked about.
            let products = self.client.products(None).await;
            products.map_err(ProbeError::NoProducts)?;
            return Ok(Control::Products);
        };
        match Lookup::of(self.client.query(&order).await) {
            Lookup::Found(_) => Ok(Control::Order(order.order_id)),
            // A record that HitPoints has deleted looks the same. It is in nobody's way for long: the next order that
            // is charged is the next control.
            _ => Err(ProbeError::NoRecord(order.order_id)),
        }
    }

    fn known(&self) -> MutexGuard<'_, Option<NotFoundAnswer>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
