use std::time::Duration;

use hp_api::OrderId;
use hp_order::{Event, Next, Resolution, State};

use super::{
    decision::{Attribution, Decided, NotClaimed, claim, decide, query, require_open_queue},
    interruption::Interruption,
    resolve::describe,
};
use crate::{
    config::Config,
    engine::processor::OrderProcessor,
    random::Random,
    terminal::{CommandError, CommandResult},
};

/// Publishes the results of ended orders again. HitPoints' record has the cards of completed ones.
pub(crate) async fn republish(
    config: &Config,
    ids: &[OrderId],
    attribution: &Attribution,
    as_json: bool,
) -> CommandResult {
    let processor = OrderProcessor::open(config, Random::from_entropy()).await?;
    let interruption = Interruption::listen(config.drain)?;
    let mut all_done = true;
    for id in ids {
        interruption.check()?;
        let decided = match obstacle(&processor, id).await? {
            Some(reason) => Decided::not_done(id, None, reason),
            None => republish_order(&processor, &interruption, id, attribution).await?,
        };
        all_done &= decided.done;
        decided.print(as_json)?;
    }
    Ok(all_done)
}

/// Why there is no result to publish again.
async fn obstacle(
    processor: &OrderProcessor,
    id: &OrderId,
) -> Result<Option<String>, CommandError> {
    let snapshots = processor.inspector.snapshot(&[id.as_str()]).await?;
    Ok(match snapshots.into_iter().next() {
        None => Some(NotClaimed::Unknown.to_string()),
        Some(Err((_, error))) => Some(error),
        Some(Ok(snapshot)) => {
            let state = snapshot.record.state;
            let own = processor.agreement.account().as_str();
            match &snapshot.account {
                _ if !state.has_ended() => {
                    Some(format!("the order is {state} and has no result yet"))
                }
                Some(account) if state == State::Completed && account != own => Some(format!(
                    "the cards are at account {account}, which is not the account of the queue any more: look for the result in its stream, or switch the account back"
                )),
                _ => None,
            }
        }
    })
}

async fn republish_order<'a>(
    processor: &OrderProcessor,
    interruption: &Interruption,
    id: &'a OrderId,
    attribution: &Attribution,
) -> Result<Decided<'a>, CommandError> {
    require_open_queue(processor).await?;
    let now = processor.inspector.now().await?;
    processor.control.request_replay(id, now).await?;
    let by_worker = || Decided::done(id, None, "a worker publishes its result again");
    let claim = match claim(
        processor,
        interruption,
        id,
        Some(attribution.note("republished")),
    )
    .await?
    {
        Ok(claim) => claim,
        Err(NotClaimed::Claimed | NotClaimed::Ended) => return Ok(by_worker()),
        Err(reason) => return Ok(Decided::not_done(id, None, reason.to_string())),
    };
    let (event, answer, call) = if claim.record.state == State::Completed {
        let (verdict, call) = query(processor, interruption, &claim).await?;
        let answer = describe(&verdict, &claim, Resolution::Completed);
        (Event::Reconciled(verdict), answer, call)
    } else {
        (Event::ReplayRequested, String::new(), Duration::ZERO)
    };
    Ok(match decide(processor, &claim, event, call).await? {
        Some(step) if matches!(step.next, Next::End(_)) => {
            Decided::done(id, Some(step.state), "result published again")
        }
        Some(_) => Decided::not_done(id, None, format!("{answer}; the workers query again")),
        None => by_worker(),
    })
}
