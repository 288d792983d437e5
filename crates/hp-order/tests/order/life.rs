//! What becomes of an order that is sent, held back or given back.

use std::time::Duration;

use hp_api::{DoubtKind, Outcome, RefusalKind};
use hp_order::{
    Cause, Event, Expiry, FailReason, Next, QueryVerdict, Record, Rejection, Source, State, Task,
    TerminalOutcome, VendorSignal, plan,
};

use crate::sample::{
    after, claimed, doubt, in_doubt, order, policy, refusal, refused, steps, unknown,
};

#[test]
fn a_charged_answer_completes_the_order() {
    let step = steps(
        &claimed(State::Submitting),
        Event::Submitted(Outcome::Charged(order())),
        1,
    );
    assert_eq!(step.state, State::Completed);
    assert_eq!(
        step.next,
        Next::End(TerminalOutcome::Completed {
            order: order(),
            source: Source::Fetch
        })
    );
}

#[test]
fn a_final_refusal_of_the_first_submission_fails_the_order() {
    let step = refused(&claimed(State::Submitting), RefusalKind::Final, 400_100);
    assert_eq!(step.state, State::Failed);
    assert_eq!(
        step.next,
        Next::End(TerminalOutcome::Failed {
            reason: FailReason::Refused,
            source: Source::Fetch
        })
    );
    assert_eq!(
        (step.code, step.message.as_deref()),
        (Some(400_100), Some("no"))
    );
}

#[test]
fn low_balance_puts_the_order_off() {
    let step = refused(
        &claimed(State::Submitting),
        RefusalKind::LowBalance,
        400_113,
    );
    assert_eq!((step.state, step.attempts), (State::Waiting, 1));
    assert_eq!(step.next, Next::After(Duration::from_millis(22_500)));
}

#[test]
fn an_order_whose_balance_is_known_to_be_too_low_is_put_back_unsent() {
    let delay = Duration::from_secs(20);
    let step = steps(&claimed(State::Submitting), Event::BalanceHeld(delay), 1);
    assert_eq!((step.state, step.attempts), (State::Queued, 0));
    assert_eq!(step.next, Next::After(delay));

    let deadline = Record {
        deadline: Some(after(11).now),
        ..claimed(State::Submitting)
    };
    let step = steps(&deadline, Event::BalanceHeld(delay), 1);
    assert_eq!(step.next, Next::After(Duration::from_secs(10)));
}

#[test]
fn a_stale_signing_date_is_signed_anew_at_once_and_pauses_the_queue_the_second_time() {
    let first = refused(&claimed(State::Submitting), RefusalKind::StaleDate, 400_111);
    assert_eq!(
        (first.state, first.next, first.pause),
        (State::Waiting, Next::After(Duration::ZERO), None)
    );

    let again = Record {
        code: Some(400_111),
        attempts: 2,
        ..claimed(State::Submitting)
    };
    let second = refused(&again, RefusalKind::StaleDate, 400_111);
    assert_eq!((second.state, second.attempts), (State::Waiting, 1));
    assert_eq!(
        second.pause.as_deref(),
        Some("HitPoints answered 400111: no")
    );
}

#[test]
fn a_request_that_never_left_costs_no_attempt() {
    let event = Event::Submitted(Outcome::NotCharged(refusal(RefusalKind::NeverSent, None)));
    let step = steps(&claimed(State::Submitting), event, 1);
    assert_eq!((step.state, step.attempts), (State::Waiting, 0));
}

#[test]
fn wrong_credentials_pause_the_queue_and_leave_the_order_its_place_and_its_attempts() {
    let step = refused(
        &claimed(State::Submitting),
        RefusalKind::Credentials,
        400_107,
    );
    assert_eq!(
        (step.state, step.attempts, step.next),
        (State::Queued, 0, Next::After(Duration::ZERO))
    );
    assert_eq!(step.pause.as_deref(), Some("HitPoints answered 400107: no"));
}

#[test]
fn the_product_list_rejects_only_what_was_never_sent() {
    let first = steps(
        &claimed(State::Submitting),
        Event::Declined(Rejection::UnknownProduct),
        1,
    );
    assert_eq!((first.state, first.attempts), (State::Rejected, 0));
    let again = Record {
        attempts: 2,
        ..claimed(State::Submitting)
    };
    let step = steps(&again, Event::Declined(Rejection::UnknownProduct), 1);
    assert_eq!((step.state, step.attempts), (State::Waiting, 1));
}

#[test]
fn an_order_past_its_deadline_expires_without_a_call() {
    let late = Record {
        deadline: Some(after(10).now),
        ..claimed(State::Submitting)
    };
    assert_eq!(plan(&late, &policy(), after(9).now), Task::Submit);
    let Task::Conclude(event) = plan(&late, &policy(), after(10).now) else {
        panic!("a call is planned")
    };
    let step = steps(&late, event, 10);
    assert_eq!((step.state, step.attempts), (State::Expired, 0));
    assert_eq!(step.next, Next::End(TerminalOutcome::Expired));
}

#[test]
fn an_old_order_that_is_known_not_to_be_charged_is_given_up() {
    let old = Record {
        attempts: 7,
        ..claimed(State::Submitting)
    };
    let Task::Conclude(event) = plan(&old, &policy(), after(86_400).now) else {
        panic!("a call is planned")
    };
    assert_eq!(event, Event::Expired(Expiry::GiveUp));
    let step = steps(&old, event, 86_400);
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
fn what_is_given_back_is_as_if_it_had_never_been_taken() {
    let first = steps(&claimed(State::Submitting), Event::Released, 1);
    assert_eq!(
        (first.state, first.attempts, first.next),
        (State::Queued, 0, Next::After(Duration::ZERO))
    );
    let again = steps(
        &Record {
            attempts: 3,
            ..claimed(State::Submitting)
        },
        Event::Released,
        1,
    );
    assert_eq!((again.state, again.attempts), (State::Waiting, 2));
    let doubtful = steps(&in_doubt(Cause::WorkerDied), Event::Released, 1);
    assert_eq!(
        (doubtful.state, doubtful.checks, doubtful.cause),
        (State::Uncertain, 0, Some(Cause::WorkerDied))
    );
}

#[test]
fn the_result_of_an_ended_order_is_told_again_as_it_was() {
    let failed = Record {
        failed: Some((FailReason::Refused, Source::Query)),
        ..claimed(State::Failed)
    };
    assert_eq!(
        plan(&failed, &policy(), after(9).now),
        Task::Conclude(Event::ReplayRequested)
    );
    let step = steps(&failed, Event::ReplayRequested, 9);
    assert_eq!(
        step.next,
        Next::End(TerminalOutcome::Failed {
            reason: FailReason::Refused,
            source: Source::Query
        })
    );

    let completed = claimed(State::Completed);
    assert_eq!(plan(&completed, &policy(), after(9).now), Task::Query);
    let step = steps(&completed, Event::Queried(QueryVerdict::Found(order())), 9);
    assert_eq!(
        step.next,
        Next::End(TerminalOutcome::Completed {
            order: order(),
            source: Source::Query
        })
    );
    let not_now = steps(&completed, Event::Queried(QueryVerdict::NotFound), 9);
    assert_eq!(not_now.state, State::Completed);
    assert!(matches!(not_now.next, Next::After(_)));
}

#[test]
fn a_pause_between_tries_ends_at_the_deadline() {
    let urgent = Record {
        claim: 20,
        deadline: Some(after(3).now),
        ..claimed(State::Submitting)
    };
    let step = refused(&urgent, RefusalKind::LowBalance, 400_113);
    assert_eq!(step.next, Next::After(Duration::from_secs(2)));
}

/// Claimed after a restart of Redis, before which it was in the inbox, `queued` or `waiting`.

#[test]
fn a_worker_tells_whether_hitpoints_was_heard() {
    let refused = |kind| Event::Submitted(Outcome::NotCharged(refusal(kind, None)));
    let doubted = |kind| Event::Submitted(Outcome::Unknown(doubt(kind)));
    let cases = [
        (
            Event::Submitted(Outcome::Charged(order())),
            VendorSignal::Answered,
        ),
        (refused(RefusalKind::LowBalance), VendorSignal::Answered),
        (refused(RefusalKind::NeverSent), VendorSignal::NoAnswer),
        (doubted(DoubtKind::Lost), VendorSignal::NoAnswer),
        (doubted(DoubtKind::Garbled), VendorSignal::NoAnswer),
        (doubted(DoubtKind::Exists), VendorSignal::Answered),
        (doubted(DoubtKind::Blocked), VendorSignal::OwnFailure),
        (unknown(), VendorSignal::NoAnswer),
        (
            Event::Queried(QueryVerdict::NotFound),
            VendorSignal::Answered,
        ),
        (Event::Released, VendorSignal::None),
        (Event::Panicked, VendorSignal::OwnFailure),
    ];
    for (event, contact) in cases {
        assert_eq!(event.vendor_signal(), contact, "{event:?}");
    }
}
