//! A record of HitPoints that is older than the order.

use std::time::Duration;

use hp_api::{DoubtKind, Order, Outcome};
use hp_order::{
    Cause, Event, Next, QueryVerdict, Record, Resolution, Source, State, Step, TerminalOutcome,
    step,
};

use crate::sample::{at, claimed, older_vendor_record, policy, step_at, uncertain, vendor_record};

fn aged(seconds: u64) -> Box<Order> {
    Box::new(Order {
        record_age: Some(Duration::from_secs(seconds)),
        ..*vendor_record()
    })
}

fn found(order: Box<Order>) -> QueryVerdict {
    QueryVerdict::Found(order)
}

/// Every event that gives a record, and the state after the claim that leads to it.
fn events(order: &Order) -> [(State, Event); 5] {
    let order = || Box::new(order.clone());
    [
        (
            State::Submitting,
            Event::Submitted(Outcome::Charged(order())),
        ),
        (State::Uncertain, Event::Queried(found(order()))),
        (State::Uncertain, Event::Reconciled(found(order()))),
        (State::Waiting, Event::Reconciled(found(order()))),
        (
            State::Review,
            Event::Resolved(Resolution::NotCharged, found(order())),
        ),
    ]
}

fn assert_foreign(step: &Step, evidence: &str) {
    assert_eq!((step.state, &step.next), (State::Review, &Next::Review));
    let message = step.message.as_deref().unwrap();
    assert!(message.contains(evidence), "{message}");
}

#[test]
fn older_record_goes_to_review_with_both_ages() {
    for (state, event) in events(&aged(3600)) {
        let step = step_at(60, &claimed(state), event);
        assert_foreign(&step, "created its record 3600 s before it answered");
        assert_foreign(&step, "first submitted 60 s before the answer");
    }
}

#[test]
fn record_within_the_tolerance_belongs() {
    for (age, state_after) in [(62, State::Completed), (63, State::Review)] {
        for (state, event) in events(&aged(age)) {
            assert_eq!(step_at(60, &claimed(state), event).state, state_after);
        }
    }
}

#[test]
fn record_is_compared_with_the_first_submission() {
    let resubmitted = Record {
        attempts: 2,
        submitted_at: Some(at(500).now),
        ..uncertain(Cause::Answer(DoubtKind::Lost))
    };
    let event = Event::Queried(found(aged(550)));
    assert_eq!(step_at(600, &resubmitted, event).state, State::Completed);
}

#[test]
fn slow_answer_does_not_make_a_record_older() {
    let inputs = at(0).answered_after(Duration::from_secs(25));
    let event = Event::Submitted(Outcome::Charged(aged(24)));
    let step = step(&claimed(State::Submitting), event, &policy(), inputs);
    assert_eq!(step.state, State::Completed);
}

#[test]
fn record_of_an_order_never_submitted_goes_to_review() {
    let queued = claimed(State::Queued);
    for record_age in [None, Some(Duration::ZERO)] {
        let order = Order {
            record_age,
            ..*vendor_record()
        };
        let step = step_at(60, &queued, Event::Reconciled(found(Box::new(order))));
        assert_foreign(&step, "never submitted");
    }
    // Nothing was sent, so the queue can also forget that it once tried.
    let unsent = Record {
        first_submitted_at: None,
        ..claimed(State::Waiting)
    };
    let step = step_at(60, &unsent, Event::Reconciled(found(aged(0))));
    assert_foreign(&step, "never submitted");
}

#[test]
fn record_of_unknown_age_is_not_judged() {
    let order = Order {
        record_age: None,
        ..*vendor_record()
    };
    for (state, event) in events(&order) {
        assert_eq!(step_at(60, &claimed(state), event).state, State::Completed);
    }
}

#[test]
fn order_submitted_in_the_future_is_not_judged() {
    let event = Event::Queried(found(older_vendor_record()));
    let future = Record {
        first_submitted_at: Some(at(61).now),
        ..uncertain(Cause::WorkerDied)
    };
    let step = step_at(60, &future, event.clone());
    assert_eq!(step.state, State::Completed);
    assert_eq!(step_at(61, &future, event).state, State::Review);
}

#[test]
fn forgotten_submission_may_have_an_older_record() {
    let forgotten = Record {
        first_submitted_at: None,
        submitted_at: None,
        ..uncertain(Cause::RedisRestarted)
    };
    let event = Event::Queried(found(older_vendor_record()));
    assert_eq!(step_at(60, &forgotten, event).state, State::Completed);
}

#[test]
fn operator_may_accept_an_older_record() {
    for review in [
        claimed(State::Review),
        Record {
            first_submitted_at: None,
            ..claimed(State::Review)
        },
    ] {
        let event = Event::Resolved(Resolution::Completed, found(older_vendor_record()));
        assert_eq!(
            step_at(60, &review, event).next,
            Next::End(TerminalOutcome::Completed {
                order: older_vendor_record(),
                source: Source::Reconcile
            })
        );
    }
}

#[test]
fn retry_keeps_an_older_record_in_review() {
    let review = claimed(State::Review);
    let retried = step_at(60, &review, Event::Retried);
    assert_eq!(retried.state, State::Uncertain);
    let again = Record {
        state: retried.state,
        cause: retried.cause,
        ..review
    };
    let event = Event::Queried(found(older_vendor_record()));
    assert_foreign(
        &step_at(90, &again, event),
        "first submitted 90 s before the answer",
    );
}
