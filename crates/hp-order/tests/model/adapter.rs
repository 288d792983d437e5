//! Calls `plan` and `step` of `hp_order` for a job of the model.

use std::{sync::LazyLock, time::Duration};

use hp_api::{
    Doubt, DoubtKind, Lookup, NotFoundAnswer, OrderStatus, Outcome, Refusal, RefusalKind,
};
use hp_order::{
    Backoff, Cause, DecisionInputs, Event, Expiry, Policy, QueryVerdict, Record, Rejection,
    Resolution, State, Step, Task, plan, step,
};

use crate::{
    order::{GIVE_UP_AFTER, MAX_CRASHES, NOW, TICK, WANTED},
    setting::{Fault, Setting},
    time::{Age, RESUBMIT},
    world::{Job, Observation, Purpose},
};

const NOT_FOUND: NotFoundAnswer = NotFoundAnswer::Code(400_119);
const OTHER_DENIAL: NotFoundAnswer = NotFoundAnswer::Code(500_001);

/// What the worker does: the real `plan`.
pub(crate) fn task(job: &Job, setting: &Setting) -> Task {
    if job.purpose.is_some() {
        return Task::Query;
    }
    let record = job.order.record(job.not_found_valid_in);
    match plan(&record, &POLICY, NOW) {
        Task::Query if setting.has(Fault::ResubmitsWithoutQuery) => Task::Submit,
        task => task,
    }
}

/// What becomes of the order: the real `step`.
pub(crate) fn step_after(job: &Job, observation: Observation, setting: &Setting) -> Step {
    let inputs = DecisionInputs::new(NOW, 0.5);
    let trusts_not_found = setting.has(Fault::TrustsNotFoundAtOnce);
    let closes_at_once =
        job.purpose == Some(Purpose::Close) && setting.has(Fault::ClosesWithoutWaiting);
    let knows_no_wait = trusts_not_found || closes_at_once;
    let valid_in = job.not_found_valid_in.filter(|_| !knows_no_wait);
    let event = match (job.purpose, event(seen(job, observation, setting), setting)) {
        (Some(Purpose::Reconcile), Event::Queried(verdict)) => Event::Reconciled(verdict),
        (Some(Purpose::GiveUp), Event::Queried(verdict)) => {
            Event::Resolved(Resolution::NotCharged, verdict)
        }
        (Some(Purpose::Resubmit), Event::Queried(verdict)) => {
            Event::Resolved(Resolution::Resubmit, verdict)
        }
        (Some(Purpose::Close), Event::Queried(verdict)) => {
            Event::Resolved(Resolution::Closed, verdict)
        }
        (_, event) => event,
    };
    let record = job.order.record(valid_in);
    let mut record = Record {
        arrives_until: record.arrives_until.filter(|_| !knows_no_wait),
        ..record
    };
    let mut event = event;
    if observation == Observation::Refused && setting.has(Fault::FinalRefusalEndsAtOnce) {
        (record.state, record.cause) = (State::Uncertain, Some(Cause::Refused));
        event = Event::Queried(QueryVerdict::NotFound);
    }
    step(&record, event, &POLICY, inputs)
}

/// The fault takes any record for one that does not fit, as soon as no request can arrive.
fn seen(job: &Job, observation: Observation, setting: &Setting) -> Observation {
    let is_fault = job.purpose == Some(Purpose::Close) && setting.has(Fault::ClosesFittingRecord);
    let has_arrived = job.order.submitted.is_none_or(|age| age >= RESUBMIT);
    match observation {
        Observation::Found(_) if is_fault && has_arrived => Observation::FoundOlder,
        _ => observation,
    }
}

static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy {
    backoff: Backoff::new(Duration::from_secs(1), Duration::from_mins(5)).unwrap(),
    resubmit_after: TICK * u32::from(RESUBMIT),
    give_up_after: GIVE_UP_AFTER,
    max_crashes: u32::from(MAX_CRASHES),
    clock_tolerance: Duration::ZERO,
});

fn event(observation: Observation, setting: &Setting) -> Event {
    match observation {
        Observation::Charged(age) => {
            Event::Submitted(Outcome::Charged(vendor_record(Some(ticks(age)))))
        }
        Observation::ChargedBefore => {
            Event::Submitted(Outcome::Charged(vendor_record(older_record_age(setting))))
        }
        Observation::Refused => refused(RefusalKind::Final),
        Observation::LowBalance => refused(RefusalKind::LowBalance),
        Observation::NeverSent => refused(RefusalKind::NeverSent),
        Observation::NoAnswer if setting.has(Fault::TakesSilenceForTurnedAway) => turned_away(),
        Observation::TurnedAway => turned_away(),
        Observation::NoAnswer => Event::Submitted(Outcome::Unknown(doubt(DoubtKind::Lost))),
        Observation::Exists => Event::Submitted(Outcome::Unknown(doubt(DoubtKind::Exists))),
        Observation::Blocked if setting.has(Fault::TrustsFrontEnd) => {
            refused(RefusalKind::Credentials)
        }
        Observation::Blocked if setting.has(Fault::PausesWithoutControl) => {
            Event::AccountRefused(Outcome::Unknown(doubt(DoubtKind::Blocked)))
        }
        Observation::Blocked => Event::OrderRefused(Outcome::Unknown(doubt(DoubtKind::Blocked))),
        Observation::Found(age) => {
            queried(Lookup::Found(vendor_record(Some(ticks(age)))), NOT_FOUND)
        }
        Observation::FoundOlder => {
            let record = vendor_record(older_record_age(setting));
            queried(Lookup::Found(record), NOT_FOUND)
        }
        Observation::NotFound => queried(Lookup::NotFound(NOT_FOUND), NOT_FOUND),
        Observation::OtherDenial if setting.has(Fault::TrustsAnyDenial) => {
            queried(Lookup::NotFound(OTHER_DENIAL), OTHER_DENIAL)
        }
        Observation::OtherDenial => queried(Lookup::NotFound(OTHER_DENIAL), NOT_FOUND),
        Observation::QueryBlocked => {
            Event::Queried(QueryVerdict::OrderRefused(doubt(DoubtKind::Blocked)))
        }
        Observation::QueryUnanswered => queried(Lookup::Unknown(doubt(DoubtKind::Lost)), NOT_FOUND),
        Observation::Declined => Event::Declined(Rejection::UnknownProduct),
        Observation::TooOld => Event::Expired(Expiry::GiveUp),
        Observation::Crashed => Event::Crashed,
        Observation::Released => Event::Released,
        Observation::Retried => Event::Retried,
    }
}

fn turned_away() -> Event {
    Event::Submitted(Outcome::Unknown(doubt(DoubtKind::TurnedAway(None))))
}

fn refused(kind: RefusalKind) -> Event {
    Event::Submitted(Outcome::NotCharged(Refusal {
        kind,
        code: None,
        message: String::new(),
    }))
}

fn doubt(kind: DoubtKind) -> Doubt {
    Doubt {
        kind,
        code: None,
        message: String::new(),
    }
}

fn queried(lookup: Lookup, probe: NotFoundAnswer) -> Event {
    Event::Queried(QueryVerdict::of(lookup, Some(probe)))
}

/// A record of this age, of which nothing else matters.
fn vendor_record(record_age: Option<Duration>) -> Box<hp_api::Order> {
    Box::new(hp_api::Order {
        record_age,
        ..*CHARGED.clone()
    })
}

fn ticks(age: Age) -> Duration {
    TICK * u32::from(age)
}

/// A record of the time before the ledger forgot the id. The fault leaves its age out of account.
fn older_record_age(setting: &Setting) -> Option<Duration> {
    (!setting.has(Fault::IgnoresRecordAge)).then_some(TICK * 100)
}

/// HitPoints' record of the order. `step` takes it as verified; its content does not matter here.
static CHARGED: LazyLock<Box<hp_api::Order>> = LazyLock::new(|| {
    Box::new(hp_api::Order {
        hp_order_id: 417,
        out_trade_id: WANTED.order_id.clone(),
        product_id: WANTED.product_id,
        quantity: WANTED.quantity,
        currency: Some("CNY".parse().unwrap()),
        par_value: Some("50.00".parse().unwrap()),
        unit_price: "43.75".parse().unwrap(),
        total_price: "43.75".parse().unwrap(),
        reseller_discount: None,
        category_name: None,
        product_name: None,
        status: OrderStatus::Completed,
        create_time: Some(0),
        record_age: Some(Duration::ZERO),
        cards: Vec::new(),
    })
});
