//! What an operator may do to an order.

use std::time::Duration;

use hp_api::{DoubtKind, Mismatch};
use hp_order::{
    Cause, Event, FailReason, Next, QueryVerdict, Record, Resolution, Source, State, Step,
    TerminalOutcome,
};

use crate::sample::{RESOLUTIONS, claimed, doubt, step_at, uncertain, vendor_record};

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
    let mismatch = QueryVerdict::Mismatch(Mismatch::Quantity);
    let step = step_at(9999, &review, Event::Reconciled(mismatch));
    assert_eq!(step.message, Some(Mismatch::Quantity.to_string()));
}
