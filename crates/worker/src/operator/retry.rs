use std::time::Duration;

use hp_api::OrderId;
use hp_order::{Event, State};

use super::decision::{
    Attribution, CLAIM_LOST, Decided, NotClaimed, claim, decide, on_other_account, release,
};
use super::interruption::Interruption;
use crate::{
    config::Config,
    engine::processor::OrderProcessor,
    random::Random,
    terminal::{CommandError, CommandResult},
};

/// Makes orders due now. Those in review are queried again as if they were new.
pub(crate) async fn retry(
    config: &Config,
    ids: &[OrderId],
    attribution: &Attribution,
    as_json: bool,
) -> CommandResult {
    let processor = OrderProcessor::open(config, Random::from_entropy()).await?;
    let interruption = Interruption::listen(config.drain)?;
    let mut all_done = true;
    for id in ids {
        let decided = retry_order(&processor, &interruption, id, attribution).await?;
        all_done &= decided.done;
        decided.print(as_json)?;
    }
    Ok(all_done)
}

async fn retry_order<'a>(
    processor: &OrderProcessor,
    interruption: &Interruption,
    id: &'a OrderId,
    attribution: &Attribution,
) -> Result<Decided<'a>, CommandError> {
    let not_done = |reason: String| Decided::not_done(id, None, reason);
    let claim = match claim(
        processor,
        interruption,
        id,
        Some(attribution.note("retried")),
    )
    .await?
    {
        Ok(claim) => claim,
        Err(reason) => return Ok(not_done(reason.to_string())),
    };
    // An ended order can be claimed while a replay of its result waits.
    if claim.record.state.has_ended() {
        release(processor, claim).await?;
        return Ok(not_done(NotClaimed::Ended.to_string()));
    }
    if let (State::Review, Some(account)) = (claim.record.state, &claim.record.other_account) {
        let reason = on_other_account(account);
        release(processor, claim).await?;
        return Ok(not_done(reason));
    }
    // The balance may have been topped up: this order tests it.
    if let Some(scope) = claim.held {
        processor
            .control
            .hold_balance(scope, Duration::ZERO)
            .await?;
    }
    let retried = decide(processor, &claim, Event::Retried, Duration::ZERO);
    Ok(match retried.await? {
        None => not_done(CLAIM_LOST.into()),
        Some(step) => Decided::done(id, Some(step.state), "due now"),
    })
}
