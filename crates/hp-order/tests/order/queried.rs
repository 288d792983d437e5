//! Queries about an order whose outcome is unknown.

use std::time::Duration;

use hp_api::{DoubtKind, Mismatch};
use hp_order::{
    Cause, Event, Next, QueryVerdict, Record, Source, State, Task, TerminalOutcome, plan,
};

use crate::sample::{at, claimed, doubt, policy, step_at, uncertain, unknown_query, vendor_record};

fn not_found() -> Event {
    Event::Queried(QueryVerdict::NotFound)
}

fn lost() -> Record {
    uncertain(Cause::Answer(DoubtKind::Lost))
}

#[test]
fn found_record_completes_the_order() {
    let found = Event::Queried(QueryVerdict::Found(vendor_record()));
    let step = step_at(5, &uncertain(Cause::WorkerDied), found);
    assert_eq!(
        step.next,
        Next::End(TerminalOutcome::Completed {
            order: vendor_record(),
            source: Source::Query
        })
    );
}

#[test]
fn not_found_counts_after_resubmit_after() {
    let early = step_at(299, &lost(), not_found());
    assert_eq!(
        (early.state, early.next),
        (State::Uncertain, Next::After(Duration::from_secs(1)))
    );
    let late = step_at(300, &lost(), not_found());
    assert_eq!(
        (late.state, late.next),
        (State::Waiting, Next::After(Duration::ZERO))
    );
}

#[test]
fn not_found_counts_from_the_last_submission() {
    let record = Record {
        arrives_until: Some(at(1300).now),
        ..lost()
    };
    assert_eq!(step_at(1299, &record, not_found()).state, State::Uncertain);
    assert_eq!(step_at(1300, &record, not_found()).state, State::Waiting);
}

#[test]
fn existing_id_without_a_record_goes_to_review() {
    let exists = uncertain(Cause::Answer(DoubtKind::Exists));
    assert_eq!(step_at(10, &exists, not_found()).state, State::Uncertain);
    assert_eq!(step_at(300, &exists, not_found()).state, State::Review);
}

#[test]
fn mismatch_goes_to_review() {
    let event = Event::Queried(QueryVerdict::Mismatch(Mismatch::ProductId {
        wanted: 2,
        got: 5,
    }));
    let step = step_at(5, &uncertain(Cause::WorkerDied), event);
    assert_eq!((step.state, step.next), (State::Review, Next::Review));
    assert!(step.message.is_some());
}

#[test]
fn old_doubt_goes_to_review() {
    assert_eq!(
        step_at(86_399, &lost(), unknown_query()).state,
        State::Uncertain
    );
    assert_eq!(
        step_at(86_400, &lost(), unknown_query()).state,
        State::Review
    );
}

#[test]
fn doubt_past_the_deadline_is_still_queried() {
    let late = Record {
        deadline: Some(at(10).now),
        ..uncertain(Cause::WorkerDied)
    };
    assert_eq!(plan(&late, &policy(), at(86_500).now), Task::Query);
}

#[test]
fn reconciled_unsent_order_keeps_its_time() {
    for state in [State::Queued, State::Waiting] {
        let record = scheduled(state);
        for verdict in [
            QueryVerdict::NotFound,
            QueryVerdict::Unknown(doubt(DoubtKind::Lost)),
        ] {
            let step = step_at(1, &record, Event::Reconciled(verdict));
            assert_eq!((step.state, step.attempts), (state, 3));
            assert_eq!(step.next, Next::After(Duration::from_secs(59)));
        }
        assert_eq!(
            step_at(1, &record, Event::Retried).next,
            Next::After(Duration::ZERO)
        );
    }
}

#[test]
fn reconciled_waiting_order_follows_the_record() {
    let found = Event::Reconciled(QueryVerdict::Found(vendor_record()));
    assert_eq!(
        step_at(1, &scheduled(State::Waiting), found).next,
        Next::End(TerminalOutcome::Completed {
            order: vendor_record(),
            source: Source::Reconcile
        })
    );
}

#[test]
fn reconciled_mismatch_goes_to_review() {
    for state in [State::Queued, State::Waiting] {
        let mismatch = Event::Reconciled(QueryVerdict::Mismatch(Mismatch::Quantity {
            wanted: 1,
            got: 2,
        }));
        assert_eq!(step_at(1, &scheduled(state), mismatch).state, State::Review);
    }
}

fn scheduled(state: State) -> Record {
    Record {
        due_at: Some(at(60).now),
        attempts: 3,
        ..claimed(state)
    }
}

#[test]
fn order_whose_queries_are_refused_needs_review() {
    for cause in [Cause::Answer(DoubtKind::Lost), Cause::RedisRestarted] {
        let event = Event::Queried(QueryVerdict::OrderRefused(doubt(DoubtKind::Blocked)));
        let step = step_at(2, &uncertain(cause), event);
        assert_eq!((step.state, step.cause), (State::Review, Some(cause)));
        assert_eq!(step.pause, None);
    }
}

#[test]
fn order_in_review_pauses_only_for_the_account() {
    let blocked = || doubt(DoubtKind::Blocked);
    let review = claimed(State::Review);
    let pause = |verdict| step_at(2, &review, Event::Reconciled(verdict)).pause;
    assert_eq!(pause(QueryVerdict::OrderRefused(blocked())), None);
    assert_eq!(pause(QueryVerdict::Unknown(blocked())), None);
    assert!(pause(QueryVerdict::AccountRefused(blocked())).is_some());
}

#[test]
fn throttled_order_is_not_queried_again_too_early() {
    let throttled = uncertain(Cause::Answer(DoubtKind::Throttled(None)));
    let early = step_at(10, &throttled, not_found());
    assert_eq!(
        (early.state, early.next),
        (State::Uncertain, Next::After(Duration::from_secs(290)))
    );
    assert_eq!(step_at(300, &throttled, not_found()).state, State::Waiting);
    let again = Event::Queried(QueryVerdict::Unknown(doubt(DoubtKind::Throttled(Some(
        Duration::from_secs(20),
    )))));
    let step = step_at(10, &throttled, again);
    assert_eq!(step.next, Next::After(Duration::from_secs(20)));
}
