use std::time::Duration;

use hp_api::{CallError, Client};
use hp_queue::Inspector;

use super::CheckResult;
use crate::{clock, probe::Probe};

/// HitPoints refuses a request whose date is further off than some minutes; nobody has said how many.
const CLOCK: Duration = Duration::from_mins(1);

pub(super) async fn findings(client: &Client, inspector: &Inspector) -> Vec<CheckResult> {
    match client.products(None).await {
        Ok(products) => vec![
            CheckResult::good(
                "credentials",
                format!("{} products to order", products.len()),
            ),
            clock_of(client).await,
            probe(client, inspector).await,
        ],
        Err(error) => {
            let mut findings = vec![unheard("credentials", &error)];
            // An answer from the wrong place or time has a date all the same; one that refuses has none.
            if matches!(error, CallError::Stale(_) | CallError::Unverified(_)) {
                findings.push(clock_of(client).await);
            }
            findings
        }
    }
}

async fn clock_of(client: &Client) -> CheckResult {
    match client.time().await {
        Ok(theirs) => {
            let ours = clock::now();
            let difference = ours
                .duration_since(theirs)
                .unwrap_or_else(|ahead| ahead.duration());
            // The header has whole seconds.
            let difference = difference.saturating_sub(Duration::from_secs(1));
            CheckResult::of_clock("vendor's clock", "HitPoints", difference, CLOCK)
        }
        Err(error) => unheard("vendor's clock", &error),
    }
}

fn unheard(what: &'static str, error: &CallError) -> CheckResult {
    let text = error.to_string();
    let (seen, remedy) = text
        .rsplit_once("; ")
        .unwrap_or((&text, "see api.* in the configuration"));
    CheckResult::bad(what, seen, remedy)
}

async fn probe(client: &Client, inspector: &Inspector) -> CheckResult {
    let what = "probe";
    match Probe::new(client.clone(), inspector.clone())
        .find_out()
        .await
    {
        Ok(answer) => {
            CheckResult::good(what, format!("{answer} means that there is no such order"))
        }
        Err(error) => CheckResult::poor(
            what,
            error.to_string(),
            "try again; until it is clear, an order in doubt is never submitted again but goes to review",
        ),
    }
}
