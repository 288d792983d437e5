//! What becomes of an order of which nobody knows whether it was charged.

use std::time::Duration;

use hp_api::{DoubtKind, Mismatch, Outcome, RefusalKind};
use hp_order::{
    Cause, Event, FailReason, Millis, Next, QueryVerdict, Record, Source, State, Task,
    TerminalOutcome, plan,
};

use crate::sample::{after, claimed, doubt, in_doubt, order, policy, refused, steps, unknown};

#[test]
fn a_final_refusal_of_a_later_submission_is_checked_against_the_record_first() {
    let again = Record {
        attempts: 2,
        ..claimed(State::Submitting)
    };
    let step = refused(&again, RefusalKind::Final, 400_100);
    assert_eq!(
        (step.state, step.cause),
        (State::Uncertain, Some(Cause::Refused))
    );
    assert_eq!(step.next, Next::After(Duration::ZERO));

    let asked = Record {
        code: Some(400_100),
        attempts: 2,
        ..in_doubt(Cause::Refused)
    };
    let found = steps(&asked, Event::Queried(QueryVerdict::Found(order())), 2);
    assert_eq!(found.state, State::Completed);
    let not_found = steps(&asked, Event::Queried(QueryVerdict::NotFound), 2);
    assert_eq!(
        not_found.next,
        Next::End(TerminalOutcome::Failed {
            reason: FailReason::Refused,
            source: Source::Query
        })
    );
    assert_eq!(not_found.code, Some(400_100));
}

#[test]
fn a_run_leaves_what_is_certainly_not_charged_at_its_time() {
    let due_at = after(60).now;
    for state in [State::Queued, State::Waiting] {
        let record = Record {
            due_at: Some(due_at),
            attempts: 3,
            ..claimed(state)
        };
        for finding in [
            QueryVerdict::NotFound,
            QueryVerdict::Unknown(doubt(DoubtKind::Lost)),
        ] {
            let step = steps(&record, Event::Reconciled(finding), 1);
            assert_eq!((step.state, step.attempts), (state, 3));
            assert_eq!(step.next, Next::After(Duration::from_secs(59)));
        }
        let step = steps(&record, Event::Reconciled(QueryVerdict::Found(order())), 1);
        assert_eq!(
            step.next,
            Next::End(TerminalOutcome::Completed {
                order: order(),
                source: Source::Reconcile
            })
        );
        let other = Event::Reconciled(QueryVerdict::Mismatch(Mismatch::Quantity));
        assert_eq!(steps(&record, other, 1).state, State::Review);
        assert_eq!(
            steps(&record, Event::Retried, 1).next,
            Next::After(Duration::ZERO)
        );
    }
}

#[test]
fn an_unknown_outcome_is_asked_about_after_two_seconds() {
    let event = Event::Submitted(Outcome::Unknown(doubt(DoubtKind::Lost)));
    let step = steps(
        &Record {
            checks: 0,
            ..claimed(State::Submitting)
        },
        event,
        1,
    );
    assert_eq!(
        (step.state, step.cause),
        (State::Uncertain, Some(Cause::Answer(DoubtKind::Lost)))
    );
    assert_eq!(step.next, Next::After(Duration::from_secs(2)));
}

#[test]
fn a_refused_address_pauses_the_queue_but_leaves_the_order_in_doubt() {
    let event = Event::Submitted(Outcome::Unknown(doubt(DoubtKind::Blocked)));
    let step = steps(&claimed(State::Submitting), event, 1);
    assert_eq!(step.state, State::Uncertain);
    assert!(step.pause.is_some());
}

#[test]
fn an_order_that_exists_already_is_asked_about_at_once() {
    let event = Event::Submitted(Outcome::Unknown(doubt(DoubtKind::Exists)));
    let step = steps(&claimed(State::Submitting), event, 1);
    assert_eq!(
        (step.state, step.next),
        (State::Uncertain, Next::After(Duration::ZERO))
    );
}

#[test]
fn a_record_that_is_found_completes_the_order() {
    let step = steps(
        &in_doubt(Cause::WorkerDied),
        Event::Queried(QueryVerdict::Found(order())),
        5,
    );
    assert_eq!(
        step.next,
        Next::End(TerminalOutcome::Completed {
            order: order(),
            source: Source::Query
        })
    );
}

#[test]
fn not_found_counts_only_when_a_delayed_request_cannot_arrive_any_more() {
    let lost = in_doubt(Cause::Answer(DoubtKind::Lost));
    let early = steps(&lost, Event::Queried(QueryVerdict::NotFound), 299);
    assert_eq!(
        (early.state, early.next),
        (State::Uncertain, Next::After(Duration::from_secs(1)))
    );
    let late = steps(&lost, Event::Queried(QueryVerdict::NotFound), 300);
    assert_eq!(
        (late.state, late.next),
        (State::Waiting, Next::After(Duration::ZERO))
    );
}

#[test]
fn the_time_since_the_last_submission_counts_and_not_the_order_s_age() {
    let submitted_at = Some(after(1000).now);
    let lost = Record {
        submitted_at,
        ..in_doubt(Cause::Answer(DoubtKind::Lost))
    };
    assert_eq!(
        steps(&lost, Event::Queried(QueryVerdict::NotFound), 1299).state,
        State::Uncertain
    );
    assert_eq!(
        steps(&lost, Event::Queried(QueryVerdict::NotFound), 1300).state,
        State::Waiting
    );
}

#[test]
fn an_id_that_exists_without_a_record_goes_to_a_person_and_is_never_submitted_again() {
    let exists = in_doubt(Cause::Answer(DoubtKind::Exists));
    assert_eq!(
        steps(&exists, Event::Queried(QueryVerdict::NotFound), 10).state,
        State::Uncertain
    );
    assert_eq!(
        steps(&exists, Event::Queried(QueryVerdict::NotFound), 300).state,
        State::Review
    );
}

#[test]
fn a_contradiction_goes_to_a_person() {
    let event = Event::Queried(QueryVerdict::Mismatch(Mismatch::Price));
    let step = steps(&in_doubt(Cause::WorkerDied), event, 5);
    assert_eq!((step.state, step.next), (State::Review, Next::Review));
    assert!(step.message.is_some());
}

#[test]
fn doubt_that_lasts_too_long_goes_to_a_person() {
    let lost = in_doubt(Cause::Answer(DoubtKind::Lost));
    assert_eq!(steps(&lost, unknown(), 86_399).state, State::Uncertain);
    assert_eq!(steps(&lost, unknown(), 86_400).state, State::Review);
}

#[test]
fn an_order_in_doubt_past_its_deadline_is_still_asked_about() {
    let late = Record {
        deadline: Some(after(10).now),
        ..in_doubt(Cause::WorkerDied)
    };
    assert_eq!(plan(&late, &policy(), after(86_500).now), Task::Query);
}

#[test]
fn a_panic_leaves_the_order_in_doubt() {
    let step = steps(&claimed(State::Submitting), Event::Panicked, 1);
    assert_eq!(
        (step.state, step.cause),
        (State::Uncertain, Some(Cause::WorkerDied))
    );
}

#[test]
fn what_redis_may_have_forgotten_is_asked_about_until_no_forgotten_request_can_arrive_any_more() {
    let not_found = || Event::Queried(QueryVerdict::NotFound);
    let record = older_than_redis(1, None);
    let early = steps(&record, not_found(), 10);
    assert_eq!(
        (early.state, early.cause),
        (State::Uncertain, Some(Cause::RedisRestarted))
    );
    assert_eq!(early.next, Next::After(Duration::from_secs(50)));

    let late = steps(&record, not_found(), 60);
    assert_eq!((late.state, late.attempts), (State::Queued, 0));
    assert_eq!(late.next, Next::After(Duration::ZERO));

    let found = steps(&record, Event::Queried(QueryVerdict::Found(order())), 10);
    assert_eq!((found.state, found.attempts), (State::Completed, 1));
}

#[test]
fn an_order_that_was_sent_before_redis_restarted_waits_for_both_limits() {
    let not_found = || Event::Queried(QueryVerdict::NotFound);
    let record = older_than_redis(2, Some(after(0).now));
    assert_eq!(steps(&record, not_found(), 60).state, State::Uncertain);
    let late = steps(&record, not_found(), 300);
    assert_eq!((late.state, late.attempts), (State::Waiting, 1));

    let refused = Record {
        cause: Some(Cause::Refused),
        ..record
    };
    assert_eq!(
        steps(&refused, not_found(), 10).state,
        State::Uncertain,
        "Redis may have forgotten a later submission"
    );
    assert_eq!(steps(&refused, not_found(), 60).state, State::Failed);
}

#[test]
fn an_order_that_takes_worker_after_worker_down_with_it_goes_to_a_person() {
    let panicked = steps(&claimed(State::Submitting), Event::Panicked, 1);
    assert_eq!(
        (panicked.crashes, panicked.cause),
        (1, Some(Cause::WorkerDied))
    );

    let crashed = |crashes| Record {
        crashes,
        ..in_doubt(Cause::WorkerDied)
    };
    assert_eq!(plan(&crashed(4), &policy(), after(1).now), Task::Query);
    let Task::Conclude(event) = plan(&crashed(5), &policy(), after(1).now) else {
        panic!("a sixth worker is to try it")
    };
    let step = steps(&crashed(5), event, 1);
    assert_eq!((step.state, step.next), (State::Review, Next::Review));
    assert_eq!(
        step.message.as_deref(),
        Some("5 workers died while they worked on it")
    );
}

#[test]
fn code_that_fails_over_an_order_that_it_did_not_send_leaves_it_where_it_was() {
    for state in [State::Queued, State::Waiting, State::Review] {
        let step = steps(&claimed(state), Event::Panicked, 1);
        assert_eq!((step.state, step.crashes, step.cause), (state, 1, None));
    }
}

fn older_than_redis(attempts: u32, submitted_at: Option<Millis>) -> Record {
    Record {
        attempts,
        submitted_at,
        not_found_valid_from: Some(after(60).now),
        ..in_doubt(Cause::RedisRestarted)
    }
}
