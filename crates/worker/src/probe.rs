use hp_api::{Absence, Client, Lookup, OrderId};
use rand::{Rng, distr::Alphanumeric};
use tokio::sync::Mutex;

/// Knows what HitPoints answers to a query for an order that certainly never existed. Nothing else counts as
/// "not found".
pub(crate) struct Probe {
    client: Client,
    answer: Mutex<Option<Absence>>,
}

impl Probe {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            answer: Mutex::new(None),
        }
    }

    /// The answer, asked for once.
    pub(crate) async fn answer(&self) -> Option<Absence> {
        let mut answer = self.answer.lock().await;
        if answer.is_none() {
            *answer = self.ask().await;
        }
        *answer
    }

    /// Asks again, if anybody asked before; an inconclusive answer changes nothing.
    pub(crate) async fn refresh(&self) {
        let mut answer = self.answer.lock().await;
        if answer.is_some() {
            *answer = self.ask().await.or(*answer);
        }
    }

    async fn ask(&self) -> Option<Absence> {
        let random: String = rand::rng()
            .sample_iter(Alphanumeric)
            .take(32)
            .map(char::from)
            .collect();
        let id: OrderId = format!("probe-{random}").parse().ok()?;
        match Lookup::of(self.client.query_order(&id).await) {
            Lookup::Absent(absence) => {
                tracing::info!(answer = %absence, "learned what HitPoints answers for an order that does not exist");
                Some(absence)
            }
            other => {
                tracing::warn!(answer = ?other, "HitPoints gave no usable answer for an order that cannot exist");
                None
            }
        }
    }
}
