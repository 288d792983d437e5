use hp_queue::{Agreement, Handle, QueueError, QueueTerms};

use super::CheckResult;

/// Compares the account and the rules of these settings with those of the queue.
pub(super) async fn check(handle: &Handle, agreement: &Agreement) -> Vec<CheckResult> {
    let what = "account";
    let terms = match handle.terms().await {
        Ok(terms) => terms,
        // The checks of Redis have reported it.
        Err(QueueError::Unreachable(_)) => return Vec::new(),
        Err(error) => {
            let (seen, remedy) = error.cause_and_remedy();
            return vec![CheckResult::bad(what, seen, remedy)];
        }
    };
    let own = agreement.account();
    match &terms.account {
        None => vec![CheckResult::good(
            what,
            format!("{own}; the queue gets it from the first `worker run`"),
        )],
        Some(queue) if queue == own => vec![
            CheckResult::good(what, format!("{own}, which is that of the queue")),
            rules(&terms, agreement),
        ],
        Some(queue) => vec![CheckResult::bad(
            what,
            format!("the queue belongs to {queue}, but these settings name {own}"),
            "correct api.base_url and api.app_id or queue.prefix, or run `worker account switch`",
        )],
    }
}

/// Rules that differ are no fault: every process uses those of the queue.
fn rules(terms: &QueueTerms, agreement: &Agreement) -> CheckResult {
    let changes: Vec<String> = terms
        .changes_to(agreement)
        .iter()
        .map(|change| {
            let stored = change.old.as_deref().unwrap_or("not set");
            let own = change.new.as_deref().unwrap_or("not set");
            format!("{} is {stored} in the queue and {own} here", change.name)
        })
        .collect();
    if changes.is_empty() {
        return CheckResult::good("rules", "the queue has the rules of these settings");
    }
    CheckResult::poor(
        "rules",
        changes.join(", "),
        "all processes use the rules of the queue; a `worker run` with these settings would replace them",
    )
}
