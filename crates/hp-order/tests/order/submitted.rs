//! The answer to a submission.

use std::time::Duration;

use hp_api::{DoubtKind, Outcome, RefusalKind};
use hp_order::{
    Cause, Event, FailReason, Next, QueryVerdict, Record, Source, State, Step, TerminalOutcome,
};

use crate::sample::{
    at, claimed, doubt, refusal, step_at, uncertain, unknown_query, vendor_record,
};

fn submitting(attempts: u32) -> Record {
    Record {
        attempts,
        ..claimed(State::Submitting)
    }
}

fn refused(record: &Record, kind: RefusalKind, code: i64) -> Step {
    let outcome = Outcome::NotCharged(refusal(kind, Some(code)));
    step_at(1, record, Event::Submitted(outcome))
}

fn doubted(record: &Record, kind: DoubtKind) -> Step {
    step_at(1, record, Event::Submitted(Outcome::Unknown(doubt(kind))))
}

#[test]
fn charged_answer_completes_the_order() {
    let charged = Event::Submitted(Outcome::Charged(vendor_record()));
    let step = step_at(1, &submitting(1), charged);
    assert_eq!(step.state, State::Completed);
    assert_eq!(
        step.next,
        Next::End(TerminalOutcome::Completed {
            order: vendor_record(),
            source: Source::Fetch
        })
    );
}

#[test]
fn final_refusal_is_confirmed_by_a_query() {
    for attempts in [1, 2] {
        let step = refused(&submitting(attempts), RefusalKind::Final, 400_100);
        assert_eq!(
            (step.state, step.cause, step.next),
            (
                State::Uncertain,
                Some(Cause::Refused),
                Next::After(Duration::ZERO)
            )
        );
        let answer = (step.code, step.message.as_deref());
        assert_eq!(answer, (Some(400_100), Some("no")));
    }
}

#[test]
fn confirmed_refusal_fails_with_its_own_code() {
    let record = Record {
        code: Some(400_100),
        message: Some("no".into()),
        ..uncertain(Cause::Refused)
    };
    let unclear = step_at(2, &record, unknown_query());
    assert_eq!(
        (unclear.state, unclear.cause),
        (State::Uncertain, Some(Cause::Refused))
    );
    let step = step_at(2, &record, Event::Queried(QueryVerdict::NotFound));
    assert_eq!(
        step.next,
        Next::End(TerminalOutcome::Failed {
            reason: FailReason::Refused,
            source: Source::Query
        })
    );
    let answer = (step.code, step.message.as_deref());
    assert_eq!(answer, (Some(400_100), Some("no")));
}

#[test]
fn refused_order_that_was_charged_is_completed() {
    let found = Event::Queried(QueryVerdict::Found(vendor_record()));
    let step = step_at(2, &uncertain(Cause::Refused), found);
    assert_eq!(step.state, State::Completed);
}

#[test]
fn refusal_needs_a_control_after_another_submission() {
    let first = uncertain(Cause::Refused);
    assert!(first.is_only_submission_refused());
    let later = Record {
        attempts: 2,
        ..first.clone()
    };
    let forgotten = Record {
        not_found_valid_from: Some(at(0).now),
        ..first
    };
    for record in [later, forgotten, uncertain(Cause::WorkerDied)] {
        assert!(!record.is_only_submission_refused());
    }
}

#[test]
fn low_balance_delays_the_order() {
    let step = refused(&submitting(1), RefusalKind::LowBalance, 400_113);
    assert_eq!((step.state, step.attempts), (State::Waiting, 1));
    assert_eq!(step.next, Next::After(Duration::from_millis(22_500)));
}

#[test]
fn low_balance_delay_ends_at_the_deadline() {
    let urgent = Record {
        claim: 20,
        deadline: Some(at(3).now),
        ..submitting(1)
    };
    let step = refused(&urgent, RefusalKind::LowBalance, 400_113);
    assert_eq!(step.next, Next::After(Duration::from_secs(2)));
}

#[test]
fn stale_date_is_signed_again_at_once() {
    let step = refused(&submitting(1), RefusalKind::StaleDate, 400_111);
    assert_eq!(
        (step.state, step.next, step.pause),
        (State::Waiting, Next::After(Duration::ZERO), None)
    );
}

#[test]
fn stale_date_twice_in_a_row_pauses_the_queue() {
    let again = Record {
        code: Some(400_111),
        ..submitting(2)
    };
    let outcome = || Outcome::NotCharged(refusal(RefusalKind::StaleDate, Some(400_111)));
    assert!(again.is_account_suspect(&outcome()));
    assert!(!submitting(2).is_account_suspect(&outcome()));
    let step = step_at(1, &again, Event::AccountRefused(outcome()));
    assert_eq!((step.state, step.attempts), (State::Waiting, 1));
    assert_eq!(step.pause.as_deref(), Some("HitPoints answered 400111: no"));
    // With a control call that works, only this request was late.
    let step = step_at(1, &again, Event::OrderRefused(outcome()));
    assert_eq!((step.state, step.pause), (State::Waiting, None));
}

#[test]
fn unsent_request_costs_no_attempt() {
    let outcome = Outcome::NotCharged(refusal(RefusalKind::NeverSent, None));
    let step = step_at(1, &submitting(1), Event::Submitted(outcome));
    assert_eq!((step.state, step.attempts), (State::Waiting, 0));
}

#[test]
fn wrong_credentials_pause_the_queue() {
    let step = step_at(1, &submitting(1), Event::AccountRefused(wrong_signature()));
    assert_eq!((step.state, step.attempts), (State::Queued, 0));
    assert_eq!(step.pause.as_deref(), Some("HitPoints answered 400107: no"));
}

#[test]
fn account_failure_without_control_pauses_nothing() {
    for outcome in [wrong_signature(), blocked()] {
        assert!(submitting(1).is_account_suspect(&outcome));
        let step = step_at(1, &submitting(1), Event::Submitted(outcome));
        assert_eq!(step.pause, None);
        assert!(
            matches!(step.next, Next::After(delay) if !delay.is_zero()),
            "{:?}",
            step.next
        );
    }
}

#[test]
fn order_at_fault_gets_a_second_try() {
    let refused = step_at(1, &submitting(1), Event::OrderRefused(wrong_signature()));
    assert_eq!((refused.state, refused.attempts), (State::Waiting, 1));
    let doubted = step_at(1, &submitting(1), Event::OrderRefused(blocked()));
    assert_eq!(doubted.state, State::Uncertain);
    assert_eq!((refused.pause, doubted.pause), (None, None));
}

#[test]
fn order_at_fault_needs_review_with_evidence() {
    for (outcome, code) in [(wrong_signature(), Some(400_107)), (blocked(), None)] {
        let step = step_at(1, &submitting(2), Event::OrderRefused(outcome));
        assert_eq!((step.state, step.next), (State::Review, Next::Review));
        let cause = Some(Cause::Answer(DoubtKind::Blocked));
        assert_eq!((step.cause, step.code, step.pause), (cause, code, None));
        let evidence = step.message.unwrap();
        assert!(
            evidence.contains("only the calls about this order"),
            "{evidence}"
        );
    }
}

fn wrong_signature() -> Outcome {
    Outcome::NotCharged(refusal(RefusalKind::Credentials, Some(400_107)))
}

fn blocked() -> Outcome {
    Outcome::Unknown(doubt(DoubtKind::Blocked))
}

#[test]
fn unknown_outcome_is_queried_after_two_seconds() {
    let record = Record {
        checks: 0,
        ..submitting(1)
    };
    let step = doubted(&record, DoubtKind::Lost);
    assert_eq!(
        (step.state, step.cause),
        (State::Uncertain, Some(Cause::Answer(DoubtKind::Lost)))
    );
    assert_eq!(step.next, Next::After(Duration::from_secs(2)));
}

#[test]
fn blocked_address_pauses_the_queue_in_doubt() {
    let step = step_at(1, &submitting(1), Event::AccountRefused(blocked()));
    assert_eq!(step.state, State::Uncertain);
    assert!(step.pause.is_some());
}

#[test]
fn existing_order_id_is_queried_at_once() {
    let step = doubted(&submitting(1), DoubtKind::Exists);
    assert_eq!(
        (step.state, step.next),
        (State::Uncertain, Next::After(Duration::ZERO))
    );
}

#[test]
fn throttled_submission_is_queried_after_the_pause() {
    let pause = |asked| doubted(&submitting(1), DoubtKind::Throttled(asked)).next;
    let seconds = |n| Next::After(Duration::from_secs(n));
    assert_eq!(pause(Some(Duration::from_secs(40))), seconds(40));
    assert_eq!(pause(Some(Duration::ZERO)), seconds(1));
    assert_eq!(pause(None), seconds(1));
    assert_eq!(pause(Some(Duration::MAX)), seconds(300));
    let step = doubted(&submitting(1), DoubtKind::Throttled(None));
    assert_eq!((step.state, step.attempts), (State::Uncertain, 1));
}
