//! What happens to an order inside the worker, without an answer from HitPoints.

use std::time::Duration;

use hp_order::{
    BalanceScope, Cause, Event, Expiry, FailReason, Next, Record, Rejection, Source, State, Step,
    Task, TerminalOutcome, plan,
};

use crate::sample::{at, claimed, policy, step_at, uncertain, usd};

fn submitting(attempts: u32) -> Record {
    Record {
        attempts,
        ..claimed(State::Submitting)
    }
}

/// The step that a plan without a call leads to.
fn concluded(record: &Record, seconds: u64) -> Step {
    let Task::Conclude(event) = plan(record, &policy(), at(seconds).now) else {
        panic!("a call is planned")
    };
    step_at(seconds, record, event)
}

#[test]
fn balance_hold_releases_the_order_unsent() {
    let delay = Duration::from_secs(20);
    let step = step_at(1, &submitting(1), Event::BalanceHeld(delay));
    assert_eq!((step.state, step.attempts), (State::Queued, 0));
    assert_eq!(step.next, Next::After(delay));
}

#[test]
fn balance_hold_ends_at_the_deadline() {
    let deadline = Record {
        deadline: Some(at(11).now),
        ..submitting(1)
    };
    let hold = Event::BalanceHeld(Duration::from_secs(20));
    assert_eq!(
        step_at(1, &deadline, hold).next,
        Next::After(Duration::from_secs(10))
    );
}

#[test]
fn balance_hold_lasts_no_longer_than_the_order() {
    let hold = Event::HeldForBalance(usd());
    let step = step_at(1, &submitting(1), hold.clone());
    assert_eq!((step.state, step.attempts), (State::Queued, 0));
    let until_given_up = Next::Held {
        scope: usd(),
        at_most: policy()
            .give_up_after
            .saturating_sub(Duration::from_secs(1)),
    };
    assert_eq!(step.next, until_given_up);
    let deadline = Record {
        deadline: Some(at(11).now),
        ..submitting(2)
    };
    let step = step_at(1, &deadline, hold);
    let until_deadline = Next::Held {
        scope: usd(),
        at_most: Duration::from_secs(10),
    };
    assert_eq!((step.state, step.next), (State::Waiting, until_deadline));
}

#[test]
fn balance_scope_is_read_as_it_is_written() {
    for word in ["USD", "product:2"] {
        let scope: BalanceScope = word.parse().unwrap();
        assert_eq!(scope.to_string(), word);
    }
    for word in ["", "usd", "product:", "product:0", "product:x"] {
        assert!(word.parse::<BalanceScope>().is_err(), "{word}");
    }
}

#[test]
fn product_list_rejects_only_an_unsent_order() {
    let declined = Event::Declined(Rejection::UnknownProduct);
    let first = step_at(1, &submitting(1), declined.clone());
    assert_eq!((first.state, first.attempts), (State::Rejected, 0));
    let second = step_at(1, &submitting(2), declined);
    assert_eq!((second.state, second.attempts), (State::Waiting, 1));
}

#[test]
fn deadline_expires_the_order_without_a_call() {
    let late = Record {
        deadline: Some(at(10).now),
        ..submitting(1)
    };
    assert_eq!(plan(&late, &policy(), at(9).now), Task::Submit);
    let step = concluded(&late, 10);
    assert_eq!((step.state, step.attempts), (State::Expired, 0));
    assert_eq!(step.next, Next::End(TerminalOutcome::Expired));
}

#[test]
fn old_order_that_was_not_charged_fails() {
    let old = submitting(7);
    assert_eq!(
        plan(&old, &policy(), at(86_400).now),
        Task::Conclude(Event::Expired(Expiry::GiveUp))
    );
    let step = concluded(&old, 86_400);
    assert_eq!(step.attempts, 6);
    assert_eq!(
        step.next,
        Next::End(TerminalOutcome::Failed {
            reason: FailReason::GaveUp,
            source: Source::Worker
        })
    );
}

#[test]
fn released_order_is_as_before_its_claim() {
    let first = step_at(1, &submitting(1), Event::Released);
    assert_eq!(
        (first.state, first.attempts, first.next),
        (State::Queued, 0, Next::After(Duration::ZERO))
    );
    let later = step_at(1, &submitting(3), Event::Released);
    assert_eq!((later.state, later.attempts), (State::Waiting, 2));
    let doubted = step_at(1, &uncertain(Cause::WorkerDied), Event::Released);
    assert_eq!(
        (doubted.state, doubted.checks, doubted.cause),
        (State::Uncertain, 0, Some(Cause::WorkerDied))
    );
}

#[test]
fn panic_leaves_a_submitted_order_in_doubt() {
    let step = step_at(1, &submitting(1), Event::Panicked);
    assert_eq!(
        (step.state, step.crashes, step.cause),
        (State::Uncertain, 1, Some(Cause::WorkerDied))
    );
}

#[test]
fn panic_over_an_unsent_order_keeps_its_state() {
    for state in [State::Queued, State::Waiting, State::Review] {
        let step = step_at(1, &claimed(state), Event::Panicked);
        assert_eq!((step.state, step.crashes, step.cause), (state, 1, None));
    }
}

#[test]
fn poison_order_goes_to_review() {
    let crashed = |crashes| Record {
        crashes,
        ..uncertain(Cause::WorkerDied)
    };
    assert_eq!(plan(&crashed(4), &policy(), at(1).now), Task::Query);
    let step = concluded(&crashed(5), 1);
    assert_eq!((step.state, step.next), (State::Review, Next::Review));
    assert_eq!(
        step.message.as_deref(),
        Some("5 workers died while they processed this order")
    );
}
