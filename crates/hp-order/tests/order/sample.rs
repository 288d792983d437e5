//! Orders, answers and events to build cases from.

use std::time::Duration;

use hp_api::{
    Card, CardStatus, Doubt, DoubtKind, FetchCards, Mismatch, Order, OrderStatus, Outcome, Refusal,
    RefusalKind,
};
use hp_order::{
    Backoff, BalanceScope, Cause, DecisionInputs, Event, Expiry, Millis, Policy, QueryVerdict,
    Record, Rejection, Resolution, State, Step, step,
};

pub(crate) const ADMITTED: u64 = 1_700_000_000_000;

pub(crate) const RESOLUTIONS: [Resolution; 4] = [
    Resolution::Completed,
    Resolution::NotCharged,
    Resolution::Resubmit,
    Resolution::Closed,
];

pub(crate) fn policy() -> Policy {
    Policy {
        backoff: Backoff::new(Duration::from_secs(1), Duration::from_mins(5)).unwrap(),
        resubmit_after: Duration::from_mins(5),
        give_up_after: Duration::from_hours(24),
        max_crashes: 5,
        clock_tolerance: Duration::from_secs(2),
    }
}

/// That many seconds after the order was admitted.
pub(crate) fn at(seconds: u64) -> DecisionInputs {
    DecisionInputs::new(Millis(ADMITTED + seconds * 1000), 0.5)
}

/// An order that has just been claimed in `state` for the first time.
pub(crate) fn claimed(state: State) -> Record {
    let wanted = FetchCards {
        order_id: "A-1".parse().unwrap(),
        product_id: "2".parse().unwrap(),
        quantity: "1".parse().unwrap(),
    };
    Record {
        state,
        claim: 1,
        attempts: 1,
        checks: u32::from(state == State::Uncertain),
        first_submitted_at: (state != State::Queued).then_some(Millis(ADMITTED)),
        submitted_at: (state != State::Queued).then_some(Millis(ADMITTED)),
        arrives_until: (state != State::Queued).then_some(at(300).now),
        ..Record::admitted(wanted, Millis(ADMITTED))
    }
}

pub(crate) fn uncertain(cause: Cause) -> Record {
    Record {
        cause: Some(cause),
        ..claimed(State::Uncertain)
    }
}

/// A record of HitPoints that is a day old.
pub(crate) fn older_vendor_record() -> Box<Order> {
    Box::new(Order {
        record_age: Some(Duration::from_hours(24)),
        ..*vendor_record()
    })
}

/// HitPoints' record of the order that [`claimed`] makes.
pub(crate) fn vendor_record() -> Box<Order> {
    Box::new(Order {
        hp_order_id: 417,
        out_trade_id: "A-1".parse().unwrap(),
        product_id: "2".parse().unwrap(),
        quantity: "1".parse().unwrap(),
        currency: Some("CNY".parse().unwrap()),
        par_value: Some("50.00".parse().unwrap()),
        unit_price: "43.75".parse().unwrap(),
        total_price: "43.75".parse().unwrap(),
        reseller_discount: None,
        category_name: None,
        product_name: None,
        status: OrderStatus::Completed,
        create_time: Some(1_700_000_000),
        record_age: Some(Duration::ZERO),
        cards: vec![card()],
    })
}

fn card() -> Card {
    Card {
        pin_sn: "T000000417K00001".parse().unwrap(),
        pin_key: String::from("BN62BH7A32CMD9X3").into(),
        product_id: Some("2".parse().unwrap()),
        amount: Some("50.00".parse().unwrap()),
        cost_price: Some("43.75".parse().unwrap()),
        currency: Some("CNY".parse().unwrap()),
        status: Some(CardStatus::Active),
        create_time: Some(1_700_000_000),
        expire_time: Some(1_800_000_000),
        category_name: None,
        product_name: None,
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
        message: "outcome unknown".into(),
    }
}

pub(crate) fn usd() -> BalanceScope {
    "USD".parse().unwrap()
}

pub(crate) fn unknown_query() -> Event {
    Event::Queried(QueryVerdict::Unknown(doubt(DoubtKind::Lost)))
}

pub(crate) fn step_at(seconds: u64, record: &Record, event: Event) -> Step {
    step(record, event, &policy(), at(seconds))
}

/// At least one event of each kind.
pub(crate) fn events() -> Vec<Event> {
    let resolved = RESOLUTIONS
        .into_iter()
        .flat_map(|resolution| verdicts().map(|verdict| Event::Resolved(resolution, verdict)));
    let others = [
        Event::Retried,
        Event::Declined(Rejection::UnknownProduct),
        Event::Expired(Expiry::Deadline),
        Event::Expired(Expiry::GiveUp),
        Event::Released,
        Event::BalanceHeld(Duration::from_secs(30)),
        Event::HeldForBalance(usd()),
        Event::Panicked,
        Event::Crashed,
        Event::OtherAccount,
        Event::ReplayRequested,
    ];
    submission_events()
        .into_iter()
        .chain(verdicts().map(Event::Queried))
        .chain(verdicts().map(Event::Reconciled))
        .chain(resolved)
        .chain(others)
        .collect()
}

fn submission_events() -> Vec<Event> {
    let refusals = [
        RefusalKind::Final,
        RefusalKind::LowBalance,
        RefusalKind::StaleDate,
        RefusalKind::NeverSent,
        RefusalKind::Credentials,
    ];
    let doubts = [
        DoubtKind::Exists,
        DoubtKind::Lost,
        DoubtKind::Blocked,
        DoubtKind::Mismatch,
    ];
    let refused = refusals.map(|kind| Outcome::NotCharged(refusal(kind, Some(400_111))));
    let doubted = doubts.map(|kind| Outcome::Unknown(doubt(kind)));
    let charged = [vendor_record(), older_vendor_record()].map(Outcome::Charged);
    let uncharged: Vec<_> = refused.into_iter().chain(doubted).collect();
    let suspect = [Event::AccountRefused, Event::OrderRefused]
        .into_iter()
        .flat_map(|event| uncharged.clone().into_iter().map(event));
    let submitted = charged.into_iter().chain(uncharged.clone());
    submitted.map(Event::Submitted).chain(suspect).collect()
}

fn verdicts() -> [QueryVerdict; 7] {
    [
        QueryVerdict::Found(vendor_record()),
        QueryVerdict::Found(older_vendor_record()),
        QueryVerdict::Mismatch(Mismatch::Quantity { wanted: 1, got: 2 }),
        QueryVerdict::NotFound,
        QueryVerdict::Unknown(doubt(DoubtKind::Lost)),
        QueryVerdict::AccountRefused(doubt(DoubtKind::Blocked)),
        QueryVerdict::OrderRefused(doubt(DoubtKind::Blocked)),
    ]
}
