use hp_api::Client;
use tokio::{sync::Mutex, time::Instant};
use tracing::warn;

/// The control call for the account: the product list. It shows whether HitPoints refuses the account, or one order only.
#[derive(Default)]
pub(super) struct AccountControl {
    /// The start and the verdict of the last control call. Locked during the call, so that orders that fail together share it.
    last: Mutex<Option<(Instant, AccountVerdict)>>,
}

/// What the control call showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccountVerdict {
    /// HitPoints accepts the account.
    Accepted,
    /// HitPoints refuses the account in this call, too.
    Refused,
    /// HitPoints gave no clear answer.
    Unclear,
}

impl AccountControl {
    /// Makes a control call, or takes the verdict of one that started after this call.
    pub(super) async fn check(&self, client: &Client) -> AccountVerdict {
        let asked = Instant::now();
        let mut last = self.last.lock().await;
        match *last {
            Some((started, verdict)) if started >= asked => return verdict,
            _ => {}
        }
        let started = Instant::now();
        // Boxed: it is large and rare.
        let verdict = match Box::pin(client.products(None)).await {
            Ok(_) => AccountVerdict::Accepted,
            Err(error) if error.is_account_failure() => AccountVerdict::Refused,
            Err(error) => {
                warn!(obstacle = "account", %error, "HitPoints refuses an order, and the control call shows no reason; the order waits");
                AccountVerdict::Unclear
            }
        };
        *last = Some((started, verdict));
        verdict
    }
}
