//! One test for each turn that an order's life can take.

use std::time::Duration;

use hp_api::{DoubtKind, Mismatch, Outcome, RefusalKind};
use hp_order::{
    Cause, Contact, Ending, Event, FailReason, Finding, Millis, Next, Overdue, Record, Rejection,
    Resolution, Source, State, Step, Task, plan, step,
};

use crate::sample::{after, claimed, doubt, order, policy, refusal, unknown};

fn steps(record: &Record, event: Event, seconds: u64) -> Step {
    step(record, event, &policy(), after(seconds))
}

fn refused(record: &Record, kind: RefusalKind, code: i64) -> Step {
    steps(
        record,
        Event::Submitted(Outcome::NotCharged(refusal(kind, Some(code)))),
        1,
    )
}

fn in_doubt(cause: Cause) -> Record {
    Record {
        cause: Some(cause),
        ..claimed(State::Uncertain)
    }
}

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
        Next::End(Ending::Completed {
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
        Next::End(Ending::Failed {
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
    let found = steps(&asked, Event::Queried(Finding::Found(order())), 2);
    assert_eq!(found.state, State::Completed);
    let not_found = steps(&asked, Event::Queried(Finding::NotFound), 2);
    assert_eq!(
        not_found.next,
        Next::End(Ending::Failed {
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
        for finding in [Finding::NotFound, Finding::Unknown(doubt(DoubtKind::Lost))] {
            let step = steps(&record, Event::Reconciled(finding), 1);
            assert_eq!((step.state, step.attempts), (state, 3));
            assert_eq!(step.next, Next::After(Duration::from_secs(59)));
        }
        let step = steps(&record, Event::Reconciled(Finding::Found(order())), 1);
        assert_eq!(
            step.next,
            Next::End(Ending::Completed {
                order: order(),
                source: Source::Reconcile
            })
        );
        let other = Event::Reconciled(Finding::Contradiction(Mismatch::Quantity));
        assert_eq!(steps(&record, other, 1).state, State::Review);
        assert_eq!(
            steps(&record, Event::Retried, 1).next,
            Next::After(Duration::ZERO)
        );
    }
}

#[test]
fn a_person_decides_only_what_the_record_allows() {
    let review = claimed(State::Review);
    let resolved = |resolution, finding, seconds| {
        steps(&review, Event::Resolved(resolution, finding), seconds)
    };
    let [completed, not_charged, resubmit] = [
        Resolution::Completed,
        Resolution::NotCharged,
        Resolution::Resubmit,
    ];
    for resolution in [completed, not_charged, resubmit] {
        let found = resolved(resolution, Finding::Found(order()), 400);
        assert_eq!(
            found.state,
            State::Completed,
            "the record has the last word"
        );
        let unknown = resolved(resolution, Finding::Unknown(doubt(DoubtKind::Lost)), 400);
        assert_eq!(unknown.state, State::Review);
        let early = resolved(resolution, Finding::NotFound, 200);
        assert_eq!(early.state, State::Review, "a request may still arrive");
    }
    assert_eq!(
        resolved(completed, Finding::NotFound, 400).state,
        State::Review
    );
    assert_eq!(
        resolved(not_charged, Finding::NotFound, 400).next,
        Next::End(Ending::Failed {
            reason: FailReason::Resolved,
            source: Source::Query
        })
    );
    let again = resolved(resubmit, Finding::NotFound, 400);
    assert_eq!(
        (again.state, again.next),
        (State::Waiting, Next::After(Duration::ZERO))
    );
}

#[test]
fn what_a_person_retries_is_asked_about_anew() {
    let review = Record {
        crashes: 5,
        cause: Some(Cause::WorkerDied),
        ..claimed(State::Review)
    };
    let step = steps(&review, Event::Retried, 1);
    assert_eq!(
        (step.state, step.crashes, step.cause),
        (State::Uncertain, 0, Some(Cause::WorkerDied))
    );
    assert_eq!(step.next, Next::After(Duration::ZERO));
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
    let step = steps(&claimed(State::Submitting), Event::Withheld(delay), 1);
    assert_eq!((step.state, step.attempts), (State::Queued, 0));
    assert_eq!(step.next, Next::After(delay));

    let deadline = Record {
        deadline: Some(after(11).now),
        ..claimed(State::Submitting)
    };
    let step = steps(&deadline, Event::Withheld(delay), 1);
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
        Event::Queried(Finding::Found(order())),
        5,
    );
    assert_eq!(
        step.next,
        Next::End(Ending::Completed {
            order: order(),
            source: Source::Query
        })
    );
}

#[test]
fn not_found_counts_only_when_a_delayed_request_cannot_arrive_any_more() {
    let lost = in_doubt(Cause::Answer(DoubtKind::Lost));
    let early = steps(&lost, Event::Queried(Finding::NotFound), 299);
    assert_eq!(
        (early.state, early.next),
        (State::Uncertain, Next::After(Duration::from_secs(1)))
    );
    let late = steps(&lost, Event::Queried(Finding::NotFound), 300);
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
        steps(&lost, Event::Queried(Finding::NotFound), 1299).state,
        State::Uncertain
    );
    assert_eq!(
        steps(&lost, Event::Queried(Finding::NotFound), 1300).state,
        State::Waiting
    );
}

#[test]
fn an_id_that_exists_without_a_record_goes_to_a_person_and_is_never_submitted_again() {
    let exists = in_doubt(Cause::Answer(DoubtKind::Exists));
    assert_eq!(
        steps(&exists, Event::Queried(Finding::NotFound), 10).state,
        State::Uncertain
    );
    assert_eq!(
        steps(&exists, Event::Queried(Finding::NotFound), 300).state,
        State::Review
    );
}

#[test]
fn a_contradiction_goes_to_a_person() {
    let event = Event::Queried(Finding::Contradiction(Mismatch::Price));
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
    assert_eq!(step.next, Next::End(Ending::Expired));
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
fn an_old_order_that_is_known_not_to_be_charged_is_given_up() {
    let old = Record {
        attempts: 7,
        ..claimed(State::Submitting)
    };
    let Task::Conclude(event) = plan(&old, &policy(), after(86_400).now) else {
        panic!("a call is planned")
    };
    assert_eq!(event, Event::Overdue(Overdue::GiveUp));
    let step = steps(&old, event, 86_400);
    assert_eq!(step.attempts, 6);
    assert_eq!(
        step.next,
        Next::End(Ending::Failed {
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
fn a_panic_leaves_the_order_in_doubt() {
    let step = steps(&claimed(State::Submitting), Event::Panicked, 1);
    assert_eq!(
        (step.state, step.cause),
        (State::Uncertain, Some(Cause::WorkerDied))
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
        Task::Conclude(Event::Repeated)
    );
    let step = steps(&failed, Event::Repeated, 9);
    assert_eq!(
        step.next,
        Next::End(Ending::Failed {
            reason: FailReason::Refused,
            source: Source::Query
        })
    );

    let completed = claimed(State::Completed);
    assert_eq!(plan(&completed, &policy(), after(9).now), Task::Query);
    let step = steps(&completed, Event::Queried(Finding::Found(order())), 9);
    assert_eq!(
        step.next,
        Next::End(Ending::Completed {
            order: order(),
            source: Source::Query
        })
    );
    let not_now = steps(&completed, Event::Queried(Finding::NotFound), 9);
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
fn older_than_redis(attempts: u32, submitted_at: Option<Millis>) -> Record {
    Record {
        attempts,
        submitted_at,
        doubt_until: Some(after(60).now),
        ..in_doubt(Cause::RedisRestarted)
    }
}

#[test]
fn what_redis_may_have_forgotten_is_asked_about_until_no_forgotten_request_can_arrive_any_more() {
    let not_found = || Event::Queried(Finding::NotFound);
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

    let found = steps(&record, Event::Queried(Finding::Found(order())), 10);
    assert_eq!((found.state, found.attempts), (State::Completed, 1));
}

#[test]
fn an_order_that_was_sent_before_redis_restarted_waits_for_both_limits() {
    let not_found = || Event::Queried(Finding::NotFound);
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

#[test]
fn what_a_person_is_to_see_stays_until_a_record_says_otherwise() {
    let evidence = Some("two cards of three".to_owned());
    let review = Record {
        state: State::Review,
        message: evidence.clone(),
        ..in_doubt(Cause::WorkerDied)
    };
    let contradiction = Finding::Contradiction(hp_api::Mismatch::Quantity);
    let unknown = || Finding::Unknown(doubt(DoubtKind::Lost));
    for resolution in [
        Resolution::Completed,
        Resolution::NotCharged,
        Resolution::Resubmit,
    ] {
        let step = steps(&review, Event::Resolved(resolution, unknown()), 9999);
        assert_eq!(
            (step.state, step.message),
            (State::Review, evidence.clone())
        );
    }
    for finding in [Finding::NotFound, unknown()] {
        let step = steps(&review, Event::Reconciled(finding), 9999);
        assert_eq!(
            (step.state, step.message),
            (State::Review, evidence.clone())
        );
    }
    let step = steps(&review, Event::Reconciled(contradiction.clone()), 9999);
    let Finding::Contradiction(mismatch) = contradiction else {
        unreachable!()
    };
    assert_eq!(step.message, Some(mismatch.to_string()));
}

#[test]
fn a_worker_tells_whether_hitpoints_was_heard() {
    let refused = |kind| Event::Submitted(Outcome::NotCharged(refusal(kind, None)));
    let doubted = |kind| Event::Submitted(Outcome::Unknown(doubt(kind)));
    let cases = [
        (Event::Submitted(Outcome::Charged(order())), Contact::Answer),
        (refused(RefusalKind::LowBalance), Contact::Answer),
        (refused(RefusalKind::NeverSent), Contact::Silence),
        (doubted(DoubtKind::Lost), Contact::Silence),
        (doubted(DoubtKind::Garbled), Contact::Silence),
        (doubted(DoubtKind::Exists), Contact::Answer),
        (doubted(DoubtKind::Blocked), Contact::Ours),
        (unknown(), Contact::Silence),
        (Event::Queried(Finding::NotFound), Contact::Answer),
        (Event::Released, Contact::None),
        (Event::Panicked, Contact::Ours),
    ];
    for (event, contact) in cases {
        assert_eq!(event.contact(), contact, "{event:?}");
    }
}
