use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hp_api::{CallError, Client, RefusalKind};
use hp_queue::{Account, Handle, Inspector};

use super::CheckResult;
use crate::{clock::now, engine::not_found_probe::NotFoundProbe};

/// HitPoints refuses a request whose date differs by more than some minutes. How many is not documented. Redis' clock decides
/// deadlines and dates the ledger, so an operator who compares it with HitPoints' records needs them close together, too.
const CLOCK_LIMIT: Duration = Duration::from_mins(1);

pub(super) async fn check(client: &Client, handle: &Handle, account: &Account) -> Vec<CheckResult> {
    let inspector = &Inspector::new(handle.clone());
    match client.products(None).await {
        Ok(list) => {
            let accepted = format!("accepted; {} products may be ordered", list.products.len());
            let mut results = vec![CheckResult::good("credentials", accepted)];
            results.extend(clocks(client, inspector).await);
            results.push(probe(client, inspector, account).await);
            results
        }
        Err(error) => {
            let mut results = vec![not_accepted(&error)];
            // An answer that is stale or unverified has a date; a refusal has none.
            if matches!(error, CallError::Stale(_) | CallError::Unverified(_)) {
                results.extend(clocks(client, inspector).await);
            }
            results
        }
    }
}

/// Compares the clock of HitPoints with that of this machine and that of Redis.
async fn clocks(client: &Client, inspector: &Inspector) -> Vec<CheckResult> {
    let theirs = match client.time().await {
        Ok(theirs) => theirs,
        Err(error) => return vec![failed("vendor's clock", &error)],
    };
    let mut results = vec![clock(
        "vendor's clock",
        "HitPoints and this machine",
        theirs,
        now(),
    )];
    // The checks of Redis have reported a failure.
    if let Ok(redis) = inspector.now().await {
        let redis = UNIX_EPOCH + Duration::from_millis(redis.0);
        results.push(clock(
            "ledger's clock",
            "HitPoints and Redis",
            theirs,
            redis,
        ));
    }
    results
}

fn clock(what: &'static str, owners: &str, one: SystemTime, other: SystemTime) -> CheckResult {
    let difference = one
        .duration_since(other)
        .unwrap_or_else(|ahead| ahead.duration());
    // The header carries whole seconds.
    let difference = difference.saturating_sub(Duration::from_secs(1));
    CheckResult::clock(what, owners, difference, CLOCK_LIMIT)
}

/// Says what is true: only an answer about them shows that the credentials are wrong.
fn not_accepted(error: &CallError) -> CheckResult {
    match error {
        CallError::NeverSent(why) => CheckResult::bad(
            VENDOR,
            format!("unreachable: {why}"),
            "check api.base_url, DNS, firewall and network, and whether HitPoints is up; the request was never sent",
        ),
        CallError::Lost(why) => CheckResult::bad(
            VENDOR,
            format!("does not answer: {why}"),
            "ask HitPoints whether it is up, and check what is between: firewall, proxy, network",
        ),
        CallError::Status(401 | 403 | 407) | CallError::Unverified(_) => {
            failed("credentials", error)
        }
        CallError::Api(api) => match RefusalKind::from_code(api.code) {
            Some(RefusalKind::Credentials) => failed("credentials", error),
            Some(RefusalKind::StaleDate) => failed("vendor's clock", error),
            _ => failed(VENDOR, error),
        },
        CallError::Stale(_) => failed("vendor's clock", error),
        _ => failed(VENDOR, error),
    }
}

const VENDOR: &str = "vendor";

fn failed(what: &'static str, error: &CallError) -> CheckResult {
    let text = error.to_string();
    let (seen, remedy) = text
        .rsplit_once("; ")
        .unwrap_or((&text, "check api.* in the configuration"));
    CheckResult::bad(what, seen, remedy)
}

async fn probe(client: &Client, inspector: &Inspector, account: &Account) -> CheckResult {
    let what = "probe";
    let probe = NotFoundProbe::new(client.clone(), inspector.clone(), account.clone());
    match probe.known_or_learned().await {
        Ok(answer) => CheckResult::good(what, format!("{answer} means \"not found\"")),
        Err(error) => CheckResult::poor(
            what,
            error.to_string(),
            "try again later. Until the answer is clear, no order in doubt is submitted again; it goes to review instead",
        ),
    }
}
