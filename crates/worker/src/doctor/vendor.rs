use std::time::Duration;

use hp_api::{CallError, Client};
use hp_queue::Inspector;

use super::CheckResult;
use crate::{clock::now, engine::not_found_probe::NotFoundProbe};

/// HitPoints refuses a request whose date differs by more than some minutes. How many is not documented.
const CLOCK_LIMIT: Duration = Duration::from_mins(1);

pub(super) async fn check(client: &Client, inspector: &Inspector) -> Vec<CheckResult> {
    match client.products(None).await {
        Ok(list) => vec![
            CheckResult::good(
                "credentials",
                format!("accepted; {} products may be ordered", list.products.len()),
            ),
            clock(client).await,
            probe(client, inspector).await,
        ],
        Err(error) => {
            let mut results = vec![failed("credentials", &error)];
            // An answer that is stale or unverified has a date; a refusal has none.
            if matches!(error, CallError::Stale(_) | CallError::Unverified(_)) {
                results.push(clock(client).await);
            }
            results
        }
    }
}

async fn clock(client: &Client) -> CheckResult {
    match client.time().await {
        Ok(theirs) => {
            let ours = now();
            let difference = ours
                .duration_since(theirs)
                .unwrap_or_else(|ahead| ahead.duration());
            // The header carries whole seconds.
            let difference = difference.saturating_sub(Duration::from_secs(1));
            CheckResult::clock("vendor's clock", "HitPoints", difference, CLOCK_LIMIT)
        }
        Err(error) => failed("vendor's clock", &error),
    }
}

fn failed(what: &'static str, error: &CallError) -> CheckResult {
    let text = error.to_string();
    let (seen, remedy) = text
        .rsplit_once("; ")
        .unwrap_or((&text, "check api.* in the configuration"));
    CheckResult::bad(what, seen, remedy)
}

async fn probe(client: &Client, inspector: &Inspector) -> CheckResult {
    let what = "probe";
    let probe = NotFoundProbe::new(client.clone(), inspector.clone());
    match probe.known_or_learned().await {
        Ok(answer) => CheckResult::good(what, format!("{answer} means \"not found\"")),
        Err(error) => CheckResult::poor(
            what,
            error.to_string(),
            "try again later. Until the answer is clear, no order in doubt is submitted again; it goes to review instead",
        ),
    }
}
