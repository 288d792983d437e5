//! What a person decides about single orders: `worker retry`, `resolve` and `republish`.

use std::error::Error;

use clap::{Args, ValueEnum};
use hp_api::OrderId;
use hp_order::{
    DecisionInputs, Event, FailReason, Next, QueryVerdict, Resolution, State, Step, TerminalOutcome,
};
use hp_queue::{Claim, ClaimSkip};
use serde::Serialize;

use crate::{
    config::Config,
    out::{escape_control, outln},
    reconcile::settle,
    run::{OrderProcessor, keep::leased},
};

/// Orders by their ids.
#[derive(Clone, Debug, Args)]
pub(crate) struct Orders {
    /// The shop's own ids of the orders.
    #[arg(value_name = "ID", required = true)]
    ids: Vec<OrderId>,
    /// Why, for the orders' stories.
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Who does it, for the orders' stories; else the user of this machine.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Print what became of each as JSON, a line for each.
    #[arg(long)]
    json: bool,
}

/// One order.
#[derive(Clone, Debug, Args)]
pub(crate) struct One {
    /// The shop's own id of the order.
    #[arg(value_name = "ID")]
    pub(crate) id: OrderId,
    /// Print it as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// In which form something is printed.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Json {
    /// Print it as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a person says of an order.
#[derive(Clone, Debug, Args)]
pub(crate) struct Decision {
    /// The shop's own id of the order.
    #[arg(value_name = "ID")]
    id: OrderId,
    /// What to take it for.
    #[arg(long = "as", value_name = "WHAT")]
    verdict: Verdict,
    /// Why, for its story.
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// Who decides, for its story; else the user of this machine.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Print what became of it as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Verdict {
    /// It was charged.
    Completed,
    /// It was not charged, and is not wanted any more.
    NotCharged,
    /// It was not charged: submit it again.
    Resubmit,
}

/// What became of an order.
#[derive(Serialize)]
struct Outcome<'a> {
    order_id: &'a str,
    done: bool,
    state: Option<&'static str>,
    message: String,
}

/// Whether everything was done.
type Done = Result<bool, Box<dyn Error>>;

/// An order that could be claimed, or why not.
type ClaimResult = Result<Claim, NotOurs>;

/// Why an order cannot be claimed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum NotOurs {
    #[error("it has ended: its result stands")]
    Ended,
    #[error("a worker is at it")]
    Busy,
    #[error("there is no such order")]
    Unknown,
    #[error("{0}")]
    Unusable(String),
}

/// Somebody else has the order.
const TAKEN: &str =
    "another has it by now, or Redis was restarted: see `worker order`, and decide again";

/// `worker retry`.
pub(crate) async fn retry(config: &Config, orders: Orders) -> Done {
    let processor = OrderProcessor::open(config)?;
    let mut all_done = true;
    for id in &orders.ids {
        let note = note("retried", orders.by.as_deref(), orders.why.as_deref());
        let outcome = match claim(&processor, id, Some(note)).await? {
            Err(why) => Outcome::missed(id, None, why.to_string()),
            // It was claimed because its result is wanted once more.
            Ok(claimed) if claimed.record.state.has_ended() => {
                put_back(&processor, claimed).await?;
                Outcome::missed(id, None, NotOurs::Ended.to_string())
            }
            Ok(claimed) => match decide(&processor, &claimed, Event::Retried).await? {
                None => Outcome::missed(id, None, TAKEN.into()),
                Some(step) => Outcome::done(id, &step, "tried again now".into()),
            },
        };
        all_done &= outcome.done;
        outcome.print(orders.json)?;
    }
    Ok(all_done)
}

/// `worker resolve`.
pub(crate) async fn resolve(config: &Config, decision: Decision) -> Done {
    let processor = OrderProcessor::open(config)?;
    let outcome = resolved(&processor, &decision).await?;
    outcome.print(decision.json)?;
    Ok(outcome.done)
}

async fn resolved<'a>(
    processor: &OrderProcessor,
    decision: &'a Decision,
) -> Result<Outcome<'a>, Box<dyn Error>> {
    let Decision { id, verdict, .. } = decision;
    let word = verdict.word();
    let asked = format!("asked to be {word}");
    let note = note(&asked, decision.by.as_deref(), Some(&decision.why));
    let claimed = match claim(processor, id, Some(note)).await? {
        Err(why) => return Ok(Outcome::missed(id, None, why.to_string())),
        Ok(claimed) => claimed,
    };
    let state = claimed.record.state;
    if state != State::Review {
        put_back(processor, claimed).await?;
        let why = if state.has_ended() {
            NotOurs::Ended.to_string()
        } else {
            format!("it is {state}, not in review: it goes on by itself")
        };
        return Ok(Outcome::missed(id, Some(state), why));
    }
    let finding = look_up(processor, &claimed).await;
    let found = in_words(&finding, &claimed, *verdict, processor);
    let decided = Event::Resolved(verdict.resolution(), finding);
    Ok(match decide(processor, &claimed, decided).await? {
        None => Outcome::missed(id, None, TAKEN.into()),
        Some(step) if verdict.is_met_by(&step) => Outcome::done(id, &step, word.into()),
        Some(step) => Outcome::missed(id, Some(step.state), found),
    })
}

/// `worker republish`.
pub(crate) async fn republish(config: &Config, orders: Orders) -> Done {
    let processor = OrderProcessor::open(config)?;
    let mut all_done = true;
    for id in &orders.ids {
        let note = note("told again", orders.by.as_deref(), orders.why.as_deref());
        let outcome = match tell_again(&processor, id, note).await? {
            Ok(told) => told,
            Err(why) => Outcome::missed(id, None, why),
        };
        all_done &= outcome.done;
        outcome.print(orders.json)?;
    }
    Ok(all_done)
}

async fn tell_again<'a>(
    processor: &OrderProcessor,
    id: &'a OrderId,
    note: String,
) -> Result<Result<Outcome<'a>, String>, Box<dyn Error>> {
    let looked = processor.inspector.snapshot(&[id.as_str()]).await?;
    match looked.first() {
        None => return Ok(Err("there is no such order".into())),
        Some(Err((_, why))) => return Ok(Err(why.clone())),
        Some(Ok(looked)) if !looked.record.state.has_ended() => {
            let state = looked.record.state;
            return Ok(Err(format!("it is {state}: it has no result yet")));
        }
        Some(Ok(_)) => {}
    }
    let by_a_worker = || Outcome {
        order_id: id.as_str(),
        done: true,
        state: None,
        message: "a worker tells its result again".into(),
    };
    may_claim(processor).await?;
    let now = processor.inspector.now().await?;
    processor.control.request_replay(id, now).await?;
    let claimed = match claim(processor, id, Some(note)).await? {
        Ok(claimed) => claimed,
        Err(NotOurs::Busy | NotOurs::Ended) => return Ok(Ok(by_a_worker())),
        Err(why) => return Ok(Err(why.to_string())),
    };
    let (event, found) = match claimed.record.state {
        State::Completed => {
            let finding = look_up(processor, &claimed).await;
            let found = in_words(&finding, &claimed, Verdict::Completed, processor);
            (Event::Reconciled(finding), found)
        }
        _ => (Event::ReplayRequested, String::new()),
    };
    let step = decide(processor, &claimed, event).await?;
    Ok(match step {
        Some(step) if matches!(step.next, Next::End(_)) => {
            Ok(Outcome::done(id, &step, "its result is told again".into()))
        }
        Some(_) => Err(format!("{found}; the workers go on asking")),
        None => Ok(by_a_worker()),
    })
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Completed => "resolved as completed",
            Self::NotCharged => "resolved as not charged",
            Self::Resubmit => "resolved as to be resubmitted",
        }
    }

    const fn resolution(self) -> Resolution {
        match self {
            Self::Completed => Resolution::Completed,
            Self::NotCharged => Resolution::NotCharged,
            Self::Resubmit => Resolution::Resubmit,
        }
    }

    fn is_met_by(self, step: &Step) -> bool {
        match self {
            Self::Completed => step.state == State::Completed,
            Self::Resubmit => step.state == State::Waiting,
            Self::NotCharged => matches!(
                step.next,
                Next::End(TerminalOutcome::Failed {
                    reason: FailReason::Resolved,
                    ..
                })
            ),
        }
    }
}

/// Before anything is asked for that would be done later in any case.
async fn may_claim(processor: &OrderProcessor) -> Result<(), Box<dyn Error>> {
    let leave = processor.control.acquire_permits(1).await?;
    match leave.paused {
        Some(reason) => Err(paused(&reason)),
        None if leave.is_breaker_open => Err(SILENT.into()),
        None => Ok(()),
    }
}

fn paused(reason: &str) -> Box<dyn Error> {
    format!("the queue is paused: {reason}; see to it, then `worker resume`").into()
}

const SILENT: &str = "HitPoints gives no answers; try again when it does";

/// Claims an order by its id, for a person.
async fn claim(
    processor: &OrderProcessor,
    id: &OrderId,
    note: Option<String>,
) -> Result<ClaimResult, Box<dyn Error>> {
    loop {
        let mut taken = processor
            .ledger
            .claim_named(1, processor.lease, &[id.as_str()])
            .await?;
        if let Some(reason) = taken.paused {
            return Err(paused(&reason));
        }
        if let Some(claimed) = taken.claims.pop() {
            return Ok(Ok(Claim { note, ..claimed }));
        }
        let told = taken.skips.into_iter().map(|(_, told)| told);
        let why = told.into_iter().find_map(|told| match told {
            ClaimSkip::Ended => Some(NotOurs::Ended),
            ClaimSkip::Claimed => Some(NotOurs::Busy),
            ClaimSkip::Unknown => Some(NotOurs::Unknown),
            ClaimSkip::Unusable(why) => Some(NotOurs::Unusable(why)),
            ClaimSkip::Repaired(_) => None,
        });
        let unreadable = taken.unreadable.pop();
        let unreadable = unreadable.map(|(_, why)| NotOurs::Unusable(why));
        match (why.or(unreadable), taken.wait) {
            (Some(why), _) => return Ok(Err(why)),
            (None, Some(_)) if taken.breaker_open_since.is_some() => {
                return Err(SILENT.into());
            }
            (None, wait) => tokio::time::sleep(wait.unwrap_or_default()).await,
        }
    }
}

async fn look_up(processor: &OrderProcessor, claimed: &Claim) -> QueryVerdict {
    leased(
        processor,
        claimed,
        processor.look_up(&claimed.record, claimed.at),
    )
    .await
}

/// What HitPoints said, for the person whose decision it stands against.
fn in_words(
    finding: &QueryVerdict,
    claimed: &Claim,
    verdict: Verdict,
    processor: &OrderProcessor,
) -> String {
    match finding {
        QueryVerdict::Found(_) => "HitPoints has charged it: it is completed".into(),
        QueryVerdict::Mismatch(mismatch) => mismatch.to_string(),
        QueryVerdict::Unknown(doubt) => doubt.message.clone(),
        QueryVerdict::NotFound => {
            let record = &claimed.record;
            let wait = record.not_found_valid_in(&processor.policy, claimed.at);
            if wait.is_zero() && verdict == Verdict::Resubmit {
                return "its deadline has passed: resolve it as not-charged".into();
            }
            if wait.is_zero() {
                return "HitPoints has no record of it".into();
            }
            let seconds = wait.as_secs() + 1;
            format!(
                "HitPoints has no record of it, but a request may still arrive: decide in {seconds} s"
            )
        }
    }
}

async fn put_back(processor: &OrderProcessor, claimed: Claim) -> Result<(), Box<dyn Error>> {
    let claimed = Claim {
        note: None,
        ..claimed
    };
    decide(processor, &claimed, Event::Released).await.map(drop)
}

async fn decide(
    processor: &OrderProcessor,
    claimed: &Claim,
    event: Event,
) -> Result<Option<Step>, Box<dyn Error>> {
    let moment = DecisionInputs {
        now: claimed.at,
        jitter: rand::random(),
    };
    let step = settle(processor, claimed, event, moment).await?;
    match step.as_ref().and_then(|step| step.pause.as_ref()) {
        Some(reason) => Err(format!("HitPoints does not serve this account: {reason}").into()),
        None => Ok(step),
    }
}

/// The user of this machine.
pub(crate) fn user() -> String {
    std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_else(|_| "somebody".into())
}

/// What was done, who did it and why.
fn note(what: &str, by: Option<&str>, why: Option<&str>) -> String {
    let by = by.map_or_else(user, Into::into);
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    let note = format!("{what} by {by}{why}");
    note.chars().take(300).collect()
}

impl<'a> Outcome<'a> {
    fn done(id: &'a OrderId, step: &Step, message: String) -> Self {
        Self {
            order_id: id.as_str(),
            done: true,
            state: Some(step.state.as_str()),
            message,
        }
    }

    fn missed(id: &'a OrderId, state: Option<State>, message: String) -> Self {
        Self {
            order_id: id.as_str(),
            done: false,
            state: state.map(State::as_str),
            message,
        }
    }

    fn print(&self, as_json: bool) -> std::io::Result<()> {
        if as_json {
            outln!("{}", serde_json::to_string(self)?)?;
        } else {
            let state = self
                .state
                .map_or_else(String::new, |state| format!(" ({state})"));
            outln!(
                "{}: {}{state}",
                self.order_id,
                escape_control(&self.message)
            )?;
        }
        Ok(())
    }
}
