//! Keeps this process and the queue in agreement about the account and the rules.

use std::time::Duration;

use hp_queue::{Join, QueueError, QueueTerms, RuleChange};
use tokio::time::sleep;
use tracing::{info, warn};

use super::{
    processor::OrderProcessor,
    pulse::Pulse,
    retry::{REDIS, endless_backoff},
    self_pause::Subject,
};
use crate::terminal::CommandError;

/// How often a process that keeps running reads the account and the rules of the queue.
const INTERVAL: Duration = Duration::from_secs(2);

/// Checks that the queue has no other account. Changes nothing. Waits until Redis is reachable.
///
/// # Errors
/// The queue has another account, or a newer program uses it.
pub(crate) async fn check_account(
    processor: &OrderProcessor,
    pulse: &Pulse,
) -> Result<(), CommandError> {
    let terms = until_reachable(pulse, || processor.queue.terms()).await?;
    processor.contact.note_answer();
    Ok(processor.agreement.check_account(&terms)?)
}

/// Gives the queue the account and the rules of this worker. Waits until Redis is reachable.
///
/// # Errors
/// The queue has another account, or a newer program uses it.
pub(crate) async fn join_as_worker(
    processor: &OrderProcessor,
    pulse: &Pulse,
) -> Result<(), CommandError> {
    let join = || {
        processor
            .queue
            .join(&processor.agreement, Join::WithOwnRules)
    };
    let before = until_reachable(pulse, join).await?;
    processor.agreement.check_account(&before)?;
    let account = processor.agreement.account();
    if before.account.is_none() {
        info!(%account, "the queue has an account now");
    }
    log_changes(
        &before.changes_to(&processor.agreement),
        "this worker has changed a rule of the queue",
    );
    // The queue may have public keys that these settings do not name.
    adopt(processor, pulse).await
}

/// Uses the account and the rules of the queue. Waits until Redis is reachable.
///
/// # Errors
/// The queue has another account, or a newer program uses it, or its rules do not fit this process.
pub(crate) async fn adopt(processor: &OrderProcessor, pulse: &Pulse) -> Result<(), CommandError> {
    let terms = until_reachable(pulse, || processor.queue.terms()).await?;
    processor.contact.note_answer();
    apply(processor, &terms)
}

/// Follows the account and the rules of the queue for as long as the process runs. Pauses this process while it does not
/// agree with the queue.
pub(crate) async fn follow(processor: &OrderProcessor, is_worker: bool) {
    loop {
        match read(processor, is_worker).await {
            Ok(terms) => {
                processor.contact.note_answer();
                let fault = apply(processor, &terms).err();
                set_fault(processor, fault.map(|fault| fault.to_string()));
            }
            Err(error @ QueueError::NewerProtocol(_)) => {
                processor.contact.note_answer();
                set_fault(processor, Some(error.to_string()));
            }
            Err(error) => {
                processor.contact.note_failure(&error);
                warn!(obstacle = REDIS, %error, "cannot read the account and the rules of the queue");
            }
        }
        sleep(INTERVAL).await;
    }
}

/// Pauses this process if a claim has found that it does not agree with the queue.
pub(crate) fn check_claim(processor: &OrderProcessor, error: &QueueError) {
    if matches!(
        error,
        QueueError::OtherAccount { .. } | QueueError::NewerProtocol(_)
    ) {
        set_fault(processor, Some(error.to_string()));
    }
}

fn set_fault(processor: &OrderProcessor, fault: Option<String>) {
    processor.self_pause.set(Subject::Terms, fault);
}

/// A worker also stores its account and its rules again if Redis has lost them.
async fn read(processor: &OrderProcessor, is_worker: bool) -> Result<QueueTerms, QueueError> {
    let terms = processor.queue.terms().await?;
    if terms.account.is_none() && is_worker {
        let join = Join::IfForgotten;
        return processor.queue.join(&processor.agreement, join).await;
    }
    let own = processor.agreement.own_seal_to();
    if is_worker && !own.is_empty() && terms.seal_to()?.is_empty() {
        warn!(
            "Redis has lost the public keys to which the queue seals cards; this worker stores its own again"
        );
        processor.queue.restore_seal_to(own).await?;
    }
    Ok(terms)
}

fn apply(processor: &OrderProcessor, terms: &QueueTerms) -> Result<(), CommandError> {
    processor.agreement.check_account(terms)?;
    log_changes(
        &processor.agreement.adopt(terms)?,
        "this process uses a rule of the queue",
    );
    Ok(processor.check_rules()?)
}

fn log_changes(changes: &[RuleChange], what: &str) {
    for RuleChange { name, old, new } in changes {
        let (old, new) = (or_unset(old.as_ref()), or_unset(new.as_ref()));
        info!(rule = name, old, new, "{what}");
    }
}

fn or_unset(value: Option<&String>) -> &str {
    value.map_or("not set", String::as_str)
}

/// Repeats a call until Redis is reachable. Each try is a round.
pub(crate) async fn until_reachable<T, F>(
    pulse: &Pulse,
    mut call: impl FnMut() -> F,
) -> Result<T, QueueError>
where
    F: Future<Output = Result<T, QueueError>>,
{
    let mut delays = endless_backoff();
    loop {
        pulse.note_round();
        match call().await {
            Err(error @ QueueError::Unreachable(_)) => {
                warn!(obstacle = REDIS, %error, "cannot use Redis; trying again");
                sleep(delays.next().unwrap_or(INTERVAL)).await;
            }
            answer => return answer,
        }
    }
}
