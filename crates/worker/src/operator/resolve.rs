use hp_api::OrderId;
use hp_order::{Event, FailReason, Next, QueryVerdict, Resolution, State, Step, TerminalOutcome};
use hp_queue::Claim;

use super::decision::{
    Attribution, CLAIM_LOST, Decided, NotClaimed, claim, decide, on_other_account, query, release,
};
use super::interruption::Interruption;
use crate::{
    config::Config,
    engine::processor::OrderProcessor,
    random::Random,
    terminal::{CommandError, CommandResult},
};

/// Decides an order in review, if HitPoints' record permits it.
pub(crate) async fn resolve(
    config: &Config,
    id: &OrderId,
    resolution: Resolution,
    attribution: &Attribution,
    as_json: bool,
) -> CommandResult {
    let processor = OrderProcessor::open_for_review(config, Random::from_entropy()).await?;
    let interruption = Interruption::listen(config.drain)?;
    let decided = resolve_order(&processor, &interruption, id, resolution, attribution).await?;
    decided.print(as_json)?;
    Ok(decided.done)
}

async fn resolve_order<'a>(
    processor: &OrderProcessor,
    interruption: &Interruption,
    id: &'a OrderId,
    resolution: Resolution,
    attribution: &Attribution,
) -> Result<Decided<'a>, CommandError> {
    let word = word(resolution);
    let note = attribution.note(&format!("requested to be {word}"));
    let claim = match claim(processor, interruption, id, Some(note)).await? {
        Err(reason) => return Ok(Decided::not_done(id, None, reason.to_string())),
        Ok(claim) => claim,
    };
    let state = claim.record.state;
    if state != State::Review {
        release(processor, claim).await?;
        let reason = if state.has_ended() {
            NotClaimed::Ended.to_string()
        } else {
            format!("the order is {state}, not in review; it needs no decision")
        };
        return Ok(Decided::not_done(id, Some(state), reason));
    }
    if let Some(account) = &claim.record.other_account {
        let reason = on_other_account(account);
        release(processor, claim).await?;
        return Ok(Decided::not_done(id, Some(state), reason));
    }
    let (verdict, call) = query(processor, interruption, &claim).await?;
    let event = Event::Resolved(resolution, verdict.clone());
    Ok(match decide(processor, &claim, event, call).await? {
        None => Decided::not_done(id, None, CLAIM_LOST.into()),
        Some(step) if is_resolved(&step, resolution) => Decided::done(id, Some(step.state), word),
        Some(step) => {
            let obstacle = obstacle(&verdict, &step, &claim, resolution);
            Decided::not_done(id, Some(step.state), obstacle)
        }
    })
}

/// Why the decision was not applied, and what the operator can do.
fn obstacle(verdict: &QueryVerdict, step: &Step, claim: &Claim, resolution: Resolution) -> String {
    let (shows, what) = match verdict {
        QueryVerdict::OrderRefused(_) => (
            describe(verdict, claim, resolution),
            "cannot be read: ask HitPoints whether it was charged, then",
        ),
        QueryVerdict::Found(_) | QueryVerdict::Mismatch(_) if step.state == State::Review => {
            let evidence = step.message.as_deref().unwrap_or_default();
            (
                format!("HitPoints' record shows: {evidence}"),
                "does not fit,",
            )
        }
        _ => return describe(verdict, claim, resolution),
    };
    let wait = claim.record.closable_in(claim.at);
    if resolution == Resolution::Closed && !wait.is_zero() {
        let seconds = wait.as_secs() + 1;
        return format!(
            "{shows}. But a request may still arrive that changes the record: decide again in {seconds} s"
        );
    }
    format!(
        "{shows}. To end the order although its record {what} use --as closed with the reason in --why"
    )
}

const fn word(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Completed => "resolved as completed",
        Resolution::NotCharged => "resolved as not charged",
        Resolution::Resubmit => "resolved as to be resubmitted",
        Resolution::Closed => "closed",
    }
}

/// `true` if the step does what the operator decided.
fn is_resolved(step: &Step, resolution: Resolution) -> bool {
    match resolution {
        Resolution::Completed => step.state == State::Completed,
        Resolution::Resubmit => step.state == State::Waiting,
        Resolution::NotCharged => fail_reason(step) == Some(FailReason::Resolved),
        Resolution::Closed => fail_reason(step) == Some(FailReason::Closed),
    }
}

const fn fail_reason(step: &Step) -> Option<FailReason> {
    match step.next {
        Next::End(TerminalOutcome::Failed { reason, .. }) => Some(reason),
        _ => None,
    }
}

/// What HitPoints' record says against the decision.
pub(super) fn describe(verdict: &QueryVerdict, claim: &Claim, resolution: Resolution) -> String {
    match verdict {
        QueryVerdict::Found(_) => "HitPoints has charged the order, so it is completed".into(),
        QueryVerdict::Mismatch(mismatch) => format!("HitPoints' record shows: {mismatch}"),
        QueryVerdict::OrderRefused(doubt) => format!(
            "HitPoints refuses only the calls about this order: {}",
            doubt.message
        ),
        QueryVerdict::Unknown(doubt) | QueryVerdict::AccountRefused(doubt) => {
            format!("HitPoints gave no definite answer: {}", doubt.message)
        }
        QueryVerdict::NotFound => {
            let wait = claim.record.not_found_valid_in(claim.at);
            if !wait.is_zero() {
                let seconds = wait.as_secs() + 1;
                return format!(
                    "HitPoints has no record of the order, but a request may still arrive: decide again in {seconds} s"
                );
            }
            match resolution {
                Resolution::Resubmit => {
                    "the deadline of the order has passed: resolve it as not-charged".into()
                }
                Resolution::Closed => {
                    "HitPoints has no record of the order: resolve it as not-charged or resubmit"
                        .into()
                }
                _ => "HitPoints has no record of the order".into(),
            }
        }
    }
}
