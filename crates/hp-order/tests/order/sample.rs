//! Orders, answers and moments to build cases from.

use std::time::Duration;

use hp_api::{
    Card, CardStatus, Doubt, DoubtKind, FetchCards, Order, OrderStatus, Outcome, Refusal,
    RefusalKind,
};
use hp_order::{
    Backoff, Cause, DecisionInputs, Event, Millis, Policy, QueryVerdict, Record, State, Step, step,
};

pub(crate) const ADMITTED: u64 = 1_700_000_000_000;

pub(crate) fn policy() -> Policy {
    Policy {
        backoff: Backoff::new(Duration::from_secs(1), Duration::from_mins(5)).unwrap(),
        resubmit_after: Duration::from_mins(5),
        give_up_after: Duration::from_hours(24),
        max_crashes: 5,
    }
}

/// That many seconds after the order was admitted.
pub(crate) fn after(seconds: u64) -> DecisionInputs {
    DecisionInputs {
        now: Millis(ADMITTED + seconds * 1000),
        jitter: 0.5,
    }
}

/// An order that has just been claimed in `state` for the first time.
pub(crate) fn claimed(state: State) -> Record {
    Record {
        wanted: FetchCards {
            order_id: "A-1".parse().unwrap(),
            product_id: "2".parse().unwrap(),
            quantity: "1".parse().unwrap(),
        },
        state,
        claim: 1,
        attempts: 1,
        checks: u32::from(state == State::Uncertain),
        crashes: 0,
        accepted_at: Millis(ADMITTED),
        submitted_at: Some(Millis(ADMITTED)),
        not_found_valid_from: None,
        renewed_at: None,
        due_at: None,
        deadline: None,
        cause: None,
        code: None,
        message: None,
        failed: None,
        rejected: None,
    }
}

/// HitPoints' record of the order that [`claimed`] makes.
pub(crate) fn order() -> Box<Order> {
    Box::new(Order {
        hp_order_id: 417,
        out_trade_id: "A-1".parse().unwrap(),
        product_id: "2".parse().unwrap(),
        quantity: "1".parse().unwrap(),
        currency: "CNY".parse().unwrap(),
        par_value: "50.00".parse().unwrap(),
        unit_price: "43.75".parse().unwrap(),
        total_price: "43.75".parse().unwrap(),
        reseller_discount: "12.50".into(),
        category_name: "Demo".into(),
        product_name: "50 Units".into(),
        status: OrderStatus::Completed,
        create_time: 1_700_000_000,
        cards: vec![card()],
    })
}

fn card() -> Card {
    Card {
        pin_sn: "T000000417K00001".parse().unwrap(),
        pin_key: String::from("BN62BH7A32CMD9X3").into(),
        product_id: "2".parse().unwrap(),
        amount: "50.00".parse().unwrap(),
        cost_price: "43.75".parse().unwrap(),
        currency: "CNY".parse().unwrap(),
        status: CardStatus::Active,
        create_time: 1_700_000_000,
        expire_time: 1_800_000_000,
        category_name: "Demo".into(),
        product_name: "50 Units".into(),
    }
}

pub(crate) fn refusal(kind: RefusalKind, code: Option<i64>) -> Refusal {
    Refusal {
        kind,
        code,
        message: "no".into(),
    }
}

pub(crate) fn doubt(kind: DoubtKind) -> Doubt {
    Doubt {
        kind,
        code: None,
        message: "who knows".into(),
    }
}

pub(crate) fn unknown() -> Event {
    Event::Queried(QueryVerdict::Unknown(doubt(DoubtKind::Lost)))
}

pub(crate) fn steps(record: &Record, event: Event, seconds: u64) -> Step {
    step(record, event, &policy(), after(seconds))
}

pub(crate) fn refused(record: &Record, kind: RefusalKind, code: i64) -> Step {
    steps(
        record,
        Event::Submitted(Outcome::NotCharged(refusal(kind, Some(code)))),
        1,
    )
}

pub(crate) fn in_doubt(cause: Cause) -> Record {
    Record {
        cause: Some(cause),
        ..claimed(State::Uncertain)
    }
}
