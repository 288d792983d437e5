//! The way to the real rules and back: what the model says in ages and single words, `hp_order` wants in full.

use std::{sync::LazyLock, time::Duration};

use hp_api::{
    DoubtKind, FetchCards, Lookup, NotFoundAnswer, OrderStatus, Outcome, Refusal, RefusalKind,
};
use hp_order::{
    Backoff, Cause, DecisionInputs, Event, Expiry, Millis, Policy, QueryVerdict, Record, Rejection,
    Resolution, Step, Task, plan, step,
};

use crate::{
    action::Named,
    rules::{Fault, RESUBMIT, Setting},
    world::{Age, Job, Told},
};

/// Workers that may die with the order before a person gets it.
pub(crate) const MAX_CRASHES: u8 = 3;

const TICK: Duration = Duration::from_mins(1);
const GIVE_UP: Duration = Duration::from_hours(1);
const NOW: Millis = Millis(1_700_000_000_000);

const NOT_FOUND: NotFoundAnswer = NotFoundAnswer::Code(400_119);
const ODD_NO: NotFoundAnswer = NotFoundAnswer::Code(500_001);

/// `hp_order::Cause`, as far as the model goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Doubt {
    WorkerDied,
    RedisRestarted,
    Refused,
    Exists,
    Lost,
}

impl Doubt {
    pub(crate) fn of(cause: Cause) -> Self {
        match cause {
            Cause::WorkerDied => Self::WorkerDied,
            Cause::RedisRestarted => Self::RedisRestarted,
            Cause::Refused => Self::Refused,
            Cause::Answer(DoubtKind::Exists) => Self::Exists,
            Cause::Answer(_) => Self::Lost,
        }
    }

    fn cause(self) -> Cause {
        match self {
            Self::WorkerDied => Cause::WorkerDied,
            Self::RedisRestarted => Cause::RedisRestarted,
            Self::Refused => Cause::Refused,
            Self::Exists => Cause::Answer(DoubtKind::Exists),
            Self::Lost => Cause::Answer(DoubtKind::Lost),
        }
    }
}

/// What the worker is to do: the real `plan`.
pub(crate) fn task(job: &Job, setting: &Setting) -> Task {
    if job.named.is_some() {
        return Task::Query;
    }
    match plan(&record(job), &policy(setting), NOW) {
        Task::Query if setting.lacks(Fault::RetriesWithoutAsking) => Task::Submit,
        task => task,
    }
}

/// What becomes of the order: the real `step`.
pub(crate) fn outcome(job: &Job, told: Told, setting: &Setting) -> Step {
    let moment = DecisionInputs {
        now: NOW,
        jitter: 0.5,
    };
    let mut record = record(job);
    if setting.lacks(Fault::BelievesNotFoundAtOnce) {
        record.not_found_valid_from = None;
    }
    let event = match (job.named, event(told, setting)) {
        (Some(Named::Run), Event::Queried(finding)) => Event::Reconciled(finding),
        (Some(Named::GiveUp), Event::Queried(finding)) => {
            Event::Resolved(Resolution::NotCharged, finding)
        }
        (Some(Named::Resubmit), Event::Queried(finding)) => {
            Event::Resolved(Resolution::Resubmit, finding)
        }
        (_, event) => event,
    };
    step(&record, event, &policy(setting), moment)
}

fn policy(setting: &Setting) -> Policy {
    let resubmit_after = if setting.lacks(Fault::BelievesNotFoundAtOnce) {
        Duration::ZERO
    } else {
        TICK * u32::from(RESUBMIT)
    };
    Policy {
        backoff: *BACKOFF,
        resubmit_after,
        give_up_after: GIVE_UP,
        max_crashes: u32::from(MAX_CRASHES),
    }
}

static BACKOFF: LazyLock<Backoff> =
    LazyLock::new(|| Backoff::new(Duration::from_secs(1), Duration::from_mins(5)).unwrap());

fn ago(age: Age) -> Millis {
    let passed = TICK * u32::from(age);
    Millis(NOW.0 - u64::try_from(passed.as_millis()).unwrap())
}

fn record(job: &Job) -> Record {
    let order = &job.order;
    let give_up = u64::try_from(GIVE_UP.as_millis()).unwrap();
    Record {
        wanted: WANTED.clone(),
        state: order.state,
        claim: u64::from(order.claim),
        attempts: u32::from(order.attempts),
        checks: 0,
        crashes: u32::from(order.crashes),
        accepted_at: Millis(NOW.0 - if order.is_old { give_up } else { 0 }),
        submitted_at: order.submitted.map(ago),
        not_found_valid_from: job.doubt_left.map(|left| NOW.plus(TICK * u32::from(left))),
        renewed_at: None,
        due_at: None,
        deadline: None,
        cause: order.doubt.map(Doubt::cause),
        code: None,
        message: None,
        failed: None,
        rejected: None,
    }
}

fn event(told: Told, setting: &Setting) -> Event {
    match told {
        Told::Charged => Event::Submitted(Outcome::Charged(CHARGED.clone())),
        Told::Refused => refused(RefusalKind::Final),
        Told::LowBalance => refused(RefusalKind::LowBalance),
        Told::NeverSent => refused(RefusalKind::NeverSent),
        Told::NoAnswer => Event::Submitted(Outcome::Unknown(doubt(DoubtKind::Lost))),
        Told::Exists => Event::Submitted(Outcome::Unknown(doubt(DoubtKind::Exists))),
        Told::Found => queried(Lookup::Found(CHARGED.clone()), Some(NOT_FOUND)),
        Told::NotFound => queried(Lookup::NotFound(NOT_FOUND), Some(NOT_FOUND)),
        Told::OddNo if setting.lacks(Fault::BelievesAnyNo) => {
            queried(Lookup::NotFound(ODD_NO), Some(ODD_NO))
        }
        Told::OddNo => queried(Lookup::NotFound(ODD_NO), Some(NOT_FOUND)),
        Told::Silence => queried(Lookup::Unknown(doubt(DoubtKind::Lost)), Some(NOT_FOUND)),
        Told::Declined => Event::Declined(Rejection::UnknownProduct),
        Told::TooOld => Event::Expired(Expiry::GiveUp),
        Told::Crashed => Event::Crashed,
        Told::Released => Event::Released,
        Told::Retried => Event::Retried,
    }
}

fn refused(kind: RefusalKind) -> Event {
    let message = String::new();
    Event::Submitted(Outcome::NotCharged(Refusal {
        kind,
        code: None,
        message,
    }))
}

fn doubt(kind: DoubtKind) -> hp_api::Doubt {
    let message = String::new();
    hp_api::Doubt {
        kind,
        code: None,
        message,
    }
}

fn queried(lookup: Lookup, probe: Option<NotFoundAnswer>) -> Event {
    Event::Queried(QueryVerdict::of(lookup, probe))
}

static WANTED: LazyLock<FetchCards> = LazyLock::new(|| FetchCards {
    order_id: "A-1".parse().unwrap(),
    product_id: "2".parse().unwrap(),
    quantity: "1".parse().unwrap(),
});

/// HitPoints' record of the order. `step` takes it as verified; what is in it does not matter here.
static CHARGED: LazyLock<Box<hp_api::Order>> = LazyLock::new(|| {
    Box::new(hp_api::Order {
        hp_order_id: 417,
        out_trade_id: WANTED.order_id.clone(),
        product_id: WANTED.product_id,
        quantity: WANTED.quantity,
        currency: "CNY".parse().unwrap(),
        par_value: "50.00".parse().unwrap(),
        unit_price: "43.75".parse().unwrap(),
        total_price: "43.75".parse().unwrap(),
        reseller_discount: String::new(),
        category_name: String::new(),
        product_name: String::new(),
        status: OrderStatus::Completed,
        create_time: 0,
        cards: Vec::new(),
    })
});
