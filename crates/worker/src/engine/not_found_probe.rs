use hp_api::{
    Client, ControlOrder, FetchCards, Learned, NotFoundAnswer, NotFoundRule, ProbeError,
    Settlement, Settler,
};
use hp_order::QueryVerdict;
use hp_queue::{Account, Inspector};
use tracing::{info, warn};

/// Queries HitPoints for the record of orders, and knows when "not found" proves that an order was not charged
/// (`docs/adr/0010-a-denial-needs-a-control.md`). The control is the order that was charged last, whichever worker did it.
pub(crate) struct NotFoundProbe(Settler<LastCharged>);

/// The order that was charged last with this account.
struct LastCharged(Inspector, Account);

impl ControlOrder for LastCharged {
    async fn control_order(&self) -> Result<Option<FetchCards>, String> {
        let last = self.0.last_charged(&self.1).await;
        last.map_err(|error| error.to_string())
    }
}

impl NotFoundProbe {
    pub(crate) fn new(client: Client, inspector: Inspector, account: Account) -> Self {
        Self(Settler::new(client, LastCharged(inspector, account)))
    }

    /// The answer that means "not found", or why it is not known.
    pub(crate) async fn known_or_learned(&self) -> Result<NotFoundAnswer, ProbeError> {
        self.0.learned_or_learn().await
    }

    /// Learns the answer, or whether it has changed. Keeps the earlier answer until another one is proven.
    pub(crate) async fn refresh(&self) {
        match self.0.learn().await {
            Ok(Learned {
                answer,
                control: Some(control),
            }) => info!(%answer, %control, "learned the answer that means \"not found\""),
            Ok(_) => {}
            Err(error) => warn!(
                obstacle = "probe",
                %error,
                "the probe failed; an answer learned earlier still counts, and without one the worker resubmits no order in doubt"
            ),
        }
    }

    /// Queries HitPoints for the record of an order.
    pub(crate) async fn query(&self, wanted: &FetchCards, rule: NotFoundRule) -> QueryVerdict {
        match self.0.settle_by(wanted, rule).await {
            Settlement::Charged(order) => QueryVerdict::Found(order),
            Settlement::Mismatch(mismatch) => QueryVerdict::Mismatch(mismatch),
            Settlement::NotCharged(_) | Settlement::TooEarly(_) => QueryVerdict::NotFound,
            Settlement::Unconfirmed(answer, reason) => {
                warn!(obstacle = "not_found_unconfirmed", %reason, "\"not found\" is not confirmed; a worker queries HitPoints again later");
                QueryVerdict::inconclusive(answer, &reason.to_string())
            }
            Settlement::Unknown(doubt) => QueryVerdict::Unknown(doubt),
        }
    }
}
