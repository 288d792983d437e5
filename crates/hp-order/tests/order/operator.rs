//! What an operator may do to an order.

use std::time::Duration;

use hp_api::{DoubtKind, Mismatch};
use hp_order::{
    Cause, Event, FailReason, Next, QueryVerdict, Record, Resolution, Source, State, Step,
    TerminalOutcome,
};

use crate::sample::{
    RESOLUTIONS, claimed, doubt, older_vendor_record, step_at, uncertain, vendor_record,
};

const MISFIT: Mismatch = Mismatch::ProductId { wanted: 2, got: 5 };

fn resolved(seconds: u64, resolution: Resolution, verdict: QueryVerdict) -> Step {
    let review = claimed(State::Review);
    step_at(seconds, &review, Event::Resolved(resolution, verdict))
}

fn unknown() -> QueryVerdict {
    QueryVerdict::Unknown(doubt(DoubtKind::Lost))
}

#[test]
fn vendor_record_overrides_the_operator() {
    for resolution in RESOLUTIONS {
        let found = resolved(400, resolution, QueryVerdict::Found(vendor_record()));
        assert_eq!(found.state, State::Completed);
        assert_eq!(resolved(400, resolution, unknown()).state, State::Review);
        let early = resolved(200, resolution, QueryVerdict::NotFound);
        assert_eq!(early.state, State::Review, "a request may still arrive");
    }
}

#[test]
fn operator_resolves_an_order_without_a_record() {
    let not_found = |resolution| resolved(400, resolution, QueryVerdict::NotFound);
    assert_eq!(not_found(Resolution::Completed).state, State::Review);
    assert_eq!(
        not_found(Resolution::NotCharged).next,
        Next::End(TerminalOutcome::Failed {
            reason: FailReason::Resolved,
            source: Source::Query
        })
    );
    let resubmit = not_found(Resolution::Resubmit);
    assert_eq!(
        (resubmit.state, resubmit.next),
        (State::Waiting, Next::After(Duration::ZERO))
    );
}

#[test]
fn operator_retry_requeues_for_a_fresh_query() {
    let review = Record {
        crashes: 5,
        cause: Some(Cause::WorkerDied),
        ..claimed(State::Review)
    };
    let step = step_at(1, &review, Event::Retried);
    assert_eq!(
        (step.state, step.crashes, step.cause),
        (State::Uncertain, 0, Some(Cause::WorkerDied))
    );
    assert_eq!(step.next, Next::After(Duration::ZERO));
}

#[test]
fn review_keeps_its_evidence_until_a_record_differs() {
    let evidence = Some("two cards of three".to_owned());
    let review = Record {
        state: State::Review,
        message: evidence.clone(),
        ..uncertain(Cause::WorkerDied)
    };
    let resolved = RESOLUTIONS.map(|resolution| Event::Resolved(resolution, unknown()));
    let reconciled = [QueryVerdict::NotFound, unknown()].map(Event::Reconciled);
    for event in resolved.into_iter().chain(reconciled) {
        let step = step_at(9999, &review, event);
        assert_eq!(
            (step.state, step.message),
            (State::Review, evidence.clone())
        );
    }
    let mismatch = Mismatch::Quantity { wanted: 1, got: 2 };
    let verdict = QueryVerdict::Mismatch(mismatch.clone());
    let step = step_at(9999, &review, Event::Reconciled(verdict));
    assert_eq!(step.message, Some(mismatch.to_string()));
}

/// Everything that HitPoints may have on record and that does not fit the order of `claimed`.
fn misfits() -> [(QueryVerdict, &'static str); 2] {
    [
        (QueryVerdict::Mismatch(MISFIT), "has product_id 5"),
        (
            QueryVerdict::Found(older_vendor_record()),
            "belongs to another order",
        ),
    ]
}

#[test]
fn operator_closes_an_order_against_a_misfit() {
    for (verdict, evidence) in misfits() {
        let review = Record {
            code: Some(400_104),
            message: Some("reference id already exists".into()),
            ..claimed(State::Review)
        };
        let event = Event::Resolved(Resolution::Closed, verdict);
        let step = step_at(400, &review, event);
        assert_eq!(step.state, State::Failed);
        let message = step.message.as_deref().unwrap();
        assert!(message.contains(evidence), "{message}");
        assert_eq!(step.code, None, "the code is of an earlier answer");
        assert_eq!(
            step.next,
            Next::End(TerminalOutcome::Failed {
                reason: FailReason::Closed,
                source: Source::Query
            })
        );
    }
}

#[test]
fn only_closed_closes_against_a_misfit() {
    for resolution in RESOLUTIONS {
        let step = resolved(400, resolution, QueryVerdict::Mismatch(MISFIT));
        let is_closed = resolution == Resolution::Closed;
        assert_eq!(step.state == State::Failed, is_closed, "{resolution:?}");
    }
}

#[test]
fn closing_waits_for_a_request_that_may_arrive() {
    for (verdict, _) in misfits() {
        let event = Event::Resolved(Resolution::Closed, verdict);
        let close = |seconds, record: &Record| step_at(seconds, record, event.clone()).state;
        let lost = claimed(State::Review);
        assert_eq!(close(299, &lost), State::Review);
        assert_eq!(close(300, &lost), State::Failed);
        let answered = Record {
            cause: Some(Cause::Answer(DoubtKind::Mismatch)),
            ..lost
        };
        assert_eq!(close(1, &answered), State::Failed);
        let forgotten = Record {
            not_found_valid_from: Some(crate::sample::at(60).now),
            ..answered
        };
        assert_eq!(close(59, &forgotten), State::Review);
    }
}

#[test]
fn closing_completes_an_order_whose_record_fits() {
    let verdict = QueryVerdict::Found(vendor_record());
    let step = resolved(400, Resolution::Closed, verdict);
    assert_eq!(step.state, State::Completed);
}

#[test]
fn only_an_order_in_review_is_closed() {
    for state in State::ALL.into_iter().filter(|s| *s != State::Review) {
        for (verdict, _) in misfits() {
            let event = Event::Resolved(Resolution::Closed, verdict);
            let step = step_at(400, &claimed(state), event);
            assert!(step.state != State::Failed || state == State::Failed);
        }
    }
}
