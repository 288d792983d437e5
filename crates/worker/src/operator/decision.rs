//! What the decisions about single orders share: the claim by name, the settlement, and the line that is printed.

use std::time::Duration;

use hp_api::OrderId;
use hp_order::{Event, QueryVerdict, State, Step};
use hp_queue::{Claim, ClaimSkip};
use serde::Serialize;
use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::interruption::{Interrupted, Interruption};
use crate::{
    engine::{
        lease::while_leased,
        processor::OrderProcessor,
        settle::{Settler, order_span, settle},
        settlement::Settlement,
    },
    terminal::{CommandError, escape_control, outln},
};

/// The operator who decides, and the reason. The order's history stores both.
#[derive(Clone, Debug)]
pub(crate) struct Attribution {
    pub(crate) by: String,
    pub(crate) why: Option<String>,
}

impl Attribution {
    /// Returns the note for the history: the action, the operator and the reason.
    pub(super) fn note(&self, action: &str) -> String {
        let why = self
            .why
            .as_ref()
            .map_or_else(String::new, |why| format!(": {why}"));
        let note = format!("{action} by {}{why}", self.by);
        note.chars().take(300).collect()
    }
}

/// The printed outcome of a decision about one order.
#[derive(Serialize)]
pub(super) struct Decided<'a> {
    order_id: &'a str,
    pub(super) done: bool,
    state: Option<&'static str>,
    message: String,
}

/// Why an order was not claimed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotClaimed {
    #[error("the order has ended; its result is final")]
    Ended,
    #[error("a worker is processing the order; try again later")]
    Claimed,
    #[error("there is no such order")]
    Unknown,
    #[error("{0}")]
    Unusable(String),
}

/// The claim ended before the decision could be settled.
pub(super) const CLAIM_LOST: &str = "another worker claimed the order, or Redis was restarted; check `worker order`, then decide again";

/// Why an order that was submitted on another account cannot be decided with this one.
pub(super) fn on_other_account(account: &str) -> String {
    format!(
        "the order was submitted on account {account}, and only that account has its record: run `worker resolve` with api.base_url, api.app_id and the key of that account"
    )
}

/// Fails if the breaker is open or the queue is paused. Called before anything is requested that workers do later.
pub(super) async fn require_open_queue(processor: &OrderProcessor) -> Result<(), CommandError> {
    let permits = processor.control.acquire_permits(1).await?;
    match permits.paused {
        Some(reason) => Err(paused(&reason)),
        None if permits.is_breaker_open => Err(VENDOR_UNREACHABLE.into()),
        None => Ok(()),
    }
}

const VENDOR_UNREACHABLE: &str = "HitPoints does not answer; try again later";

fn paused(reason: &str) -> CommandError {
    format!("the queue is paused: {reason}. Fix the cause, then run `worker resume`").into()
}

/// Claims an order by its id. Waits for the rate limit.
pub(super) async fn claim(
    processor: &OrderProcessor,
    interruption: &Interruption,
    id: &OrderId,
    note: Option<String>,
) -> Result<Result<Claim, NotClaimed>, CommandError> {
    loop {
        interruption.check()?;
        let (ledger, lease) = (&processor.ledger, processor.lease);
        let mut batch = ledger.claim_named(1, lease, &[id.as_str()]).await?;
        if let Some(reason) = batch.paused {
            return Err(paused(&reason));
        }
        if let Some(claim) = batch.claims.pop() {
            return Ok(Ok(Claim { note, ..claim }));
        }
        let skip = batch
            .skips
            .into_iter()
            .find_map(|(_, skip)| not_claimed(skip));
        let unreadable = batch.unreadable.pop();
        let unreadable = unreadable.map(|(_, error)| NotClaimed::Unusable(error));
        match (skip.or(unreadable), batch.wait) {
            (Some(reason), _) => return Ok(Err(reason)),
            (None, Some(_)) if batch.breaker_open_since.is_some() => {
                return Err(VENDOR_UNREACHABLE.into());
            }
            (None, wait) => {
                let wait = tokio::time::sleep(wait.unwrap_or_default());
                interruption.unless(wait).await;
            }
        }
    }
}

fn not_claimed(skip: ClaimSkip) -> Option<NotClaimed> {
    match skip {
        ClaimSkip::Ended => Some(NotClaimed::Ended),
        ClaimSkip::Claimed => Some(NotClaimed::Claimed),
        ClaimSkip::Unknown => Some(NotClaimed::Unknown),
        ClaimSkip::Unusable(error) => Some(NotClaimed::Unusable(error)),
        // An operator's claim leaves no such order out.
        ClaimSkip::Repaired(_) | ClaimSkip::Unsent => None,
    }
}

/// Queries HitPoints for the record of a claimed order. Returns also how long the query took. Releases the order if the command
/// is interrupted.
pub(super) async fn query(
    processor: &OrderProcessor,
    interruption: &Interruption,
    claim: &Claim,
) -> Result<(QueryVerdict, Duration), CommandError> {
    let (query, started) = (processor.query(&claim.record, claim.at), Instant::now());
    let query = while_leased(&processor.ledger, claim, processor.lease, query);
    // On the heap, because it is large.
    let query = Box::pin(query.instrument(order_span(claim, &Span::none())));
    if let Some(verdict) = interruption.unless(query).await {
        return Ok((verdict, started.elapsed()));
    }
    release(processor, claim.clone()).await?;
    Err(Interrupted.into())
}

/// Settles a claimed order after a call that took this long. `None`: the claim was lost.
pub(super) async fn decide(
    processor: &OrderProcessor,
    claim: &Claim,
    event: Event,
    call: Duration,
) -> Result<Option<Step>, CommandError> {
    let inputs = processor.decision_inputs(claim.at).answered_after(call);
    let settled = settle(processor, claim, event, inputs, Settler::Operator)
        .instrument(order_span(claim, &Span::none()))
        .await?;
    match settled {
        Settlement::Applied(Step {
            pause: Some(reason),
            ..
        }) => Err(format!(
            "HitPoints refuses this account: {reason}. Fix the cause, then decide again"
        )
        .into()),
        Settlement::Applied(step) => Ok(Some(step)),
        Settlement::ClaimLost | Settlement::Restored => Ok(None),
    }
}

/// Releases an order that needs no decision, and leaves no trace in its history.
pub(super) async fn release(processor: &OrderProcessor, claim: Claim) -> Result<(), CommandError> {
    let claim = Claim {
        note: None,
        ..claim
    };
    let released = decide(processor, &claim, Event::Released, Duration::ZERO);
    released.await.map(drop)
}

impl<'a> Decided<'a> {
    pub(super) fn done(id: &'a OrderId, state: Option<State>, message: &str) -> Self {
        Self::new(id, true, state, message.into())
    }

    pub(super) fn not_done(id: &'a OrderId, state: Option<State>, message: String) -> Self {
        Self::new(id, false, state, message)
    }

    fn new(id: &'a OrderId, done: bool, state: Option<State>, message: String) -> Self {
        Self {
            order_id: id.as_str(),
            done,
            state: state.map(State::as_str),
            message,
        }
    }

    pub(super) fn print(&self, as_json: bool) -> std::io::Result<()> {
        if as_json {
            return outln!("{}", serde_json::to_string(self)?);
        }
        let state = self
            .state
            .map_or_else(String::new, |state| format!(" ({state})"));
        let not_done = if self.done { "" } else { "not done: " };
        outln!(
            "{}: {not_done}{}{state}",
            self.order_id,
            escape_control(&self.message)
        )
    }
}
