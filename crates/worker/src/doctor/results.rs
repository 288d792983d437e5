use hp_queue::{Agreement, Handle, Recipients};

use super::CheckResult;
use crate::{config::Config, terminal::CommandError};

const CLEAR: &str = "card keys are published in clear text, and Redis is not on this machine: whoever can read its memory, its files or its backups can use the cards";
const REMEDY: &str = "seal the results: `worker keygen` makes a key pair and says what to set";

/// Warns if card keys are published in clear text in a Redis elsewhere. `seal_to`: the rule of the queue.
pub(crate) fn clear_text(config: &Config, seal_to: &Recipients) -> Option<String> {
    let is_clear = seal_to.is_empty() && !is_local(config);
    is_clear.then(|| format!("{CLEAR}. Remedy: {REMEDY}"))
}

/// Says who can read the cards of new results.
pub(super) async fn check(
    config: &Config,
    handle: &Handle,
    agreement: &Agreement,
) -> Result<Vec<CheckResult>, CommandError> {
    let what = "card keys";
    match handle.terms().await {
        Ok(terms) => agreement.adopt(&terms)?,
        // Other checks have reported it.
        Err(_) => return Ok(Vec::new()),
    };
    let seal_to = agreement.rules().seal_to;
    let names: Vec<_> = seal_to.iter().map(|(name, _)| name.to_string()).collect();
    Ok(vec![if !names.is_empty() {
        CheckResult::good(what, format!("sealed to {}", names.join(", ")))
    } else if is_local(config) {
        CheckResult::good(what, "published in clear text, on this machine")
    } else {
        CheckResult::poor(what, CLEAR, REMEDY)
    }])
}

fn is_local(config: &Config) -> bool {
    config.redis().is_ok_and(|client| client.is_local())
}
