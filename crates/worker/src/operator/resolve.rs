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
    let is_found = matches!(verdict, QueryVerdict::Found(_));
    let obstacle = describe(&verdict, &claim, resolution);
    let event = Event::Resolved(resolution, verdict);
    Ok(match decide(processor, &claim, event, call).await? {
        None => Decided::not_done(id, None, CLAIM_LOST.into()),
        Some(step) if is_resolved(&step, resolution) => Decided::done(id, Some(step.state), word),
        // The record belongs to another order: the step says why.
        Some(step) if is_found && step.state == State::Review => {
            Decided::not_done(id, Some(step.state), step.message.unwrap_or(obstacle))
        }
        Some(step) => Decided::not_done(id, Some(step.state), obstacle),
    })
}

const fn word(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Completed => "resolved as completed",
        Resolution::NotCharged => "resolved as not charged",
        Resolution::Resubmit => "resolved as to be resubmitted",
    }
}

/// `true` if the step does what the operator decided.
fn is_resolved(step: &Step, resolution: Resolution) -> bool {
    match resolution {
        Resolution::Completed => step.state == State::Completed,
        Resolution::Resubmit => step.state == State::Waiting,
        Resolution::NotCharged => matches!(
            step.next,
            Next::End(TerminalOutcome::Failed {
                reason: FailReason::Resolved,
                ..
            })
        ),
    }
}

/// What HitPoints' record says against the decision.
pub(super) fn describe(verdict: &QueryVerdict, claim: &Claim, resolution: Resolution) -> String {
    match verdict {
        QueryVerdict::Found(_) => "HitPoints has charged the order, so it is completed".into(),
        QueryVerdict::Mismatch(mismatch) => mismatch.to_string(),
        QueryVerdict::Unknown(doubt) => doubt.message.clone(),
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
                _ => "HitPoints has no record of the order".into(),
            }
        }
    }
}
