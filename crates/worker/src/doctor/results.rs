use hp_queue::{Agreement, Handle, Recipients};

use super::CheckResult;
use crate::config::Config;

const WHAT: &str = "card keys";
const CLEAR: &str = "card keys are published in clear text, and Redis is not on this machine: whoever can read its memory, its files or its backups can use the cards";
const REMEDY: &str = "seal the results: `worker keygen` makes a key pair and says what to set";

/// Warns if card keys are published in clear text in a Redis elsewhere. `seal_to`: the rule of the queue.
pub(crate) async fn clear_text(config: &Config, seal_to: &Recipients) -> Option<String> {
    let is_clear = seal_to.is_empty() && !is_local(config).await;
    is_clear.then(|| format!("{CLEAR}. Remedy: {REMEDY}"))
}

/// Says who can read the cards of new results.
pub(super) async fn check(
    config: &Config,
    handle: &Handle,
    agreement: &Agreement,
) -> Vec<CheckResult> {
    // Other checks have reported it.
    let Ok(terms) = handle.terms().await else {
        return Vec::new();
    };
    let own = agreement.own_seal_to();
    let seal_to = match terms.seal_to() {
        // The first worker stores its own keys.
        Ok(_) if terms.account.is_none() => own.clone(),
        Ok(seal_to) => seal_to,
        Err(error) => {
            let remedy = "start a worker with the right `results.seal_to`: it stores its keys";
            return vec![CheckResult::bad(WHAT, error.to_string(), remedy)];
        }
    };
    vec![verdict(&seal_to, own, is_local(config).await)]
}

fn verdict(seal_to: &Recipients, own: &Recipients, is_local: bool) -> CheckResult {
    let names: Vec<_> = seal_to.iter().map(|(name, _)| name.to_string()).collect();
    if !names.is_empty() {
        return CheckResult::good(WHAT, format!("sealed to {}", names.join(", ")));
    }
    if !own.is_empty() {
        let seen =
            "published in clear text: these settings name public keys, and the queue has none";
        return CheckResult::poor(WHAT, seen, "start a worker with these settings");
    }
    if is_local {
        return CheckResult::good(WHAT, "published in clear text, on this machine");
    }
    CheckResult::poor(WHAT, CLEAR, REMEDY)
}

async fn is_local(config: &Config) -> bool {
    match config.redis() {
        Ok(client) => client.is_local().await,
        Err(_) => false,
    }
}
