//! What a person may do to an order.

use std::time::Duration;

use hp_api::DoubtKind;
use hp_order::{
    Cause, Event, FailReason, Next, QueryVerdict, Record, Resolution, Source, State,
    TerminalOutcome,
};

use crate::sample::{claimed, doubt, in_doubt, order, steps};

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
        let found = resolved(resolution, QueryVerdict::Found(order()), 400);
        assert_eq!(
            found.state,
            State::Completed,
            "the record has the last word"
        );
        let unknown = resolved(
            resolution,
            QueryVerdict::Unknown(doubt(DoubtKind::Lost)),
            400,
        );
        assert_eq!(unknown.state, State::Review);
        let early = resolved(resolution, QueryVerdict::NotFound, 200);
        assert_eq!(early.state, State::Review, "a request may still arrive");
    }
    assert_eq!(
        resolved(completed, QueryVerdict::NotFound, 400).state,
        State::Review
    );
    assert_eq!(
        resolved(not_charged, QueryVerdict::NotFound, 400).next,
        Next::End(TerminalOutcome::Failed {
            reason: FailReason::Resolved,
            source: Source::Query
        })
    );
    let again = resolved(resubmit, QueryVerdict::NotFound, 400);
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
fn what_a_person_is_to_see_stays_until_a_record_says_otherwise() {
    let evidence = Some("two cards of three".to_owned());
    let review = Record {
        state: State::Review,
        message: evidence.clone(),
        ..in_doubt(Cause::WorkerDied)
    };
    let contradiction = QueryVerdict::Mismatch(hp_api::Mismatch::Quantity);
    let unknown = || QueryVerdict::Unknown(doubt(DoubtKind::Lost));
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
    for finding in [QueryVerdict::NotFound, unknown()] {
        let step = steps(&review, Event::Reconciled(finding), 9999);
        assert_eq!(
            (step.state, step.message),
            (State::Review, evidence.clone())
        );
    }
    let step = steps(&review, Event::Reconciled(contradiction.clone()), 9999);
    let QueryVerdict::Mismatch(mismatch) = contradiction else {
        unreachable!()
    };
    assert_eq!(step.message, Some(mismatch.to_string()));
}
